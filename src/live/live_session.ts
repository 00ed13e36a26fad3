/**
 * The port between a screen and what it shows: a cluster, or a simulated one.
 *
 * @module
 */

import type { RunEvent } from "../ansible/events/event.ts";
import type { ApiRequest } from "../cluster/api/request_journal.ts";
import type { LogRequest, ObjectReference } from "../cluster/api/requests.ts";
import type { ContainerPlace, RawTerminal } from "../cluster/pods/pod_shell.ts";
import type { ForwardState } from "../cluster/pods/port_forward.ts";
import type { InventoryHost } from "../inventory/model.ts";
import type { LiveNews } from "./live_state.ts";

/** A change of the cluster that a person can ask for. */
export type ClusterChange =
  | { readonly type: "cordon" | "uncordon"; readonly node: string }
  /** Cordons, then evicts every pod but those of DaemonSets and static ones. */
  | { readonly type: "drain"; readonly node: string }
  | { readonly type: "restart"; readonly workload: ObjectReference }
  | { readonly type: "scale"; readonly workload: ObjectReference; readonly replicas: number }
  | { readonly type: "delete-pod"; readonly namespace: string; readonly name: string };

/** Where a shell is wanted: on a host of the inventory, or in a container. */
export type ShellPlace =
  | { readonly type: "host"; readonly host: InventoryHost }
  | { readonly type: "container"; readonly container: ContainerPlace };

/** Shows a shell on a terminal. */
export type OpenShell = (terminal: RawTerminal) => Promise<number>;

/** Something to look at while it lives. */
export interface LiveSession {
  /**
   * Batches of news until the signal is aborted, then it ends. It never ends by itself and throws
   * for nothing that can pass: a lost cluster is news. Batches come at most every 50 ms.
   */
  news(signal: AbortSignal): AsyncIterable<readonly LiveNews[]>;
  /** Nodes that are on the screen now: what is costly to measure is measured for them only. */
  lookAt(nodes: readonly string[]): void;
  /** Tries at once instead of waiting for the next attempt. */
  retry(): void;
  /**
   * An object as the API server has it, without `managedFields`; the values of Secrets are never read.
   *
   * @throws {UserError} where it is gone, refused or out of reach
   */
  read(object: ObjectReference, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
  /** Lines of a log, followed unless `previous`; not made harmless yet. @throws {UserError} */
  logs(request: LogRequest, signal: AbortSignal): AsyncIterable<string>;
  /** Does it, telling in sentences what happens; the last one is the result. @throws {UserError} */
  perform(change: ClusterChange, signal: AbortSignal): AsyncIterable<string>;
  /**
   * Opens a shell. What is returned shows it on the terminal of this process until it ends, and settles with
   * its exit code; nobody else may use the terminal meanwhile. Undefined where nothing really runs.
   *
   * @throws {UserError} where it cannot be opened; later, where the connection breaks
   */
  readonly shell: ((place: ShellPlace, signal: AbortSignal) => Promise<OpenShell>) | undefined;
  /**
   * Forwards a port of this machine to one of a Service or a pod until the signal is aborted, and tells how it
   * stands, first when it listens. Undefined where nothing really runs.
   *
   * @throws {UserError} where it cannot be begun
   */
  readonly forward:
    | ((
      from: { readonly object: ObjectReference; readonly port: number },
      options: {
        readonly signal: AbortSignal;
        readonly tell: (state: ForwardState) => void;
      },
    ) => Promise<void>)
    | undefined;
  /** Provisions the hosts of the inventory; undefined where that makes no sense. */
  readonly provision: ((signal: AbortSignal) => AsyncIterable<RunEvent>) | undefined;
  /**
   * Runs that others make on the same inventory, one after the other, each from `started` to `end`,
   * also one that is under way, until the signal is aborted; undefined where nobody else can.
   */
  readonly otherRuns: ((signal: AbortSignal) => AsyncIterable<RunEvent>) | undefined;
  /** The latest requests made, newest last, at most 200. */
  requests(): readonly ApiRequest[];
}

/** A session that listens already. */
export interface EagerSession extends LiveSession, Disposable {}

/**
 * The same session, listening from now on: the server works while the screen is still being loaded. Its news
 * are for one listener. Disposing ends it, also where nobody ever listened.
 */
export function eager(session: LiveSession): EagerSession {
  const stop = new AbortController();
  const early = session.news(stop.signal)[Symbol.asyncIterator]();
  const first = early.next();
  first.catch(() => {}); // told to the listener
  return {
    ...session,
    news: async function* (signal) {
      signal.addEventListener("abort", () => stop.abort(signal.reason), { once: true });
      if (signal.aborted) stop.abort(signal.reason);
      try {
        for (let next = await first; !next.done; next = await early.next()) yield next.value;
      } finally {
        await early.return?.();
      }
    },
    [Symbol.dispose]: () => stop.abort(),
  };
}
