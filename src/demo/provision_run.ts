/**
 * A run of `provision` that joins the one machine of the made-up home that is not yet in the
 * cluster: the events a real run has, without its hosts.
 *
 * @module
 */

import type { RunEvent } from "../ansible/events/event.ts";
import type { Clock } from "../process/system.ts";
import type { Home } from "./home.ts";
import { MACHINES, NEWCOMER, table } from "./tables.ts";

/** The plays of `site.yml`, shortened: for which hosts a task is, and about how many seconds. */
const STEPS = table(
  ["play", "task", "at"],
  ["seconds"],
  `
Preflight | Check the host | all | 1.4
Prepare | Prepare the kernel | pi5 | 0.8
Prepare | Get k3s | pi5 | 6
Prepare | Write the configuration | pi5 | 0.8
Control plane | Start the service | nuc | 0.8
Workers | Start the service | pi5 | 4
Node settings | Settle all nodes | nuc | 0.9
Kubeconfig | Fetch the kubeconfig | nuc | 0.4
`,
);

/** Where a real run would say it is kept. */
const NOWHERE = "(simulated: nothing is written)";
const PLACE = { directory: NOWHERE, log: NOWHERE };

/** Plays the run; the last event is of type `end`. */
export async function* provisionRun(
  current: () => Home,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, void> {
  yield { type: "started", ...PLACE };
  yield { type: "run_start", playbook: "site.yml", check: false };
  const isDone = current().nodes.has(NEWCOMER);
  let hosts = MACHINES.slice(0, -1).map(({ name }) => name);
  let [last, rc] = ["", 0];
  for (const { play, task, at, seconds } of STEPS) {
    if (at === NEWCOMER && isDone) continue;
    if (play !== last) yield { type: "play_start", play, hosts };
    last = play;
    const asked = hosts.filter((host) => at === "all" || at === host);
    for (const host of asked) yield { type: "host_start", host, task };
    for (const host of asked) {
      // One is ready after the other.
      await clock.sleep(seconds * 1000 / asked.length, signal).catch(() => {});
      if (signal.aborted) return yield { type: "end", outcome: "interrupted", rc: 130, ...PLACE };
      const home = current();
      const result = { type: "result", host, play, task, seconds } as const;
      if (home.away?.name === host) {
        rc = 4;
        hosts = hosts.filter((each) => each !== host);
        const message = "Failed to connect to the host via ssh: Connection timed out";
        yield { ...result, status: "unreachable", message };
        continue;
      }
      if (at === NEWCOMER && task === "Start the service") home.join(host);
      yield { ...result, status: at === NEWCOMER ? "changed" : "ok" };
    }
  }
  yield { type: "end", outcome: rc === 0 ? "ok" : "failed", rc, ...PLACE };
}
