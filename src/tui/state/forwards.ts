/**
 * Ports that are forwarded from here, while the screen is open.
 *
 * @module
 */

import type { ObjectReference } from "../../cluster/api/requests.ts";
import type { ForwardState } from "../../cluster/pods/port_forward.ts";
import type { LiveSession } from "../../live/live_session.ts";
import { isSame } from "./screens.ts";

/** A forwarded port as it is shown. */
export interface Forward extends ForwardState {
  readonly id: number;
}

/** What ports are forwarded and shown with. */
export interface ForwardTools {
  readonly session: Pick<LiveSession, "forward">;
  readonly show: (forwards: readonly Forward[]) => void;
  /** One listens now. */
  readonly began: (forward: Forward) => void;
  /** One could not be begun, or has ended by itself. */
  readonly failed: (error: unknown) => void;
}

/** A port from when it is asked for until nothing listens any more. */
interface Running {
  readonly object: ObjectReference;
  readonly port: number;
  readonly stop: AbortController;
  /** Undefined until it listens. */
  shown?: Forward;
  end?: Promise<void>;
}

/** Begins and ends them. */
export class Forwards {
  readonly #tools: ForwardTools;
  readonly #running = new Map<number, Running>();
  #last = 0;

  constructor(tools: ForwardTools) {
    this.#tools = tools;
  }

  /** Forwards a port, or says again where that is so already. */
  begin(object: ObjectReference, port: number): void {
    const { session: { forward }, began, failed } = this.#tools;
    if (forward === undefined) return;
    const same = this.#running.values()
      .find((each) => each.port === port && isSame(each.object, object));
    if (same !== undefined) return same.shown && began(same.shown);
    const id = ++this.#last;
    const running: Running = { object, port, stop: new AbortController() };
    const { signal } = running.stop;
    this.#running.set(id, running);
    const tell = (state: ForwardState) => {
      if (signal.aborted) return;
      const isNew = running.shown === undefined;
      running.shown = { ...state, id };
      this.#show();
      if (isNew) began(running.shown);
    };
    running.end = forward({ object, port }, { signal, tell })
      .catch((error) => {
        if (!signal.aborted) failed(error);
      })
      .finally(() => this.#forget(id));
  }

  /** Stops listening, and ends the connections. */
  stop(id: number): void {
    this.#running.get(id)?.stop.abort();
    this.#forget(id);
  }

  /** Ends all; nothing listens when this settles. */
  async close(): Promise<void> {
    const all = [...this.#running.values()];
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ end }) => end));
  }

  #forget(id: number): void {
    if (this.#running.delete(id)) this.#show();
  }

  #show(): void {
    this.#tools.show([...this.#running.values()].flatMap(({ shown }) => shown ?? []));
  }
}
