/**
 * A live session that says what a test wants it to say, and records what is asked of it.
 *
 * @module
 */

import type { ClusterChange, LiveSession } from "../../src/live/live_session.ts";
import type { LiveNews, LiveState } from "../../src/live/live_state.ts";
import type { RunEvent } from "../../src/ansible/events/event.ts";
import { type CollectionName, emptyCluster } from "../../src/cluster/watch/cluster_state.ts";
import type { ApiRequest } from "../../src/cluster/api/request_journal.ts";
import type { LogRequest, ObjectReference } from "../../src/cluster/api/requests.ts";
import { UserError } from "../../src/errors/user_error.ts";

/** What the session answers. */
export interface FakeAnswers {
  /** By `Kind namespace/name`; others are gone. */
  readonly objects?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly logs?: (request: LogRequest, signal: AbortSignal) => AsyncIterable<string>;
  readonly perform?: (change: ClusterChange) => AsyncIterable<string>;
  readonly provision?: (signal: AbortSignal) => AsyncIterable<RunEvent>;
  readonly otherRuns?: (signal: AbortSignal) => AsyncIterable<RunEvent>;
  readonly requests?: readonly ApiRequest[];
  readonly shell?: LiveSession["shell"];
  readonly forward?: LiveSession["forward"];
}

/** A session in the hands of a test. */
export class FakeSession implements LiveSession {
  readonly looked: (readonly string[])[] = [];
  readonly performed: ClusterChange[] = [];
  readonly logRequests: LogRequest[] = [];
  readonly reads: ObjectReference[] = [];
  retries = 0;
  readonly provision: LiveSession["provision"];
  readonly otherRuns: LiveSession["otherRuns"];
  readonly shell: LiveSession["shell"];
  readonly forward: LiveSession["forward"];
  readonly #answers: FakeAnswers;
  readonly #queue: (readonly LiveNews[])[] = [];
  #wake: () => void = () => {};

  constructor(answers: FakeAnswers = {}) {
    this.#answers = answers;
    this.provision = answers.provision;
    this.otherRuns = answers.otherRuns;
    this.shell = answers.shell;
    this.forward = answers.forward;
  }

  /** Tells news. */
  tell(...news: readonly LiveNews[]): void {
    this.#queue.push(news);
    this.#wake();
  }

  async *news(signal: AbortSignal): AsyncIterable<readonly LiveNews[]> {
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    while (!signal.aborted) {
      const batch = this.#queue.shift();
      if (batch !== undefined) yield batch;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  lookAt(nodes: readonly string[]): void {
    this.looked.push(nodes);
  }

  retry(): void {
    this.retries++;
  }

  read(object: ObjectReference): Promise<Readonly<Record<string, unknown>>> {
    this.reads.push(object);
    const found = this.#answers.objects?.[nameOf(object)];
    return found === undefined
      ? Promise.reject(new UserError(`${nameOf(object)} is gone`, { hint: "Look again later." }))
      : Promise.resolve(found);
  }

  async *logs(request: LogRequest, signal: AbortSignal): AsyncIterable<string> {
    this.logRequests.push(request);
    if (this.#answers.logs !== undefined) yield* this.#answers.logs(request, signal);
  }

  async *perform(change: ClusterChange): AsyncIterable<string> {
    this.performed.push(change);
    if (this.#answers.perform !== undefined) yield* this.#answers.perform(change);
    else yield "Done as asked.";
  }

  requests(): readonly ApiRequest[] {
    return this.#answers.requests ?? [];
  }
}

function nameOf({ kind, namespace, name }: ObjectReference): string {
  return `${kind} ${namespace === "" ? "" : `${namespace}/`}${name}`;
}

/** The news that leads to a state. */
export function newsOf(state: LiveState): LiveNews[] {
  const { cluster, connection, server, version, gaps, inventory, tailnet } = state;
  const news: LiveNews[] = [{ type: "connection", connection }];
  if (server !== undefined) {
    news.push({ type: "server", server, version, insteadOf: undefined });
  }
  for (const name of Object.keys(emptyCluster) as (keyof typeof emptyCluster)[]) {
    if (name === "metrics" || name === "absent") continue;
    const collection: CollectionName = name;
    const objects = cluster[collection];
    if (cluster.absent.has(collection)) news.push({ type: "absent", collection });
    if (objects !== undefined) {
      news.push({ type: "listed", collection, objects: [...objects.values()] } as LiveNews);
    }
  }
  news.push({ type: "metrics", metrics: cluster.metrics });
  for (const [what, words] of gaps) news.push({ type: "gap", what, words });
  if (inventory !== undefined) news.push({ type: "inventory", inventory });
  if (tailnet !== undefined) news.push({ type: "tailnet", tailnet });
  return news;
}
