/**
 * P22 and P23 in the lists of the live screen.
 *
 * @module
 */

import assert from "node:assert/strict";
import stringWidth from "fast-string-width";
import fc from "fast-check";
import type { ClusterNode, ClusterPod } from "../../src/cluster/read/objects.ts";
import { arrange, layoutList, type ListSpec } from "../../src/view/lists/list.ts";
import { NODE_LIST } from "../../src/view/tables/nodes.ts";
import { nodeRows, workloadRows } from "../../src/view/lists/live_rows.ts";
import { WORKLOAD_LIST } from "../../src/view/tables/services.ts";
import { cellText, noPaint } from "../../src/view/words/tone.ts";
import { inventoryHost } from "../actions/host_fixture.ts";
import { peerFields } from "../tailscale/status_fixture.ts";
import {
  condition,
  liveState,
  look,
  node,
  NOW,
  pod,
  service,
  workload,
} from "../view/live_fixture.ts";

const RUNS = { numRuns: 200 };

const name = fc.constantFrom(...Array.from({ length: 10 }, (_, index) => `m${index}`));
const address = fc.nat({ max: 12 }).map((last) => `100.64.0.${last + 1}`);
const status = fc.constantFrom("True", "False", "Unknown" as const);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const byName = { selector: (each: { readonly name: string }) => each.name };

const anyNode: fc.Arbitrary<ClusterNode> = fc.record({
  name,
  address,
  status: status as fc.Arbitrary<"True" | "False" | "Unknown">,
  cordoned: fc.boolean(),
  server: fc.boolean(),
  known: fc.boolean(),
}).map(({ name, address, status, cordoned, server, known }) =>
  node(name, {
    internalIps: [address],
    conditions: known ? [condition("Ready", status)] : [],
    cordoned,
    roles: server ? ["control-plane"] : [],
    ...known
      ? {}
      : { allocatable: { cpu: undefined, memory: undefined, disk: undefined, pods: undefined } },
  })
);

const usage = fc.record({
  cpu: maybe(fc.double({ min: 0, max: 8, noNaN: true })),
  memory: maybe(fc.nat()),
  disk: maybe(fc.record({ used: fc.nat(), capacity: fc.nat() })),
});

const anyPod: fc.Arbitrary<ClusterPod> = fc.record({
  name,
  app: name,
  ready: fc.boolean(),
  ending: fc.boolean(),
  nodeName: maybe(name),
  problem: maybe(fc.constant({ reason: "CrashLoopBackOff", message: "exit code 1" })),
}).map(({ name, app, ...about }) =>
  pod(name, { ...about, labels: { app }, owner: { kind: "Deployment", name: app } })
);

const picture = fc.record({
  hosts: maybe(fc.uniqueArray(fc.record({ name, address }), byName)),
  peers: maybe(fc.uniqueArray(fc.record({ name, address, online: fc.boolean() }), byName)),
  nodes: maybe(fc.uniqueArray(anyNode, byName)),
  usage: maybe(fc.dictionary(name, usage)),
  pods: maybe(fc.uniqueArray(anyPod, byName)),
  services: fc.uniqueArray(name),
  deployments: fc.uniqueArray(fc.record({ name, wanted: fc.nat({ max: 3 }) }), byName),
});

type Picture = typeof picture extends fc.Arbitrary<infer T> ? T : never;

function stateOf({ hosts, peers, nodes, usage, pods, services, deployments }: Picture) {
  return liveState({
    ...nodes && { nodes },
    ...pods && { pods },
    ...usage && { usage },
    ...hosts && { hosts: hosts.map(({ name, address }) => inventoryHost(name, address)) },
    ...peers && {
      peers: peers.map(({ name, address, online }) =>
        peerFields(name, address, { Online: online, LastSeen: "2026-11-23T11:00:00Z" })
      ),
    },
    services: services.map((each) => service(each)),
    deployments: deployments.map(({ name, wanted }) =>
      workload("Deployment", name, { wanted, ready: 0 })
    ),
  });
}

/** Every line of a list, with room for all columns. */
function drawn<R>(spec: ListSpec<R>, rows: readonly R[]): readonly string[] {
  const { header, lines } = layoutList(spec.columns(NOW), rows, { width: 300, paint: noPaint });
  for (const column of spec.columns(NOW)) {
    assert.ok(column.optional || header.includes(column.header), column.header);
  }
  for (const line of lines) assert.equal(stringWidth(line), 300);
  return lines;
}

Deno.test("P22 every node is shown with all its columns, in the live list", () => {
  fc.assert(
    fc.property(picture, (seen) => {
      const rows = nodeRows(look(stateOf(seen)));
      const lines = drawn(NODE_LIST, rows);
      const known = new Set([...seen.nodes ?? [], ...seen.hosts ?? []].map(({ name }) => name));
      const shown = new Set(rows.flatMap(({ node, host }) => [node?.name, host?.name]));
      shown.delete(undefined);
      assert.deepEqual(shown, known);
      assert.equal(new Set(rows.map(NODE_LIST.key)).size, rows.length);
      for (const [index, row] of rows.entries()) {
        assert.ok(lines[index]!.startsWith(row.name));
        for (const { header, cell } of NODE_LIST.columns(NOW)) {
          const text = cellText(cell(row));
          if (header !== "NOTE") assert.notEqual(text, "", header);
          assert.doesNotMatch(text, /undefined|NaN|null|Infinity/);
        }
        // What was not measured is never a number.
        const bar = (header: string) =>
          cellText(NODE_LIST.columns(NOW).find((each) => each.header === header)!.cell(row));
        if (row.used?.cpu === undefined) assert.match(bar("CPU"), /^[?-] *$/);
        if (row.used?.disk === undefined) assert.match(bar("DISK"), /^[?-] *$/);
        if (seen.pods === undefined) assert.match(bar("PODS"), /^(-|\?\/.*)$/);
        // What sets a machine apart is on its line.
        if (row.cordoned) assert.match(bar("STATUS"), /cordoned/);
        if (seen.hosts && row.host === undefined) assert.match(bar("NOTE"), /not in inventory/);
        if (seen.nodes && row.node === undefined) assert.match(bar("STATUS"), /Not provisioned/);
      }
    }),
    RUNS,
  );
});

Deno.test("P22 a filter shows exactly the nodes it finds, at any width", () => {
  fc.assert(
    fc.property(picture, name, fc.integer({ min: 1, max: 200 }), (seen, filter, width) => {
      const rows = nodeRows(look(stateOf(seen)));
      const found = arrange(NODE_LIST, rows, { filter, now: NOW });
      assert.ok(rows.every((row) => row.name !== filter || found.includes(row)));
      const { lines } = layoutList(NODE_LIST.columns(NOW), found, { width, paint: noPaint });
      for (const line of lines) assert.equal(stringWidth(line), width);
    }),
    RUNS,
  );
});

Deno.test("P23 every service is shown with pods and health, in the live list", () => {
  fc.assert(
    fc.property(picture, (seen) => {
      const rows = workloadRows(look(stateOf(seen)));
      const lines = drawn(WORKLOAD_LIST, rows);
      const of = (kind: string) =>
        rows.filter((row) => row.kind === kind).map(({ name }) => name).sort();
      assert.deepEqual(of("Service"), seen.services.toSorted());
      assert.deepEqual(of("Deployment"), seen.deployments.map(({ name }) => name).sort());
      for (const [index, row] of rows.entries()) {
        const line = lines[index]!;
        assert.ok(line.includes(row.name) && line.includes(row.health), line);
        if (row.kind !== "Service") continue;
        if (seen.pods === undefined) {
          assert.deepEqual([row.pods, row.health], [undefined, "Unknown"]);
          continue;
        }
        const mine = seen.pods.filter(({ labels, ending }) => labels.app === row.name && !ending);
        assert.equal(row.pods?.ready, mine.filter(({ ready }) => ready).length);
        assert.ok(line.includes(`${row.pods?.ready}/${row.pods?.wanted}`));
        if (row.health === "Healthy") {
          assert.ok(row.pods!.wanted > 0 && row.pods!.ready >= row.pods!.wanted);
          assert.equal(row.problem?.reason, undefined);
        }
        const waits = mine.some(({ ready, problem }) => !ready && problem);
        if (waits) assert.match(line, /CrashLoopBackOff/);
      }
    }),
    RUNS,
  );
});
