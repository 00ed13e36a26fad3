/**
 * A run of `provision` that joins the one machine of the simulated home that is not yet in the
 * cluster: the events a real run has, without its hosts.
 *
 * @module
 */

import type { RunEvent, TaskResult } from "../../ansible/events/event.ts";
import type { Clock } from "../../process/system.ts";
import { joinNode } from "./advance.ts";
import { machine, MACHINES } from "./machines.ts";
import type { SimState } from "./model.ts";
import { fraction } from "./noise.ts";
import type { Player } from "./player.ts";

/** A task, and which hosts it is for. */
interface Step {
  readonly play: string;
  readonly task: string;
  readonly role: string;
  readonly hosts: "all" | "new" | "server";
  /** Seconds it takes, about. */
  readonly seconds: number;
  /** What it comes to on a host that is new. */
  readonly onNew?: "changed";
  /** The host is in the cluster afterwards. */
  readonly joins?: boolean;
}

const step = (
  play: string,
  role: string,
  task: string,
  rest: Partial<Step> = {},
): Step => ({ play, role, task, hosts: "all", seconds: 0.4, ...rest });

const CHANGED = { hosts: "new", onNew: "changed" } as const;

/** The plays of `site.yml`, shortened. */
const STEPS: readonly Step[] = [
  step("Preflight", "prerequisites", "Check the host", { seconds: 1.4 }),
  step("Preflight", "prerequisites", "Judge the host"),
  step("Control plane", "prerequisites", "Load the modules", CHANGED),
  step("Control plane", "prerequisites", "Apply the kernel settings", CHANGED),
  step("Control plane", "k3s_binary", "Download k3s", { ...CHANGED, seconds: 6 }),
  step("Control plane", "k3s_worker", "Write the files", { ...CHANGED, seconds: 0.8 }),
  step("Control plane", "k3s_control_plane", "Start k3s", { hosts: "server", seconds: 0.8 }),
  step("Workers", "k3s_worker", "Write the token", CHANGED),
  step("Workers", "k3s_worker", "Start the service", { ...CHANGED, seconds: 4, joins: true }),
  step("Node settings", "node_config", "Await the node", { seconds: 1.2 }),
  step("Node settings", "node_config", "Look at all nodes", { hosts: "server", seconds: 0.9 }),
  step("Kubeconfig", "", "Fetch the kubeconfig", { hosts: "server" }),
];

/** Where a real run would say it is kept. */
const NOWHERE = "(simulated: nothing is written)";

/** Plays the run; the last event is of type `end`. */
export async function* provisionRun(
  player: Player,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<RunEvent, void> {
  const ts = () => new Date(clock.now()).toISOString();
  const files = { directory: NOWHERE, log: NOWHERE };
  const run = new Run(player.current());
  yield { type: "started", ts: ts(), ...files };
  yield { type: "run_start", ts: ts(), playbook: "site.yml", check: false };
  let play = "";
  try {
    for (const each of STEPS) {
      const hosts = run.hostsOf(each);
      if (each.play !== play) {
        play = each.play;
        yield { type: "play_start", ts: ts(), play, hosts: run.reachable() };
      }
      if (hosts.length === 0) continue;
      const { task, role } = each;
      yield { type: "task_start", ts: ts(), play, task, role };
      for (const host of hosts) yield { type: "host_start", ts: ts(), host, task, role };
      for (const [host, seconds] of run.durations(each, hosts)) {
        await clock.sleep(seconds.pause * 1000, signal);
        if (each.joins) player.change((draft) => joinNode(draft, host));
        yield { ...run.result(each, host, player.current()), ts: ts(), seconds: seconds.total };
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    yield { type: "end", ts: ts(), outcome: "interrupted", rc: 130, ...files };
    return;
  }
  yield { type: "run_end", ts: ts(), stats: run.stats() };
  const failed = run.failed.size > 0;
  yield { type: "end", ts: ts(), outcome: failed ? "failed" : "ok", rc: failed ? 4 : 0, ...files };
}

interface Counts {
  ok: number;
  changed: number;
}

/** Who takes part, and what it came to. */
class Run {
  readonly failed = new Set<string>();
  readonly #seed: number;
  readonly #fresh: ReadonlySet<string>;
  readonly #counts: ReadonlyMap<string, Counts>;

  constructor({ nodes, seed }: SimState) {
    const hosts = MACHINES.filter(({ inInventory }) => inInventory).map(({ name }) => name);
    this.#seed = seed;
    this.#fresh = new Set(hosts.filter((name) => !nodes.has(name)));
    this.#counts = new Map(hosts.map((name) => [name, { ok: 0, changed: 0 }]));
  }

  reachable(): string[] {
    return [...this.#counts.keys()].filter((name) => !this.failed.has(name));
  }

  hostsOf({ hosts }: Step): readonly string[] {
    return this.reachable().filter((name) =>
      hosts === "all" ||
      (hosts === "new" ? this.#fresh.has(name) : machine(name).role === "control-plane")
    );
  }

  /** Hosts in the order in which they are done: each at its own pace, all at once. */
  durations({ task, seconds }: Step, hosts: readonly string[]) {
    const done = hosts.map((host) => {
      const total = seconds * (0.6 + 0.8 * fraction(this.#seed, `${host} ${task}`));
      return [host, Number(total.toFixed(3))] as const;
    }).sort((a, b) => a[1] - b[1]);
    return done.map(([host, total], index) =>
      [host, { total, pause: total - (done[index - 1]?.[1] ?? 0) }] as const
    );
  }

  result({ play, task, role, onNew }: Step, host: string, state: SimState): TaskResult {
    const base = { type: "result", host, play, task, role } as const;
    if (state.peers.get(host)?.online === false) {
      this.failed.add(host);
      const message = `Failed to connect to the host via ssh: connect to host ${
        machine(host).ip
      } port 22: Connection timed out`;
      return { ...base, status: "unreachable", message };
    }
    const changed = onNew === "changed" && this.#fresh.has(host);
    const counts = this.#counts.get(host)!;
    counts.ok++;
    if (changed) counts.changed++;
    return { ...base, status: changed ? "changed" : "ok" };
  }

  stats(): Extract<RunEvent, { type: "run_end" }>["stats"] {
    const none = { failures: 0, skipped: 0, rescued: 0, ignored: 0 };
    return Object.fromEntries(
      [...this.#counts].map(([host, counts]) => [
        host,
        { ...none, ...counts, unreachable: this.failed.has(host) ? 1 : 0 },
      ]),
    );
  }
}
