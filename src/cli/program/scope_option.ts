/**
 * The option of the commands that read or change one variable.
 *
 * @module
 */

import type { OptionDeclaration } from "./command.ts";

/** For what a variable is read or set. */
export const SCOPE_OPTION = {
  kind: "string",
  flags: "--scope <scope>",
  description: "all (default), control_plane, workers or a host",
  completes: "host",
} as const satisfies OptionDeclaration;
