/**
 * Screens of docs/tui.md, taken from the demo with time standing still: the same whenever and
 * wherever they are taken.
 *
 * @module
 */

import { demoSession } from "../../src/demo/demo_session.ts";
import { machineClock } from "../../src/process/system.ts";
import type { Screen } from "../../tasks/screens_doc.ts";
import { TestScreen } from "./screen.tsx";

/** When the home of the screens is first looked at. */
const START = Date.parse("2026-11-23T12:00:00Z");

/** Looks that see the same before a screen counts as drawn to its end. */
const SAME_LOOKS = 20;

/** The text of a screen, without spaces at the end. */
export async function takeScreen({ columns, rows, second, steps }: Screen): Promise<string> {
  let now = START;
  const clock = {
    now: () => now,
    sleep: (ms: number, signal?: AbortSignal) => machineClock.sleep(ms / 50, signal),
  };
  const live = demoSession({ clock });
  now += second * 1000;
  await using screen = new TestScreen({ live, size: { columns, rows }, now: clock.now });
  await screen.sees("● live");
  for (const { text = "", enter = false, until } of steps) {
    screen.type(...text, ...(enter ? ["\r"] : []));
    await screen.until((frame) => frame.search(until) >= 0);
  }
  let [last, same] = ["", 0];
  const still = await screen.until((frame) => {
    same = frame === last ? same + 1 : 0;
    last = frame;
    return same >= SAME_LOOKS;
  });
  return still.split("\n").map((line) => line.trimEnd()).join("\n").trimEnd();
}
