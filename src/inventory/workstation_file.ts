/**
 * Files of the workstation that an inventory names.
 *
 * @module
 */

import * as z from "zod/mini";

const PATH = "a path on this machine";

/** A file of the workstation: absolute, with `~`, or beside the inventory. */
export const FILE = z.string(PATH).check(
  // A key or token itself has line breaks, or no business here.
  z.regex(/^(?!AGE-SECRET-KEY-|gh[ps]_|github_pat_|glpat-|https?:\/\/)[^\n\0]*$/, PATH),
);
