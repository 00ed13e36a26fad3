import assert from "node:assert/strict";
import { connect } from "../../../src/cluster/api/connect.ts";
import { ApiError, type KubernetesApi, listAll } from "../../../src/cluster/api/kubernetes_api.ts";
import { askMetricsServer } from "../../../src/cluster/usage/read_usage.ts";
import { readCluster, readNodes } from "../../../src/cluster/read/read_cluster.ts";
import { NOTHING_HEARD, reduceLive } from "../../../src/live/live_state.ts";
import { UserError } from "../../../src/errors/user_error.ts";
import { type Route, statusError, withApiServer } from "../fake_api_server.ts";
import { contextOf, plainKubeconfig } from "../../kubeconfig/kubeconfig_fixture.ts";
import { deploymentObject, nodeObject, podObject, serviceObject } from "../objects_fixture.ts";

const { signal } = new AbortController();
const now = Date.parse("2026-11-23T12:00:00Z");
const METRICS = "/apis/metrics.k8s.io/v1beta1/nodes";
const SUMMARY = "/api/v1/nodes/nuc/proxy/stats/summary";

const CLUSTER: Record<string, Route> = {
  "/api/v1/nodes": () => ({ items: [nodeObject("nuc", { controlPlane: true })] }),
  "/api/v1/pods": () => ({ items: [podObject("web")] }),
  "/api/v1/services": () => ({ items: [serviceObject("web")] }),
  "/apis/apps/v1/deployments": () => ({ items: [deploymentObject("web")] }),
  "/apis/apps/v1/statefulsets": () => ({ items: [] }),
  "/apis/apps/v1/daemonsets": () => ({ items: null }),
  "/apis/batch/v1/jobs": () => ({ items: [] }),
  "/apis/batch/v1/cronjobs": () => ({ items: [] }),
  "/api/v1/events": () => ({ items: [] }),
};

/** Runs a test with a connection to a server that answers from `routes`. */
function withApi(
  routes: Record<string, Route>,
  test: (api: KubernetesApi, asked: readonly string[]) => Promise<void>,
  timeoutMs?: number,
): Promise<void> {
  return withApiServer(routes, async ({ kubeconfig, asked }) => {
    const api = await connect(await contextOf(kubeconfig, "homelab"), {
      now,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    try {
      await test(api, asked);
    } finally {
      await api.close();
    }
  });
}

/** What a screen makes of one look. */
async function looked(api: KubernetesApi) {
  const { cluster, gaps, server, connection } = reduceLive(
    NOTHING_HEARD,
    await readCluster(api, { signal }),
  );
  assert.equal(server, api.server);
  assert.equal(connection.state, "live");
  return { state: cluster, gaps: [...gaps.values()].sort() };
}

async function failure(promise: Promise<unknown>): Promise<[number, string]> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    assert.ok(error.hint);
    return [error.exitCode, error.message];
  }
  assert.fail("it did not fail");
}

Deno.test("everything that is shown is read, in pages", () =>
  withApi({
    ...CLUSTER,
    [METRICS]: () => ({
      items: [{ metadata: { name: "nuc" }, usage: { cpu: "250m", memory: "1Gi" } }],
    }),
    [SUMMARY]: () => ({ node: { fs: { usedBytes: 2 ** 30, capacityBytes: 2 ** 34 } } }),
  }, async (api, asked) => {
    const { state, gaps } = await looked(api);
    assert.deepEqual(gaps, []);
    assert.deepEqual([...state.nodes!.values()].map(({ name }) => name), ["nuc"]);
    assert.equal(state.pods!.size, 1);
    assert.equal(state.services!.size, 1);
    assert.equal(state.deployments!.size, 1);
    assert.equal(state.statefulSets!.size, 0);
    assert.equal(state.daemonSets!.size, 0);
    assert.deepEqual(state.metrics, {
      known: true,
      nodes: new Map([["nuc", {
        cpu: 0.25,
        memory: 2 ** 30,
        disk: { used: 2 ** 30, capacity: 2 ** 34 },
      }]]),
    });
    const lists = asked.filter((path) => path !== SUMMARY);
    assert.equal(lists.length, asked.length - 1);
    assert.ok(lists.every((path) => path.endsWith("?limit=500")), asked.join("\n"));
  }));

Deno.test("pages are followed to the last one", () =>
  withApi({
    "/api/v1/pods": (url) => {
      const at = Number(url.searchParams.get("continue") ?? 0);
      return {
        metadata: at === 2 ? {} : { continue: String(at + 1) },
        items: [podObject(`p${at}`)],
      };
    },
  }, async (api) => {
    const pick = (object: unknown) => (object as { metadata: { name: string } }).metadata.name;
    assert.deepEqual(await listAll(api, "/api/v1/pods", { pick }), ["p0", "p1", "p2"]);
  }));

Deno.test("a list whose pages expire is begun anew, and not for ever", async () => {
  let expirations = 1;
  const route: Route = (url) => {
    if (!url.searchParams.has("continue")) return { metadata: { continue: "x" }, items: [1] };
    return expirations-- > 0 ? statusError(410, "Expired", "too old") : { items: [2] };
  };
  await withApi({ "/x": route }, async (api) => {
    assert.deepEqual(await listAll(api, "/x", { pick: Number }), [1, 2]);
    expirations = 100;
    await assert.rejects(
      listAll(api, "/x", { pick: Number }),
      (error) => error instanceof ApiError && error.status === 410,
    );
    assert.equal(expirations, 97);
  });
});

Deno.test("what may not be listed is a gap, the rest is shown", () =>
  withApi({
    ...CLUSTER,
    "/api/v1/pods": () => statusError(403, "Forbidden", "no"),
    "/apis/apps/v1/statefulsets": () => statusError(500, "InternalError", "etcd \u001b[31mgone"),
    "/api/v1/services": () => ({ items: [serviceObject("web"), { nonsense: true }] }),
    "/apis/batch/v1/jobs": () => ({ items: "nonsense" }),
  }, async (api) => {
    const { state, gaps } = await looked(api);
    assert.deepEqual(gaps, [
      "1 of the services cannot be parsed",
      "Disk usage is unknown: the kubelets do not answer",
      "jobs cannot be parsed",
      "not allowed to list pods",
      "stateful sets could not be listed: etcd gone",
    ]);
    assert.equal(state.pods, undefined);
    assert.equal(state.nodes?.size, 1);
    assert.equal(state.services?.size, 1);
    assert.equal(state.deployments?.size, 1);
  }));

Deno.test("without metrics the reason is known", async () => {
  const cases: [Route, string][] = [
    [() => undefined, "no metrics-server in the cluster"],
    [() => statusError(403, "Forbidden", "no"), "not allowed to read metrics"],
    [() => new Response("unavailable", { status: 503 }), "metrics-server is not ready"],
    [() => ({ items: [] }), "metrics-server is warming up"],
    [() => ({ items: [{ usage: 7 }] }), "metrics cannot be parsed"],
    [() => statusError(418, "", "teapot"), "metrics-server answers 418"],
  ];
  for (const [route, reason] of cases) {
    await withApi({ [METRICS]: route }, async (api) => {
      assert.deepEqual(await askMetricsServer(api, { signal }), { known: false, reason });
    });
  }
});

Deno.test("refusals of the nodes end in words: exit code 4", async () => {
  const cases: [Route, RegExp][] = [
    [() => statusError(401, "Unauthorized", "Unauthorized"), /does not accept the credentials/],
    [() => statusError(403, "Forbidden", "nodes is forbidden"), /may not do this .* forbidden/],
    [() => statusError(500, "InternalError", "boom"), /answered \/api\/v1\/nodes with 500: boom/],
    [() => new Response("<html>"), /not JSON/],
    [() => ({ items: [{}] }), /does not answer like a Kubernetes API server/],
  ];
  for (const [route, message] of cases) {
    await withApi({ "/api/v1/nodes": route }, async (api) => {
      const [code, said] = await failure(readNodes(api, { signal }));
      assert.equal(code, 4);
      assert.match(said, message);
    });
  }
});

Deno.test("a server that never answers runs into the limit", async () => {
  const never = Promise.withResolvers<Response>();
  await withApi({ "/api/v1/nodes": () => never.promise }, async (api) => {
    const [code, said] = await failure(readNodes(api, { signal }));
    never.resolve(new Response(""));
    assert.equal(code, 4);
    assert.match(said, /did not answer within 1 s/);
  }, 100);
});

Deno.test("Ctrl-C ends a request with its own reason", async () => {
  const controller = new AbortController();
  const never = Promise.withResolvers<Response>();
  const route: Route = () => {
    controller.abort(new Error("Interrupted"));
    return never.promise;
  };
  await withApi({ "/api/v1/nodes": route }, async (api) => {
    await assert.rejects(readNodes(api, { signal: controller.signal }), /Interrupted/);
    never.resolve(new Response(""));
  });
});

Deno.test("nobody listening is told from other failures", () =>
  withApiServer({}, async ({ directory }) => {
    const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const { port } = listener.addr;
    listener.close();
    const file = `${directory}/k`;
    await Deno.writeTextFile(file, plainKubeconfig(`http://127.0.0.1:${port}`));
    const api = await connect(await contextOf(file, "homelab"), { now });
    const [code, said] = await failure(readNodes(api, { signal }));
    await api.close();
    assert.equal(code, 4);
    assert.match(said, /Nothing listens at 127\.0\.0\.1:\d+: connection refused/);
  }));

Deno.test("a token goes into the header, and nowhere else", async () => {
  let header: string | null = null;
  await withApiServer({
    "/api/v1/nodes": (_url, request) => {
      header = request.headers.get("authorization");
      return { items: [] };
    },
  }, async ({ server, directory, asked }) => {
    const file = `${directory}/token`;
    await Deno.writeTextFile(file, plainKubeconfig(server, { token: "sesame" }));
    const api = await connect(await contextOf(file, "homelab"), { now });
    await readNodes(api, { signal });
    await api.close();
    assert.equal(header, "Bearer sesame");
    assert.doesNotMatch(asked.join(), /sesame/);
  });
});

Deno.test("a context without a cluster, and a kubeconfig that is none, are told: exit code 2", () =>
  withApiServer({}, async ({ directory, kubeconfig }) => {
    const file = `${directory}/broken`;
    await Deno.writeTextFile(file, "clusters: [{}]");
    assert.equal((await failureCode(connect(await contextOf(file, "x"), { now })))[0], 2);
    const [code, said] = await failureCode(connect(await contextOf(kubeconfig, "x"), { now }));
    assert.equal(code, 2);
    assert.match(said, /lacks a cluster/);
  }));

async function failureCode(promise: Promise<unknown>): Promise<[number, string]> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    return [error.exitCode, error.message];
  }
  assert.fail("it did not fail");
}

Deno.test("a list that never ends is given up", async () => {
  const api: KubernetesApi = {
    server: "https://100.64.0.1:6443",
    get: () => Promise.resolve({ items: [], metadata: { continue: "more" } }),
    lines: () => assert.fail("nothing is watched"),
    change: () => assert.fail("nothing is changed"),
    open: () => Promise.reject(new Error("nobody opens a channel here")),
    close: () => Promise.resolve(),
  };
  await assert.rejects(readNodes(api, { signal }), { exitCode: 4, message: /does not end/ });
});
