import assert from "node:assert/strict";
import { ApiError } from "../../../src/cluster/api/kubernetes_api.ts";
import { clusterWatch } from "../../../src/cluster/watch/watch_cluster.ts";
import type { WatchNews } from "../../../src/cluster/watch/cluster_state.ts";
import { unreachableError } from "../../../src/errors/user_error.ts";
import { FakeClock } from "../../process/fake_clock.ts";
import { ModelServer } from "../model_server.ts";
import { nodeObject, podObject } from "../objects_fixture.ts";

const PODS = "/api/v1/pods";
const NODES = "/api/v1/nodes";

interface Watched {
  readonly server: ModelServer;
  readonly clock: FakeClock;
  /** News since it was last called, in short; metrics are left out. */
  heard(): string[];
  readonly news: WatchNews[];
  readonly watch: ReturnType<typeof clusterWatch>;
  resets(): number;
}

/** Runs a test with a watch of a whole cluster of one node. */
async function watching(
  test: (watched: Watched) => Promise<void>,
  prepare: (server: ModelServer) => void = () => {},
): Promise<void> {
  const server = new ModelServer();
  server.put(NODES, nodeObject("nuc"));
  prepare(server);
  const clock = new FakeClock();
  const controller = new AbortController();
  const news: WatchNews[] = [];
  let resets = 0;
  let from = 0;
  const watch = clusterWatch({
    api: server.api,
    reset: () => void resets++,
    clock,
    random: () => 0,
  });
  const done = watch.run((each) => void news.push(each), controller.signal);
  done.catch(() => {});
  const heard = () => {
    const since = news.slice(from);
    from = news.length;
    return since.flatMap((each) => {
      if (each.type === "connection") {
        const { connection } = each;
        return connection.state === "live"
          ? "live"
          : `${connection.state}: ${connection.problem?.message}`;
      }
      if (each.type === "listed") {
        return each.objects.length === 0 ? [] : `listed ${each.objects.map(({ name }) => name)}`;
      }
      if (each.type === "seen") return `seen ${each.object.name}`;
      if (each.type === "gap") return `gap ${each.words}`;
      return each.type === "metrics" ? [] : each.type;
    });
  };
  await test({ server, clock, heard, news, watch, resets: () => resets });
  controller.abort(new Error("all is over"));
  await assert.rejects(done, /all is over/);
  assert.equal(server.watching, 0);
  assert.equal(clock.sleeping, 0);
}

const refused = () => unreachableError("Nothing listens");

Deno.test("a cluster that is there is live at once, and every collection is watched", () =>
  watching(async ({ server, clock, heard, news }) => {
    await clock.pass(0);
    assert.deepEqual(heard(), ["server", "live", "listed nuc"]);
    assert.deepEqual(news[0], {
      type: "server",
      server: "https://100.64.0.1:6443",
      version: "v1.36.3+k3s1",
      insteadOf: undefined,
    });
    assert.equal(server.watching, 10);
  }));

Deno.test("nothing is asked while nothing happens, but a heartbeat and measurements", () =>
  watching(async ({ server, clock, heard }) => {
    await clock.pass(0);
    heard();
    const before = server.asked.length;
    await clock.pass(60_000);
    const asked = server.asked.slice(before);
    assert.equal(asked.filter((path) => path === "/version").length, 6);
    assert.equal(asked.filter((path) => path.startsWith("/apis/metrics")).length, 4);
    assert.equal(asked.length, 10);
    assert.deepEqual(heard(), []);
  }));

Deno.test("a lost server is told once it breaks, with when it was heard and when it is tried", () =>
  watching(async ({ server, clock, heard, news, resets }) => {
    await clock.pass(3_000);
    heard();
    const lastHeard = clock.now() - 3_000;
    server.down = refused;
    server.end("broken");
    await clock.pass(0);
    assert.deepEqual(heard(), ["lost: Nothing listens"]);
    const last = news.at(-1)!;
    assert.ok(last.type === "connection" && last.connection.state === "lost");
    assert.equal(last.connection.lastHeard, lastHeard);
    assert.equal(last.connection.retryAt, clock.now() + 1_000);
    assert.equal(resets(), 1);
    // Tried after 1, 2, 4, 8, 15, 15, 15 seconds.
    const before = server.asked.filter((path) => path === "/version").length;
    await clock.pass(60_000);
    assert.equal(server.asked.filter((path) => path === "/version").length - before, 7);
    assert.ok(server.asked.slice(-4).every((path) => !path.includes("pods")));
  }));

Deno.test("a server that comes back goes on from where it was", () =>
  watching(async ({ server, clock, heard }) => {
    await clock.pass(0);
    server.down = refused;
    server.end("broken");
    await clock.pass(10_000);
    heard();
    server.put(PODS, podObject("web"));
    server.down = undefined;
    const lists = server.asked.filter((path) => path === PODS).length;
    await clock.pass(15_000);
    assert.deepEqual(heard(), ["server", "live", "seen web"]);
    assert.equal(server.asked.filter((path) => path === PODS).length, lists);
    assert.equal(server.watching, 10);
  }));

Deno.test("retry tries at once", () =>
  watching(async ({ server, clock, heard, watch }) => {
    await clock.pass(0);
    server.down = refused;
    server.end("broken");
    await clock.pass(20_000);
    heard();
    server.down = undefined;
    watch.retry();
    await clock.pass(0);
    assert.deepEqual(heard(), ["server", "live"]);
  }));

Deno.test("a network that is cut without a word is noticed, and its watches are given up", () =>
  watching(async ({ server, clock, heard }) => {
    await clock.pass(0);
    heard();
    server.silent = true;
    await clock.pass(14_999);
    assert.equal(server.watching, 10);
    await clock.pass(1);
    assert.deepEqual(heard(), [
      "lost: The API server at 100.64.0.1:6443 did not answer within 5 s",
    ]);
    assert.equal(server.watching, 0);
  }));

Deno.test("a server that is too busy for a heartbeat, but speaks meanwhile, is not lost", () =>
  watching(async ({ server, clock, heard }) => {
    await clock.pass(0);
    heard();
    server.hanging.add("/version");
    await clock.pass(12_000);
    server.put(PODS, podObject("a"));
    await clock.pass(3_000);
    assert.deepEqual(heard(), ["seen a"]);
    // The next one is not answered either, and now nothing is heard.
    await clock.pass(15_000);
    assert.deepEqual(heard(), [
      "lost: The API server at 100.64.0.1:6443 did not answer within 5 s",
    ]);
  }));

Deno.test("before the first answer it connects, and says what is wrong", () =>
  watching(async ({ server, clock, heard }) => {
    await clock.pass(5_000);
    assert.deepEqual(new Set(heard()), new Set(["connecting: Nothing listens"]));
    server.down = undefined;
    await clock.pass(15_000);
    assert.deepEqual(heard().slice(-3), ["server", "live", "listed nuc"]);
  }, (server) => server.down = refused));

Deno.test("refused credentials are told in words, and tried again", () =>
  watching(
    async ({ server, clock, heard }) => {
      await clock.pass(0);
      assert.deepEqual(heard(), [
        "connecting: https://100.64.0.1:6443 does not accept the credentials of the kubeconfig",
      ]);
      server.down = undefined;
      await clock.pass(1_000);
      assert.deepEqual(heard(), ["server", "live", "listed nuc"]);
    },
    (server) => server.down = () => new ApiError(401, "Unauthorized", "Unauthorized", "/version"),
  ));

Deno.test("a server whose version nobody may ask is there all the same", () =>
  watching(async ({ clock, heard }) => {
    await clock.pass(0);
    assert.deepEqual(heard(), ["server", "live", "listed nuc"]);
  }, (server) => server.answers.set("/version", new ApiError(403, "Forbidden", "no", "/version"))));

Deno.test("another server of the same cluster goes on from where the first one stopped", () =>
  watching(async ({ server, clock, heard, news }) => {
    await clock.pass(0);
    server.down = refused;
    server.end("broken");
    await clock.pass(0);
    heard();
    server.down = undefined;
    const first = server.api.server;
    Object.assign(server.api, { server: "https://100.64.0.2:6443", insteadOf: first });
    server.put(PODS, podObject("web"));
    await clock.pass(2_000);
    assert.deepEqual(heard(), ["server", "live", "seen web"]);
    const told = news.findLast((each) => each.type === "server");
    assert.deepEqual([told?.server, told?.insteadOf], ["https://100.64.0.2:6443", first]);
  }));

Deno.test("another cluster at the same place is listed anew", () =>
  watching(async ({ server, clock, heard }) => {
    await clock.pass(0);
    server.down = refused;
    server.end("broken");
    await clock.pass(0);
    heard();
    server.down = undefined;
    server.cluster = "cluster-2";
    server.delete(NODES, "node-nuc");
    server.put(NODES, nodeObject("other"));
    await clock.pass(2_000);
    assert.deepEqual(heard(), ["server", "live", "listed other"]);
  }));
