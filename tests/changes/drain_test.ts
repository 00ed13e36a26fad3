import assert from "node:assert/strict";
import { UserError } from "../../src/errors/user_error.ts";
import { statusError } from "../cluster/fake_api_server.ts";
import { type ChangingCluster, type Json, withChangingCluster } from "./changing_cluster.ts";

const NODE = "/api/v1/nodes/desktop";
const podPath = (name: string) => `/api/v1/namespaces/default/pods/${name}`;

function addNode(cluster: ChangingCluster): Json {
  return cluster.put(NODE, { metadata: { uid: "n", name: "desktop" }, spec: {} });
}

function addPod(cluster: ChangingCluster, name: string, {
  owner = "ReplicaSet" as string | null,
  phase = "Running",
  annotations = {},
  volumes = [] as Json[],
  node = "desktop",
} = {}): Json {
  return cluster.put(podPath(name), {
    metadata: {
      uid: `uid-${name}`,
      name,
      namespace: "default",
      annotations,
      ownerReferences: owner === null ? [] : [{ kind: owner, name: "o", controller: true }],
    },
    spec: { nodeName: node, volumes },
    status: { phase },
  });
}

/** Kubelets: what was asked to end is gone in the next second. */
function endPods(cluster: ChangingCluster): void {
  for (const [path, object] of cluster.objects) {
    if (object.metadata.deletionTimestamp !== undefined) cluster.objects.delete(path);
  }
}

/** What the API server answers while a budget holds a pod (Kubernetes 1.36). */
function budget(words: string): Response {
  return Response.json({
    kind: "Status",
    code: 429,
    reason: "TooManyRequests",
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: { causes: [{ reason: "DisruptionBudget", message: words }] },
  }, { status: 429 });
}

Deno.test("a drain cordons, evicts what can go, and leaves DaemonSets and static pods", () =>
  withChangingCluster(async (cluster) => {
    const node = addNode(cluster);
    addPod(cluster, "web");
    addPod(cluster, "cache", { volumes: [{ name: "tmp", emptyDir: {} }] });
    addPod(cluster, "mine", { owner: null });
    addPod(cluster, "agent", { owner: "DaemonSet" });
    addPod(cluster, "etcd", { annotations: { "kubernetes.io/config.mirror": "x" } });
    addPod(cluster, "backup", { phase: "Succeeded", owner: "Job" });
    addPod(cluster, "elsewhere", { node: "nuc" });
    cluster.controllers = () => endPods(cluster);

    const { words, error } = await cluster.perform({ type: "drain", node: "desktop" });
    assert.equal(error, undefined);
    assert.deepEqual(words, [
      "desktop is cordoned.",
      "3 pods to evict from desktop; 1 pod of DaemonSets and 1 static pod stay.",
      "No controller will recreate default/mine.",
      "Files in emptyDir volumes of default/cache will be lost.",
      "3 of 3 pods are still on desktop.",
      "desktop is drained: 3 pods left it.",
    ]);
    assert.equal(node.spec.unschedulable, true);
    assert.deepEqual([...cluster.changes()].sort(), [
      `PATCH ${NODE}`,
      `POST ${podPath("cache")}/eviction`,
      `POST ${podPath("mine")}/eviction`,
      `POST ${podPath("web")}/eviction`,
    ]);
    const eviction = cluster.seen.find(({ path }) => path === `${podPath("web")}/eviction`);
    assert.deepEqual(eviction?.body, {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { namespace: "default", name: "web" },
      deleteOptions: { preconditions: { uid: "uid-web" } },
    });
    assert.ok(cluster.objects.has(podPath("elsewhere")));
  }));

Deno.test("a disruption budget is named and asked again every 5 s until it lets the pod go", () =>
  withChangingCluster(async (cluster) => {
    addNode(cluster);
    addPod(cluster, "web");
    let seconds = 0;
    cluster.controllers = (now) => {
      seconds = now;
      endPods(cluster);
    };
    cluster.refuse = ({ path }) =>
      path.endsWith("/eviction") && seconds < 12
        ? budget("The disruption budget web needs 2 healthy pods and has 2 currently")
        : undefined;

    const { words, error } = await cluster.perform({ type: "drain", node: "desktop" });
    assert.equal(error, undefined);
    assert.deepEqual(words.slice(2), [
      "default/web cannot go yet: Cannot evict pod as it would violate the pod's disruption " +
      "budget. The disruption budget web needs 2 healthy pods and has 2 currently; trying again " +
      "every 5 s.",
      "1 of 1 pod is still on desktop.",
      "desktop is drained: 1 pod left it.",
    ]);
    assert.equal(cluster.changes().filter((each) => each.endsWith("/eviction")).length, 4);
  }));

Deno.test("nothing is evicted before the controllers work that would replace it", () =>
  withChangingCluster(async (cluster) => {
    const node = addNode(cluster);
    addPod(cluster, "web");
    cluster.taintsCordoned = false;
    cluster.controllers = (now) => {
      endPods(cluster);
      if (now < 17) assert.deepEqual(cluster.changes(), [`PATCH ${NODE}`]);
      if (now === 17) node.spec.taints = [{ key: "node.kubernetes.io/unschedulable" }];
    };
    const { words, error } = await cluster.perform({ type: "drain", node: "desktop" });
    assert.equal(error, undefined);
    assert.deepEqual(words.slice(2), [
      "Waiting for kube-controller-manager.",
      "1 of 1 pod is still on desktop.",
      "desktop is drained: 1 pod left it.",
    ]);
  }));

Deno.test("without such controllers a drain ends after a minute, with every pod where it was", () =>
  withChangingCluster(async (cluster) => {
    addNode(cluster);
    addPod(cluster, "web");
    cluster.taintsCordoned = false;
    let last = 0;
    cluster.controllers = (now) => last = now;
    const { error } = await cluster.perform({ type: "drain", node: "desktop" });
    assert.ok(error instanceof UserError);
    assert.match(error.message, /^desktop is cordoned but not drained: kube-controller-manager/);
    assert.equal(last, 60);
    assert.deepEqual(cluster.changes(), [`PATCH ${NODE}`]);

    cluster.controllers = (now) => now === last + 5 && cluster.abort.abort();
    const stopped = await cluster.perform({ type: "drain", node: "desktop" });
    assert.equal(stopped.error, undefined);
    assert.equal(
      stopped.words.at(-1),
      "Stopped: desktop stays cordoned; none of its pods was evicted.",
    );
  }));

Deno.test("a budget that never gives way ends the drain after 5 minutes, saying why", () =>
  withChangingCluster(async (cluster) => {
    const node = addNode(cluster);
    addPod(cluster, "web");
    addPod(cluster, "slow");
    cluster.refuse = ({ path }) =>
      path === `${podPath("web")}/eviction` ? budget("The disruption budget web …") : undefined;
    let last = 0;
    cluster.controllers = (now) => last = now;

    const { error } = await cluster.perform({ type: "drain", node: "desktop" });
    assert.ok(error instanceof UserError);
    assert.equal(error.message, "desktop is cordoned but not drained: 2 pods still on it");
    assert.equal(error.problems.length, 2);
    assert.match(error.problems[0]!.message, /^default\/web: .*The disruption budget web/);
    assert.match(error.problems[1]!.message, /^default\/slow: it is still terminating/);
    assert.equal(last, 300);
    assert.equal(node.spec.unschedulable, true);
  }));

Deno.test("stopped half way the node stays cordoned, and that is said", () =>
  withChangingCluster(async (cluster) => {
    const node = addNode(cluster);
    addPod(cluster, "web");
    addPod(cluster, "db");
    cluster.refuse = ({ path }) =>
      path === `${podPath("db")}/eviction` ? budget("The disruption budget db …") : undefined;
    cluster.controllers = (now) => {
      endPods(cluster);
      if (now === 7) cluster.abort.abort();
    };
    const { words, error } = await cluster.perform({ type: "drain", node: "desktop" });
    assert.equal(error, undefined);
    assert.equal(
      words.at(-1),
      "Stopped: desktop stays cordoned; 1 of 2 pods is evicted and will not come back by " +
        "themselves.",
    );
    assert.equal(node.spec.unschedulable, true);
    assert.ok(cluster.objects.has(podPath("db")));
  }));

Deno.test("who may not evict is told which right is missing, at once", () =>
  withChangingCluster(async (cluster) => {
    addNode(cluster);
    addPod(cluster, "web");
    cluster.refuse = ({ path }) =>
      path.endsWith("/eviction") ? statusError(403, "Forbidden", "forbidden") : undefined;
    const { error } = await cluster.perform({ type: "drain", node: "desktop" });
    assert.ok(error instanceof UserError);
    assert.equal(
      error.message,
      "The kubeconfig's user may not create pods/eviction in the namespace default",
    );
    assert.equal(cluster.changes().filter((each) => each.endsWith("/eviction")).length, 1);
  }));

Deno.test("one pod that cannot be evicted does not hold up the others", () =>
  withChangingCluster(async (cluster) => {
    addNode(cluster);
    addPod(cluster, "odd");
    addPod(cluster, "web");
    cluster.controllers = () => endPods(cluster);
    cluster.refuse = ({ path }) =>
      path === `${podPath("odd")}/eviction`
        ? statusError(500, "InternalError", "This pod has more than one PodDisruptionBudget.")
        : undefined;
    const { words, error } = await cluster.perform({ type: "drain", node: "desktop" });
    assert.ok(error instanceof UserError);
    assert.match(error.problems[0]!.message, /^default\/odd: This pod has more than one Pod/);
    assert.equal(error.problems.length, 1);
    assert.ok(words.includes("1 of 2 pods is still on desktop."), words.join("\n"));
  }));

Deno.test("an API server that is away for a while is waited for", () =>
  withChangingCluster(async (cluster) => {
    addNode(cluster);
    addPod(cluster, "web");
    let seconds = 0;
    cluster.controllers = (now) => {
      seconds = now;
      if (now > 4) endPods(cluster);
    };
    cluster.refuse = ({ path }) =>
      path === "/api/v1/pods" && seconds >= 1 && seconds < 4
        ? statusError(503, "ServiceUnavailable", "starting")
        : undefined;
    const { words, error } = await cluster.perform({ type: "drain", node: "desktop" });
    assert.equal(error, undefined);
    assert.equal(words.filter((each) => /503: starting; looking again/.test(each)).length, 1);
    assert.equal(words.at(-1), "desktop is drained: 1 pod left it.");
  }));

Deno.test("a node without pods that must leave is drained at once", () =>
  withChangingCluster(async (cluster) => {
    const node = addNode(cluster);
    node.spec.unschedulable = true;
    const { words } = await cluster.perform({ type: "drain", node: "desktop" });
    assert.deepEqual(words, [
      "desktop was cordoned already.",
      "0 pods to evict from desktop.",
      "desktop is drained: no pod had to leave.",
    ]);
    assert.deepEqual(cluster.changes(), []);
  }));
