/**
 * A cluster to look at that needs none: for a first look, and for screenshots.
 *
 * @module
 */

import { performChange } from "../../changes/perform_change.ts";
import type { LiveSession } from "../../live/live_session.ts";
import type { LiveNews } from "../../live/live_state.ts";
import { podLog } from "../../cluster/read/pod_log.ts";
import { readObject } from "../../cluster/read/read_object.ts";
import { journaled } from "../../cluster/api/request_journal.ts";
import type { Clock } from "../../process/system.ts";
import { homeApi } from "./home_api.ts";
import type { SimState } from "./model.ts";
import { allNews, newsBetween } from "./news.ts";
import { Player } from "./player.ts";
import { provisionRun } from "./provision_run.ts";

/** How often it is looked what is new, in milliseconds. */
const LOOK_MS = 250;

/** What of it may be chosen. */
export interface SimulationOptions {
  /** Its time; the home is always the same at the same time after the start. */
  readonly clock: Clock;
  /** Another number is another home's luck; default 1. */
  readonly seed?: number;
}

/**
 * A session with a simulated home: six machines, some thirty pods, and what goes wrong in homes.
 *
 * It is read and changed by the code that reads and changes a real cluster. Nothing runs between
 * looks: time is made up for when somebody looks.
 */
export function simulatedSession({ clock, seed = 1 }: SimulationOptions): LiveSession {
  const player = new Player({ clock, seed });
  const { api, requests } = journaled(homeApi(player, clock), clock);
  return {
    news: (signal) => newsOf(player, { clock, signal }),
    lookAt: () => {},
    retry: () => {},
    read: (object, signal) => readObject(api, object, { signal }),
    logs: (request, signal) => podLog(api, request, { signal }),
    perform: (change, signal) => performChange(api, change, { signal, clock }),
    provision: (signal) => provisionRun(player, { clock, signal }),
    otherRuns: undefined,
    requests,
  };
}

async function* newsOf(
  player: Player,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<readonly LiveNews[], void> {
  if (signal.aborted) return;
  let told: SimState = player.current();
  yield allNews(told);
  while (true) {
    try {
      await clock.sleep(LOOK_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    const now = player.current();
    const news = newsBetween(told, now);
    told = now;
    if (news.length > 0) yield news;
  }
}
