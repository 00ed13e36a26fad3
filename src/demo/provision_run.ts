/**
 * A run of `provision` that joins the one machine of the made-up home that is not yet in the
 * cluster: the events a real run has, without its hosts.
 *
 * @module
 */

import type { RunEvent } from "../ansible/events/event.ts";
import type { Clock } from "../process/system.ts";
import { fraction } from "./chance.ts";
import type { Home } from "./home.ts";
import { join } from "./script.ts";
import { MACHINES } from "./tables.ts";

/** The plays of `site.yml`, shortened: play, role, task, about how many seconds, for which hosts. */
const STEPS = `Preflight:prerequisites:Check the host:1.4:all
Preflight:prerequisites:Judge the host:0.4:all
Control plane:prerequisites:Load the modules:0.4:new
Control plane:prerequisites:Apply the kernel settings:0.4:new
Control plane:k3s_binary:Download k3s:6:new
Control plane:k3s_worker:Write the files:0.8:new
Control plane:k3s_control_plane:Start k3s:0.8:server
Workers:k3s_worker:Write the token:0.4:new
Workers:k3s_worker:Start the service:4:new
Node settings:node_config:Await the node:1.2:all
Node settings:node_config:Look at all nodes:0.9:server
Kubeconfig::Fetch the kubeconfig:0.4:server`.split("\n").map((row) => row.split(":"));

/** Where a real run would say it is kept. */
const NOWHERE = "(simulated: nothing is written)";

/** Plays the run; the last event is of type `end`. */
export async function* provisionRun(
  current: () => Home,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, void> {
  const ts = () => new Date(clock.now()).toISOString();
  const { seed, nodes } = current();
  const none = { failures: 0, skipped: 0, rescued: 0, ignored: 0 };
  const hosts = MACHINES.slice(0, -1).map(({ name, ip, isServer }) => {
    const isNew = !nodes.has(name);
    return { name, ip, all: true, new: isNew, server: isServer, ok: 0, changed: 0, unreachable: 0 };
  });
  const end = (outcome: "ok" | "failed" | "interrupted", rc: number) =>
    ({ type: "end", ts: ts(), outcome, rc, directory: NOWHERE, log: NOWHERE }) as const;
  yield { type: "started", ts: ts(), directory: NOWHERE, log: NOWHERE };
  yield { type: "run_start", ts: ts(), playbook: "site.yml", check: false };
  let last = "";
  for (const [play = "", role = "", task = "", about = "", which = ""] of STEPS) {
    const there = hosts.filter(({ unreachable }) => unreachable === 0);
    const begins = {
      type: "play_start",
      ts: ts(),
      play,
      hosts: there.map(({ name }) => name),
    } as const;
    if (play !== last) yield begins;
    last = play;
    const at = there.filter((host) => host[which as "all"]);
    if (at.length === 0) continue;
    yield { type: "task_start", ts: ts(), play, task, role };
    for (const { name: host } of at) yield { type: "host_start", ts: ts(), host, task, role };
    // Each at its own pace, all at once.
    const pace = (name: string) => Number(about) * (0.6 + 0.8 * fraction(seed, `${name} ${task}`));
    let passed = 0;
    for (const host of at.sort((a, b) => pace(a.name) - pace(b.name))) {
      const seconds = pace(host.name);
      try {
        await clock.sleep((seconds - passed) * 1000, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
        return yield end("interrupted", 130);
      }
      passed = seconds;
      const home = current();
      const result = { type: "result", host: host.name, play, task, role, seconds } as const;
      if (home.away.has(host.name)) {
        host.unreachable = 1;
        const message = `Failed to connect to the host via ssh: ${host.ip}: Connection timed out`;
        yield { ...result, ts: ts(), status: "unreachable", message };
        continue;
      }
      if (task === "Start the service") home.act(() => join(home, host.name));
      host.ok++;
      if (which === "new") host.changed++;
      yield { ...result, ts: ts(), status: which === "new" ? "changed" : "ok" };
    }
  }
  const stats = hosts.map(({ name, ok, changed, unreachable }) =>
    [name, { ...none, ok, changed, unreachable }] as const
  );
  yield { type: "run_end", ts: ts(), stats: Object.fromEntries(stats) };
  yield hosts.some(({ unreachable }) => unreachable > 0) ? end("failed", 4) : end("ok", 0);
}
