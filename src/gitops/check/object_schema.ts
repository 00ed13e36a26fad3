/**
 * Checks objects against the schemas of Kubernetes and Flux, offline.
 *
 * @module
 */

import { type Finding, formatFieldPath, parsePointer, valueAt } from "./field_path.ts";
import type { ObjectKind } from "./object_kind.ts";
import { nameFindings, type SchemaError, wordsOf } from "./schema_words.ts";
import { podFindings } from "./pod_rules.ts";
import { readFields } from "./read_fields.ts";
import { isSchemaGap, wrongSpans } from "./schema_gaps.ts";

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

/** Versions that Flux no longer serves (CRDs of its release 2.9), and the new ones. */
const REMOVED_OF_FLUX: ReadonlyMap<string, string> = new Map([
  ["helm.toolkit.fluxcd.io/v2beta1", "helm.toolkit.fluxcd.io/v2"],
  ["helm.toolkit.fluxcd.io/v2beta2", "helm.toolkit.fluxcd.io/v2"],
  ["kustomize.toolkit.fluxcd.io/v1beta1", "kustomize.toolkit.fluxcd.io/v1"],
  ["kustomize.toolkit.fluxcd.io/v1beta2", "kustomize.toolkit.fluxcd.io/v1"],
  ["notification.toolkit.fluxcd.io/v1beta1", "notification.toolkit.fluxcd.io/v1beta3"],
  ["notification.toolkit.fluxcd.io/v1beta2", "notification.toolkit.fluxcd.io/v1beta3"],
  ["source.toolkit.fluxcd.io/v1beta1", "source.toolkit.fluxcd.io/v1"],
  ["source.toolkit.fluxcd.io/v1beta2", "source.toolkit.fluxcd.io/v1"],
]);

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
  const removed = removal(apiVersion, kind);
  if (removed !== undefined) return [{ path: ["apiVersion"], message: removed }];
  const group = GROUPS.get(apiVersion);
  if (group === undefined) return undefined;
  const { KINDS } = await group();
  const schema = KINDS.find((each) => each.apiVersion === apiVersion && each.kind === kind);
  if (schema === undefined) {
    if (UNKNOWN_HERE[apiVersion]?.includes(kind)) return undefined;
    const close = KINDS.find((each) => each.kind.toLowerCase() === kind.toLowerCase());
    const hint = close === undefined ? "" : `; did you mean ${close.apiVersion} ${close.kind}?`;
    return [{ path: ["kind"], message: `there is no kind ${kind} in ${apiVersion}${hint}` }];
  }
  const byRule = [...nameFindings(object), ...podFindings(object), ...spanFindings(object)];
  const bySchema = schemaFindings(object, schema);
  const told = new Set(bySchema.map(({ path }) => formatFieldPath(path)));
  return [...bySchema, ...byRule.filter(({ path }) => !told.has(formatFieldPath(path)))];
}

function removal(apiVersion: string, kind: string): string | undefined {
  const ofFlux = REMOVED_OF_FLUX.get(apiVersion);
  const instead = ofFlux ?? REMOVED.get(apiVersion) ?? REMOVED.get(`${apiVersion} ${kind}`);
  if (instead === undefined) return undefined;
  const by = ofFlux === undefined ? "Kubernetes" : "Flux";
  return `${apiVersion} is no longer served by ${by}; use ${instead}`;
}

function spanFindings(object: Readonly<Record<string, unknown>>): Finding[] {
  if (!String(object.apiVersion).includes(".toolkit.fluxcd.io/")) return [];
  return wrongSpans(object).map((path) => ({
    path,
    message: `${formatFieldPath(path)} must be a span of time such as 10m or 1h30m, is ` +
      JSON.stringify(valueAt(object, path)),
  }));
}

/** Kinds of the API versions above without a schema here: nobody commits most of them. */
const UNKNOWN_HERE: Readonly<Record<string, readonly string[]>> = {
  "admissionregistration.k8s.io/v1": ["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"],
  "apps/v1": ["ControllerRevision"],
  "networking.k8s.io/v1": ["IPAddress", "ServiceCIDR"],
  "source.toolkit.fluxcd.io/v1": ["ExternalArtifact"],
  "storage.k8s.io/v1": [
    "CSINode",
    "CSIStorageCapacity",
    "VolumeAttachment",
    "VolumeAttributesClass",
  ],
  "v1": ["Binding", "Event", "Node"],
};

function schemaFindings(object: Readonly<Record<string, unknown>>, schema: ObjectKind): Finding[] {
  const fields = readFields(object);
  const errors = schemaErrors(schema, fields.object).filter((error) => !isWrapped(error, object));
  // What a Secret holds is never shown, not even where it is wrong.
  const showValues = schema.kind !== "Secret";
  // What is null is not there.
  const unread = fields.unread().filter((path) => valueAt(object, path) !== null).map((
    path,
  ): Finding => ({
    path,
    message: `${formatFieldPath(path)} is no field of a ${schema.kind}`,
  }));
  const byPath = Map.groupBy(errors, ({ instancePath }) => instancePath);
  const wrong = [...byPath].flatMap(([pointer, group]) => {
    const path = parsePointer(pointer, object);
    const value = showValues ? { value: valueAt(object, path) } : {};
    return wordsOf(group, { path, ...value });
  });
  return [...wrong, ...unread].filter(({ path }) => !isSchemaGap(path, schema));
}

/**
 * True for base64 in several lines, as kustomize writes it: the API server reads it with Go's
 * encoding/base64, which passes over line breaks.
 */
function isWrapped({ keyword, params, instancePath }: SchemaError, object: object): boolean {
  if (keyword !== "format" || params.format !== "byte") return false;
  const value = valueAt(object, parsePointer(instancePath, object));
  return typeof value === "string" && /[\r\n]/.test(value) &&
    /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(
      value.replace(/[\r\n]/g, ""),
    );
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
