/**
 * Checks objects against the schemas of Kubernetes and Flux, offline.
 *
 * @module
 */

import { type FieldPath, formatFieldPath, parsePointer, valueAt } from "./field_path.ts";
import type { ObjectKind } from "./object_kind.ts";
import { readFields } from "./read_fields.ts";
import { type SchemaError, wordsOf } from "./schema_words.ts";

/** One thing that is wrong with an object. */
export interface Finding {
  /** Where in the object. */
  readonly path: FieldPath;
  /** A sentence without a full stop, the path first. */
  readonly message: string;
}

const WORKLOADS = () => import("./kinds_workloads.ts");
const CLUSTER = () => import("./kinds_cluster.ts");
const FLUX = () => import("./kinds_flux.ts");

/** The module that holds the kinds of an API version. */
const GROUPS: ReadonlyMap<string, () => Promise<{ readonly KINDS: readonly ObjectKind[] }>> =
  new Map([
    ["v1", WORKLOADS],
    ["apps/v1", WORKLOADS],
    ["autoscaling/v1", WORKLOADS],
    ["autoscaling/v2", WORKLOADS],
    ["batch/v1", WORKLOADS],
    ["networking.k8s.io/v1", WORKLOADS],
    ["policy/v1", WORKLOADS],
    ["admissionregistration.k8s.io/v1", CLUSTER],
    ["apiextensions.k8s.io/v1", CLUSTER],
    ["apiregistration.k8s.io/v1", CLUSTER],
    ["coordination.k8s.io/v1", CLUSTER],
    ["discovery.k8s.io/v1", CLUSTER],
    ["node.k8s.io/v1", CLUSTER],
    ["rbac.authorization.k8s.io/v1", CLUSTER],
    ["scheduling.k8s.io/v1", CLUSTER],
    ["storage.k8s.io/v1", CLUSTER],
    ["helm.toolkit.fluxcd.io/v2", FLUX],
    ["kustomize.toolkit.fluxcd.io/v1", FLUX],
    ["notification.toolkit.fluxcd.io/v1", FLUX],
    ["notification.toolkit.fluxcd.io/v1beta3", FLUX],
    ["source.toolkit.fluxcd.io/v1", FLUX],
  ]);

/** Versions that Kubernetes no longer serves (its deprecation guide, up to v1.32), and the new ones. */
const REMOVED: ReadonlyMap<string, string> = new Map([
  ["extensions/v1beta1", "apps/v1 or networking.k8s.io/v1"],
  ["apps/v1beta1", "apps/v1"],
  ["apps/v1beta2", "apps/v1"],
  ["autoscaling/v2beta1", "autoscaling/v2"],
  ["autoscaling/v2beta2", "autoscaling/v2"],
  ["batch/v1beta1", "batch/v1"],
  ["networking.k8s.io/v1beta1 Ingress", "networking.k8s.io/v1"],
  ["networking.k8s.io/v1beta1 IngressClass", "networking.k8s.io/v1"],
  ["policy/v1beta1", "policy/v1"],
  ["rbac.authorization.k8s.io/v1beta1", "rbac.authorization.k8s.io/v1"],
  ["apiextensions.k8s.io/v1beta1", "apiextensions.k8s.io/v1"],
]);

/** RFC 1123 subdomain, and the colons and capitals that names of RBAC objects may have. */
const NAME = /^[a-z0-9A-Z](?:[-a-z0-9A-Z.:]{0,251}[a-z0-9A-Z])?$/;

/**
 * Checks an object: its schema, fields the schema does not know, and that it has a name.
 *
 * @returns undefined where there is no schema for its kind (custom resources of others)
 */
export async function checkObject(
  object: Readonly<Record<string, unknown>>,
): Promise<readonly Finding[] | undefined> {
  const { apiVersion, kind } = object;
  if (typeof apiVersion !== "string" || typeof kind !== "string") {
    const missing = typeof apiVersion !== "string" ? "apiVersion" : "kind";
    return [{ path: [missing], message: `${missing} is missing or no text` }];
  }
  const instead = REMOVED.get(apiVersion) ?? REMOVED.get(`${apiVersion} ${kind}`);
  if (instead !== undefined) {
    const message = `${apiVersion} is no longer served by Kubernetes; use ${instead}`;
    return [{ path: ["apiVersion"], message }];
  }
  const group = GROUPS.get(apiVersion);
  if (group === undefined) return undefined;
  const { KINDS } = await group();
  const schema = KINDS.find((each) => each.apiVersion === apiVersion && each.kind === kind);
  if (schema === undefined) {
    const close = KINDS.find((each) => each.kind.toLowerCase() === kind.toLowerCase());
    const hint = close === undefined ? "" : `; did you mean ${close.apiVersion} ${close.kind}?`;
    return close === undefined && GROUPS_WITH_MORE.has(apiVersion)
      ? undefined
      : [{ path: ["kind"], message: `there is no kind ${kind} in ${apiVersion}${hint}` }];
  }
  return [...schemaFindings(object, schema), ...nameFindings(object)];
}

/** Groups of which only the kinds people commit are known here. */
const GROUPS_WITH_MORE: ReadonlySet<string> = new Set([
  "v1",
  "apps/v1",
  "networking.k8s.io/v1",
  "policy/v1",
  "autoscaling/v1",
  "admissionregistration.k8s.io/v1",
  "storage.k8s.io/v1",
  "source.toolkit.fluxcd.io/v1",
]);

function schemaFindings(object: Readonly<Record<string, unknown>>, schema: ObjectKind): Finding[] {
  const fields = readFields(object);
  const errors = schemaErrors(schema, fields.object);
  // What a Secret holds is never shown, not even where it is wrong.
  const showValues = schema.kind !== "Secret";
  const unread = fields.unread().map((path): Finding => ({
    path,
    message: `${formatFieldPath(path)} is no field of a ${schema.kind}`,
  }));
  const byPath = Map.groupBy(errors, ({ instancePath }) => instancePath);
  const wrong = [...byPath].flatMap(([pointer, group]) => {
    const path = parsePointer(pointer, object);
    const value = showValues ? { value: valueAt(object, path) } : {};
    return wordsOf(group, { path, ...value });
  });
  return [...wrong, ...unread].filter(({ path }) => isKnownWell(path, schema));
}

/**
 * Where the schemas of `kubernetes-models` 5.1 are less than Kubernetes' own: fields called
 * `description` fell out of them, and so did parts of the schema inside a CustomResourceDefinition.
 */
function isKnownWell(path: FieldPath, { kind }: ObjectKind): boolean {
  if (path.at(-1) === "description") return false;
  return !(kind === "CustomResourceDefinition" && path.includes("openAPIV3Schema"));
}

function schemaErrors(schema: ObjectKind, object: object): readonly SchemaError[] {
  try {
    schema.prototype.validate.call(object);
    return [];
  } catch (error) {
    if (error instanceof Error && "errors" in error && Array.isArray(error.errors)) {
      return error.errors as SchemaError[];
    }
    throw error;
  }
}

function nameFindings(object: Readonly<Record<string, unknown>>): Finding[] {
  const path = ["metadata", "name"];
  const name = valueAt(object, path);
  if (name === undefined || name === null) return [{ path, message: "metadata.name is missing" }];
  if (typeof name !== "string" || NAME.test(name)) return [];
  return [{ path, message: `metadata.name must be a name of Kubernetes, is "${name}"` }];
}
