import assert from "node:assert/strict";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { type Route, statusError } from "../cluster/fake_api_server.ts";
import { CLUSTER, inHomelab, INVENTORY } from "./homelab.ts";

/** nuc and dgx with a pod each; what was asked of them by method and path. */
function cluster(refuse: (request: string) => Response | undefined = () => undefined) {
  const asked: string[] = [];
  const pods = new Set(["nuc", "dgx"]);
  const pod = (node: string) => ({
    metadata: { uid: `uid-${node}`, namespace: "default", name: `on-${node}` },
    spec: { nodeName: node },
    status: { phase: "Running" },
  });
  const changed = (url: URL, { method }: Request) => {
    const request = `${method} ${url.pathname}`;
    if (method !== "GET") asked.push(request);
    const refused = refuse(request);
    if (refused !== undefined) return refused;
    const evicted = /pods\/on-(\w+)\/eviction/.exec(request)?.[1];
    if (evicted !== undefined) pods.delete(evicted);
    return { spec: {} };
  };
  const routes: Readonly<Record<string, Route>> = {
    ...CLUSTER,
    "/api/v1/nodes/nuc": changed,
    "/api/v1/nodes/dgx": changed,
    "/api/v1/namespaces/default/pods/on-nuc/eviction": changed,
    "/api/v1/namespaces/default/pods/on-dgx/eviction": changed,
    "/api/v1/pods": (url) => {
      const node = url.searchParams.get("fieldSelector")?.replace("spec.nodeName=", "") ?? "";
      return { items: pods.has(node) ? [pod(node)] : [] };
    },
  };
  return { routes, asked };
}

Deno.test("a name that is no node changes nothing, of all that were named", async () => {
  for (const change of ["cordon", "uncordon", "drain"]) {
    const { routes, asked } = cluster();
    const { code, stderr } = await inHomelab(["node", change, "nuc", "dqx"], { routes });
    assert.equal(code, 2);
    assert.match(stderr, /The cluster has no node dqx\nHint: Did you mean dgx\?/);
    assert.deepEqual(asked, []);
  }
});

Deno.test("a dry run says what would happen and changes nothing", async () => {
  for (const change of ["cordon", "uncordon", "drain"]) {
    const { routes, asked } = cluster();
    const argv = ["node", change, "nuc", "dgx", "--dry-run"];
    const { code, stderr } = await inHomelab(argv, { routes });
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      change === "uncordon" ? /nuc would be uncordoned/ : /nuc would be cordoned/,
    );
    assert.equal(/1 pod to evict from dgx/.test(stderr), change === "drain", stderr);
    assert.deepEqual(asked, []);
  }
});

Deno.test("a host whose node has another name is found through the inventory", async () => {
  const { routes, asked } = cluster();
  const inventory = INVENTORY.replace("dgx: {", "DGX: {");
  const { code, stderr } = await inHomelab(["node", "cordon", "DGX"], { routes, inventory });
  assert.equal(code, 0, stderr);
  assert.deepEqual(asked, ["PATCH /api/v1/nodes/dgx"]);
});

Deno.test("nodes are drained one after the other, and each stays cordoned", async () => {
  const { routes, asked } = cluster();
  const { code, stdout, stderr } = await inHomelab(
    ["node", "drain", "nuc", "dgx", "nuc", "-o", "json"],
    { routes },
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    asked,
    ["nuc", "dgx"].flatMap((node) => [
      `PATCH /api/v1/nodes/${node}`,
      `POST /api/v1/namespaces/default/pods/on-${node}/eviction`,
    ]),
  );
  const { items } = DOCUMENTS.NodeChange.parse(JSON.parse(stdout));
  assert.deepEqual(items.map(({ node, status }) => [node, status]), [
    ["nuc", "done"],
    ["dgx", "done"],
  ]);
});

Deno.test("the first that cannot be drained stops it: what holds it, and which were not started", async () => {
  const budget = () => statusError(429, "TooManyRequests", "the budget allows no disruption");
  const refuse = (request: string) => request.includes("on-nuc/eviction") ? budget() : undefined;
  const argv = ["node", "drain", "nuc", "dgx", "--wait", "20"];
  const { routes, asked } = cluster(refuse);
  const { code, stderr } = await inHomelab(argv, { routes });
  assert.equal(code, 1);
  assert.match(stderr, /nuc is cordoned but not drained: 1 pod still on it/);
  assert.match(stderr, /default\/on-nuc: the budget allows no disruption/);
  assert.match(stderr, /Not started: dgx/);
  assert.ok(asked.every((request) => !request.includes("dgx")));
  const again = await inHomelab([...argv, "-o", "json"], { routes: cluster(refuse).routes });
  assert.equal(again.code, 1);
  const { items } = DOCUMENTS.NodeChange.parse(JSON.parse(again.stdout));
  assert.deepEqual(items.map(({ status }) => status), ["failed", "skipped"]);
  assert.match(items[0]!.message!, /not drained/);
});

Deno.test("without rights or without an API server the exit code is 4", async () => {
  const { routes } = cluster((request) =>
    request.startsWith("PATCH") ? statusError(403, "Forbidden", "nodes is forbidden") : undefined
  );
  assert.equal((await inHomelab(["node", "cordon", "nuc"], { routes })).code, 4);
  assert.equal((await inHomelab(["node", "cordon", "nuc"], { noKubeconfig: true })).code, 3);
});
