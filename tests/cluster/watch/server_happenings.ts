/**
 * Everything that may happen to an API server while it is watched, for P24.
 *
 * @module
 */

import fc from "fast-check";
import { LIVE_COLLECTIONS } from "../../../src/live/live_collections.ts";
import { ApiError } from "../../../src/cluster/api/kubernetes_api.ts";
import { unreachableError } from "../../../src/errors/user_error.ts";
import { kustomization } from "../../gitops/flux/flux_fixture.ts";
import type { FakeClock } from "../../process/fake_clock.ts";
import type { ModelServer } from "../model_server.ts";
import { nodeObject, podObject } from "../objects_fixture.ts";

/** What is watched here: something of every kind of collection. */
export const SOURCES = {
  nodes: LIVE_COLLECTIONS.nodes!,
  pods: LIVE_COLLECTIONS.pods!,
  kustomizations: LIVE_COLLECTIONS.kustomizations!,
};
/** A collection of them. */
export type Name = keyof typeof SOURCES;
/** All of them. */
export const NAMES = Object.keys(SOURCES) as Name[];
const PATHS = NAMES.map((name) => SOURCES[name].path);

/** An object of a name; `well` tells two states of it apart. */
export const MAKE: Readonly<
  Record<Name, (name: string, well: boolean) => { metadata: { uid: string } }>
> = {
  nodes: (name, well) => nodeObject(name, { ready: well ? "True" : "False" }),
  pods: (name, well) => podObject(name, { ready: well }),
  kustomizations: (name, well) => {
    const made = kustomization(name, { ready: well ? "True" : "False" });
    return { ...made, metadata: { ...made.metadata, uid: `kustomization-${name}` } };
  },
};

const collection = fc.constantFrom(...NAMES);
const OBJECTS = ["a", "b", "c", "d", "e"];
const name = fc.constantFrom(...OBJECTS);
/** What is there when the watch begins: a list of some pages. */
export const some = fc.subarray(OBJECTS, { minLength: 2 });

/** Something that happens to a server, or between it and who watches it. */
export const happening = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant("put"), collection, name, well: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("delete"), collection, name }) },
  fc.record({ type: fc.constant("odd"), collection, name }),
  { weight: 2, arbitrary: fc.record({ type: fc.constant("bookmark") }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("replay"), count: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("compact") }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("end"),
      how: fc.constantFrom("normal", "broken", "expired"),
    }),
  },
  fc.record({
    type: fc.constant("noise"),
    line: fc.constantFrom("", "{", '{"type":"ADDED"}', "[]"),
  }),
  fc.record({ type: fc.constant("refuse"), collection, status: fc.constantFrom(403, 404, 500) }),
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("refuse"),
      collection: fc.constant("kustomizations"),
      status: fc.constant(404),
    }),
  },
  fc.record({ type: fc.constant("allow"), collection }),
  fc.record({ type: fc.constant("down") }),
  fc.record({ type: fc.constant("up") }),
  fc.record({ type: fc.constant("silence") }),
  // The server forgets what it knew while its lists are read anew.
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("overtake"), count: fc.integer({ min: 1, max: 20 }) }),
  },
  // A few steps of what is under way, such as from one page of a list to the next.
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("steps"), count: fc.integer({ min: 1, max: 12 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("time"),
      ms: fc.constantFrom(0, 150, 1_500, 40_000, 400_000),
    }),
  },
) as fc.Arbitrary<Happening>;

/** One of them. */
export type Happening =
  | {
    readonly type: "put";
    readonly collection: Name;
    readonly name: string;
    readonly well: boolean;
  }
  | { readonly type: "delete" | "odd"; readonly collection: Name; readonly name: string }
  | { readonly type: "bookmark" | "compact" | "down" | "up" | "silence" }
  | { readonly type: "replay" | "steps" | "overtake"; readonly count: number }
  | { readonly type: "end"; readonly how: "normal" | "broken" | "expired" }
  | { readonly type: "noise"; readonly line: string }
  | { readonly type: "refuse"; readonly collection: Name; readonly status: number }
  | { readonly type: "allow"; readonly collection: Name }
  | { readonly type: "time"; readonly ms: number };

/** Lets it happen; settles when what follows may happen. */
export async function happen(
  event: Happening,
  { server, clock }: { readonly server: ModelServer; readonly clock: FakeClock },
): Promise<void> {
  switch (event.type) {
    case "put":
      return server.put(
        SOURCES[event.collection].path,
        MAKE[event.collection](event.name, event.well),
      );
    case "odd": {
      const { uid } = MAKE[event.collection](event.name, true).metadata;
      return server.put(SOURCES[event.collection].path, { metadata: { uid } });
    }
    case "delete":
      return server.delete(
        SOURCES[event.collection].path,
        MAKE[event.collection](event.name, true).metadata.uid,
      );
    case "bookmark":
      return server.bookmark();
    case "replay":
      return server.replay(event.count);
    case "compact":
      return server.compact();
    case "end":
      return server.end(event.how);
    case "noise":
      for (const path of PATHS) server.say(path, event.line);
      return;
    case "refuse": {
      const { path } = SOURCES[event.collection];
      const error = new ApiError(event.status, "", "no", path);
      server.answers.set(path, error).set(`${path}?watch`, error);
      return server.end("normal");
    }
    case "allow":
      return allow(server, event.collection);
    case "down":
      server.down = () => unreachableError("Nothing listens");
      return server.end("broken");
    case "up":
      server.down = undefined;
      return;
    case "silence":
      server.silent = true;
      // Longer than from one heartbeat to the end of the next: what was said is lost with the line.
      await clock.pass(25_000);
      server.silent = false;
      return;
    case "steps":
      for (let step = 0; step < event.count; step++) await Promise.resolve();
      return;
    case "overtake":
      server.end("expired");
      await happen({ type: "steps", count: event.count }, { server, clock });
      return server.compact();
    case "time":
      return await clock.pass(event.ms);
  }
}

/** Refuses a collection no more. */
export function allow(server: ModelServer, collection: Name): void {
  const { path } = SOURCES[collection];
  server.answers.delete(path);
  server.answers.delete(`${path}?watch`);
}
