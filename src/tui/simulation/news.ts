/**
 * What is new between two moments of the simulated home, as a screen is told it. Pure.
 *
 * @module
 */

import type { LiveNews } from "../../live/live_state.ts";
import type { ClusterNews } from "../../cluster/watch/cluster_state.ts";
import { COLLECTIONS, type SimCollection, type SimObject } from "./collections.ts";
import { K3S_VERSION } from "./machines.ts";
import { MEASURED_EVERY_MS, metricsOf } from "./measures.ts";
import type { SimState } from "./model.ts";
import { inventoryOf, tailnetOf } from "./surroundings.ts";

/** Everything, for who knows nothing yet. */
export function allNews(state: SimState): readonly LiveNews[] {
  return [
    { type: "connection", connection: { state: "live" } },
    { type: "server", server: SERVER, version: K3S_VERSION },
    { type: "inventory", inventory: { known: true, value: inventoryOf() } },
    tailnetNews(state),
    ...COLLECTIONS.map((each) => listed(each, state)),
    { type: "metrics", metrics: metricsOf(state) },
  ];
}

/** What the simulated API server is called; nothing listens anywhere. */
export const SERVER = "simulated";

/** What changed from one moment to a later one. */
export function newsBetween(before: SimState, after: SimState): readonly LiveNews[] {
  if (before === after) return [];
  const news: LiveNews[] = COLLECTIONS.flatMap((each) => changes(each, { before, after }));
  const peers = [...after.peers.values()];
  if (peers.some((peer) => before.peers.get(peer.name) !== peer)) news.push(tailnetNews(after));
  const measured = (now: number) => Math.floor(now / MEASURED_EVERY_MS);
  if (measured(before.now) !== measured(after.now)) {
    news.push({ type: "metrics", metrics: metricsOf(after) });
  }
  return news;
}

function tailnetNews(state: SimState): LiveNews {
  return { type: "tailnet", tailnet: { known: true, value: tailnetOf(state) } };
}

function listed({ name, objects, read }: SimCollection, state: SimState): ClusterNews {
  const found = objects(state).map(({ json }) => read(json()));
  return { type: "listed", collection: name, objects: found } as ClusterNews;
}

function changes(
  { name, objects, read }: SimCollection,
  { before, after }: { readonly before: SimState; readonly after: SimState },
): readonly ClusterNews[] {
  const old = new Map(objects(before).map((each): [string, SimObject] => [each.uid, each]));
  const news: ClusterNews[] = [];
  for (const { uid, record, json } of objects(after)) {
    if (old.get(uid)?.record !== record) {
      news.push({ type: "seen", collection: name, object: read(json()) } as ClusterNews);
    }
    old.delete(uid);
  }
  for (const uid of old.keys()) news.push({ type: "gone", collection: name, uid });
  return news;
}
