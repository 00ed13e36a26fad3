import assert from "node:assert/strict";
import {
  readNode,
  readPod,
  readService,
  readWorkload,
} from "../../../src/cluster/read/read_objects.ts";
import { deploymentObject, nodeObject, podObject, serviceObject } from "../objects_fixture.ts";

const GI = 2 ** 30;

Deno.test("a node keeps what is shown of it, in numbers", () => {
  const node = readNode(nodeObject("nuc", { controlPlane: true, cordoned: true }));
  assert.deepEqual(node.roles, ["control-plane"]);
  assert.equal(node.cordoned, true);
  assert.deepEqual(node.taints, ["nvidia.com/gpu=true:NoSchedule"]);
  assert.deepEqual(node.internalIps, ["100.64.0.1"]);
  assert.equal(node.kubeletVersion, "v1.35.6+k3s1");
  assert.deepEqual(node.capacity, { cpu: 4, memory: 8 * GI, disk: 100 * GI, pods: 110 });
  assert.deepEqual(node.allocatable, { cpu: 3.5, memory: 7 * GI, disk: 100 * GI, pods: 110 });
  assert.deepEqual(node.conditions[1], {
    type: "Ready",
    status: "True",
    reason: "KubeletReady",
    message: "ok",
    since: "2026-11-20T10:00:00Z",
  });
});

Deno.test("what a node does not say is unknown, not zero", () => {
  const node = readNode({ metadata: { uid: "u", name: "n" } });
  const unknown = { cpu: undefined, memory: undefined, disk: undefined, pods: undefined };
  assert.deepEqual(node.allocatable, unknown);
  assert.deepEqual(node.conditions, []);
  assert.equal(node.kubeletVersion, "");
});

Deno.test("a node offers the cards that its device plugin tells, in shares as its label says", () => {
  const gpus = (offered: string | undefined, labels: Record<string, string> = {}) => {
    const node = nodeObject("dgx");
    return readNode({
      ...node,
      metadata: { ...node.metadata, labels, annotations: { "k3s-tool.io/gpu": "RTX\u001b[31m" } },
      status: { ...node.status, allocatable: { "nvidia.com/gpu": offered } },
    }).gpus;
  };
  const replicas = { "k3s-tool.io/gpu-replicas": "4" };
  assert.equal(readNode(nodeObject("nuc")).gpus, undefined);
  assert.equal(gpus("0"), undefined, "a plugin that is gone leaves 0");
  const found = gpus("8", replicas)!;
  assert.deepEqual([found.allocatable, found.replicas], [8, 4]);
  assert.ok(!found.description.includes("\u001b"));
  assert.equal(gpus("0", replicas)?.allocatable, 0);
  assert.equal(gpus("2", { "k3s-tool.io/gpu-replicas": "many" })?.replicas, 1);
});

Deno.test("a pod keeps readiness, restarts, why it waits and what it asks for", () => {
  const pod = readPod(podObject("web", { ready: false, waiting: "CrashLoopBackOff" }));
  assert.equal(pod.ready, false);
  assert.equal(pod.restarts, 2);
  assert.equal(pod.problem?.reason, "CrashLoopBackOff");
  assert.deepEqual(pod.requests, { cpu: 0.1, memory: 64 * 2 ** 20 });
  assert.equal(readPod(podObject("web")).problem, undefined);
});

Deno.test("a pod that is neither scheduled nor started is one too", () => {
  const pod = readPod({ metadata: { uid: "u", name: "p", namespace: "d" }, spec: {} });
  assert.equal(pod.nodeName, undefined);
  assert.equal(pod.phase, "Unknown");
  assert.equal(pod.ready, false);
});

Deno.test("each kind of workload says in its own way how many pods it wants", () => {
  assert.deepEqual(
    [readWorkload("Deployment", deploymentObject("a", { ready: 0, wanted: 3 }))].map(
      ({ ready, wanted }) => [ready, wanted],
    ),
    [[0, 3]],
  );
  const daemon = readWorkload("DaemonSet", {
    metadata: { uid: "u", name: "d", namespace: "n" },
    spec: {},
    status: { numberReady: 2, desiredNumberScheduled: 3 },
  });
  assert.deepEqual([daemon.ready, daemon.wanted], [2, 3]);
  const bare = readWorkload("StatefulSet", { metadata: { uid: "u", name: "s" }, spec: {} });
  assert.deepEqual([bare.ready, bare.wanted], [0, 1]);
});

Deno.test("a Service keeps its ports and selector", () => {
  const service = readService(serviceObject("web"));
  assert.deepEqual(service.ports, ["80/TCP"]);
  assert.deepEqual(service.selector, { app: "web" });
  const external = readService(serviceObject("ext", { type: "ExternalName" }));
  assert.deepEqual(external.selector, {});
});

Deno.test("text from the cluster is harmless", () => {
  const object = nodeObject("nuc");
  object.status.nodeInfo.osImage = "\u001b[31mred\u001b[0m\r\n";
  assert.equal(readNode(object).osImage, "red ");
});
