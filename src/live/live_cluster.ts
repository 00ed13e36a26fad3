/**
 * A real cluster, with its inventory and tailnet, while it lives.
 *
 * @module
 */

import { followRuns } from "../ansible/run/follow_run.ts";
import { batches } from "../cluster/watch/batches.ts";
import { openPodShell } from "../cluster/pods/pod_shell.ts";
import { forwardPort } from "../cluster/pods/port_forward.ts";
import { podLog } from "../cluster/read/pod_log.ts";
import { readObject } from "../cluster/api/requests.ts";
import { reconnectingApi } from "../cluster/api/reconnecting_api.ts";
import { journaled } from "../cluster/api/request_journal.ts";
import { clusterWatch } from "../cluster/watch/watch_cluster.ts";
import type { Inventory } from "../inventory/model.ts";
import type { ActionSystem } from "../actions/action_system.ts";
import { performChange } from "../changes/perform_change.ts";
import { LIVE_COLLECTIONS } from "./live_collections.ts";
import type { LiveSession } from "./live_session.ts";
import { aboutNews, type LiveNews } from "./live_state.ts";
import { type ClusterChoice, connectTo, type Reading } from "../actions/survey.ts";
import { watchInventory, watchTailnet } from "./watch_surroundings.ts";

/** What a person wants to look at. */
export interface LiveRequest {
  /** As given with `-i`; undefined: the nearest. */
  readonly inventory: string | undefined;
  readonly cluster: ClusterChoice;
}

/**
 * A session with the cluster of the inventory, or the one named. Nothing is asked before its news
 * are; the kubeconfig is read at each attempt to connect, so that it may be put right meanwhile.
 */
export function openLiveSession(system: ActionSystem, request: LiveRequest): LiveSession {
  const { clock } = system;
  const inventory = Promise.withResolvers<void>();
  inventory.promise.catch(() => {}); // nobody may be waiting for it
  const file = Promise.withResolvers<string>();
  let latest: Reading<Inventory | undefined> | undefined;
  const connection = reconnectingApi(async () => {
    await inventory.promise; // it says which cluster
    return await connectTo(system, {
      inventory: latest?.known ? latest.value : undefined,
      choice: request.cluster,
    });
  });
  const { api, requests } = journaled(connection, clock);
  const watch = clusterWatch({
    api,
    reset: () => connection.drop(),
    clock,
    sources: LIVE_COLLECTIONS,
  });
  const source = (emit: (news: LiveNews) => void, signal: AbortSignal) =>
    Promise.all([
      watchInventory(system, {
        named: request.inventory,
        signal,
        tell: (reading) => {
          latest = reading;
          inventory.resolve();
          if (reading.known && reading.value !== undefined) file.resolve(reading.value.file);
          emit({ type: "inventory", inventory: reading });
        },
      }),
      watchTailnet(system, { signal, tell: (tailnet) => emit({ type: "tailnet", tailnet }) }),
      watch.run(emit, signal),
    ]);
  return {
    news: async function* (signal) {
      try {
        yield* batches(source, { about: aboutNews, clock, signal });
      } finally {
        // Ended before the inventory was read, a connection would wait for it for ever.
        inventory.reject(new DOMException("The session has ended", "AbortError"));
        await connection.close();
      }
    },
    lookAt: (nodes) => watch.lookAt(nodes),
    retry: () => watch.retry(),
    read: (object, signal) => readObject(api, object, { signal }),
    logs: (log, signal) => podLog(api, log, { signal }),
    perform: (change, signal) => performChange(api, change, { signal, clock }),
    shell: async (place, signal) => {
      if (place.type === "container") return await openPodShell(api, place.container, { signal });
      const { loginTo } = await import("../actions/hosts/remote.ts");
      return () => loginTo(system, place.host, { signal });
    },
    forward: (from, options) => forwardPort(api, from, options),
    provision: async function* (signal) {
      const { provision } = await import("../actions/hosts/provision.ts");
      yield* provision({ ...system, signal }, {
        inventory: request.inventory,
        passwords: {},
        convert: false,
      }, () => Promise.resolve(false));
    },
    otherRuns: async function* (signal) {
      const known = await Promise.race([file.promise, abortOf(signal)]);
      if (known !== undefined) yield* followRuns(system, { inventory: known, signal });
    },
    requests,
  };
}

function abortOf(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
