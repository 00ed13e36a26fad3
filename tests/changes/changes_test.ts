import assert from "node:assert/strict";
import { ExitCode, UserError } from "../../src/errors/user_error.ts";
import { statusError } from "../cluster/fake_api_server.ts";
import { type ChangingCluster, type Json, withChangingCluster } from "./changing_cluster.ts";

const NODE = "/api/v1/nodes/nuc";
const WEB = "/apis/apps/v1/namespaces/default/deployments/web";
const POD = "/api/v1/namespaces/default/pods/web-1";
const DEPLOYMENT = { kind: "Deployment", namespace: "default", name: "web" } as const;

function addDeployment(cluster: ChangingCluster, replicas = 3): Json {
  return cluster.put(WEB, {
    metadata: { uid: "d", name: "web", namespace: "default", generation: 1 },
    spec: { replicas, template: { metadata: { labels: { app: "web" } } } },
    status: {
      observedGeneration: 1,
      replicas,
      updatedReplicas: replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
    },
  });
}

function addPod(cluster: ChangingCluster, uid = "one"): Json {
  return cluster.put(POD, {
    metadata: {
      uid,
      name: "web-1",
      namespace: "default",
      ownerReferences: [{ kind: "ReplicaSet", controller: true }],
    },
    spec: { nodeName: "nuc" },
  });
}

function failure({ error }: { readonly error: unknown }): UserError {
  assert.ok(error instanceof UserError, String(error));
  return error;
}

Deno.test("cordon and uncordon patch the node, or say that it is so already", () =>
  withChangingCluster(async (cluster) => {
    const node = cluster.put(NODE, { metadata: { uid: "n" }, spec: {} });
    const tell = async (type: "cordon" | "uncordon") => {
      const { words, error } = await cluster.perform({ type, node: "nuc" });
      assert.equal(error, undefined);
      return words.join(" ");
    };
    assert.match(await tell("cordon"), /^nuc is cordoned/);
    assert.equal(node.spec.unschedulable, true);
    assert.equal(await tell("cordon"), "nuc was cordoned already.");
    assert.match(await tell("uncordon"), /^nuc takes pods again/);
    assert.equal("unschedulable" in node.spec, false);
    assert.equal(await tell("uncordon"), "nuc was not cordoned.");
    assert.deepEqual(cluster.changes(), [`PATCH ${NODE}`, `PATCH ${NODE}`]);
    const patch = cluster.seen.find(({ method }) => method === "PATCH");
    assert.equal(patch?.type, "application/strategic-merge-patch+json");
  }));

Deno.test("a restart marks the pod template and follows the rollout to its end", () =>
  withChangingCluster(async (cluster) => {
    const web = addDeployment(cluster);
    const steps = [
      { observedGeneration: 1 },
      { observedGeneration: 2, updatedReplicas: 1, replicas: 4 },
      { updatedReplicas: 3, replicas: 4 },
      { replicas: 3, availableReplicas: 2 },
      { availableReplicas: 3 },
    ];
    // The status of before the change is still there when it is first looked at.
    cluster.controllers = () => Object.assign(web.status, steps.shift());
    const { words, error } = await cluster.perform({ type: "restart", workload: DEPLOYMENT });
    assert.equal(error, undefined);
    assert.deepEqual(words, [
      "Deployment default/web restarts.",
      "1 of 3 pods is replaced.",
      "1 old pod is still running.",
      "2 of 3 new pods are ready.",
      "All 3 pods are new and ready.",
    ]);
    assert.equal(
      web.spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"],
      "2026-11-23T12:00:00.000Z",
    );
    assert.deepEqual(web.spec.template.metadata.labels, { app: "web" });
  }));

Deno.test("a StatefulSet and a DaemonSet are followed by their own rules", () =>
  withChangingCluster(async (cluster) => {
    const base = "/apis/apps/v1/namespaces/default";
    const db = cluster.put(`${base}/statefulsets/db`, {
      metadata: { uid: "s", generation: 1 },
      spec: { replicas: 2 },
      status: {
        observedGeneration: 1,
        readyReplicas: 2,
        updatedReplicas: 0,
        currentRevision: "a",
        updateRevision: "a",
      },
    });
    const sets = [
      { observedGeneration: 2, updateRevision: "b", readyReplicas: 1 },
      { readyReplicas: 2, updatedReplicas: 1 },
      { updatedReplicas: 2, currentRevision: "b" },
    ];
    cluster.controllers = () => Object.assign(db.status, sets.shift());
    const told = await cluster.perform({
      type: "restart",
      workload: { kind: "StatefulSet", namespace: "default", name: "db" },
    });
    assert.deepEqual(told.words.slice(1), [
      "1 of 2 pods is ready.",
      "1 of 2 pods is replaced.",
      "All 2 pods are new and ready.",
    ]);

    const agent = cluster.put(`${base}/daemonsets/agent`, {
      metadata: { uid: "a", generation: 1 },
      spec: { updateStrategy: { type: "RollingUpdate" } },
      status: { observedGeneration: 1, desiredNumberScheduled: 2, numberAvailable: 2 },
    });
    const daemons = [
      { observedGeneration: 2, updatedNumberScheduled: 1 },
      { updatedNumberScheduled: 2, numberAvailable: 1 },
      { numberAvailable: 2 },
    ];
    cluster.controllers = () => Object.assign(agent.status, daemons.shift());
    const workload = { kind: "DaemonSet", namespace: "default", name: "agent" } as const;
    const { words } = await cluster.perform({ type: "restart", workload });
    assert.deepEqual(words.slice(1), [
      "1 of 2 pods is replaced.",
      "1 of 2 new pods are ready.",
      "All 2 pods are new and ready.",
    ]);

    agent.spec.updateStrategy.type = "OnDelete";
    const byHand = await cluster.perform({ type: "restart", workload });
    assert.match(byHand.words.join(), /only when they are deleted/);
  }));

Deno.test("a rollout its controller gave up is an error with its words", () =>
  withChangingCluster(async (cluster) => {
    const web = addDeployment(cluster);
    cluster.controllers = () => {
      web.status.observedGeneration = 2;
      web.status.conditions = [{
        type: "Progressing",
        reason: "ProgressDeadlineExceeded",
        message: 'ReplicaSet "web-2" has timed out progressing.',
      }];
    };
    const told = failure(await cluster.perform({ type: "restart", workload: DEPLOYMENT }));
    assert.match(told.message, /exceeded its progress deadline: ReplicaSet "web-2" has timed out/);
  }));

Deno.test("what cannot be restarted or scaled is not tried", () =>
  withChangingCluster(async (cluster) => {
    addDeployment(cluster).spec.paused = true;
    const paused = failure(await cluster.perform({ type: "restart", workload: DEPLOYMENT }));
    assert.match(paused.message, /is paused/);
    assert.match(paused.hint ?? "", /rollout resume deployment web/);
    const job = { kind: "Job", namespace: "default", name: "backup" } as const;
    assert.equal(
      failure(await cluster.perform({ type: "restart", workload: job })).exitCode,
      ExitCode.Usage,
    );
    const daemon = { kind: "DaemonSet", namespace: "default", name: "agent" } as const;
    failure(await cluster.perform({ type: "scale", workload: daemon, replicas: 2 }));
    failure(await cluster.perform({ type: "scale", workload: DEPLOYMENT, replicas: -1 }));
    failure(await cluster.perform({ type: "scale", workload: DEPLOYMENT, replicas: 1.5 }));
    assert.deepEqual(cluster.changes(), []);
  }));

Deno.test("scaling follows the pods, up and down", () =>
  withChangingCluster(async (cluster) => {
    const web = addDeployment(cluster, 1);
    cluster.controllers = () => {
      const { status, spec } = web;
      status.observedGeneration = web.metadata.generation;
      if (status.replicas > spec.replicas) status.replicas--;
      else if (status.replicas < spec.replicas) status.replicas++;
      status.readyReplicas = status.replicas;
    };
    // A scale is a part of the object; the fake server merges it into the whole.
    const up = await cluster.perform({ type: "scale", workload: DEPLOYMENT, replicas: 3 });
    assert.deepEqual(up.words, [
      "Deployment default/web is scaled from 1 to 3 pods.",
      "2 of 3 pods are ready.",
      "Deployment default/web has 3 pods, all ready.",
    ]);
    assert.deepEqual(cluster.changes(), [`PATCH ${WEB}/scale`]);
    const down = await cluster.perform({ type: "scale", workload: DEPLOYMENT, replicas: 0 });
    assert.deepEqual(down.words, [
      "Deployment default/web is scaled from 3 to 0 pods.",
      "2 pods too many end.",
      "1 pod too many ends.",
      "Deployment default/web has no pods now.",
    ]);
  }));

Deno.test("somebody else who scales the same is named as a possibility", () =>
  withChangingCluster(async (cluster) => {
    const web = addDeployment(cluster, 1);
    cluster.controllers = () => web.spec.replicas = 2;
    const told = failure(
      await cluster.perform({ type: "scale", workload: DEPLOYMENT, replicas: 5 }),
    );
    assert.match(told.message, /Somebody else has set Deployment default\/web to 2 pods/);
  }));

Deno.test("stopped while following, it is said that the cluster goes on", () =>
  withChangingCluster(async (cluster) => {
    addDeployment(cluster, 1);
    cluster.controllers = (seconds) => seconds === 3 && cluster.abort.abort();
    const { words, error } = await cluster.perform({
      type: "scale",
      workload: DEPLOYMENT,
      replicas: 5,
    });
    assert.equal(error, undefined);
    assert.match(
      words.at(-1) ?? "",
      /^Stopped watching; the change of Deployment default\/web continues/,
    );
  }));

Deno.test("a scale that does not come to its end is given up after 5 minutes", () =>
  withChangingCluster(async (cluster) => {
    const web = addDeployment(cluster, 1);
    let last = 0;
    cluster.controllers = (seconds) => {
      last = seconds;
      web.status.observedGeneration = 2;
    };
    const told = await cluster.perform({ type: "scale", workload: DEPLOYMENT, replicas: 2 });
    assert.match(failure(told).message, /does not have its 2 pods after 5 minutes/);
    assert.equal(told.words.at(-1), "1 of 2 pods is ready.");
    assert.equal(last, 300);
  }));

Deno.test("a pod is deleted by its UID and waited for", () =>
  withChangingCluster(async (cluster) => {
    addPod(cluster);
    cluster.controllers = (seconds) => seconds === 4 && cluster.objects.delete(POD);
    const change = { type: "delete-pod", namespace: "default", name: "web-1" } as const;
    const { words, error } = await cluster.perform(change);
    assert.equal(error, undefined);
    assert.deepEqual(words, [
      "default/web-1 is terminating.",
      "default/web-1 is gone; its ReplicaSet will recreate it if needed.",
    ]);
    const request = cluster.seen.find(({ method }) => method === "DELETE");
    assert.deepEqual(request?.body, {
      apiVersion: "v1",
      kind: "DeleteOptions",
      propagationPolicy: "Background",
      preconditions: { uid: "one" },
    });
  }));

Deno.test("a pod of the same name that takes its place ends the wait", () =>
  withChangingCluster(async (cluster) => {
    addPod(cluster);
    cluster.controllers = (seconds) => seconds === 2 && addPod(cluster, "two");
    const change = { type: "delete-pod", namespace: "default", name: "web-1" } as const;
    const { words } = await cluster.perform(change);
    assert.match(words.at(-1) ?? "", /a new pod of the same name has taken its place/);
  }));

Deno.test("a pod whose node does not confirm its end is said to be there still", () =>
  withChangingCluster(async (cluster) => {
    addPod(cluster);
    const change = { type: "delete-pod", namespace: "default", name: "web-1" } as const;
    const told = failure(await cluster.perform(change));
    assert.match(told.message, /default\/web-1 is still terminating/);
    assert.match(told.hint ?? "", /Check that nuc is Ready/);
  }));

Deno.test("gone, forbidden and changed meanwhile are said in words with the next step", () =>
  withChangingCluster(async (cluster) => {
    const gone = failure(await cluster.perform({ type: "cordon", node: "nuc" }));
    assert.equal(gone.message, "Node nuc is gone");

    addDeployment(cluster);
    cluster.refuse = ({ method }) =>
      method === "PATCH" ? statusError(403, "Forbidden", "no") : undefined;
    const scale = { type: "scale", workload: DEPLOYMENT, replicas: 1 } as const;
    const forbidden = failure(await cluster.perform(scale));
    assert.equal(
      forbidden.message,
      "The kubeconfig's user may not patch deployments/scale in the namespace default",
    );
    assert.match(forbidden.hint ?? "", /the right "patch" on "deployments\/scale"/);
    const restart = { type: "restart", workload: DEPLOYMENT } as const;
    assert.match(failure(await cluster.perform(restart)).message, /may not patch deployments in/);

    cluster.refuse = ({ method }) =>
      method === "PATCH" ? statusError(409, "Conflict", "try again") : undefined;
    const conflict = failure(await cluster.perform(restart));
    assert.match(conflict.message, /changed by someone else at the same time: try again/);
    for (const told of [gone, forbidden, conflict]) assert.ok(told.hint);
  }));

Deno.test("stopped before the server answered, nothing is claimed", () =>
  withChangingCluster(async (cluster) => {
    cluster.put(NODE, { metadata: { uid: "n" }, spec: {} });
    cluster.refuse = ({ method }) => {
      if (method === "PATCH") cluster.abort.abort();
      return undefined;
    };
    const { words, error } = await cluster.perform({ type: "cordon", node: "nuc" });
    assert.equal(error, undefined);
    assert.deepEqual(words, [
      "Stopped before the API server answered: look whether it was done.",
    ]);
  }));

Deno.test("names that would lead elsewhere are refused", () =>
  withChangingCluster(async (cluster) => {
    for (const node of ["..", ".", "", "a/b"]) {
      failure(await cluster.perform({ type: "cordon", node }));
    }
    assert.deepEqual(cluster.seen, []);
  }));
