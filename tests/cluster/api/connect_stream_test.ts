import assert from "node:assert/strict";
import { connect, type ConnectOptions } from "../../../src/cluster/api/connect.ts";
import { ApiError, type KubernetesApi } from "../../../src/cluster/api/kubernetes_api.ts";
import { type FakeServer, type Route, statusError, withApiServer } from "../fake_api_server.ts";
import { FakeClock } from "../../process/fake_clock.ts";
import { contextOf } from "../../kubeconfig/kubeconfig_fixture.ts";

const now = Date.parse("2026-11-23T12:00:00Z");
const encoder = new TextEncoder();

function withApi(
  routes: Record<string, Route>,
  test: (api: KubernetesApi, server: FakeServer) => Promise<void>,
  options: Pick<ConnectOptions, "clock" | "timeoutMs"> = {},
): Promise<void> {
  return withApiServer(routes, async (server) => {
    const context = await contextOf(server.kubeconfig, "homelab");
    const api = await connect(context, { now, ...options });
    try {
      await test(api, server);
    } finally {
      await api.close();
    }
  });
}

/** An answer that goes on, and whether its reader has left. */
function stream() {
  const gone = Promise.withResolvers<void>();
  let controller: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => void (controller = given),
    cancel: () => gone.resolve(),
  });
  return {
    response: new Response(body),
    send: (text: string) => controller.enqueue(encoder.encode(text)),
    end: () => controller.close(),
    gone: gone.promise,
  };
}

Deno.test("lines come as they are written, whole, beyond the limit of time", async () => {
  const answer = stream();
  const clock = new FakeClock();
  await withApi({ "/watch": () => answer.response }, async (api) => {
    const lines = api.lines("/watch", { query: { watch: 1 } })[Symbol.asyncIterator]();
    answer.send("one\ntw");
    assert.deepEqual(await lines.next(), { done: false, value: "one" });
    const next = lines.next();
    assert.equal(clock.sleeping, 0, "the limit ended with the beginning of the answer");
    await clock.pass(3_600_000);
    answer.send("o\n");
    assert.deepEqual(await next, { done: false, value: "two" });
    answer.send("rest");
    answer.end();
    assert.deepEqual(await lines.next(), { done: false, value: "rest" });
    assert.deepEqual(await lines.next(), { done: true, value: undefined });
  }, { clock });
});

Deno.test("who aborts ends the answer with the reason given, and the server is let go", async () => {
  const answer = stream();
  await withApi({ "/watch": () => answer.response }, async (api) => {
    const controller = new AbortController();
    const lines = api.lines("/watch", { signal: controller.signal })[Symbol.asyncIterator]();
    answer.send("one\n");
    await lines.next();
    const next = lines.next();
    controller.abort(new Error("Interrupted"));
    await assert.rejects(next, /Interrupted/);
    await answer.gone;
  });
});

Deno.test("who stops reading lets the server go", async () => {
  const answer = stream();
  await withApi({ "/watch": () => answer.response }, async (api) => {
    answer.send("one\ntwo\n");
    for await (const line of api.lines("/watch")) {
      assert.equal(line, "one");
      break;
    }
    await answer.gone;
  });
});

Deno.test("an error instead of an answer that goes on is an ApiError", () =>
  withApi({ "/watch": () => statusError(410, "Expired", "too old") }, async (api) => {
    const lines = api.lines("/watch")[Symbol.asyncIterator]();
    await assert.rejects(lines.next(), (error) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual([error.status, error.reason, error.message, error.path], [
        410,
        "Expired",
        "too old",
        "/watch",
      ]);
      return true;
    });
  }));

Deno.test("an answer that does not begin in time is given up", async () => {
  const never = Promise.withResolvers<Response>();
  await withApi({ "/watch": () => never.promise }, async (api) => {
    const lines = api.lines("/watch")[Symbol.asyncIterator]();
    await assert.rejects(lines.next(), { exitCode: 4, message: /did not answer within/ });
    never.resolve(new Response(""));
  }, { timeoutMs: 100 });
});

Deno.test("a connection that breaks is told in words", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const served = (async () => {
    using connection = await listener.accept();
    await connection.read(new Uint8Array(4096));
    await connection.write(
      encoder.encode("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\none\n\r\n"),
    );
  })();
  const { plainKubeconfig } = await import("../../kubeconfig/kubeconfig_fixture.ts");
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, plainKubeconfig(`http://127.0.0.1:${listener.addr.port}`));
  const api = await connect(await contextOf(file, "homelab"), { now });
  const lines = api.lines("/watch")[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, "one");
  await assert.rejects(lines.next(), { name: "UserError", exitCode: 4 });
  await served;
  listener.close();
  await api.close();
  await Deno.remove(file);
});

Deno.test("a change says how its body is to be taken", async () => {
  const seen: unknown[] = [];
  const route: Route = (url, request) =>
    request.text().then((body) => {
      const { method, headers } = request;
      seen.push([method, url.pathname, headers.get("content-type"), body]);
      return Response.json({ done: true });
    });
  await withApi({ "/x": route }, async (api) => {
    const body = { spec: { replicas: 3 } };
    assert.deepEqual(await api.change({ method: "PATCH", path: "/x", body }), { done: true });
    await api.change({ method: "PATCH", path: "/x", body, patch: "strategic-merge" });
    await api.change({ method: "POST", path: "/x", body });
    await api.change({ method: "DELETE", path: "/x" });
    const text = JSON.stringify(body);
    assert.deepEqual(seen, [
      ["PATCH", "/x", "application/merge-patch+json", text],
      ["PATCH", "/x", "application/strategic-merge-patch+json", text],
      ["POST", "/x", "application/json", text],
      ["DELETE", "/x", null, ""],
    ]);
  });
});

Deno.test("a change that is refused is an ApiError", () =>
  withApi({ "/x": () => statusError(429, "TooManyRequests", "budget") }, async (api) => {
    await assert.rejects(
      api.change({ method: "POST", path: "/x", body: {} }),
      (error) => error instanceof ApiError && error.status === 429 && error.message === "budget",
    );
  }));
