import assert from "node:assert/strict";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { type Route, statusError } from "../cluster/fake_api_server.ts";
import { FakeRunner } from "../process/fake_runner.ts";
import { CLUSTER, inHomelab, INVENTORY } from "./homelab.ts";

/** nuc and dgx with a pod each; what was asked of them by method and path. */
function cluster(refuse: (request: string) => Response | undefined = () => undefined) {
  const asked: string[] = [];
  const cordoned = new Set<string>();
  const boots = { nuc: 1, dgx: 1 };
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
    const node = url.pathname.split("/").at(-1) as "nuc";
    // Only what differs is asked for: each change is the other of two.
    if (method === "PATCH" && !cordoned.delete(node)) cordoned.add(node);
    return {
      spec: {
        unschedulable: cordoned.has(node),
        taints: cordoned.has(node) ? [{ key: "node.kubernetes.io/unschedulable" }] : [],
      },
      status: {
        nodeInfo: { bootID: `boot ${boots[node]}` },
        conditions: [{ type: "Ready", status: "True" }],
      },
    };
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
  return { routes, asked, boots };
}

Deno.test("a name that is no node changes nothing, of all that were named", async () => {
  for (const change of ["cordon", "uncordon", "drain", "reboot"]) {
    const { routes, asked } = cluster();
    const { code, stderr } = await inHomelab(["node", change, "nuc", "dqx"], { routes });
    assert.equal(code, 2);
    assert.match(stderr, /The cluster has no node dqx\nHint: Did you mean dgx\?/);
    assert.deepEqual(asked, []);
  }
});

Deno.test("a dry run says what would happen and changes nothing", async () => {
  for (const change of ["cordon", "uncordon", "drain", "reboot"]) {
    const { routes, asked } = cluster();
    const argv = ["node", change, "nuc", "dgx", "--dry-run"];
    const { code, stderr } = await inHomelab(argv, { routes });
    assert.equal(code, 0, stderr);
    const said = change === "drain" ? "cordon" : change;
    assert.match(stderr, new RegExp(`nuc would be ${said}ed`));
    const moves = change === "drain" || change === "reboot";
    assert.equal(/1 pod to evict from dgx/.test(stderr), moves, stderr);
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

/** ssh to the machines of that cluster; each that is told to reboot boots again. */
function machines(boots: Record<"nuc" | "dgx", number>, answer = { code: 0, stdout: "rebooting" }) {
  return new FakeRunner().on(/^ssh .*systemctl reboot/, ({ argv }) => {
    if (answer.stdout !== "") boots[argv.includes("100.64.0.1") ? "nuc" : "dgx"]++;
    return { ...answer, stderr: "sudo: a password is required\n" };
  });
}

Deno.test("machines reboot one after the other, each only when the one before takes pods again", async () => {
  const { routes, asked, boots } = cluster();
  const runner = machines(boots, { code: 255, stdout: "rebooting" });
  const options = { routes, runner };
  const { code, stderr } = await inHomelab(["node", "reboot", "nuc", "dgx", "--yes"], options);
  assert.equal(code, 0, stderr);
  assert.deepEqual(boots, { nuc: 2, dgx: 2 });
  assert.deepEqual(
    asked,
    ["nuc", "dgx"].flatMap((node) => [
      `PATCH /api/v1/nodes/${node}`,
      `POST /api/v1/namespaces/default/pods/on-${node}/eviction`,
      `PATCH /api/v1/nodes/${node}`,
    ]),
  );
});

Deno.test("a machine that cannot be rebooted takes pods again, and the next is left alone", async () => {
  const { routes, asked, boots } = cluster();
  const runner = machines(boots, { code: 1, stdout: "" });
  const argv = ["node", "reboot", "nuc", "dgx", "--yes"];
  const { code, stderr } = await inHomelab(argv, { routes, runner });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /nuc was not rebooted: sudo: a password is required\nHint: .*k3s-tool ssh nuc/,
  );
  assert.match(stderr, /Not started: dgx/);
  assert.equal(asked.filter((request) => request === "PATCH /api/v1/nodes/nuc").length, 2);
});

Deno.test("a machine that does not come back stops it and stays cordoned", async () => {
  const { routes, asked, boots } = cluster();
  const runner = machines({ ...boots });
  const { code, stderr } = await inHomelab(["node", "reboot", "nuc", "--yes"], { routes, runner });
  assert.equal(code, 1);
  assert.match(stderr, /nuc is not back after 15 minutes\nHint: .*k3s-tool node uncordon nuc/);
  assert.equal(asked.filter((request) => request.startsWith("PATCH")).length, 1);
});

Deno.test("nothing reboots without an answer, or where the inventory has no host", async () => {
  const { routes, asked, boots } = cluster();
  const runner = machines(boots);
  assert.equal((await inHomelab(["node", "reboot", "nuc"], { routes, runner })).code, 2);
  const unknown = await inHomelab(["node", "reboot", "nuc", "stray", "--yes"], { routes, runner });
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /The inventory has no host stray/);
  assert.deepEqual([asked, runner.calls.filter(({ argv }) => argv[0] === "ssh")], [[], []]);
});
