/**
 * `status --watch`: the state that the live screen follows, as text.
 *
 * @module
 */

import { openLiveSession } from "../../live/live_cluster.ts";
import { type LiveState, NOTHING_HEARD, reduceLive } from "../../live/live_state.ts";
import type { StatusRequest } from "../../live/read_status.ts";
import { kubeletsToAsk } from "../../cluster/usage/read_usage.ts";
import type { Context } from "../program/context.ts";
import type { Output } from "../output/output.ts";
import { StatusLog } from "./status_log.ts";
import { StatusScreen } from "./status_screen.ts";

/** Until something is heard for the first time, in milliseconds; news end the wait. */
const PATIENCE_MS = 60_000;

/**
 * Shows the state of the cluster until nobody reads it any more.
 *
 * @throws {UserError} exit code 2 where the inventory is named but not readable
 * @throws the signal's reason where the person ends it
 */
export async function watchStatus(
  context: Context,
  { request, output }: { readonly request: StatusRequest; readonly output: Output },
): Promise<void> {
  const { clock } = context;
  const drawn = context.stdout.isTerminal &&
    (output.format === "table" || output.format === "wide");
  const view = drawn
    ? new StatusScreen(context.stdout, output, request.names)
    : new StatusLog(output, request.names);
  const session = openLiveSession(context, request);
  const end = new AbortController();
  const signal = AbortSignal.any([context.signal, end.signal]);
  let state: LiveState = NOTHING_HEARD;
  let news = new AbortController();
  const following = (async () => {
    for await (const batch of session.news(signal)) {
      state = reduceLive(state, batch);
      news.abort();
    }
  })();
  let failure: { readonly error: unknown } | undefined;
  following.catch((error) => {
    failure = { error };
    news.abort();
  });
  const sleep = (ms: number, until: AbortSignal) => clock.sleep(ms, until).catch(() => {});
  try {
    for (let shown = false;;) {
      const heard = news = new AbortController();
      if (failure !== undefined) throw failure.error;
      context.signal.throwIfAborted();
      const { inventory } = state;
      // Later on it is something that passes: somebody is at work on it.
      if (!shown && request.inventory !== undefined && inventory?.known === false) {
        throw inventory.error;
      }
      let wait = PATIENCE_MS;
      if (view.isReady(state)) {
        shown = true;
        wait = await view.show(state, clock.now());
        if (!context.stdout.isOpen()) return; // `… | head -1`
        await sleep(view.paceMs, signal);
      }
      session.lookAt(kubeletsToAsk([...state.cluster.nodes?.values() ?? []]));
      await sleep(wait, AbortSignal.any([signal, heard.signal]));
    }
  } finally {
    end.abort(new DOMException("Nobody looks any more", "AbortError"));
    await following.catch(() => {}); // it was heard of above
  }
}

/** Shows states. */
export interface StatusView {
  /** Least time between two of what it shows, in milliseconds. */
  readonly paceMs: number;
  /** Whether there is enough in a state to show it. */
  isReady(state: LiveState): boolean;
  /**
   * Shows what differs from what is shown already.
   *
   * @param now milliseconds since the epoch
   * @returns after how many milliseconds it should be looked at again though nothing has happened
   */
  show(state: LiveState, now: number): Promise<number>;
}
