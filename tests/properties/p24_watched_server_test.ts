/**
 * P24 through all that lies between a server and the state: connection, lists in pages, watches,
 * lines, batches, reducer.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  aboutNews,
  type LiveNews,
  type LiveState,
  NOTHING_HEARD,
  reduceLive,
} from "../../src/live/live_state.ts";
import { batches } from "../../src/cluster/watch/batches.ts";
import type { ApiError } from "../../src/cluster/api/kubernetes_api.ts";
import { readCluster } from "../../src/cluster/read/read_cluster.ts";
import { clusterWatch } from "../../src/cluster/watch/watch_cluster.ts";
import { ModelServer } from "../cluster/model_server.ts";
import {
  allow,
  happen,
  type Happening,
  happening,
  MAKE,
  type Name,
  NAMES,
  some,
  SOURCES,
} from "../cluster/watch/server_happenings.ts";
import { FakeClock } from "../process/fake_clock.ts";

const RUNS = 300;

/** The state of a screen that was open while all of it happened, and the server as it is then. */
async function watched(
  before: Readonly<Record<Name, readonly string[]>>,
  events: readonly Happening[],
): Promise<{ readonly state: LiveState; readonly server: ModelServer }> {
  const server = new ModelServer();
  const clock = new FakeClock();
  for (const name of NAMES) {
    for (const each of before[name]) server.put(SOURCES[name].path, MAKE[name](each, true));
  }
  const controller = new AbortController();
  const { signal } = controller;
  const watch = clusterWatch({
    api: server.api,
    reset: () => {},
    clock,
    sources: SOURCES,
    random: () => 0.5,
  });
  const source = (emit: (news: LiveNews) => void, signal: AbortSignal) => watch.run(emit, signal);
  let state = NOTHING_HEARD;
  const following = (async () => {
    for await (const batch of batches(source, { about: aboutNews, clock, signal })) {
      state = reduceLive(state, batch);
    }
  })();
  for (const event of events) await happen(event, { server, clock });
  // In the end all is well for longer than anybody waits.
  server.down = undefined;
  for (const collection of ["nodes", "pods"] as const) allow(server, collection);
  const refused = server.answers.get(SOURCES.kustomizations.path);
  if ((refused as ApiError | undefined)?.status !== 404) allow(server, "kustomizations");
  await clock.pass(300_000);
  controller.abort(new Error("all is over"));
  await following;
  assert.equal(server.watching, 0);
  assert.equal(clock.sleeping, 0);
  return { state, server };
}

Deno.test("P24 whatever happens on the way, the state is that of a fresh list in the end", async () => {
  const seen = { watches: 0, bookmarks: 0, duplicates: 0, begin: 0, middle: 0, page: 0, absent: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.record({ nodes: some, pods: some, kustomizations: some }),
      fc.array(happening, { minLength: 1, maxLength: 40, size: "max" }),
      async (before, events) => {
        const { state, server } = await watched(before, events);
        const { told } = server;
        seen.watches += told.watches;
        seen.bookmarks += told.bookmarks;
        seen.duplicates += told.duplicates;
        seen.begin += told.expired.begin;
        seen.middle += told.expired.middle;
        seen.page += told.expired.page;
        const fresh = reduceLive(
          NOTHING_HEARD,
          await readCluster(server.api, {
            signal: new AbortController().signal,
            sources: SOURCES,
          }),
        );
        assert.equal(state.connection.state, "live");
        assert.equal(state.server, fresh.server);
        assert.deepEqual(state.cluster.metrics, fresh.cluster.metrics);
        for (const name of NAMES) {
          const isAbsent = server.answers.has(SOURCES[name].path);
          seen.absent += isAbsent ? 1 : 0;
          assert.equal(state.cluster.absent.has(name), isAbsent, name);
          assert.equal(state.gaps.get(name), fresh.gaps.get(name), name);
          assert.deepEqual(sorted(state, name), sorted(fresh, name), name);
          assert.deepEqual(
            sorted(state, name),
            isAbsent ? undefined : onServer(server, name),
            name,
          );
        }
      },
    ),
    { numRuns: RUNS },
  );
  // Each way of losing the thread was really taken, and not now and then.
  assert.ok(seen.watches > 3 * NAMES.length * RUNS / 2, JSON.stringify(seen));
  for (const [what, times] of Object.entries(seen)) {
    assert.ok(times > RUNS / 20, `${what}: ${JSON.stringify(seen)}`);
  }
});

/** What is known of a collection, in an order that does not count. */
function sorted(state: LiveState, name: Name): readonly unknown[] | undefined {
  const known: ReadonlyMap<string, unknown> | undefined = state.cluster[name];
  return known && [...known].sort(([a], [b]) => a < b ? -1 : 1);
}

/** What of the server's objects is understood, without any of the code that lists. */
function onServer(server: ModelServer, name: Name): readonly unknown[] {
  const { path, pick } = SOURCES[name];
  return server.objects(path).flatMap((object) => {
    const { uid, name } = (object as { metadata: { uid: string; name?: string } }).metadata;
    return name === undefined ? [] : [[uid, pick(object)] as const];
  }).sort(([a], [b]) => a < b ? -1 : 1);
}
