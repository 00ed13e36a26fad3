/**
 * A run of `provision` that joins the one machine of the made-up home that is not yet in the
 * cluster: the events a real run has, without its hosts.
 *
 * @module
 */

import type { RunEvent } from "../ansible/events/event.ts";
import type { Clock } from "../process/system.ts";
import type { Home } from "./home.ts";
import { MACHINES, table } from "./tables.ts";

/** The plays of `site.yml`, shortened; `which` hosts a task is for, and about how many seconds. */
const STEPS = table(
  ["play", "task", "which"],
  ["about"],
  `
Preflight | Check the host | all | 1.4
Prepare | Prepare the kernel | new | 0.8
Prepare | Download k3s | new | 6
Prepare | Write the configuration | new | 0.8
Control plane | Start the service | server | 0.8
Workers | Write the token | new | 0.4
Workers | Start the service | new | 4
Node settings | Await the node | all | 1.2
Node settings | Look at all nodes | server | 0.9
Kubeconfig | Fetch the kubeconfig | server | 0.4
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
  const { nodes } = current();
  let there = MACHINES.slice(0, -1).map(({ name, ip, isServer }) => ({
    name,
    ip,
    all: true,
    new: !nodes.has(name),
    server: isServer,
  }));
  let [last, outcome, rc] = ["", "ok" as "ok" | "failed", 0];
  for (const { play, task, about, which } of STEPS) {
    const hosts = there.map(({ name }) => name);
    if (play !== last) yield { type: "play_start", play, hosts };
    last = play;
    const at = there.filter((host) => host[which as "all"]);
    for (const { name: host } of at) yield { type: "host_start", host, task };
    for (const [index, { name: host, ip }] of at.entries()) {
      // One is ready after the other.
      await clock.sleep(about * 1000 / at.length, signal).catch(() => {});
      if (signal.aborted) return yield { type: "end", outcome: "interrupted", rc: 130, ...PLACE };
      const home = current();
      const seconds = about * (index + 1) / at.length;
      const result = { type: "result", host, play, task, seconds } as const;
      if (home.away.has(host)) {
        [outcome, rc] = ["failed", 4];
        there = there.filter(({ name }) => name !== host);
        const message = `Failed to connect to the host via ssh: ${ip}: Connection timed out`;
        yield { ...result, status: "unreachable", message };
        continue;
      }
      if (which === "new" && task === "Start the service") home.act(() => home.join(host));
      yield { ...result, status: which === "new" ? "changed" : "ok" };
    }
  }
  yield { type: "end", outcome, rc, ...PLACE };
}
