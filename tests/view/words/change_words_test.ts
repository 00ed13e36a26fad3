import assert from "node:assert/strict";
import type { ClusterChange } from "../../../src/live/live_session.ts";
import { question } from "../../../src/view/words/change_words.ts";
import { unreachableError } from "../../../src/errors/user_error.ts";
import { condition, HOMELAB, liveState, node, NOW, pod, workload } from "../live_fixture.ts";

const STATE = liveState(HOMELAB);

function asked(change: ClusterChange, state = STATE): string {
  const { title, lines } = question(change, state);
  return [title, ...lines].join("\n");
}

const daemon = { kind: "DaemonSet", name: "agent" };

Deno.test("cordon and uncordon say what happens to pods", () => {
  assert.equal(
    asked({ type: "cordon", node: "pi" }),
    "Cordon pi?\nNo new pods are scheduled on it; its pods keep running.",
  );
  assert.equal(
    asked({ type: "uncordon", node: "pi" }),
    "Uncordon pi?\nIt takes new pods again; pods that were evicted do not move back by themselves.",
  );
});

Deno.test("drain: how many pods leave, which stay and why, and that it is the only control plane", () => {
  assert.equal(
    asked({ type: "drain", node: "nuc" }),
    `Drain nuc?
It is cordoned first: no new pods are scheduled on it until you uncordon it.
2 pods are evicted, as far as disruption budgets allow. Files in their emptyDir volumes are lost.
1 pod of a DaemonSet stays.
It is the only control plane: the API server stays on it, and if you turn the machine off, the cluster cannot be reached.`,
  );
  assert.equal(
    asked({ type: "drain", node: "dgx" }),
    `Drain dgx?
It is cordoned first: no new pods are scheduled on it until you uncordon it.
No pods have to be evicted.`,
  );
});

Deno.test("drain: pods that nothing makes anew are named, and that there is nowhere to go", () => {
  const pods = [
    ...["a", "b", "c", "d"].map((name) => pod(name, { nodeName: "pi" })),
    pod("d1", { nodeName: "pi", owner: daemon }),
    pod("d2", { nodeName: "pi", owner: daemon }),
    pod("static", { nodeName: "pi", owner: { kind: "Node", name: "pi" } }),
    pod("done", { nodeName: "pi", phase: "Succeeded" }),
    pod("elsewhere", { nodeName: "nuc" }),
  ];
  const away = node("dgx", { conditions: [condition("Ready", "Unknown")] });
  const nodes = [node("pi"), node("nuc", { cordoned: true, roles: ["master"] }), away];
  assert.equal(
    asked({ type: "drain", node: "pi" }, liveState({ nodes, pods })),
    `Drain pi?
It is cordoned first: no new pods are scheduled on it until you uncordon it.
4 pods are evicted, as far as disruption budgets allow. Files in their emptyDir volumes are lost.
2 pods of DaemonSets stay.
1 pod of the kubelet stays.
No controller will recreate default/a, default/b, default/c and 1 more.
No other node takes pods now: evicted pods stay Pending until one does.`,
  );
});

Deno.test("drain without pods to count does not make up a number", () => {
  assert.match(
    asked({ type: "drain", node: "nuc" }, liveState({ nodes: [node("nuc")] })),
    /Its pods are evicted; their number is unknown\./,
  );
});

Deno.test("a rollout is told as it goes for each kind", () => {
  const state = liveState({
    pods: [],
    deployments: [
      workload("Deployment", "one"),
      workload("Deployment", "three", { ready: 3, wanted: 3 }),
      workload("Deployment", "none", { ready: 0, wanted: 0 }),
    ],
    statefulSets: [
      workload("StatefulSet", "one", { ready: 0 }),
      workload("StatefulSet", "three", { ready: 3, wanted: 3 }),
    ],
    daemonSets: [workload("DaemonSet", "four", { ready: 4, wanted: 4 })],
  });
  const restart = (kind: "Deployment" | "StatefulSet" | "DaemonSet", name: string) =>
    asked({ type: "restart", workload: { kind, namespace: "default", name } }, state);
  assert.equal(
    restart("Deployment", "one"),
    "Restart Deployment default/one?\nIts pod is replaced: the old one stops when the new one " +
      "is ready, unless its strategy says otherwise.",
  );
  assert.match(
    restart("Deployment", "three"),
    /Its 3 pods are replaced a few at a time; the others/,
  );
  assert.match(restart("Deployment", "none"), /nothing to replace/);
  assert.match(
    restart("StatefulSet", "one"),
    /Its pod is replaced; nothing answers until the new one is ready\.\nIt is not healthy now \(down\)\./,
  );
  assert.match(restart("StatefulSet", "three"), /one at a time, the last one first/);
  assert.match(restart("DaemonSet", "four"), /Its 4 pods are replaced node by node/);
  assert.match(restart("Deployment", "other"), /is unknown/);
});

Deno.test("scaling says from how many to how many, and what that leaves", () => {
  const scale = (kind: "Deployment" | "StatefulSet", name: string, replicas: number) =>
    asked({ type: "scale", workload: { kind, namespace: "default", name }, replicas });
  assert.equal(
    scale("Deployment", "web", 5),
    "Scale Deployment default/web from 2 to 5?\n3 pods are added.",
  );
  assert.equal(
    scale("Deployment", "web", 0),
    "Scale Deployment default/web from 2 to 0?\n2 pods end.\n" +
      "No pods are left: nothing answers until you scale it up.",
  );
  assert.match(scale("Deployment", "web", 2), /It already has that many\./);
  assert.match(scale("StatefulSet", "db", 0), /1 pod ends\.\nNo pods are left.*\nIts volumes stay/);
  assert.match(
    scale("Deployment", "other", 3),
    /^Scale Deployment default\/other to 3\?\n.*is unknown/,
  );
});

Deno.test("deleting a pod says what comes after it", () => {
  const owned = (name: string, kind: string, about = {}) =>
    pod(name, { owner: { kind, name: "x" }, ...about });
  const state = liveState({
    pods: [
      pod("alone"),
      pod("going", { ending: true }),
      owned("a", "Deployment"),
      owned("b", "StatefulSet"),
      owned("c", "Job"),
      owned("d", "Job", { phase: "Failed" }),
      owned("e", "Node"),
    ],
  });
  const remove = (name: string) =>
    asked({ type: "delete-pod", namespace: "default", name }, state).split("\n").slice(1).join(
      "\n",
    );
  assert.equal(
    asked({ type: "delete-pod", namespace: "default", name: "alone" }, state),
    "Delete Pod default/alone?\nNo controller will recreate it: it is gone for good.",
  );
  assert.equal(remove("going"), "It is already terminating.");
  assert.equal(remove("a"), "Deployment x will create a new one.");
  assert.equal(remove("b"), "StatefulSet x will recreate it with the same name and volumes.");
  assert.equal(remove("c"), "Job x starts a new one if it has retries left.");
  assert.equal(remove("d"), "It has ended; its log is deleted with it. Job x does not change.");
  assert.match(remove("e"), /static pod/);
  assert.match(remove("no-more"), /no longer exists/);
});

Deno.test("a lost cluster is no reason to be silent, and what is known is called old", () => {
  const state = liveState(HOMELAB, {
    type: "connection",
    connection: {
      state: "lost",
      lastHeard: NOW,
      problem: unreachableError("no route"),
      retryAt: NOW,
    },
  });
  const { lines } = question({ type: "drain", node: "nuc" }, state);
  assert.equal(lines.at(-1), "The cluster cannot be reached now: this is from the last update.");
});

Deno.test("names in a question are harmless", () => {
  const { title } = question({ type: "cordon", node: "a\u001b[2J\nb" }, STATE);
  assert.equal(title, "Cordon a b?");
});
