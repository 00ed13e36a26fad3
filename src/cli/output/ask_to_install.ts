/**
 * The question before ansible-core is installed.
 *
 * @module
 */

import type { MayI } from "../../actions/action_system.ts";
import type { GlobalOptions } from "../program/global_options.ts";
import { Prompter } from "./prompt.ts";

/** Asks on the terminal; `--yes` says yes; where nobody can be asked the answer is no. */
export function askToInstall(
  globals: GlobalOptions,
  context: { readonly signal: AbortSignal },
): MayI {
  const prompter = new Prompter(globals, context);
  return (message) =>
    globals.yes || prompter.canAsk
      ? prompter.confirm({ message, flag: "--yes" })
      : Promise.resolve(false);
}
