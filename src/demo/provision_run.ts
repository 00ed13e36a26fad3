/**
 * A run of `provision` that joins the one machine of the made-up home that is not yet in the
 * cluster: the events a real run has, without its hosts.
 *
 * @module
 */

import type { RunEvent } from "../ansible/events/event.ts";
import type { Clock } from "../process/system.ts";
import { type Home, join } from "./home.ts";
import { MACHINES, table } from "./tables.ts";

/** The plays of `site.yml`, shortened; `which` hosts a task is for, and about how many seconds. */
const STEPS = table(
  ["play", "role", "task", "which"],
  ["about"],
  `
Preflight | prerequisites | Check the host | all | 1.4
Prepare | prerequisites | Prepare the kernel | new | 0.8
Prepare | k3s_binary | Download k3s | new | 6
Prepare | k3s_service | Write the configuration | new | 0.8
Control plane | k3s_service | Start the service | server | 0.8
Workers | k3s_service | Write the token | new | 0.4
Workers | k3s_service | Start the service | new | 4
Node settings | node_config | Await the node | all | 1.2
Node settings | node_config | Look at all nodes | server | 0.9
Kubeconfig |  | Fetch the kubeconfig | server | 0.4
`,
);

/** Where a real run would say it is kept. */
const NOWHERE = "(simulated: nothing is written)";

/** Plays the run; the last event is of type `end`. */
export async function* provisionRun(
  current: () => Home,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, void> {
  const ts = () => new Date(clock.now()).toISOString();
  const hosts = MACHINES.slice(0, -1).map(({ name, ip, isServer }) => {
    const isNew = !current().nodes.has(name);
    return { name, ip, all: true, new: isNew, server: isServer, ok: 0, changed: 0, unreachable: 0 };
  });
  const end = (outcome: "ok" | "failed" | "interrupted", rc: number) =>
    ({ type: "end", ts: ts(), outcome, rc, directory: NOWHERE, log: NOWHERE }) as const;
  yield { type: "started", ts: ts(), directory: NOWHERE, log: NOWHERE };
  yield { type: "run_start", ts: ts(), playbook: "site.yml", check: false };
  let last = "";
  for (const { play, role, task, about, which } of STEPS) {
    const there = hosts.filter(({ unreachable }) => unreachable === 0);
    const names = there.map(({ name }) => name);
    if (play !== last) yield { type: "play_start", ts: ts(), play, hosts: names };
    last = play;
    const at = there.filter((host) => host[which as "all"]);
    if (at.length === 0) continue;
    yield { type: "task_start", ts: ts(), play, task, role };
    for (const { name: host } of at) yield { type: "host_start", ts: ts(), host, task, role };
    for (const [index, host] of at.entries()) {
      // One is ready after the other.
      await clock.sleep(about * 1000 / at.length, signal).catch(() => {});
      if (signal.aborted) return yield end("interrupted", 130);
      const home = current();
      const seconds = about * (index + 1) / at.length;
      const result = { type: "result", host: host.name, play, task, role, seconds } as const;
      if (home.away.has(host.name)) {
        host.unreachable = 1;
        const message = `Failed to connect to the host via ssh: ${host.ip}: Connection timed out`;
        yield { ...result, ts: ts(), status: "unreachable", message };
        continue;
      }
      if (which === "new" && task === "Start the service") home.act(() => join(home, host.name));
      host.ok++;
      if (which === "new") host.changed++;
      yield { ...result, ts: ts(), status: which === "new" ? "changed" : "ok" };
    }
  }
  const stats = hosts.map(({ name, ok, changed, unreachable }) =>
    [name, { ok, changed, unreachable, failures: 0, skipped: 0, rescued: 0, ignored: 0 }] as const
  );
  yield { type: "run_end", ts: ts(), stats: Object.fromEntries(stats) };
  yield hosts.some(({ unreachable }) => unreachable > 0) ? end("failed", 4) : end("ok", 0);
}
