/**
 * The program whose screens are taken: what `k3s-tool tui --demo` shows so many seconds after its
 * start, with time standing still, so that a screen is the same whenever and wherever it is taken.
 *
 * @module
 */

import { demoSession } from "../src/demo/demo_session.ts";
import { noPaint } from "../src/view/words/tone.ts";
import { machineClock } from "../src/process/system.ts";

/** When the home of the screens is first looked at. */
const START = Date.parse("2026-11-23T12:00:00Z");

// React decides by it when it is loaded.
Deno.env.set("NODE_ENV", "production");
const { runTui } = await import("../src/tui/terminal/run_tui.tsx");

let now = START;
const session = demoSession({ clock: { ...machineClock, now: () => now } });
now += Number(Deno.args[0]) * 1000;
await runTui({
  session,
  paint: noPaint,
  readOnly: false,
  mouse: false,
  signal: new AbortController().signal,
  now: () => now,
});
