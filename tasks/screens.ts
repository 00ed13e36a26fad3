/**
 * `deno task screens`: takes the screens of docs/tui.md anew, from `k3s-tool tui --demo` on a terminal
 * that tmux plays. Anyone with tmux can run it.
 *
 * @module
 */

import { Terminal } from "../tests/terminal/tmux.ts";
import { placeScreen, type Screen, SCREENS } from "./screens_doc.ts";
import { ROOT } from "./stage.ts";

const page = `${ROOT}/docs/tui.md`;

for (const screen of SCREENS) {
  const taken = await take(screen);
  // Read anew each time: whoever edits the page meanwhile keeps the edit.
  await Deno.writeTextFile(page, placeScreen(await Deno.readTextFile(page), screen.name, taken));
}

async function take({ columns, rows, steps, name }: Screen): Promise<string> {
  const argv = [Deno.execPath(), "run", "-A", `${ROOT}/main.ts`, "tui", "--demo"];
  await using terminal = await Terminal.start(argv, { columns, rows });
  await terminal.waitForScreen("● live", { limit: 60, what: `${name}: the first screen` });
  for (const { keys = [], text, until } of steps) {
    if (text !== undefined) await terminal.type(text);
    await terminal.keys(...keys);
    await terminal.waitForScreen(until, { limit: 120, what: `${name}: ${until}` });
  }
  return await terminal.screen();
}
