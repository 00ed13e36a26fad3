/**
 * Directories for files that are needed for a moment.
 *
 * @module
 */

import { refusalReason } from "../errors/refusal.ts";
import { missingError } from "../errors/user_error.ts";

/**
 * Makes one below TMPDIR (or /tmp), for this user alone; whoever calls removes it.
 *
 * @throws {UserError} exit code 3 where none can be made there
 */
export async function makeTemporaryDirectory(prefix: string): Promise<string> {
  try {
    return await Deno.makeTempDir({ prefix });
  } catch (error) {
    const place = Deno.env.get("TMPDIR") || "/tmp";
    const why = refusalReason(error);
    throw missingError(`No temporary directory can be made in ${place}: ${why}`, {
      hint: "Point TMPDIR to a directory that you can write to, or unset it.",
      cause: error,
    });
  }
}
