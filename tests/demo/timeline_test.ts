import assert from "node:assert/strict";
import fc from "fast-check";
import type { ClusterChange, LiveSession } from "../../src/live/live_session.ts";
import {
  type LiveNews,
  type LiveState,
  NOTHING_HEARD,
  reduceLive,
} from "../../src/live/live_state.ts";
import { nodeReports } from "../../src/reports/node_report.ts";
import { UserError } from "../../src/errors/user_error.ts";
import { demoSession } from "../../src/demo/demo_session.ts";
import { MACHINES } from "../../src/demo/tables.ts";
import { gitopsPart, gitopsReport } from "../../src/view/lists/live_gitops.ts";
import { look as lookAt } from "../view/live_fixture.ts";
import { VirtualClock } from "../tui/virtual_clock.ts";

const { signal } = new AbortController();

/** What a screen knows of a home after each batch of news, for so many seconds. */
async function* watch(session: LiveSession, clock: VirtualClock, seconds: number) {
  let state = NOTHING_HEARD;
  const until = clock.now() + seconds * 1000;
  for await (const batch of session.news(signal)) {
    state = reduceLive(state, batch);
    yield { batch, state, now: clock.now() };
    if (clock.now() >= until) return;
  }
}

function begin(seed = 1) {
  const clock = new VirtualClock();
  return { clock, session: demoSession({ clock, seed }) };
}

async function look(session: LiveSession): Promise<LiveState> {
  for await (const batch of session.news(signal)) return reduceLive(NOTHING_HEARD, batch);
  assert.fail("no news");
}

function reportsOf({ cluster, inventory, tailnet }: LiveState, now: number) {
  assert.ok(inventory?.known && tailnet?.known);
  const hosts = inventory.value?.hosts ?? [];
  return nodeReports({ hosts, cluster, peers: tailnet.value.peers, now });
}

/** Holds a moment to what is true of every cluster. */
function checkHome({ cluster }: LiveState): void {
  const nodes = new Map([...cluster.nodes!.values()].map((node) => [node.name, node]));
  const owners = new Set(
    (["deployments", "statefulSets", "daemonSets", "jobs", "cronJobs"] as const).flatMap((name) =>
      [...cluster[name]!.values()].map(({ kind, namespace, name }) =>
        `${kind} ${namespace}/${name}`
      )
    ),
  );
  const names = new Set<string>();
  for (const pod of cluster.pods!.values()) {
    const path = `${pod.namespace}/${pod.name}`;
    assert.ok(!names.has(path), `two pods ${path}`);
    names.add(path);
    if (pod.nodeName !== undefined) assert.ok(nodes.has(pod.nodeName), `${path} ${pod.nodeName}`);
    else assert.equal(pod.phase, "Pending", path);
    if (pod.ready) assert.equal(pod.phase, "Running", path);
    if (pod.owner !== undefined) {
      assert.ok(owners.has(`${pod.owner.kind} ${pod.namespace}/${pod.owner.name}`), path);
    }
  }
  for (const [name, used] of cluster.metrics.known ? cluster.metrics.nodes : []) {
    const { cpu, memory } = nodes.get(name)!.allocatable;
    assert.ok(used.cpu! > 0 && used.cpu! <= cpu!, `${name} ${used.cpu}`);
    assert.ok(used.memory! > 0 && used.memory! <= memory!, name);
    assert.ok(used.disk!.used > 0 && used.disk!.used <= used.disk!.capacity, name);
  }
}

const workload = fc.constantFrom(
  { kind: "Deployment", namespace: "photos", name: "web" } as const,
  { kind: "Deployment", namespace: "home", name: "mqtt-bridge" } as const,
  { kind: "Deployment", namespace: "media", name: "transcoder" } as const,
  { kind: "StatefulSet", namespace: "photos", name: "db" } as const,
);
const node = fc.constantFrom(...MACHINES.map(({ name }) => name));

type Deed = (state: LiveState) => ClusterChange;

const cordoning = (type: "cordon" | "uncordon" | "drain") =>
  node.map((node): Deed => () => ({ type, node }));

/** What people may do, at any time: every change there is. */
const DEEDS: Readonly<Record<ClusterChange["type"], fc.Arbitrary<Deed>>> = {
  cordon: cordoning("cordon"),
  uncordon: cordoning("uncordon"),
  drain: cordoning("drain"),
  scale: fc.record({ workload, replicas: fc.nat(12) })
    .map((change): Deed => () => ({ type: "scale", ...change })),
  restart: workload.map((workload): Deed => () => ({ type: "restart", workload })),
  "delete-pod": fc.nat(100).map((index): Deed => ({ cluster }) => {
    const pods = [...cluster.pods!.values()];
    const { namespace, name } = pods[index % pods.length]!;
    return { type: "delete-pod", namespace, name };
  }),
};
const deed = fc.oneof(...Object.values(DEEDS));

Deno.test("whatever is done to it and when, the home stays a cluster that could be", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.array(fc.tuple(fc.nat(70), deed), { maxLength: 6 }),
      async (seed, deeds) => {
        const { session, clock } = begin(seed);
        const abort = new AbortController();
        const news = session.news(abort.signal)[Symbol.asyncIterator]();
        const next = async () => (await news.next()).value as readonly LiveNews[];
        let screen = reduceLive(NOTHING_HEARD, await next());
        for (const [seconds, change] of deeds) {
          clock.pass(seconds * 1000);
          screen = reduceLive(screen, await next());
          try {
            for await (const _ of session.perform(change(screen), signal)) break;
          } catch (error) {
            // What is not there.
            assert.ok(error instanceof UserError, String(error));
          }
          checkHome(await look(session));
          screen = reduceLive(screen, await next());
          checkHome(screen);
        }
        // Told piece by piece or at once, a screen shows the same.
        clock.pass(5_000);
        screen = reduceLive(screen, await next());
        const fresh = await look(session);
        for (const [name, objects] of Object.entries(fresh.cluster)) {
          if (!(objects instanceof Map)) continue;
          const shown = screen.cluster[name as "pods"];
          assert.deepEqual(new Map([...shown!].sort()), new Map([...objects].sort()), name);
        }
        assert.deepEqual(screen.tailnet, fresh.tailnet);
        abort.abort();
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("whatever was done, each workload comes to the pods that it should have", async () => {
  const { session, clock } = begin();
  const web = { kind: "Deployment", namespace: "photos", name: "web" } as const;
  const deeds: readonly ClusterChange[] = [
    { type: "scale", workload: web, replicas: 7 },
    { type: "restart", workload: web },
    { type: "scale", workload: web, replicas: 2 },
    { type: "cordon", node: "nuc" },
    { type: "restart", workload: { ...web, kind: "StatefulSet", name: "db" } },
    { type: "delete-pod", namespace: "photos", name: "db-0" },
  ];
  for (const change of deeds) {
    for await (const _ of session.perform(change, signal)) break;
    clock.pass(2_000);
  }
  clock.pass(50_000);
  const { cluster } = await look(session);
  for (
    const [name, count] of [["web", 2], ["db", 1], ["chat-ui", 2], ["node-exporter", 5]] as const
  ) {
    const pods = [...cluster.pods!.values()].filter(({ owner }) => owner?.name === name);
    assert.deepEqual(pods.map(({ ready }) => ready), Array(count).fill(true), name);
  }
});

Deno.test("the same seed and time show the same home, another seed another one", async () => {
  const at = async (seed: number) => {
    const { session, clock } = begin(seed);
    clock.pass(200_000);
    return (await look(session)).cluster;
  };
  assert.deepEqual(await at(7), await at(7));
  const names = async (seed: number) =>
    [...(await at(seed)).pods!.values()].map(({ name }) => name);
  assert.notDeepEqual(await names(7), await names(8));
});

Deno.test("at its beginning nothing is just starting, and the machines are as told", async () => {
  const { session, clock } = begin();
  const state = await look(session);
  assert.equal(state.server, "simulated");
  assert.equal(state.connection.state, "live");
  const reports = reportsOf(state, clock.now());
  assert.deepEqual(reports.map(({ name, status, inInventory }) => [name, status, inInventory]), [
    ["nuc", "Ready", true],
    ["desktop", "Ready", true],
    ["dgx", "Ready", true],
    ["pi4", "Ready", true],
    ["pi5", "NotProvisioned", true],
    ["attic-nas", "Ready", false],
  ]);
  const desktop = reports.find(({ name }) => name === "desktop");
  assert.deepEqual(desktop?.key, { kind: "ending", days: 6 });
  const pods = [...state.cluster.pods!.values()];
  assert.ok(pods.length >= 25 && pods.length <= 40, String(pods.length));
  assert.ok(new Set(pods.map(({ namespace }) => namespace)).size >= 6);
  const unwell = pods.filter(({ ready, phase }) => !ready && phase === "Running");
  assert.deepEqual(unwell.map(({ name }) => name.replace(/-[^-]+-[^-]+$/, "")), ["mqtt-bridge"]);
});

Deno.test("within six minutes everything has happened that a home may see, and it is never still", async () => {
  const { session, clock } = begin();
  const seen = new Set<string>();
  const webs = new Set<string>();
  const usage: number[] = [];
  const restarts = ({ cluster }: LiveState) =>
    [...cluster.pods!.values()].reduce((sum, { restarts }) => sum + restarts, 0);
  let [before, after] = [Infinity, 0];
  let last = clock.now();
  for await (const { batch, state, now } of watch(session, clock, 360)) {
    checkHome(state);
    if (batch.some(({ type }) => type !== "metrics")) {
      assert.ok(now - last <= 15_000, `nothing happened for ${(now - last) / 1000} s`);
      last = now;
    }
    const { cluster } = state;
    const pi4 = reportsOf(state, now).find(({ name }) => name === "pi4");
    seen.add(
      `pi4 ${pi4?.status === "Ready" && seen.has("pi4 Unreachable") ? "is back" : pi4?.status}`,
    );
    const heard = pi4?.node?.conditions.find(({ type }) => type === "Ready")?.status;
    if (heard === "Unknown") seen.add("the kubelet is silent");
    for (const { problem } of cluster.pods!.values()) if (problem) seen.add(problem.reason);
    for (const { ending } of cluster.pods!.values()) if (ending) seen.add("Terminating");
    for (const { reason, count } of cluster.events!.values()) {
      seen.add(count > 1 ? `${reason} again` : reason);
    }
    for (const { phase } of cluster.jobs!.values()) seen.add(`job ${phase}`);
    for (const { name, owner } of cluster.pods!.values()) {
      if (owner?.name === "web") webs.add(name.split("-").slice(0, 2).join("-"));
    }
    if (cluster.metrics.known) usage.push(cluster.metrics.nodes.get("dgx")!.cpu!);
    [before, after] = [Math.min(before, restarts(state)), restarts(state)];
  }
  const missing = [
    ...["pi4 Unreachable", "pi4 is back", "the kubelet is silent", "NodeNotReady", "NodeReady"],
    ...["CrashLoopBackOff", "BackOff again", "ErrImagePull", "ImagePullBackOff"],
    ...["job complete", "ScalingReplicaSet", "Killing", "Terminating"],
  ].filter((each) => !seen.has(each));
  assert.deepEqual(missing, []);
  assert.ok(webs.size >= 4, `releases ${[...webs]}`);
  assert.ok(after > before + 4);
  assert.ok(Math.max(...usage) > 1.2 * Math.min(...usage));
});

Deno.test("Flux applies what is pushed, in its order, and a broken app is mended; then it goes on", async () => {
  const { session, clock } = begin();
  const seen: string[] = [];
  const revisions = new Set<string>();
  for await (const { batch, state, now } of watch(session, clock, 450)) {
    const report = gitopsReport(lookAt(state, now));
    const { text } = gitopsPart(report, { now, stale: false });
    const kind = /^GitOps (\S+( \S+ failed)?)/.exec(text)![1]!;
    if (seen.at(-1) !== kind) seen.push(kind);
    assert.match(report.revision!, /^main@sha1:[0-9a-f]{40}$/);
    revisions.add(report.revision!);
    const told = batch.filter((each) =>
      each.type === "seen" && each.collection === "kustomizations"
    );
    assert.ok(seen.length === 1 || told.length <= 3, "a look finds little changed");
  }
  assert.deepEqual(seen, [
    "✓",
    "◌", // the second push
    "✓",
    "◌", // the third, which breaks an app
    "✗ media failed",
    "◌", // the fourth, which mends it
    "✓",
    "◌",
    "✓",
    "◌", // the first of the next round
    "✓",
  ]);
  assert.ok(revisions.size >= 5);
});
