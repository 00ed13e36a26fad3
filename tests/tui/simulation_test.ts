import assert from "node:assert/strict";
import fc from "fast-check";
import { NOTHING_HEARD, reduceLive } from "../../src/live/live_state.ts";
import { nodeReports } from "../../src/reports/node_report.ts";
import { ApiError, type Change } from "../../src/cluster/api/kubernetes_api.ts";
import { parseQuantity } from "../../src/inventory/quantity.ts";
import { advance, beginHome } from "../../src/tui/simulation/advance.ts";
import { changeHome } from "../../src/tui/simulation/home_changes.ts";
import { MACHINES } from "../../src/tui/simulation/machines.ts";
import { metricsOf } from "../../src/tui/simulation/measures.ts";
import type { SimState } from "../../src/tui/simulation/model.ts";
import { allNews, newsBetween } from "../../src/tui/simulation/news.ts";
import { nodeJson } from "../../src/tui/simulation/node_json.ts";
import { Player } from "../../src/tui/simulation/player.ts";
import { requested } from "../../src/tui/simulation/scheduler.ts";

const START = Date.parse("2026-11-23T12:00:00Z");

/** Holds a moment to what is true of every cluster. */
function checkHome(state: SimState): void {
  const names = new Set<string>();
  for (const pod of state.pods.values()) {
    const path = `${pod.namespace}/${pod.name}`;
    assert.ok(!names.has(path), `two pods ${path}`);
    names.add(path);
    assert.equal(pod.node === undefined, pod.stage === "pending", path);
    if (pod.node !== undefined) assert.ok(state.nodes.has(pod.node), `${path} on ${pod.node}`);
    if (pod.ready) assert.equal(pod.stage, "running", path);
    assert.ok(pod.restarts >= 0 && pod.since <= state.now && pod.bornAt <= pod.since, path);
    if (pod.owner !== undefined) assert.ok(state.workloads.has(pod.owner), pod.owner);
  }
  for (const [id, { status, replicas }] of state.workloads) {
    for (const count of [...Object.values(status), replicas]) assert.ok(count >= 0, id);
    assert.ok(status.ready <= Math.max(status.pods, 1), id);
    assert.ok(status.updated <= status.pods, id);
  }
  for (const event of state.events.values()) {
    assert.ok(event.count >= 1 && event.firstAt <= event.lastAt && event.lastAt <= state.now);
  }
  const metrics = metricsOf(state);
  assert.ok(metrics.known);
  for (const [name, used] of metrics.nodes) {
    const { status } = nodeJson(state.nodes.get(name)!) as {
      status: { allocatable: Record<string, string> };
    };
    const amount = (what: string) => parseQuantity(status.allocatable[what]!)!;
    const asked = requested(state, name);
    assert.ok(used.cpu! > 0 && used.cpu! <= amount("cpu"), `${name} ${used.cpu}`);
    assert.ok(used.memory! > 0 && used.memory! <= amount("memory"), name);
    assert.ok(used.disk!.used > 0 && used.disk!.used <= used.disk!.capacity, name);
    assert.ok(asked.cpu <= amount("cpu") + 1e-9, `${name} asks ${asked.cpu}`);
    assert.ok(asked.memory * 2 ** 20 <= amount("memory"), name);
  }
}

/** The state of a screen that was told all of it at once. */
function toldAtOnce(state: SimState) {
  return reduceLive(NOTHING_HEARD, allNews(state));
}

const deployment = fc.constantFrom(
  "photos/deployments/web",
  "ai/deployments/chat-ui",
  "ai/deployments/ollama",
  "home/deployments/mqtt-bridge",
  "media/deployments/transcoder",
  "photos/statefulsets/db",
  "monitoring/daemonsets/node-exporter",
);
const namespaced = (path: string) => `/apis/apps/v1/namespaces/${path}`;

/** What people may do, at any time. */
const deed: fc.Arbitrary<(state: SimState) => Change> = fc.oneof(
  fc.record({ name: fc.constantFrom(...MACHINES.map(({ name }) => name)), on: fc.boolean() })
    .map(({ name, on }) => (): Change => ({
      method: "PATCH",
      path: `/api/v1/nodes/${name}`,
      body: { spec: { unschedulable: on || null } },
    })),
  fc.record({ path: deployment, replicas: fc.nat(12) }).map(({ path, replicas }) => (): Change => ({
    method: "PATCH",
    path: `${namespaced(path)}/scale`,
    body: { spec: { replicas } },
  })),
  deployment.map((path) => (): Change => ({
    method: "PATCH",
    path: namespaced(path),
    body: { spec: { template: { metadata: { annotations: { at: path } } } } },
  })),
  fc.record({ index: fc.nat(100), evict: fc.boolean() }).map(
    ({ index, evict }) => (state: SimState): Change => {
      const pods = [...state.pods.values()];
      const { namespace, name } = pods[index % pods.length]!;
      const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
      return evict
        ? { method: "POST", path: `${path}/eviction`, body: {} }
        : { method: "DELETE", path, body: {} };
    },
  ),
);

Deno.test("whatever is done to it and when, the home stays a cluster that could be", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.array(fc.tuple(fc.nat(70), deed), { maxLength: 8 }),
      (seed, deeds) => {
        let now = START;
        const player = new Player({ clock: { now: () => now }, seed });
        let told = player.current();
        let screen = toldAtOnce(told);
        checkHome(told);
        for (const [seconds, request] of deeds) {
          now += seconds * 1000;
          try {
            changeHome(player, request(player.current()));
          } catch (error) {
            // What is not there, or what a budget keeps.
            assert.ok(error instanceof ApiError, String(error));
          }
          const state = player.current();
          checkHome(state);
          screen = reduceLive(screen, newsBetween(told, state));
          told = state;
        }
        // Told piece by piece or at once, a screen shows the same (but for when it was measured).
        const fresh = toldAtOnce(told);
        for (const [name, objects] of Object.entries(fresh.cluster)) {
          if (!(objects instanceof Map)) continue;
          const shown = screen.cluster[name as "pods"];
          assert.deepEqual(new Map([...shown!].sort()), new Map([...objects].sort()), name);
        }
        assert.deepEqual(screen.tailnet, fresh.tailnet);
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("the same seed and time show the same home, another seed another one", () => {
  const at = (seed: number) => advance(beginHome({ seed, startedAt: START }), 200);
  assert.deepEqual(at(7), at(7));
  const names = (state: SimState) => [...state.pods.values()].map(({ name }) => name).join();
  assert.notEqual(names(at(7)), names(at(8)));
});

Deno.test("a step of many seconds leads where single seconds lead", () => {
  const begin = beginHome({ seed: 3, startedAt: START });
  let stepped = begin;
  for (let second = 0; second < 130; second++) stepped = advance(stepped, 1);
  assert.deepEqual(advance(begin, 130), stepped);
  assert.equal(advance(begin, 0), begin);
});

Deno.test("at its beginning nothing is just starting, and the machines are as told", () => {
  const screen = toldAtOnce(beginHome({ seed: 1, startedAt: START }));
  const { inventory, tailnet, cluster, server } = screen;
  assert.equal(server, "simulated");
  assert.ok(inventory?.known && inventory.value !== undefined && tailnet?.known);
  assert.equal(inventory.value.cluster.clusterName, "demo");
  const reports = nodeReports({
    hosts: inventory.value.hosts,
    cluster,
    peers: tailnet.value.peers,
    now: START,
  });
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
  const pods = [...cluster.pods!.values()];
  assert.ok(pods.length >= 25 && pods.length <= 40, String(pods.length));
  assert.ok(new Set(pods.map(({ namespace }) => namespace)).size >= 6);
  const unwell = pods.filter(({ ready, phase }) => !ready && phase === "Running");
  assert.deepEqual(unwell.map(({ name }) => name.replace(/-[^-]+-[^-]+$/, "")), ["mqtt-bridge"]);
});

Deno.test("within six minutes everything has happened that a home may see", () => {
  let state = beginHome({ seed: 1, startedAt: START });
  let screen = toldAtOnce(state);
  const seen = new Set<string>();
  const images = new Set<string>();
  const restarts = () =>
    [...screen.cluster.pods!.values()].reduce((sum, { restarts }) => sum + restarts, 0);
  const before = restarts();
  const usage: number[] = [];
  for (let second = 0; second < 360; second++) {
    const next = advance(state, 1);
    screen = reduceLive(screen, newsBetween(state, next));
    state = next;
    const { cluster, tailnet } = screen;
    assert.ok(tailnet?.known);
    const pi4 = nodeReports({
      hosts: [],
      cluster,
      peers: tailnet.value.peers,
      now: state.now,
    }).find(({ name }) => name === "pi4");
    const words = pi4?.status === "Ready" && seen.has("pi4 Unreachable") ? "is back" : pi4?.status;
    seen.add(`pi4 ${words}`);
    if (
      pi4?.node?.conditions.some(({ type, status }) => type === "Ready" && status === "Unknown")
    ) {
      seen.add("the kubelet is silent");
    }
    for (const { problem } of cluster.pods!.values()) if (problem) seen.add(problem.reason);
    for (const { reason, count } of cluster.events!.values()) {
      if (count > 1) seen.add(`${reason} again`);
      seen.add(reason);
    }
    for (const { phase, owner } of cluster.jobs!.values()) if (owner) seen.add(`job ${phase}`);
    for (const { release, app } of state.pods.values()) {
      if (app === "Deployment photos/web") images.add(String(release));
    }
    if (cluster.metrics.known) usage.push(cluster.metrics.nodes.get("dgx")!.cpu!);
  }
  const missing = [
    "pi4 Unreachable",
    "pi4 is back",
    "the kubelet is silent",
    "NodeNotReady",
    "NodeReady",
    "CrashLoopBackOff",
    "BackOff again",
    "ErrImagePull",
    "ImagePullBackOff",
    "job running",
    "job complete",
    "ScalingReplicaSet",
    "Killing",
  ].filter((each) => !seen.has(each));
  assert.deepEqual(missing, []);
  assert.ok(images.size >= 4, `releases ${[...images]}`);
  assert.ok(restarts() > before + 5);
  assert.ok(Math.max(...usage) > 1.2 * Math.min(...usage));
});
