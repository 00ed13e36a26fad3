import assert from "node:assert/strict";
import type { Problem } from "../../../src/cluster/read/objects.ts";
import { readPod } from "../../../src/cluster/read/read_objects.ts";

/** A pod with one container `web` unless the status says otherwise. */
function pod(status: Record<string, unknown>, metadata: Record<string, unknown> = {}) {
  return readPod({
    metadata: { uid: "u", name: "web-1", namespace: "shop", ...metadata },
    spec: { containers: [{ name: "web" }] },
    status,
  });
}

const waiting = (reason: string, message?: string, name = "web") => ({
  name,
  state: { waiting: { reason, message } },
});
const terminated = (exitCode: number, reason?: string, message?: string) => ({
  name: "web",
  state: { terminated: { exitCode, reason, message } },
});

Deno.test("why a pod waits or fails is said in the API's words", () => {
  const cases: [string, Record<string, unknown>, Problem | undefined][] = [
    ["runs", { containerStatuses: [{ name: "web", state: { running: {} } }] }, undefined],
    [
      "image",
      { containerStatuses: [waiting("ImagePullBackOff", 'Back-off pulling image "nginx:no"')] },
      { reason: "ImagePullBackOff", message: 'Back-off pulling image "nginx:no"' },
    ],
    [
      "crash loop, with how it ended last",
      {
        containerStatuses: [{
          name: "web",
          state: {
            waiting: {
              reason: "CrashLoopBackOff",
              message: "back-off 5m0s restarting failed container=web pod=web-1_shop(u)",
            },
          },
          lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } },
        }],
      },
      {
        reason: "CrashLoopBackOff",
        message: "OOMKilled, exit code 137; back-off 5m0s restarting failed",
      },
    ],
    [
      "killed",
      { containerStatuses: [terminated(137, "OOMKilled")] },
      { reason: "OOMKilled", message: "OOMKilled, exit code 137" },
    ],
    [
      "failed, with its last words",
      { phase: "Failed", containerStatuses: [terminated(2, "Error", "no such table\n")] },
      { reason: "Error", message: "exit code 2: no such table" },
    ],
    ["failed without a reason", { containerStatuses: [terminated(1)] }, {
      reason: "Error",
      message: "exit code 1",
    }],
    ["ended well", { containerStatuses: [terminated(0, "Completed")] }, undefined],
    [
      "an init container is named",
      {
        initContainerStatuses: [{
          name: "migrate",
          state: { waiting: { reason: "CrashLoopBackOff" } },
          lastState: { terminated: { exitCode: 1, reason: "Error" } },
        }],
        containerStatuses: [waiting("PodInitializing")],
      },
      { reason: "CrashLoopBackOff", message: "init container migrate: exit code 1" },
    ],
    [
      "one of several containers is named",
      {
        containerStatuses: [
          { name: "web", state: { running: {} } },
          waiting("ErrImagePull", "not found", "log"),
        ],
      },
      { reason: "ErrImagePull", message: "log: not found" },
    ],
    [
      "what is on its way is told where nothing worse is",
      { containerStatuses: [waiting("ContainerCreating")] },
      { reason: "ContainerCreating", message: "" },
    ],
    [
      "trouble comes before what is on its way",
      { containerStatuses: [waiting("ContainerCreating"), waiting("ErrImagePull", "", "log")] },
      { reason: "ErrImagePull", message: "log" },
    ],
    [
      "no node has room",
      {
        phase: "Pending",
        conditions: [{
          type: "PodScheduled",
          status: "False",
          reason: "Unschedulable",
          message: "0/3 nodes are available: 3 Insufficient cpu.",
        }],
      },
      { reason: "Unschedulable", message: "0/3 nodes are available: 3 Insufficient cpu." },
    ],
    [
      "evicted",
      { phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." },
      { reason: "Evicted", message: "The node was low on resource: memory." },
    ],
    [
      "a Succeeded pod's sidecar was ended",
      { phase: "Succeeded", containerStatuses: [terminated(143, "Error")] },
      undefined,
    ],
  ];
  for (const [what, status, problem] of cases) {
    assert.deepEqual(pod(status).problem, problem, what);
  }
});

Deno.test("the exit codes of a pod that is being deleted say nothing", () => {
  const ending = { deletionTimestamp: "2026-11-23T12:00:00Z" };
  assert.equal(pod({ containerStatuses: [terminated(143, "Error")] }, ending).problem, undefined);
});

Deno.test("a message of a cluster is one harmless line, and cut", () => {
  const { problem } = pod({
    containerStatuses: [waiting("Bad\u001b[2J", `a\u001b[31mb\r\nc${"x".repeat(5000)}`)],
  });
  assert.equal(problem?.reason, "Bad");
  assert.ok(problem.message.startsWith("ab c"));
  assert.equal(problem.message.length, 400);
  assert.ok(problem.message.endsWith("…"));
});

Deno.test("a pod belongs to what a person made", () => {
  const owned = (kind: string, name: string, labels = {}) =>
    pod({}, { labels, ownerReferences: [{ kind, name, controller: true }] }).owner;
  const hash = { "pod-template-hash": "5d7f9c" };
  assert.deepEqual(owned("ReplicaSet", "web-5d7f9c", hash), { kind: "Deployment", name: "web" });
  assert.deepEqual(owned("ReplicaSet", "bare"), { kind: "ReplicaSet", name: "bare" });
  assert.deepEqual(owned("ReplicaSet", "web-other", hash), {
    kind: "ReplicaSet",
    name: "web-other",
  });
  assert.deepEqual(owned("Job", "backup-29"), { kind: "Job", name: "backup-29" });
  assert.deepEqual(owned("Node", "nuc"), { kind: "Node", name: "nuc" });
  assert.equal(pod({}, { ownerReferences: [{ kind: "Job", name: "x" }] }).owner, undefined);
  assert.equal(pod({}).owner, undefined);
});

Deno.test("sidecars count like containers, other init containers do not", () => {
  const { containers, restarts, requests } = readPod({
    metadata: { uid: "u", name: "p" },
    spec: {
      containers: [{ name: "web", resources: { requests: { cpu: "100m" } } }],
      initContainers: [
        { name: "migrate", resources: { requests: { cpu: "4" } } },
        { name: "proxy", restartPolicy: "Always", resources: { requests: { cpu: "50m" } } },
      ],
    },
    status: {
      containerStatuses: [{ name: "web", ready: true, restartCount: 1 }],
      initContainerStatuses: [
        { name: "migrate", ready: true, restartCount: 9 },
        { name: "proxy", ready: false, restartCount: 2 },
      ],
    },
  });
  assert.deepEqual(containers, { ready: 1, total: 2 });
  assert.equal(restarts, 3);
  assert.ok(Math.abs(requests.cpu - 0.15) < 1e-9);
});
