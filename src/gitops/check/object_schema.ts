/**
 * Checks objects against the schemas of Kubernetes and Flux, offline.
 *
 * @module
 */

import { FLUX_DURATION } from "../../inventory/kubernetes_syntax.ts";
import {
  type FieldPath,
  type Finding,
  formatFieldPath,
  parsePointer,
  textOf,
  textsAt,
  valueAt,
} from "./manifest.ts";
import { nameFindings, type SchemaError, wordsOf } from "./schema_words.ts";
import { claimFindings, podFindings } from "./pod_rules.ts";

/** A kind as the classes of `kubernetes-models` describe it, as far as it is used here. */
interface ObjectKind {
  readonly apiVersion: string;
  readonly kind: string;
  /** `validate` looks at `this` and throws an error with a member `errors` (ajv's). */
  readonly prototype: { validate(): void };
}

const OF_FLUX = /^[a-z]+\.toolkit\.fluxcd\.io\//;

/** Every kind at hand that may have to do with an API version. */
async function kindsNear(apiVersion: string): Promise<readonly ObjectKind[]> {
  if (OF_FLUX.test(apiVersion)) return Object.values(await import("./kinds_flux.ts"));
  if (
    /^(?:v1$|(?:apps|autoscaling|batch|extensions|networking\.k8s\.io|policy)\/)/.test(apiVersion)
  ) {
    return Object.values(await import("./kinds_workloads.ts"));
  }
  return /^\w+(?:\.\w+)*\.k8s\.io\//.test(apiVersion)
    ? Object.values(await import("./kinds_cluster.ts"))
    : [];
}

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
  const kinds = await kindsNear(apiVersion);
  const schema = kinds.find((each) => each.apiVersion === apiVersion && each.kind === kind);
  if (schema === undefined) return strangeKind(kinds, { apiVersion, kind });
  const byRule = [
    ...nameFindings(object),
    ...podFindings(object),
    ...claimFindings(object),
    ...spanFindings(object),
  ];
  const bySchema = schemaFindings(object, schema);
  const told = new Set(bySchema.map(({ path }) => formatFieldPath(path)));
  return [...bySchema, ...byRule.filter(({ path }) => !told.has(formatFieldPath(path)))];
}

/** Kinds of API versions that are at hand, without a schema here: nobody commits most of them. */
const NOT_AT_HAND = new Set([
  ...["Binding", "CSINode", "CSIStorageCapacity", "ControllerRevision", "Event"],
  ...["ExternalArtifact", "IPAddress", "MutatingAdmissionPolicy", "Node", "ServiceCIDR"],
  ...["MutatingAdmissionPolicyBinding", "VolumeAttachment", "VolumeAttributesClass"],
]);

/** A kind that its API version does not have, or no longer: betas go when the kind is final. */
function strangeKind(
  kinds: readonly ObjectKind[],
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
): readonly Finding[] | undefined {
  const [group] = apiVersion.split("/");
  if (!kinds.some((each) => each.apiVersion === apiVersion)) {
    const served = /\/v\d+(?:alpha|beta)\d+$/.test(apiVersion) &&
      kinds.find((each) =>
        each.kind === kind && (group === "extensions" || each.apiVersion.startsWith(`${group}/`))
      );
    if (!served) return undefined;
    const by = OF_FLUX.test(apiVersion) ? "Flux" : "Kubernetes";
    const message = `${apiVersion} is no longer served by ${by}; use ${served.apiVersion}`;
    return [{ path: ["apiVersion"], message }];
  }
  if (NOT_AT_HAND.has(kind)) return undefined;
  const close = kinds.find((each) => each.kind.toLowerCase() === kind.toLowerCase());
  const hint = close === undefined ? "" : `; did you mean ${close.apiVersion} ${close.kind}?`;
  return [{ path: ["kind"], message: `there is no kind ${kind} in ${apiVersion}${hint}` }];
}

/** Members of Flux's objects that hold whatever somebody puts there. */
const FREE_FORM = new Set(["values", "substitute", "patches", "metadata", "summary", "inputs"]);

/** Spans of time in an object of Flux that are none: its schemas take any text for one. */
function spanFindings({ apiVersion, spec }: Readonly<Record<string, unknown>>): readonly Finding[] {
  if (!OF_FLUX.test(String(apiVersion))) return [];
  return textsAt(spec, ["spec"])
    .filter(({ at }) => /^(?:interval|retryInterval|timeout)$/.test(String(at.at(-1))))
    .filter(({ at }) => !at.some((member) => FREE_FORM.has(String(member))))
    .filter(({ text }) => !FLUX_DURATION.test(text))
    .map(({ at, text }) => ({
      path: at,
      message: `${formatFieldPath(at)} must be a span of time such as 10m or 1h30m, is ` +
        JSON.stringify(text),
    }));
}

/**
 * Fields that the schemas refuse, miss or know too few values of, by kind, list positions left out.
 *
 * Sources: the types of the release Flux 2.9 (github.com/fluxcd: `helm-controller/api` v1.6.5,
 * `kustomize-controller/api` v1.9.6, `notification-controller/api` v1.9.4, `source-controller/api`
 * v1.9.6) beside `@kubernetes-models/flux-cd` 4.0, and Kubernetes 1.36 beside `kubernetes-models` 5.1,
 * where fields called `description` fell out.
 */
const NOT_JUDGED = new RegExp(
  "^(?:" + [
    "Alert spec\\.eventSources\\[\\]\\.kind",
    "CustomResourceDefinition .*openAPIV3Schema.*",
    "HelmRelease spec\\.(?:postRenderStrategy|upgrade\\.chartNameChangeStrategy|valuesFrom\\[\\]\\.literal)",
    "Kustomization spec\\.(?:buildMetadata|healthCheckExprs\\[\\]\\.kind|ignore|postBuild\\.substituteStrategy)",
    "OCIRepository spec\\.verify\\.trustedRootSecretRef",
    "Receiver spec\\.(?:oidcProviders|resources\\[\\]\\.filter|type)",
    ".*[ .]description",
  ].join("|") + ")(?:\\.|\\[|$)",
);

function schemaFindings(object: Readonly<Record<string, unknown>>, schema: ObjectKind): Finding[] {
  const fields = readFields(object);
  const errors = schemaErrors(schema, fields.object).filter((error) => !isWrapped(error, object));
  // What a Secret holds is never shown, not even where it is wrong.
  const showValues = schema.kind !== "Secret";
  // What is null is not there.
  const unread = fields.unread().filter((path) => valueAt(object, path) !== null)
    .map((path) => ({
      path,
      message: `${formatFieldPath(path)} is not a field of a ${schema.kind}`,
    }));
  const byPath = Map.groupBy(errors, ({ instancePath }) => instancePath);
  const wrong = [...byPath].flatMap(([pointer, group]) => {
    const path = parsePointer(pointer, object);
    const value = showValues ? { value: valueAt(object, path) } : {};
    return wordsOf(group, { path, ...value });
  });
  return [...wrong, ...unread].filter(({ path }) =>
    !NOT_JUDGED.test(`${schema.kind} ${formatFieldPath(path).replace(/\[\d+\]/g, "[]")}`)
  );
}

/**
 * True for base64 in several lines, as kustomize writes it: the API server reads it with Go's
 * encoding/base64, which passes over line breaks.
 */
function isWrapped({ keyword, params, instancePath }: SchemaError, object: object): boolean {
  if (keyword !== "format" || params.format !== "byte") return false;
  const value = textOf(valueAt(object, parsePointer(instancePath, object)));
  return value !== undefined &&
    /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
      .test(value.replace(/[\r\n]/g, ""));
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

interface Watched {
  readonly path: FieldPath;
  readonly target: object;
  readonly read: Set<string>;
  listed: boolean;
}

/**
 * Which fields of an object a validator knows.
 *
 * The validators of `kubernetes-models` say nothing about fields they do not know, but they read
 * every one they know, by name. So an object is handed to them behind a proxy that remembers what
 * was read; what nobody read is unknown. A map (labels, limits) is recognised by its keys being
 * listed, a part without a schema by nothing of it being read.
 */
function readFields(object: object) {
  const watched: Watched[] = [];
  const proxies = new Map<object, object>();
  const watch = (target: object, path: FieldPath): object => {
    const known = proxies.get(target);
    if (known !== undefined) return known;
    const entry: Watched = { path, target, read: new Set(), listed: Array.isArray(target) };
    watched.push(entry);
    const proxy = new Proxy(target, {
      get(from, key) {
        const value: unknown = Reflect.get(from, key);
        if (typeof key === "symbol") return value;
        entry.read.add(key);
        if (typeof value !== "object" || value === null || !Object.hasOwn(from, key)) return value;
        return watch(value, [...path, Array.isArray(from) ? Number(key) : key]);
      },
      ownKeys(from) {
        entry.listed = true;
        return Reflect.ownKeys(from);
      },
    });
    proxies.set(target, proxy);
    return proxy;
  };
  return {
    object: watch(object, []),
    /** Paths of the fields nobody asked for, though something beside them was read. */
    unread: (): readonly FieldPath[] =>
      watched.filter(({ listed, read }) => !listed && read.size > 0).flatMap((entry) =>
        Object.keys(entry.target).filter((key) => !entry.read.has(key))
          .map((key) => [...entry.path, key])
      ),
  };
}
