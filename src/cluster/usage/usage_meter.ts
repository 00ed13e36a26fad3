/**
 * How much of their CPU, memory and disk nodes use, measured again and again.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../process/system.ts";
import { type Emit, type Metrics, NOT_ASKED, type Usage } from "../watch/cluster_state.ts";
import { unreachableError } from "../../errors/user_error.ts";
import { type KubernetesApi, limited } from "../api/kubernetes_api.ts";
import {
  askKubelet,
  askMetricsServer,
  type Measured,
  mergeUsage,
  whyNoSummary,
} from "./read_usage.ts";
import type { ConnectionLink } from "../watch/watch_collection.ts";

/** Between two questions to metrics-server, which measures every 15 s, in milliseconds. */
const METRICS_MS = 15_000;

/** Between two questions to a kubelet, in milliseconds; the second while nothing is known of it. */
const SUMMARY_MS = 30_000;
const FIRST_SUMMARY_MS = 10_000;

/** A kubelet may take so long, in milliseconds. */
const ANSWER_MS = 5_000;

/** Kubelets asked at once: each sums up all of its containers for an answer. */
const AT_ONCE = 4;

/** After so many failures in a row a kubelet is asked as seldom as one that answers. */
const FAILURES = 3;

/** What is older is not shown, in milliseconds. */
const FRESH_MS = 120_000;

/** What a meter needs. */
export interface MeterOptions {
  readonly api: KubernetesApi;
  readonly link: ConnectionLink;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** What a kubelet came to. */
interface Asked {
  /** Milliseconds since the epoch, when it is to be asked again. */
  readonly due: number;
  readonly failures: number;
  readonly reason: string | undefined;
  readonly usage: { readonly at: number; readonly value: Usage } | undefined;
}

/** Asks metrics-server for all nodes, and the kubelets of those that are looked at. */
export class UsageMeter {
  readonly #options: MeterOptions;
  readonly #asked = new Map<string, Asked>();
  #measured: Measured = { known: false, reason: NOT_ASKED };
  #said: Metrics = { known: false, reason: NOT_ASKED };
  #gap: string | undefined;
  #wake = new AbortController();
  #names: readonly string[];

  constructor(options: MeterOptions, names: readonly string[]) {
    this.#options = options;
    this.#names = names;
  }

  /** The nodes whose kubelets are to be asked, in this order. */
  lookAt(names: readonly string[]): void {
    if (isDeepStrictEqual(names, this.#names)) return;
    this.#names = [...names];
    this.#wake.abort();
  }

  /** Measures until the signal is aborted; rejects with its reason then. */
  async run(): Promise<never> {
    await Promise.all([this.#askMetrics(), this.#askKubelets()]);
    throw new Error("unreachable: neither ends but by rejecting");
  }

  async #askMetrics(): Promise<never> {
    const { api, link, clock } = this.#options;
    for (;;) {
      const { signal } = await link.up();
      try {
        this.#measured = await askMetricsServer(api, { signal });
        this.#say();
        await clock.sleep(METRICS_MS, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  async #askKubelets(): Promise<never> {
    const { link, clock, signal: end } = this.#options;
    for (;;) {
      const { signal } = await link.up();
      this.#wake = new AbortController();
      const now = clock.now();
      const due = this.#names.filter((name) => (this.#asked.get(name)?.due ?? now) <= now);
      const next = due.values();
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (const name of next) {
            if (signal.aborted) return;
            await this.#askKubelet(name, signal);
            if (!signal.aborted) this.#say();
          }
        }),
      );
      if (signal.aborted) continue;
      await this.#pause(signal);
      end.throwIfAborted();
    }
  }

  /** Until a kubelet is due, others are looked at, or the connection is lost. */
  async #pause(lost: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const signal = AbortSignal.any([lost, this.#wake.signal]);
    const dues = this.#names.map((name) => this.#asked.get(name)?.due ?? 0);
    if (dues.length > 0) {
      const ms = Math.max(0, Math.min(...dues) - clock.now());
      return await clock.sleep(ms, signal).catch(() => {});
    }
    if (signal.aborted) return;
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }

  async #askKubelet(name: string, signal: AbortSignal): Promise<void> {
    const { api, clock } = this.#options;
    const before = this.#asked.get(name);
    const error = () => unreachableError("the kubelet does not answer");
    try {
      const value = await limited(
        (signal) => askKubelet(api, name, { signal }),
        { clock, ms: ANSWER_MS, signal, error },
      );
      const at = clock.now();
      const usage = { at, value };
      this.#asked.set(name, { due: at + SUMMARY_MS, failures: 0, reason: undefined, usage });
    } catch (error) {
      if (signal.aborted) return;
      const failures = (before?.failures ?? 0) + 1;
      const soon = before?.usage === undefined && failures < FAILURES;
      this.#asked.set(name, {
        due: clock.now() + (soon ? FIRST_SUMMARY_MS : SUMMARY_MS),
        failures,
        reason: whyNoSummary(error),
        usage: before?.usage,
      });
    }
  }

  #say(): void {
    const { clock, emit } = this.#options;
    const oldest = clock.now() - FRESH_MS;
    const fresh = new Map<string, Usage>();
    for (const [name, { usage }] of this.#asked) {
      if (usage !== undefined && usage.at >= oldest) fresh.set(name, usage.value);
      else if (!this.#names.includes(name)) this.#asked.delete(name);
    }
    const metrics = mergeUsage(this.#measured, fresh);
    if (!isDeepStrictEqual(metrics, this.#said)) emit({ type: "metrics", metrics });
    this.#said = metrics;
    const silent = this.#names.flatMap((name) => this.#asked.get(name)?.reason ?? []);
    // A node that is down is told elsewhere; that nobody answers is not.
    const words = fresh.size === 0 && silent.length > 0
      ? `Disk usage is unknown: ${silent[0]}`
      : undefined;
    if (words !== this.#gap) emit({ type: "gap", what: "disks", words });
    this.#gap = words;
  }
}
