/**
 * Options that take several values, each given by itself or joined by commas.
 *
 * @module
 */

/** `["a,b", "c"]` as `["a", "b", "c"]`; empty parts are left out. */
export function commaList(values: readonly string[]): readonly string[] {
  return values.flatMap((value) => value.split(",")).map((part) => part.trim())
    .filter((part) => part !== "");
}
