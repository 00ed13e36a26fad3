/**
 * What a person can do where Flux says that something failed. The role gitops says the same while it
 * provisions: both read the rules from one file.
 *
 * Source of the wordings: go-git and fluxcd/source-controller v1.9, kustomize-controller v1.9.
 *
 * @module
 */

import rules from "../../../ansible/roles/gitops/files/flux_advice.json" with { type: "json" };
import type { FluxObject } from "./flux_status.ts";

/** Objects of the cluster as Flux names them: `Deployment/web/web status: 'InProgress'`. */
const UNHEALTHY = /\b[A-Z]\w+\/([a-z0-9][a-z0-9.-]*)\/[a-z0-9][\w.-]* status:/;

interface Rule {
  readonly said: string;
  readonly problem: string;
  readonly advice: string;
}

const advice: Readonly<Record<string, string>> = rules.advice;

/** The next step for a Git source or a Kustomization that failed; undefined for anything else. */
export function fluxAdvice(object: FluxObject): string | undefined {
  if (object.state !== "failed") return undefined;
  const { kind, from, message, reason } = object;
  if (kind === "GitRepository") return firstMatch(rules.source, object) ?? advice.reach;
  if (kind !== "Kustomization") return undefined;
  const known = firstMatch(rules.applied, object);
  if (known !== undefined) return known;
  const namespace = UNHEALTHY.exec(message)?.[1];
  if (namespace !== undefined) {
    return `See why its pods are not ready: kubectl -n ${namespace} get pods`;
  }
  return new RegExp(rules.broken).test(reason) && message !== ""
    ? `It is built from ${from}. ${advice.content}`
    : undefined;
}

function firstMatch(known: readonly Rule[], object: FluxObject): string | undefined {
  const rule = known.find(({ said }) => new RegExp(said).test(object.message));
  if (rule === undefined) return undefined;
  const values: Readonly<Record<string, string>> = {
    url: object.from,
    path: object.from,
    branch: object.ref,
    token_file: "the file that gitops_token_file names",
  };
  // Whether there is a token file, only the role knows.
  const credentials = object.from.startsWith("ssh:") ? "key" : "token";
  const next = advice[rule.advice === "credentials" ? credentials : rule.advice];
  const said = `${rule.problem.slice(0, 1).toUpperCase()}${rule.problem.slice(1)}. ${next}`;
  return said.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
