/**
 * Names Kubernetes takes for an object.
 *
 * Source: the validation of its API groups, pkg/apis/…/validation/validation.go.
 *
 * @module
 */

import { DNS_LABEL, DNS_SUBDOMAIN } from "../../inventory/kubernetes_syntax.ts";
import { valueAt } from "./field_path.ts";
import type { Finding } from "./finding.ts";

/** Kinds whose names become part of a host name. */
const LABELS = new Set(["Namespace", "Service", "StatefulSet"]);

/** Kinds whose names may hold capitals, colons and more. */
const FREE = new Set(["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]);

/** The longest name of a CronJob; its Jobs' names are eleven characters longer. */
const CRONJOB_NAME = 52;

/** What is wrong with an object's name. */
export function nameFindings(object: Readonly<Record<string, unknown>>): readonly Finding[] {
  const path = ["metadata", "name"];
  const name = valueAt(object, path);
  if (name === undefined || name === null) return [{ path, message: "metadata.name is missing" }];
  if (typeof name !== "string") return []; // its schema says so
  const expected = expectedName(name, String(object.kind));
  return expected === undefined
    ? []
    : [{ path, message: `metadata.name must be ${expected}, is ${JSON.stringify(name)}` }];
}

/** What a name should be; undefined where it is that. */
function expectedName(name: string, kind: string): string | undefined {
  if (FREE.has(kind)) {
    return /^(?!\.\.?$)[^/%]+$/.test(name) ? undefined : "a name without / and %";
  }
  if (LABELS.has(kind)) {
    if (DNS_LABEL.test(name)) return undefined;
    return "lower-case letters, digits and - between them, at most 63";
  }
  if (kind === "CronJob" && name.length > CRONJOB_NAME) {
    return `at most ${CRONJOB_NAME} characters long`;
  }
  return DNS_SUBDOMAIN.test(name) ? undefined : "lower-case letters, digits, - and . between them";
}
