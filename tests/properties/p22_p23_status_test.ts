import assert from "node:assert/strict";
import fc from "fast-check";
import { membersOf } from "../../src/reports/membership.ts";
import { nodeReports } from "../../src/reports/node_report.ts";
import { serviceReports } from "../../src/reports/service_report.ts";
import {
  type ClusterNews,
  type ClusterState,
  emptyCluster,
  reduceClusterAll,
} from "../../src/cluster/watch/cluster_state.ts";
import {
  readNode,
  readPod,
  readService,
  readWorkload,
} from "../../src/cluster/read/read_objects.ts";
import { parseStatus, tailnetOf } from "../../src/tailscale/status.ts";
import { nodeColumns } from "../../src/view/tables/nodes.ts";
import { peerColumns } from "../../src/view/tables/peers.ts";
import { SERVICE_COLUMNS } from "../../src/view/tables/services.ts";
import { cellText } from "../../src/view/words/tone.ts";
import { inventoryHost } from "../actions/host_fixture.ts";
import {
  deploymentObject,
  nodeObject,
  podObject,
  serviceObject,
} from "../cluster/objects_fixture.ts";
import { peerFields, statusJson } from "../tailscale/status_fixture.ts";

const NOW = Date.parse("2026-11-23T12:00:00Z");
const RUNS = { numRuns: 200 };

/** Names from a small set, so that things often belong together. */
const name = fc.constantFrom(...Array.from({ length: 12 }, (_, index) => `m${index}`));
const address = fc.nat({ max: 14 }).map((last) => `100.64.0.${last + 1}`);
const machines = fc.uniqueArray(fc.record({ name, address, flag: fc.boolean() }), {
  selector: (each) => each.name,
});

const picture = fc.record({
  hosts: fc.option(machines, { nil: undefined }),
  nodes: fc.option(machines, { nil: undefined }),
  peers: fc.option(machines, { nil: undefined }),
  pods: fc.option(
    fc.uniqueArray(fc.record({ name, node: name, app: name, ready: fc.boolean() }), {
      selector: (each) => each.name,
    }),
    { nil: undefined },
  ),
  services: fc.uniqueArray(name),
  deployments: fc.uniqueArray(fc.record({ name, wanted: fc.nat({ max: 3 }) }), {
    selector: (each) => each.name,
  }),
});

type Picture = typeof picture extends fc.Arbitrary<infer T> ? T : never;

function clusterOf({ nodes, pods, services, deployments }: Picture): ClusterState | undefined {
  if (nodes === undefined) return undefined;
  const listed = (collection: string, objects: readonly unknown[]) =>
    ({ type: "listed", collection, objects }) as ClusterNews;
  return reduceClusterAll(emptyCluster, [
    listed(
      "nodes",
      nodes.map(({ name, address, flag }) =>
        readNode(nodeObject(name, { ip: address, ready: flag ? "True" : "Unknown" }))
      ),
    ),
    listed("services", services.map((each) => readService(serviceObject(each)))),
    listed(
      "deployments",
      deployments.map(({ name, wanted }) =>
        readWorkload("Deployment", deploymentObject(name, { ready: 0, wanted }))
      ),
    ),
    ...pods === undefined ? [] : [listed(
      "pods",
      pods.map(({ name, node, app, ready }) =>
        readPod(podObject(name, { node, ready, labels: { app } }))
      ),
    )],
  ]);
}

function peersOf(machines: Picture["peers"]) {
  if (machines === undefined) return undefined;
  const parsed = parseStatus(statusJson({
    peers: machines.map(({ name, address, flag }) => peerFields(name, address, { Online: flag })),
  }));
  assert.ok("status" in parsed);
  return tailnetOf(parsed.status).peers;
}

function hostsOf(machines: Picture["hosts"]) {
  return machines?.map(({ name, address, flag }) =>
    inventoryHost(name, address, flag ? "control-plane" : "worker")
  );
}

Deno.test("P22 every node is shown with all its columns", () => {
  fc.assert(
    fc.property(picture, (seen) => {
      const reports = nodeReports({
        hosts: hostsOf(seen.hosts),
        cluster: clusterOf(seen),
        peers: peersOf(seen.peers),
        now: NOW,
      });
      const shownNodes = reports.flatMap(({ node }) => node?.name ?? []);
      const shownHosts = reports.flatMap(({ host }) => host?.name ?? []);
      assert.deepEqual(shownNodes.toSorted(), (seen.nodes ?? []).map(({ name }) => name).sort());
      assert.deepEqual(shownHosts, (seen.hosts ?? []).map(({ name }) => name));
      for (const report of reports) {
        assert.ok(report.node ?? report.host);
        for (const { header, cell } of nodeColumns(NOW)) {
          const text = cellText(cell(report));
          if (header !== "NOTE") assert.notEqual(text, "", header);
          assert.doesNotMatch(text, /undefined|NaN|null/);
        }
        // Nothing is measured here, so nothing may look measured.
        assert.equal(report.used, undefined);
        if (seen.pods === undefined) assert.equal(report.pods, undefined);
      }
    }),
    RUNS,
  );
});

Deno.test("P23 every service is shown with pods and health", () => {
  fc.assert(
    fc.property(picture, (seen) => {
      const state = clusterOf(seen);
      if (state === undefined) return;
      const reports = serviceReports(state) ?? [];
      assert.deepEqual(
        reports.map(({ service }) => service.name),
        seen.services.toSorted(),
      );
      for (const { service, pods, health } of reports) {
        if (seen.pods === undefined) {
          assert.deepEqual([pods, health], [undefined, "Unknown"]);
          continue;
        }
        const ready = seen.pods.filter(({ app, ready }) => ready && app === service.name).length;
        assert.equal(pods?.ready, ready);
        if (health === "Healthy") assert.ok(pods!.wanted > 0 && ready >= pods!.wanted);
        if (health === "Down") assert.ok(pods!.wanted > 0 && ready === 0);
        for (const { cell } of SERVICE_COLUMNS) {
          assert.notEqual(cellText(cell(reports[0]!)), "");
        }
      }
    }),
    RUNS,
  );
});

Deno.test("P19 discovery tells each peer's membership, and unknown where it cannot", () => {
  fc.assert(
    fc.property(picture, (seen) => {
      const peers = peersOf(seen.peers) ?? [];
      const state = clusterOf(seen);
      const nodes = state?.nodes && [...state.nodes.values()];
      const members = membersOf(peers, { hosts: hostsOf(seen.hosts), nodes });
      assert.deepEqual(members.map(({ peer }) => peer), peers);
      for (const { peer, membership, inInventory, inCluster, host } of members) {
        const byAddress = seen.hosts?.some(({ address }) => address === peer.ipv4);
        assert.equal(inInventory, byAddress);
        assert.equal(inCluster, seen.nodes?.some(({ address }) => address === peer.ipv4));
        if (membership === "other-address") {
          assert.equal(inInventory, false);
          assert.notEqual(host?.tailscaleIp, peer.ipv4);
        } else {
          const known = seen.hosts !== undefined && seen.nodes !== undefined;
          assert.equal(membership === "unknown", !known);
        }
        for (const { cell } of peerColumns(NOW)) {
          assert.doesNotMatch(
            cellText(cell({ peer, membership, inInventory, inCluster, host, node: undefined })),
            /undefined|NaN/,
          );
        }
      }
    }),
    RUNS,
  );
});
