import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ClusterNews,
  type ClusterState,
  emptyCluster,
  reduceClusterAll,
} from "../../src/cluster/watch/cluster_state.ts";
import { readNode, readPod } from "../../src/cluster/read/read_objects.ts";
import { nodeObject, podObject } from "../cluster/objects_fixture.ts";

/** A change on the server: an object of a name appears, changes or goes. */
const change = fc.record({
  collection: fc.constantFrom("nodes" as const, "pods" as const),
  name: fc.constantFrom("a", "b", "c", "d"),
  what: fc.constantFrom("seen" as const, "gone" as const),
  ready: fc.boolean(),
});

function toEvent({ collection, name, what, ready }: typeof change extends fc.Arbitrary<infer T> ? T
  : never): ClusterNews {
  const object = collection === "nodes"
    ? readNode(nodeObject(name, { ready: ready ? "True" : "False" }))
    : readPod(podObject(name, { ready }));
  if (what === "gone") return { type: "gone", collection, uid: object.uid };
  return { type: "seen", collection, object } as ClusterNews;
}

/** What a fresh list says of a collection, in an order of its own. */
function listed(state: ClusterState, collection: "nodes" | "pods"): ClusterNews {
  return {
    type: "listed",
    collection,
    objects: [...state[collection]?.values() ?? []].reverse(),
  } as ClusterNews;
}

/** One piece of news at a time. */
function reduceCluster(state: ClusterState, news: ClusterNews): ClusterState {
  return reduceClusterAll(state, [news]);
}

Deno.test("P24 any sequence of watch events leads to the same state as a fresh list", () => {
  fc.assert(
    fc.property(fc.array(change), fc.array(change), (before, after) => {
      const empty = [
        { type: "listed", collection: "nodes", objects: [] },
        { type: "listed", collection: "pods", objects: [] },
      ] as ClusterNews[];
      const first = [...empty, ...before.map(toEvent)].reduce(reduceCluster, emptyCluster);
      // A watch that follows the list it began with, and the truth as it stands on the server.
      const watched = after.map(toEvent).reduce(
        reduceCluster,
        [listed(first, "nodes"), listed(first, "pods")].reduce(reduceCluster, emptyCluster),
      );
      const truth = new Map([...before, ...after].map((each) => [
        `${each.collection}/${each.name}`,
        toEvent(each),
      ]));
      for (const collection of ["nodes", "pods"] as const) {
        const expected = new Map(
          [...truth.values()].flatMap((event) =>
            event.type === "seen" && event.collection === collection
              ? [[event.object.uid, event.object] as const]
              : []
          ),
        );
        assert.deepEqual(watched[collection], expected);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("P24 the state given is never changed", () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1 }), (changes) => {
      const events = changes.map(toEvent);
      const state = events.slice(0, -1).reduce(reduceCluster, emptyCluster);
      const copy = {
        nodes: state.nodes && new Map(state.nodes),
        pods: state.pods && new Map(state.pods),
      };
      reduceCluster(state, events.at(-1)!);
      assert.deepEqual({ nodes: state.nodes, pods: state.pods }, copy);
    }),
    { numRuns: 200 },
  );
});
