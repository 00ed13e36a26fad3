/**
 * Where the schemas at hand and the APIs differ.
 *
 * Sources: the types of the release Flux 2.9 (github.com/fluxcd: `helm-controller/api` v1.6.5,
 * `kustomize-controller/api` v1.9.6, `notification-controller/api` v1.9.4, `source-controller/api`
 * v1.9.6) beside `@kubernetes-models/flux-cd` 4.0, and Kubernetes 1.36 beside `kubernetes-models` 5.1.
 *
 * @module
 */

import { type FieldPath, formatFieldPath, valueAt } from "./field_path.ts";

/** Fields the schemas refuse, miss or know too few values of, by kind; list positions are left out. */
const NOT_JUDGED: Readonly<Record<string, readonly string[]>> = {
  Alert: ["spec.eventSources[].kind"],
  HelmRelease: [
    "spec.postRenderStrategy",
    "spec.upgrade.chartNameChangeStrategy",
    "spec.valuesFrom[].literal",
  ],
  Kustomization: [
    "spec.buildMetadata",
    "spec.healthCheckExprs[].kind",
    "spec.ignore",
    "spec.postBuild.substituteStrategy",
  ],
  OCIRepository: ["spec.verify.trustedRootSecretRef"],
  Receiver: ["spec.oidcProviders", "spec.resources[].filter", "spec.type"],
};

/** True where a schema may be wrong about a field. */
export function isSchemaGap(path: FieldPath, { kind }: { readonly kind: string }): boolean {
  // Fields of this name fell out of the schemas of Kubernetes.
  if (path.at(-1) === "description") return true;
  if (kind === "CustomResourceDefinition" && path.includes("openAPIV3Schema")) return true;
  const text = formatFieldPath(path).replace(/\[\d+\]/g, "[]");
  return (NOT_JUDGED[kind] ?? []).some((each) => text === each || text.startsWith(`${each}.`));
}

/** Members of Flux's objects that hold whatever somebody puts there. */
const FREE_FORM = new Set(["values", "substitute", "patches", "metadata", "summary", "inputs"]);

const SPAN = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/;

/** Spans of time in an object of Flux that are none: its schemas take any text for one. */
export function wrongSpans(object: unknown): readonly FieldPath[] {
  const found: FieldPath[] = [];
  const walk = (at: unknown, path: FieldPath) => {
    if (Array.isArray(at)) return at.forEach((each, index) => walk(each, [...path, index]));
    if (typeof at !== "object" || at === null) return;
    for (const [key, value] of Object.entries(at)) {
      if (FREE_FORM.has(key)) continue;
      const isSpan = /^(?:interval|retryInterval|timeout)$/.test(key);
      if (isSpan && typeof value === "string" && !SPAN.test(value)) found.push([...path, key]);
      else walk(value, [...path, key]);
    }
  };
  walk(valueAt(object, ["spec"]), ["spec"]);
  return found;
}
