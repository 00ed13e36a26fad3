/**
 * An object as YAML.
 *
 * @module
 */

import { safeText } from "../../errors/safe_text.ts";

/** Stands in place of what is never shown. */
const HIDDEN = "(not shown)";

/** Where kubectl keeps a copy of all it was given, a Secret's data too. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** The lines of an object, harmless for a terminal; the data of a Secret is not in them. */
export async function yamlLines(
  object: Readonly<Record<string, unknown>>,
): Promise<readonly string[]> {
  const { stringify } = await import("yaml");
  // Written out where it repeats, and never folded: a line is cut or wrapped where it is shown.
  const text = stringify(withoutSecrets(object), { aliasDuplicateObjects: false, lineWidth: 0 });
  return text.replace(/\n$/, "").split("\n").map((line) => safeText(line));
}

function withoutSecrets(object: Readonly<Record<string, unknown>>): unknown {
  if (object.kind !== "Secret") return object;
  const hidden = Object.fromEntries(
    Object.entries(object).map(([key, value]) =>
      key === "data" || key === "stringData" ? [key, hide(value)] : [key, value]
    ),
  );
  return { ...hidden, metadata: withoutCopy(object.metadata) };
}

function hide(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return HIDDEN;
  return Object.fromEntries(Object.keys(value).map((key) => [key, HIDDEN]));
}

function withoutCopy(metadata: unknown): unknown {
  if (typeof metadata !== "object" || metadata === null) return metadata;
  const { annotations, ...rest } = metadata as Readonly<Record<string, unknown>>;
  if (typeof annotations !== "object" || annotations === null) return rest;
  const { [LAST_APPLIED]: copy, ...others } = annotations as Readonly<Record<string, unknown>>;
  return {
    ...rest,
    annotations: copy === undefined ? others : { ...others, [LAST_APPLIED]: HIDDEN },
  };
}
