/**
 * Options that take several values, each given by itself or joined by commas.
 *
 * @module
 */

import { usageError } from "../../errors/user_error.ts";

/**
 * `["a,b", "c"]` as `["a", "b", "c"]`; empty parts are left out.
 *
 * @param flag the option they come from
 * @throws {UserError} exit code 2 where the option is given and names nothing: `--limit "$HOSTS"`
 *   with an empty variable must not mean every host
 */
export function commaList(values: readonly string[], flag: string): readonly string[] {
  const parts = values.flatMap((value) => value.split(",")).map((part) => part.trim())
    .filter((part) => part !== "");
  if (values.length > 0 && parts.length === 0) {
    throw usageError(`${flag} is given and names nothing`, {
      hint: "Name something, or leave it out.",
    });
  }
  return parts;
}
