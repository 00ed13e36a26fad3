/**
 * `deno task screens`: takes the screens of docs/tui.md anew, from the simulated cluster of
 * `k3s-tool tui --demo` on a terminal that tmux plays. Anyone with tmux can run it.
 *
 * @module
 */

import { Terminal } from "../tests/terminal/tmux.ts";
import { placePart } from "./page_part.ts";
import { type Screen, screenPart, SCREENS } from "./screens_doc.ts";
import { ROOT } from "./stage.ts";

/** Looks that see the same before a screen counts as drawn to its end. */
const SAME_LOOKS = 20;

const page = `${ROOT}/docs/tui.md`;

for (const screen of SCREENS) {
  const text = "```text\n" + (await take(screen)).trimEnd() + "\n```";
  // Read anew each time: whoever edits the page meanwhile keeps the edit.
  const name = screenPart(screen);
  await Deno.writeTextFile(page, placePart(await Deno.readTextFile(page), { name, text }));
}

async function take({ columns, rows, second, steps, name }: Screen): Promise<string> {
  const argv = [Deno.execPath(), "run", "-A", `${ROOT}/tasks/screens_demo.ts`, `${second}`];
  await using terminal = await Terminal.start(argv, { columns, rows });
  await terminal.waitForScreen("● live", { limit: 60, what: `${name}: the beginning` });
  for (const { keys = [], text, until } of steps) {
    if (text !== undefined) await terminal.type(text);
    await terminal.keys(...keys);
    await terminal.waitForScreen(until, { limit: 60, what: `${name}: ${until}` });
  }
  return await atRest(terminal);
}

/** The screen when nothing moves on it any more. */
async function atRest(terminal: Terminal): Promise<string> {
  let [last, same] = ["", 0];
  return await terminal.waitForScreen((screen) => {
    same = screen === last ? same + 1 : 0;
    last = screen;
    return same >= SAME_LOOKS;
  }, { what: "a screen that stands still" });
}
