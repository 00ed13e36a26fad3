/**
 * Upgrades k3s on the nodes of a cluster without an outage: servers one by one, then workers.
 *
 * @module
 */

import type { AnsibleEvent, RunEvent } from "../../ansible/events/event.ts";
import type { Ended } from "../../ansible/run/run_playbook.ts";
import { follow } from "../../changes/change_context.ts";
import { cordonNode, drainNode, UPGRADE_MARK } from "../../changes/drain.ts";
import type { KubernetesApi } from "../../cluster/api/kubernetes_api.ts";
import { safeText } from "../../errors/safe_text.ts";
import { shellWord } from "../../errors/shell_word.ts";
import { UserError } from "../../errors/user_error.ts";
import { sharesDatabase } from "../../inventory/model.ts";
import { renderProblem } from "../../errors/render_error.ts";
import type { ActionSystem, MayI } from "../action_system.ts";
import { setSetting } from "../config/change_setting.ts";
import { type Play, recordOnHosts } from "../hosts/run_on_hosts.ts";
import { surveyCluster } from "../survey.ts";
import type { PlannedUpgrade, UpgradeRequest } from "./planned_upgrade.ts";
import { readNodeStates } from "./upgrade_facts.ts";
import {
  unhealthyPeers,
  type UpgradeNode,
  type UpgradePlan,
  type UpgradeStep,
} from "./upgrade_plan.ts";

/** How long a node may take to become Ready with the new version, in milliseconds. */
const SETTLE_MS = 3 * 60_000;

/** How long the other servers may take to be healthy before one is taken down, in milliseconds. */
const PEERS_MS = 60_000;

/** How long to keep trying to uncordon nodes, in milliseconds, also after Ctrl-C. */
const UNCORDON_MS = 20_000;

/**
 * Carries a plan out, as one run; the last event is of type `end`. Nodes that it cordoned take pods
 * again however it ends; where it was killed the next upgrade uncordons them.
 *
 * @throws {UserError} as `runOnHosts`; where the inventory cannot be written
 */
export async function* upgrade(
  system: ActionSystem,
  request: UpgradeRequest,
  { inventory, plan }: PlannedUpgrade,
  mayInstall: MayI,
): AsyncGenerator<RunEvent, void> {
  const { target, steps } = plan;
  const hosts = inventory.hosts;
  yield* recordOnHosts(
    system,
    {
      inventory,
      hosts,
      warnings: [...inventory.warnings.map(renderProblem), ...plan.warnings],
      playbook: "upgrade",
      check: false,
    },
    mayInstall,
    async function* ({ play, keep }) {
      if (inventory.cluster.k3sVersion !== target) {
        // Before anything else: a run that is cut off can go on without --to, and provision agrees.
        await setSetting(system, { key: "k3s_version", text: target, type: "string" }, {
          file: inventory.file,
        });
      }
      const run = new Upgrade(system, { request, inventory, plan, keep });
      const start = { type: "run_start", playbook: "upgrade.yml", check: false } as const;
      yield await keep(start);
      yield* run.uncordon(plan.leftovers);
      const servers = steps.some(({ role }) => role === "control-plane");
      if (servers && sharesDatabase(inventory.cluster)) {
        yield* run.sayNoSnapshot();
      } else if (servers) {
        const ended = yield* play({
          ...request.passwords,
          playbook: "snapshot",
          extraVars: { k3s_tool_snapshot: "before-upgrade" },
        });
        if (ended.outcome !== "ok") return ended;
      }
      for (const step of steps) {
        const ended = yield* run.step(step, play);
        if (ended.outcome !== "ok") {
          if (ended.outcome !== "interrupted") yield* run.sayVersions();
          return ended;
        }
      }
      return { outcome: "ok", rc: 0 };
    },
  );
}

/** What an upgrade in progress needs. */
interface UnderWay extends PlannedUpgrade {
  readonly request: UpgradeRequest;
  readonly keep: (event: AnsibleEvent) => Promise<AnsibleEvent>;
}

/** An upgrade in progress. */
class Upgrade {
  readonly #system: ActionSystem;
  readonly #of: UnderWay;

  constructor(system: ActionSystem, of: UnderWay) {
    this.#system = system;
    this.#of = of;
  }

  /** One server, or one batch of workers: drained, upgraded, verified, uncordoned. */
  async *step(step: UpgradeStep, play: Play): AsyncGenerator<RunEvent, Ended> {
    const { request, plan } = this.#of;
    const { signal } = this.#system;
    const drained: string[] = [];
    try {
      for (const each of step.nodes) {
        if (!plan.undrained.includes(each.node)) drained.push(each.node);
        const done = yield* this.#stage("Drain", each.host, (api) => this.#takeOut(api, each));
        if (done !== "ok") return { outcome: done, rc: 0 };
      }
      const ended = yield* play({
        ...request.passwords,
        playbook: "provision_cluster",
        limit: step.nodes.map(({ host }) => host),
        extraVars: { k3s_tool_upgrade: true },
      });
      if (ended.outcome !== "ok") return ended;
      for (const { host, node } of step.nodes) {
        const done = yield* this.#stage("Verify", host, (api) => this.#settled(api, node));
        if (done !== "ok") return { outcome: done, rc: 0 };
      }
      return { outcome: signal.aborted ? "interrupted" : "ok", rc: 0 };
    } finally {
      yield* this.uncordon(drained);
    }
  }

  /** Lets nodes take pods again that an upgrade cordoned, and only those; also after Ctrl-C. */
  async *uncordon(nodes: readonly string[]): AsyncGenerator<RunEvent, void> {
    if (nodes.length === 0) return;
    const { request, inventory } = this.#of;
    const signal = AbortSignal.timeout(UNCORDON_MS);
    const system = { ...this.#system, signal };
    const { clock } = system;
    const left = new Set(nodes);
    for (let last: UserError | undefined;;) {
      const said: string[] = [];
      const reading = await surveyCluster(system, {
        inventory,
        choice: request.cluster,
        read: async (api) => {
          const nodes = await readNodeStates(api, { inventory, signal });
          for (const name of [...left]) {
            const marked = nodes.some(({ node, marked }) => node === name && marked);
            if (marked) {
              said.push(
                ...await Array.fromAsync(
                  cordonNode({ api, clock, signal }, name, { cordon: false }),
                ),
              );
            }
            left.delete(name);
          }
        },
      }).catch(() => undefined);
      for (const sentence of said) yield await this.#note(sentence);
      if (left.size === 0) return;
      if (reading?.known === false) last = reading.error;
      if (signal.aborted) {
        const why = last === undefined ? "" : `: ${last.message}`;
        yield {
          type: "warning",
          message: `Could not uncordon ${[...left].map(safeText).join(", ")}${why}. ` +
            "Run k3s-tool upgrade again, or: k3s-tool node uncordon NODE",
        };
        return;
      }
      await clock.sleep(1_000, signal).catch(() => {});
    }
  }

  /** Which nodes have which version now, where the cluster can be asked. */
  async *sayVersions(): AsyncGenerator<RunEvent, void> {
    const { request, inventory } = this.#of;
    const { signal } = this.#system;
    const reading = await surveyCluster(this.#system, {
      inventory,
      choice: request.cluster,
      read: (api) => readNodeStates(api, { inventory, signal }),
    });
    if (!reading.known) return;
    const versions = reading.value.filter(({ version }) => version !== undefined);
    const words = versions.map(({ node, version }) => `${node} ${version}`).join(", ");
    yield await this.#note(`Versions now: ${words}`);
  }

  /** Sentences about a host as a task of the run; a failure of them is that of a task. */
  async *#stage(
    play: string,
    host: string,
    work: (api: KubernetesApi) => AsyncGenerator<string, void>,
  ): AsyncGenerator<RunEvent, "ok" | "failed" | "interrupted"> {
    const { request, inventory, keep } = this.#of;
    const { clock, signal } = this.#system;
    const since = clock.now();
    const task = play === "Drain" ? "Drain the node" : "Wait for the node";
    yield await keep({ type: "play_start", play, hosts: [host] });
    yield await keep({ type: "host_start", host, task });
    const told: RunEvent[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    let wake = resolve;
    let pending = promise;
    const reading = surveyCluster(this.#system, {
      inventory,
      choice: request.cluster,
      read: async (api) => {
        for await (const sentence of work(api)) {
          told.push(await this.#note(sentence));
          wake();
        }
      },
    }).finally(() => wake());
    let over = false;
    const settled = reading.then(() => over = true, () => over = true);
    while (!over) {
      await Promise.race([pending, settled]);
      ({ promise: pending, resolve: wake } = Promise.withResolvers<void>());
      yield* told.splice(0);
    }
    yield* told.splice(0);
    const seconds = (clock.now() - since) / 1000;
    const result = { type: "result", host, play, task, seconds } as const;
    try {
      const outcome = await reading;
      if (signal.aborted) return "interrupted";
      if (outcome.known) {
        yield await keep({ ...result, status: play === "Drain" ? "changed" : "ok" });
        return "ok";
      }
      const { message, hint, problems = [] } = outcome.error;
      const lines = [message, ...problems.map((problem) => problem.message)];
      const said = [...lines, ...hint === undefined ? [] : [`Hint: ${hint}`]].join("\n");
      yield await keep({ ...result, status: "failed", message: said });
      return "failed";
    } catch (error) {
      if (signal.aborted) return "interrupted";
      throw error;
    }
  }

  /** Drains a node, a server only once the others are healthy. */
  async *#takeOut(api: KubernetesApi, node: UpgradeNode): AsyncGenerator<string, void> {
    const { request, inventory, plan } = this.#of;
    const { signal } = this.#system;
    if (node.role === "control-plane") {
      let problems: UpgradePlan["refusals"] = [];
      const followed = yield* follow({ ...this.#context(api), limitMs: PEERS_MS }, async () => {
        problems = unhealthyPeers(await readNodeStates(api, { inventory, signal }), node);
        return { done: problems.length === 0, words: problems[0]?.message ?? "" };
      });
      const [first] = problems;
      if (followed === "time is up" && first !== undefined) {
        throw new UserError(first.message, { hint: first.hint });
      }
      if (followed !== "done") return;
    }
    if (plan.undrained.includes(node.node)) {
      yield `${safeText(node.node)} is not drained: its pods have nowhere else to go.`;
      return;
    }
    yield* drainNode({ ...this.#context(api), limitMs: request.limitMs }, node.node, {
      mark: UPGRADE_MARK,
    });
  }

  /** Waits until a node is Ready with its version, and its server votes. */
  async *#settled(
    api: KubernetesApi,
    name: string,
  ): AsyncGenerator<string, void> {
    const { inventory, plan: { target } } = this.#of;
    const node = safeText(name);
    let missing = "";
    const followed = yield* follow({ ...this.#context(api), limitMs: SETTLE_MS }, async () => {
      const nodes = await readNodeStates(api, { inventory, signal: this.#system.signal });
      const found = nodes.find((each) => each.node === name);
      missing = found?.version !== target
        ? `runs ${found?.version ?? "no k3s"}, not ${target}`
        : !found.ready
        ? "is not Ready"
        : !found.votes
        ? "does not vote in etcd yet"
        : "";
      return { done: missing === "", words: missing === "" ? "" : `${node} ${missing}.` };
    });
    if (followed === "done") yield `${node} runs ${target} and is Ready.`;
    if (followed === "time is up") {
      throw new UserError(`${node} ${missing} after ${SETTLE_MS / 60_000} minutes`, {
        hint: `See why with: k3s-tool logs ${shellWord(name)}`,
      });
    }
  }

  /** What a database keeps is saved by its own tools. */
  async *sayNoSnapshot(): AsyncGenerator<AnsibleEvent> {
    yield await this.#note(
      "No snapshot is taken: the data is in a database (datastore_endpoint_file).",
    );
  }

  async #note(message: string): Promise<AnsibleEvent> {
    const ts = new Date(this.#system.clock.now()).toISOString();
    return await this.#of.keep({ type: "note", ts, message });
  }

  #context(api: KubernetesApi) {
    const { clock, signal } = this.#system;
    return { api, clock, signal };
  }
}
