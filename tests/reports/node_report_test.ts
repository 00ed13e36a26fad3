import assert from "node:assert/strict";
import { type NodeReport, nodeReports, type NodeSources } from "../../src/reports/node_report.ts";
import {
  type ClusterNews,
  type ClusterState,
  emptyCluster,
  reduceClusterAll,
} from "../../src/cluster/watch/cluster_state.ts";
import { readNode, readPod } from "../../src/cluster/read/read_objects.ts";
import { parseStatus, tailnetOf } from "../../src/tailscale/status.ts";
import { nodeObject, podObject } from "../cluster/objects_fixture.ts";
import { type PeerFields, peerFields, statusJson } from "../tailscale/status_fixture.ts";
import { inventoryHost } from "../actions/host_fixture.ts";

const NOW = Date.parse("2026-11-23T12:00:00Z");
const SEEN = "2026-11-23T11:00:00.000Z";

function cluster(...objects: ReturnType<typeof nodeObject>[]): ClusterState {
  return reduceClusterAll(emptyCluster, [
    { type: "listed", collection: "nodes", objects: objects.map(readNode) },
  ]);
}

function peers(fields: PeerFields, self: PeerFields = {}) {
  const parsed = parseStatus(
    statusJson({ self, peers: [peerFields("nuc", "100.64.0.1", fields)] }),
  );
  assert.ok("status" in parsed);
  return tailnetOf(parsed.status).peers;
}

function report(sources: Partial<NodeSources>): NodeReport {
  const [first = assert.fail("no report"), ...more] = nodeReports({
    hosts: [inventoryHost("nuc", "100.64.0.1")],
    cluster: cluster(nodeObject("nuc")),
    peers: peers({}),
    now: NOW,
    ...sources,
  });
  assert.deepEqual(more, []);
  return first;
}

function standing({ status, since, source, reason }: NodeReport) {
  return [status, since, source, reason];
}

Deno.test("a node that reports is Ready", () => {
  assert.deepEqual(standing(report({})), ["Ready", "2026-11-20T10:00:00Z", "cluster", ""]);
});

Deno.test("R2: a node whose Tailscale is down is Unreachable since the tailnet last saw it", () => {
  const away = peers({ Online: false, LastSeen: SEEN });
  assert.deepEqual(standing(report({ peers: away })), [
    "Unreachable",
    SEEN,
    "tailnet",
    "its Tailscale is offline",
  ]);
  const expired = peers({ Expired: true, KeyExpiry: "2026-11-20T00:00:00Z" });
  assert.deepEqual(standing(report({ peers: expired })), [
    "Unreachable",
    "2026-11-20T00:00:00.000Z",
    "tailnet",
    "its Tailscale key has expired",
  ]);
});

Deno.test("a node nobody hears of is Unreachable by the cluster's word", () => {
  const silent = cluster(nodeObject("nuc", { ready: "Unknown", since: SEEN }));
  const expected = ["Unreachable", SEEN, "cluster", "Kubelet stopped posting node status"];
  assert.deepEqual(standing(report({ cluster: silent })), expected);
  assert.deepEqual(standing(report({ cluster: silent, peers: undefined })), expected);
});

Deno.test("a kubelet that is ill makes the node NotReady", () => {
  const ill = cluster(nodeObject("nuc", { ready: "False", since: SEEN }));
  assert.deepEqual(standing(report({ cluster: ill })).slice(0, 3), ["NotReady", SEEN, "cluster"]);
});

Deno.test("this machine's own absence says nothing about others", () => {
  const cutOff = peers({ Online: false, LastSeen: SEEN }, { Online: false });
  assert.equal(report({ peers: cutOff }).status, "Ready");
});

Deno.test("a host that is not a node yet is NotProvisioned, and says what is odd", () => {
  const empty = cluster();
  assert.deepEqual(standing(report({ cluster: empty })), [
    "NotProvisioned",
    undefined,
    "inventory",
    "not in the cluster yet",
  ]);
  const away = report({ cluster: empty, peers: peers({ Online: false }) });
  assert.deepEqual([away.status, away.reason], ["NotProvisioned", "its Tailscale is offline"]);
  const moved = report({ cluster: empty, hosts: [inventoryHost("nuc", "100.64.0.2")] });
  assert.equal(moved.reason, "the inventory has 100.64.0.2, the tailnet 100.64.0.1");
  const gone = report({ cluster: empty, hosts: [inventoryHost("x", "100.64.0.2")] });
  assert.equal(gone.reason, "no machine of the tailnet has the address 100.64.0.2");
});

Deno.test("without the cluster nothing is claimed but what the tailnet says", () => {
  assert.equal(report({ cluster: undefined }).status, "Unknown");
  const away = peers({ Online: false, LastSeen: SEEN });
  assert.equal(report({ cluster: undefined, peers: away }).status, "Unreachable");
});

Deno.test("a node that the inventory lacks is shown, after the inventory's", () => {
  const state = cluster(nodeObject("zed", { ip: "100.64.0.8" }), nodeObject("nuc"));
  const reports = nodeReports({
    hosts: [inventoryHost("nuc", "100.64.0.1"), inventoryHost("pi", "100.64.0.2")],
    cluster: state,
    peers: undefined,
    now: NOW,
  });
  assert.deepEqual(reports.map(({ name, inInventory }) => [name, inInventory]), [
    ["nuc", true],
    ["pi", true],
    ["zed", false],
  ]);
});

Deno.test("pods that have not ended count, and what they ask for adds up", () => {
  const events: ClusterNews[] = [
    {
      type: "listed",
      collection: "pods",
      objects: [
        podObject("a"),
        podObject("b", { phase: "Pending" }),
        podObject("c", { phase: "Succeeded" }),
        podObject("d", { node: "other" }),
      ].map(readPod),
    },
    {
      type: "metrics",
      metrics: {
        known: true,
        nodes: new Map([["nuc", { cpu: 0.5, memory: 1024, disk: undefined }]]),
      },
    },
  ];
  const full = report({ cluster: reduceClusterAll(cluster(nodeObject("nuc")), events) });
  assert.equal(full.pods, 2);
  assert.deepEqual(full.requested, { cpu: 0.2, memory: 2 * 64 * 2 ** 20, gpus: 0 });
  assert.deepEqual(full.used, { cpu: 0.5, memory: 1024, disk: undefined });
  const bare = report({});
  assert.deepEqual([bare.pods, bare.requested, bare.used], [undefined, undefined, undefined]);
});

Deno.test("a condition is shown where it tells of trouble: EtcdIsVoter is well while it is True", () => {
  const pressures = (type: string, status: string) => {
    const object = nodeObject("nuc");
    const conditions = [...object.status.conditions, { type, status }];
    return report({
      cluster: cluster({ ...object, status: { ...object.status, conditions } } as typeof object),
    }).pressures;
  };
  for (
    const [type, status, shown] of [
      ["EtcdIsVoter", "True", []],
      ["EtcdIsVoter", "False", ["EtcdIsVoter=False"]],
      ["EtcdIsVoter", "Unknown", []],
      ["ContainerRuntimeReady", "True", []],
      ["GpuHealthy", "False", ["GpuHealthy=False"]],
      ["MemoryPressure", "True", ["MemoryPressure"]],
      ["MemoryPressure", "False", []],
      ["NetworkUnavailable", "True", ["NetworkUnavailable"]],
      ["KernelDeadlock", "False", []],
      ["KernelDeadlock", "True", ["KernelDeadlock"]],
    ] as const
  ) assert.deepEqual(pressures(type, status), shown, `${type}=${status}`);
});
