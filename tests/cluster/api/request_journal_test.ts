import assert from "node:assert/strict";
import { ApiError, type KubernetesApi } from "../../../src/cluster/api/kubernetes_api.ts";
import { journaled } from "../../../src/cluster/api/request_journal.ts";

/** An API whose answers a test gives, and a clock that goes on 1 ms a look. */
function setUp() {
  let now = 1000;
  const answers: Record<string, () => unknown> = {};
  const api: KubernetesApi = {
    server: "https://100.64.0.1:6443",
    get: (path) => Promise.try(() => answers[path]?.()),
    lines: async function* (path) {
      yield* await (answers[path]?.() ?? []) as Iterable<string>;
    },
    change: ({ path }) => Promise.try(() => answers[path]?.()),
    open: (path) =>
      Promise.try(() => {
        const messages = answers[path]!() as () => AsyncGenerator<never>;
        return { messages, send: () => Promise.resolve(), close: () => {} };
      }),
    close: () => Promise.resolve(),
  };
  return { ...journaled(api, { now: () => now++ }), answers };
}

Deno.test("requests are written down with their result and how long it took", async () => {
  const { api, requests, answers } = setUp();
  answers["/missing"] = () => {
    throw new ApiError(404, "NotFound", "not found", "/missing");
  };
  answers["/away"] = () => {
    throw new Error("connection refused\nat …");
  };
  const { promise, resolve } = Promise.withResolvers<void>();
  answers["/slow"] = () => promise;
  await api.get("/api/v1/pods", { query: { limit: 500, continue: "eyJ2IjoibWV0YS5rOHMu" } });
  await assert.rejects(api.get("/missing"), ApiError);
  await assert.rejects(api.get("/away"));
  const slow = api.get("/slow");
  await api.change({ method: "PATCH", path: "/api/v1/nodes/nuc", body: { secret: "s3cret" } });
  const [pods, ...others] = requests().map(({ method, path, result }) =>
    `${method} ${path} ${result}`
  );
  assert.equal(pods, "GET /api/v1/pods?limit=500&continue=… 200");
  assert.deepEqual(others, [
    "GET /missing 404",
    "GET /away connection refused",
    "GET /slow undefined",
    "PATCH /api/v1/nodes/nuc 200",
  ]);
  assert.equal(requests()[0]?.at, 1000);
  assert.equal(requests()[0]?.ms, 1);
  assert.doesNotMatch(JSON.stringify(requests()), /s3cret/);
  resolve();
  await slow;
  assert.equal(requests()[3]?.result, 200);
});

Deno.test("a stream is a success from its first line on, and given up where nobody reads it", async () => {
  const { api, requests, answers } = setUp();
  answers["/log"] = () => ["one", "two"];
  for await (const _ of api.lines("/log", { query: { follow: "true" } })) {
    assert.equal(requests()[0]?.result, 200);
    break;
  }
  assert.deepEqual(requests().map(({ path, result }) => [path, result]), [[
    "/log?follow=true",
    200,
  ]]);
  answers["/watch"] = () => {
    throw new DOMException("aborted", "AbortError");
  };
  await assert.rejects(Array.fromAsync(api.lines("/watch")));
  assert.equal(requests()[1]?.result, "given up");
});

Deno.test("heartbeats and measurements do not push out what matters, but a change of theirs stays", async () => {
  const { api, requests, answers } = setUp();
  await api.change({ method: "DELETE", path: "/api/v1/namespaces/default/pods/web" });
  for (let round = 0; round < 500; round++) {
    if (round === 200) {
      answers["/version"] = () => {
        throw new Error("connection refused");
      };
    }
    if (round === 300) delete answers["/version"];
    await api.get("/version").catch(() => {});
    await api.get("/apis/metrics.k8s.io/v1beta1/nodes", { query: { limit: 500 } });
    await api.get(`/api/v1/nodes/node-${round}/proxy/stats/summary`);
  }
  assert.deepEqual(requests().map(({ path, result }) => `${path.split("?")[0]} ${result}`), [
    "/api/v1/namespaces/default/pods/web 200",
    "/version connection refused",
    "/version 200",
    "/apis/metrics.k8s.io/v1beta1/nodes 200",
    "/api/v1/nodes/node-499/proxy/stats/summary 200",
  ]);
});

Deno.test("the latest 200 are kept", async () => {
  const { api, requests } = setUp();
  for (let round = 0; round < 250; round++) await api.get(`/api/v1/namespaces/n/pods/p${round}`);
  assert.equal(requests().length, 200);
  assert.match(requests()[0]?.path ?? "", /p50$/);
  assert.match(requests().at(-1)?.path ?? "", /p249$/);
});

Deno.test("a channel is a success once it is open, unless it breaks later", async () => {
  const { api, requests, answers } = setUp();
  answers["/closed"] = () => async function* () {};
  answers["/broken"] = () =>
    // deno-lint-ignore require-yield
    async function* () {
      await Promise.resolve();
      throw new Error("the connection was lost");
    };
  answers["/refused"] = () => {
    throw new ApiError(403, "Forbidden", "forbidden", "/refused");
  };
  const protocols = ["v4.channel.k8s.io"];
  await assert.rejects(api.open("/refused", { protocols }), ApiError);
  for (const path of ["/closed", "/broken"]) {
    const channel = await api.open(path, { protocols });
    assert.equal(requests().at(-1)?.result, 101);
    const read = Array.fromAsync(channel.messages());
    await (path === "/closed" ? read : assert.rejects(read, /was lost/));
  }
  assert.deepEqual(requests().map(({ path, result, ms }) => [path, result, ms]), [
    ["/refused", 403, 1],
    ["/closed", 101, 1],
    ["/broken", "the connection was lost", 1],
  ]);
});
