/**
 * Whether an API server is there, looked after for as long as it takes.
 *
 * @module
 */

import * as z from "zod";
import { safeText } from "../../errors/safe_text.ts";
import { UserError } from "../../errors/user_error.ts";
import type { Clock } from "../../process/system.ts";
import { answerError, connectionError, tookTooLong } from "../api/api_errors.ts";
import { backoff, type Connected, type ConnectionLink } from "./watch_collection.ts";
import { ApiError, type KubernetesApi, limited } from "../api/kubernetes_api.ts";
import type { Emit } from "./cluster_state.ts";

/** Between two looks at a server that is there, in milliseconds. */
const HEARTBEAT_MS = 10_000;

/** A server that is there answers so fast, in milliseconds; the first answer may take longer. */
const ANSWER_MS = 5_000;
const FIRST_ANSWER_MS = 10_000;

/** Waits after failures, in milliseconds. */
const BACKOFF = { baseMs: 1_000, limitMs: 15_000 };

/** What a monitor needs. */
export interface MonitorOptions {
  readonly api: KubernetesApi;
  /** Gives up the connection that stands, so that the next request makes a new one. */
  readonly reset: () => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

const Version = z.object({ gitVersion: z.string() });
const Identity = z.object({ metadata: z.object({ uid: z.string() }) });

/**
 * Asks the server for its version every 10 s, and at once when something broke, and tells how the
 * connection stands. Lost, it tries again after 1 s, then less and less often.
 */
export class ConnectionMonitor implements ConnectionLink {
  readonly #options: MonitorOptions;
  /** Of the connection that stands; undefined while there is none. */
  #standing: { readonly connected: Connected; readonly lost: AbortController } | undefined;
  #waiting = Promise.withResolvers<Connected>();
  /** When the server was last heard, in milliseconds since the epoch. */
  #heard: number | undefined;
  #doubt = false;
  #wake = new AbortController();
  #server: string | undefined;
  #cluster = 0;
  /** UID of the namespace `kube-system`, which stands for the cluster's. */
  #identity: string | undefined;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#waiting.promise.catch(() => {}); // nobody may be waiting when all is over
  }

  up(): Promise<Connected> {
    return this.#standing ? Promise.resolve(this.#standing.connected) : this.#waiting.promise;
  }

  heard(): void {
    this.#heard = this.#options.clock.now();
  }

  doubt(): void {
    if (this.#standing !== undefined) this.retry();
  }

  /** Tries at once instead of waiting for the next attempt. */
  retry(): void {
    this.#doubt = true;
    this.#wake.abort();
  }

  /** Looks after the connection until the signal is aborted; rejects with its reason then. */
  async run(): Promise<never> {
    const { clock, random, signal } = this.#options;
    try {
      for (let failures = 0;;) {
        this.#doubt = false;
        const began = clock.now();
        try {
          await this.#look();
          failures = 0;
          await this.#pause(HEARTBEAT_MS);
        } catch (error) {
          signal.throwIfAborted();
          // It may be too busy to answer this, and yet speak: a watch has heard it meanwhile.
          const speaks = this.#standing !== undefined && (this.#heard ?? 0) > began;
          const wait = speaks ? HEARTBEAT_MS : backoff(++failures, { ...BACKOFF, random });
          if (!speaks) this.#lose(error, clock.now() + wait);
          await this.#pause(wait);
        }
      }
    } finally {
      this.#fall(signal.reason);
      this.#waiting.reject(signal.reason);
    }
  }

  async #look(): Promise<void> {
    if (this.#standing !== undefined) {
      await this.#ask("/version", ANSWER_MS);
      return this.heard();
    }
    const [version, identity] = await Promise.all([
      this.#ask("/version", FIRST_ANSWER_MS),
      this.#ask("/api/v1/namespaces/kube-system", FIRST_ANSWER_MS).catch(() => undefined),
    ]);
    this.heard();
    this.#stand({
      version: version === undefined ? undefined : Version.parse(version).gitVersion,
      identity: Identity.safeParse(identity).data?.metadata.uid,
    });
  }

  /** A document; undefined where it is refused to whoever asks, which tells that somebody is there. */
  async #ask(path: string, ms: number): Promise<unknown> {
    const { api, clock, signal } = this.#options;
    const server = api.server || "https://unknown";
    const error = () => connectionError(tookTooLong(), { server, timeoutMs: ms });
    try {
      return await limited((signal) => api.get(path, { signal }), { clock, ms, signal, error });
    } catch (error) {
      if (error instanceof ApiError && (error.status === 403 || error.status === 404)) {
        return undefined;
      }
      throw error;
    }
  }

  #stand({ version, identity }: {
    readonly version: string | undefined;
    readonly identity: string | undefined;
  }): void {
    const { api, emit } = this.#options;
    const { server, insteadOf } = api;
    // Another server of the same cluster tells the same story; who cannot see its name goes by the
    // address.
    const known = identity !== undefined && this.#identity !== undefined;
    const other = known
      ? identity !== this.#identity
      : this.#server !== undefined && this.#server !== server;
    if (other) this.#cluster++;
    this.#server = server;
    this.#identity = identity ?? this.#identity;
    emit({ type: "server", server, version: version && safeText(version), insteadOf });
    emit({ type: "connection", connection: { state: "live" } });
    const lost = new AbortController();
    const connected = { signal: lost.signal, cluster: this.#cluster };
    this.#standing = { connected, lost };
    this.#waiting.resolve(connected);
    this.#waiting = Promise.withResolvers();
    this.#waiting.promise.catch(() => {});
  }

  #lose(error: unknown, retryAt: number): void {
    const { api, emit, reset } = this.#options;
    const problem = answerError(error, api.server);
    if (!(problem instanceof UserError)) throw error;
    this.#fall(problem);
    emit({
      type: "connection",
      connection: this.#heard === undefined
        ? { state: "connecting", problem }
        : { state: "lost", lastHeard: this.#heard, problem, retryAt },
    });
    reset();
  }

  #fall(reason: unknown): void {
    const standing = this.#standing;
    this.#standing = undefined;
    standing?.lost.abort(reason);
  }

  /** Waits, unless there is a reason to look again at once. */
  async #pause(ms: number): Promise<void> {
    const { clock, signal } = this.#options;
    if (!this.#doubt) {
      this.#wake = new AbortController();
      await clock.sleep(ms, AbortSignal.any([signal, this.#wake.signal])).catch(() => {});
    }
    signal.throwIfAborted();
  }
}
