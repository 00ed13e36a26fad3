import assert from "node:assert/strict";
import { COLLECTIONS } from "../../../src/cluster/watch/collections.ts";
import { ApiError } from "../../../src/cluster/api/kubernetes_api.ts";
import { type Connected, watchCollection } from "../../../src/cluster/watch/watch_collection.ts";
import type { WatchNews } from "../../../src/cluster/watch/cluster_state.ts";
import { unreachableError } from "../../../src/errors/user_error.ts";
import { FakeClock } from "../../process/fake_clock.ts";
import { ModelServer } from "../model_server.ts";
import { podObject } from "../objects_fixture.ts";

const PODS = "/api/v1/pods";

interface Watched {
  readonly server: ModelServer;
  readonly clock: FakeClock;
  readonly news: WatchNews[];
  /** Times the connection was doubted. */
  doubts(): number;
  /** Loses the connection; the one that comes back is given. */
  lose(): (next?: { readonly cluster: number }) => void;
}

/** Runs a test with a watch of the pods, which may be something that is not installed. */
async function watching(
  test: (watched: Watched) => Promise<void>,
  { optional }: { readonly optional?: true } = {},
): Promise<void> {
  const server = new ModelServer();
  const clock = new FakeClock();
  const news: WatchNews[] = [];
  let doubts = 0;
  let lost = new AbortController();
  let up = Promise.resolve<Connected>({ signal: lost.signal, cluster: 0 });
  const done = watchCollection("pods", {
    api: server.api,
    source: { ...COLLECTIONS.pods, ...optional === undefined ? {} : { optional } },
    clock,
    random: () => 0,
    emit: (each) => void news.push(each),
    link: { up: () => up, heard: () => {}, doubt: () => void doubts++ },
  });
  done.catch(() => {});
  const lose = () => {
    const back = Promise.withResolvers<Connected>();
    up = back.promise;
    up.catch(() => {});
    lost.abort(new Error("lost"));
    return ({ cluster } = { cluster: 0 }) => {
      lost = new AbortController();
      back.resolve({ signal: lost.signal, cluster });
    };
  };
  await test({ server, clock, news, doubts: () => doubts, lose });
  up = Promise.reject(new Error("all is over"));
  up.catch(() => {});
  lost.abort(new Error("all is over"));
  await assert.rejects(done, /all is over/);
  assert.equal(server.watching, 0);
  assert.equal(clock.sleeping, 0);
}

const brief = (news: readonly WatchNews[]) =>
  news.map((each) => {
    if (each.type === "listed") return `listed ${each.objects.map(({ name }) => name)}`;
    if (each.type === "seen") return `seen ${each.object.name}`;
    if (each.type === "gone") return `gone ${each.uid}`;
    if (each.type === "gap") return `gap ${each.words}`;
    return each.type;
  });

Deno.test("a list in pages, then each change as it happens", () =>
  watching(async ({ server, clock, news }) => {
    for (const name of ["a", "b", "c"]) server.put(PODS, podObject(name));
    await clock.pass(0);
    server.put(PODS, podObject("d"));
    server.put(PODS, podObject("a", { ready: false }));
    server.delete(PODS, "pod-default-b");
    server.bookmark();
    await clock.pass(0);
    assert.deepEqual(brief(news), [
      "listed a,b,c",
      "seen d",
      "seen a",
      "gone pod-default-b",
    ]);
    assert.deepEqual(server.asked, [PODS, PODS, `${PODS}?watch`]);
  }));

Deno.test("a watch that ends at its time goes on where it was, at once", () =>
  watching(async ({ server, clock, news, doubts }) => {
    await clock.pass(0);
    server.bookmark();
    await clock.pass(400_000);
    server.end("normal");
    await clock.pass(0);
    server.put(PODS, podObject("a"));
    await clock.pass(0);
    assert.deepEqual(brief(news), ["listed ", "seen a"]);
    assert.deepEqual(server.asked, [PODS, `${PODS}?watch`, `${PODS}?watch`]);
    assert.equal(doubts(), 0);
  }));

Deno.test("what happened while a watch was broken is not missed, and the connection is doubted", () =>
  watching(async ({ server, clock, news, doubts }) => {
    await clock.pass(0);
    server.put(PODS, podObject("a"));
    await clock.pass(5_000);
    server.end("broken");
    await clock.pass(0);
    server.delete(PODS, "pod-default-a");
    assert.equal(doubts(), 1);
    await clock.pass(999);
    assert.deepEqual(brief(news), ["listed ", "seen a"]);
    await clock.pass(1);
    assert.deepEqual(brief(news), ["listed ", "seen a", "gone pod-default-a"]);
  }));

Deno.test("expired, at the beginning of a watch or in its middle, leads to another list", () =>
  watching(async ({ server, clock, news }) => {
    await clock.pass(0);
    server.compact();
    server.end("expired");
    await clock.pass(0);
    assert.deepEqual(brief(news), ["listed ", "listed "]);
    await clock.pass(5_000);
    server.put(PODS, podObject("a"));
    await clock.pass(0);
    server.compact();
    server.put(PODS, podObject("b"));
    server.end("broken");
    server.compact();
    await clock.pass(60_000);
    assert.deepEqual(brief(news).at(-1), "listed a,b");
    assert.equal(server.watching, 1);
  }));

Deno.test("a server that always says expired is not asked without end", () =>
  watching(async ({ server, clock }) => {
    await clock.pass(0);
    server.end("broken");
    server.answers.set(`${PODS}?watch`, new ApiError(410, "Expired", "too old", PODS));
    const before = server.asked.length;
    await clock.pass(60_000);
    const asked = server.asked.length - before;
    assert.ok(asked > 3 && asked < 20, `${asked} requests in a minute`);
  }));

Deno.test("what is refused is said, asked for seldom, and said no more when it is allowed", () =>
  watching(async ({ server, clock, news }) => {
    await clock.pass(0);
    server.answers.set(PODS, new ApiError(403, "Forbidden", "no", PODS));
    server.end("broken");
    await clock.pass(5_000);
    assert.deepEqual(brief(news), ["listed ", "gap not allowed to list pods"]);
    const before = server.asked.length;
    await clock.pass(50_000);
    assert.equal(server.asked.length, before);
    server.answers.clear();
    await clock.pass(60_000);
    assert.deepEqual(brief(news).slice(2), ["listed ", "gap undefined"]);
  }));

Deno.test("failures are tried again less and less often; one alone is nothing to speak of", () =>
  watching(async ({ server, clock, news }) => {
    await clock.pass(0);
    server.answers.set(PODS, unreachableError("it broke"));
    server.end("broken");
    await clock.pass(600_000);
    const asked = server.asked.length;
    assert.ok(asked > 15 && asked < 30, `${asked} requests in ten minutes`);
    assert.deepEqual(brief(news), ["listed ", "gap pods could not be listed: it broke"]);
    server.answers.clear();
    await clock.pass(30_000);
    assert.equal(server.watching, 1);
    assert.equal(brief(news).at(-1), "gap undefined");
  }));

Deno.test("objects and lines that are not understood do not end a watch", () =>
  watching(async ({ server, clock, news }) => {
    server.put(PODS, { metadata: { uid: "odd" } });
    await clock.pass(0);
    server.put(PODS, podObject("a"));
    server.say(PODS, '{"type":"MODIFIED","object":{"metadata":{"uid":"pod-default-a"}}}');
    for (const line of ["", "nonsense", "[]", '{"type":"NEW"}', '{"type":"ADDED","object":7}']) {
      server.say(PODS, line);
    }
    await clock.pass(0);
    server.delete(PODS, "odd");
    server.put(PODS, podObject("a"));
    await clock.pass(0);
    assert.deepEqual(brief(news), [
      "listed ",
      "gap 1 of the pods cannot be parsed",
      "seen a",
      "gone pod-default-a",
      "gap 2 of the pods cannot be parsed",
      "gap 3 of the pods cannot be parsed",
      "gone odd",
      "gap 2 of the pods cannot be parsed",
      "seen a",
      "gap 1 of the pods cannot be parsed",
    ]);
    assert.equal(server.watching, 1);
  }));

Deno.test("while the connection is lost nothing is asked; back, it goes on where it was", () =>
  watching(async ({ server, clock, news, lose }) => {
    await clock.pass(0);
    const back = lose();
    await clock.pass(120_000);
    assert.equal(server.watching, 0);
    assert.equal(server.asked.length, 2);
    server.put(PODS, podObject("a"));
    back();
    await clock.pass(0);
    assert.deepEqual(brief(news), ["listed ", "seen a"]);
  }));

Deno.test("another cluster is listed anew", () =>
  watching(async ({ server, clock, news, lose }) => {
    server.put(PODS, podObject("a"));
    await clock.pass(0);
    lose()({ cluster: 1 });
    await clock.pass(0);
    assert.deepEqual(brief(news), ["listed a", "listed a"]);
  }));

Deno.test("what is not installed is no gap, and no reason to doubt; an install is noticed", () =>
  watching(async ({ server, clock, news, doubts }) => {
    const missing = new ApiError(404, "NotFound", "no such resource", PODS);
    server.answers.set(PODS, missing);
    await clock.pass(0);
    assert.deepEqual(brief(news), ["absent"]);
    await clock.pass(50_000);
    assert.deepEqual(server.asked, [PODS], "it is asked for seldom");
    server.answers.clear();
    server.put(PODS, podObject("a"));
    await clock.pass(60_000);
    assert.deepEqual(brief(news), ["absent", "listed a"]);
    // It is taken away again.
    server.answers.set(PODS, missing);
    server.answers.set(`${PODS}?watch`, missing);
    server.end("normal");
    await clock.pass(5_000);
    assert.equal(brief(news).at(-1), "absent");
    assert.equal(doubts(), 1, "a watch that ended early is a reason, a 404 is none");
  }, { optional: true }));

Deno.test("what is not installed for all one knows, but refused, is said", () =>
  watching(async ({ server, clock, news }) => {
    server.answers.set(PODS, new ApiError(403, "Forbidden", "no", PODS));
    await clock.pass(0);
    assert.deepEqual(brief(news), ["gap not allowed to list pods"]);
    server.answers.set(PODS, new ApiError(404, "NotFound", "no such resource", PODS));
    await clock.pass(60_000);
    assert.deepEqual(brief(news).slice(1), ["absent", "gap undefined"]);
  }, { optional: true }));

Deno.test("a gap is closed as soon as the server answers again, however silent the watch is", () =>
  watching(async ({ server, clock, news }) => {
    await clock.pass(0);
    server.down = () => unreachableError("it broke");
    server.end("broken");
    while (brief(news).at(-1) !== "gap pods could not be listed: it broke") await clock.pass(1_000);
    server.down = undefined;
    await clock.pass(30_000);
    assert.deepEqual(brief(news).slice(-2), ["listed ", "gap undefined"]);
  }));
