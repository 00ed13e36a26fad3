/**
 * The demo, with a shell that shows what it is typed, byte by byte, and the size: a program for a terminal.
 *
 * @module
 */

import { machineClock } from "../../../src/process/system.ts";
import { demoSession } from "../../../src/demo/demo_session.ts";
import { paintFor } from "../../../src/cli/output/output.ts";
import { runTui } from "../../../src/tui/terminal/run_tui.tsx";

await runTui({
  session: {
    ...demoSession({ clock: machineClock }),
    shell: () =>
      Promise.resolve(async (terminal) => {
        const say = (text: string) => terminal.write(new TextEncoder().encode(`${text}\r\n`));
        const { columns, rows } = terminal.size();
        await say(`begins ${columns}×${rows}`);
        const ended = Promise.withResolvers<number>();
        using _listener = terminal.listen({
          keys: (bytes) => {
            void say(`keys ${[...bytes].join(" ")}`);
            if (bytes.includes(4)) ended.resolve(5);
          },
          resized: () => void say(`resized ${terminal.size().columns}×${terminal.size().rows}`),
        });
        return await ended.promise;
      }),
  },
  paint: paintFor({ color: false }),
  readOnly: false,
  mouse: Deno.args.includes("--mouse"),
  signal: new AbortController().signal,
  now: () => machineClock.now(),
});
