/**
 * Programs on a terminal at the workstation, as its owner has them.
 *
 * @module
 */

import { Terminal, type TerminalOptions } from "../terminal/tmux.ts";
import { installTool, projectDir } from "./tool.ts";
import { workstationArgv } from "./hosts/workstation.ts";

/** Size of the terminal, and variables beside the workstation's own. */
export interface WorkstationTerminal extends Pick<TerminalOptions, "columns" | "rows"> {
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program at the workstation, in its owner's project. */
export function openTerminal(
  argv: readonly string[],
  { env, ...size }: WorkstationTerminal,
): Promise<Terminal> {
  // Not the variables of the terminal that the tests are run on.
  const variables = { COLORTERM: "", NO_COLOR: "", TMUX: "", ...env, TERM: "tmux-256color" };
  return Terminal.start(workstationArgv(argv, variables), { ...size, cwd: projectDir });
}

/** Starts the tool at the workstation, installed there first. */
export async function openTool(
  args: readonly string[],
  options: WorkstationTerminal,
): Promise<Terminal> {
  await installTool();
  return await openTerminal(["k3s-tool", ...args], options);
}
