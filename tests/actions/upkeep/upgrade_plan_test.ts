import assert from "node:assert/strict";
import fc from "fast-check";
import { compareReleases } from "../../../src/inventory/kubernetes_syntax.ts";
import {
  planUpgrade,
  type UpgradeFacts,
  type UpgradeNode,
} from "../../../src/actions/upkeep/upgrade_plan.ts";

const TARGET = "v1.36.3+k3s1";
const ONE = { size: 1, percent: false };

function node(host: string, of: Partial<UpgradeNode> = {}): UpgradeNode {
  return {
    host,
    node: host,
    role: "worker",
    version: "v1.36.2+k3s1",
    ready: true,
    online: true,
    votes: true,
    cordoned: false,
    marked: false,
    pods: 0,
    held: [],
    ...of,
  };
}

const server = (host: string, of: Partial<UpgradeNode> = {}) =>
  node(host, { role: "control-plane", ...of });

function facts(nodes: readonly UpgradeNode[], more: Partial<UpgradeFacts> = {}): UpgradeFacts {
  const takers = nodes.filter(({ ready, cordoned }) => ready && !cordoned).map(({ node }) => node);
  return { nodes, takers, deprecated: [], ...more };
}

const clusters = fc.array(
  fc.record({
    role: fc.constantFrom("control-plane" as const, "worker" as const),
    version: fc.constantFrom(
      undefined,
      TARGET,
      "v1.36.2+k3s1",
      "v1.35.6+k3s1",
      "v1.34.9+k3s1",
      "v1.36.10+k3s1",
      "v1.36.3+k3s2",
    ),
    ready: fc.boolean(),
    online: fc.boolean(),
    votes: fc.boolean(),
    cordoned: fc.boolean(),
    marked: fc.boolean(),
  }),
  { maxLength: 9 },
).map((all) => facts(all.map((of, index) => node(`n${index}`, of))));

const batches = fc.record({ size: fc.integer({ min: 1, max: 100 }), percent: fc.boolean() });

Deno.test("a plan takes one server at a time and no worker before all servers, and each node once", () => {
  fc.assert(fc.property(clusters, batches, (cluster, batch) => {
    const { steps } = planUpgrade(cluster, { target: TARGET, batch });
    const roles = steps.map(({ role }) => role);
    assert.deepEqual(roles, [...roles].sort(), "control-plane before worker");
    for (const { role, nodes } of steps) {
      assert.ok(nodes.length > 0 && nodes.every((each) => each.role === role));
      assert.ok(role === "worker" || nodes.length === 1);
    }
    const planned = steps.flatMap(({ nodes }) => nodes.map(({ node }) => node));
    assert.equal(new Set(planned).size, planned.length);
    const due = cluster.nodes.filter(({ version, role, ready, online }) =>
      version !== undefined && version !== TARGET && (role === "control-plane" || ready || online)
    );
    assert.deepEqual(planned.sort(), due.map(({ node }) => node).sort());
  }));
});

Deno.test("a plan that is not refused skips no minor version, goes never back, and takes no server down beside one that is not healthy", () => {
  fc.assert(fc.property(clusters, (cluster) => {
    const { steps, refusals } = planUpgrade(cluster, { target: TARGET, batch: ONE });
    if (refusals.length > 0) return;
    for (const { nodes } of steps) {
      for (const { version } of nodes) {
        assert.ok(compareReleases(version!, TARGET) < 0 && /^v1\.3[56]\./.test(version!));
      }
    }
    const down = cluster.nodes.filter(({ role, version, ready, votes }) =>
      role === "control-plane" && version !== undefined && !(ready && votes)
    );
    const [first] = steps;
    if (first?.role === "control-plane") {
      assert.deepEqual(down.filter(({ node }) => node !== first.nodes[0]!.node), []);
    }
  }));
});

Deno.test("a plan after some of its steps were done is exactly the rest", () => {
  fc.assert(fc.property(clusters, batches, fc.nat(9), (cluster, { size }, done) => {
    const batch = { size, percent: false };
    const { steps } = planUpgrade(cluster, { target: TARGET, batch });
    const before = steps.slice(0, done).flatMap(({ nodes }) => nodes.map(({ node }) => node));
    const now = facts(
      cluster.nodes.map((each) =>
        before.includes(each.node) ? { ...each, version: TARGET, ready: true, votes: true } : each
      ),
    );
    const names = (list: typeof steps) => list.map(({ nodes }) => nodes.map(({ node }) => node));
    const rest = planUpgrade(now, { target: TARGET, batch });
    assert.deepEqual(names(rest.steps), names(steps.slice(done)));
  }));
});

Deno.test("only nodes that an upgrade marked are uncordoned", () => {
  fc.assert(fc.property(clusters, (cluster) => {
    const { leftovers } = planUpgrade(cluster, { target: TARGET, batch: ONE });
    const marked = cluster.nodes.filter(({ marked }) => marked);
    assert.deepEqual(leftovers, marked.map(({ node }) => node));
  }));
});

Deno.test("each refusal says why", () => {
  const cases: readonly (readonly [UpgradeFacts, RegExp])[] = [
    [facts([server("a", { version: "v1.36.4+k3s1" })]), /a runs v1\.36\.4.*downgrade/],
    [facts([server("a"), node("w", { version: "v1.36.4+k3s1" })]), /newer than its servers/],
    [facts([server("a", { version: "v1.34.9+k3s1" })]), /skip a minor version/],
    [
      facts([server("a"), server("b", { version: TARGET, ready: false })]),
      /server b is not Ready, so a cannot be taken down/,
    ],
    [
      facts([server("a"), server("b", { version: TARGET, votes: false })]),
      /server b does not vote in etcd, so a cannot/,
    ],
    [
      facts([server("a")], { deprecated: [{ api: "flowschemas of v1beta3", removedIn: 36 }] }),
      /flowschemas of v1beta3 is still used; Kubernetes v1\.36 removes it/,
    ],
  ];
  for (const [known, words] of cases) {
    const { refusals } = planUpgrade(known, { target: TARGET, batch: ONE });
    assert.equal(refusals.length, 1, String(words));
    assert.match(refusals[0]!.message, words);
  }
});

Deno.test("a node that is down goes first, and is not drained; a lone node keeps its pods", () => {
  const { steps, undrained, refusals } = planUpgrade(
    facts([server("a"), server("b", { ready: false }), server("c")]),
    { target: TARGET, batch: ONE },
  );
  assert.deepEqual(steps.map(({ nodes }) => nodes[0]!.node), ["b", "a", "c"]);
  assert.deepEqual([undrained, refusals], [["b"], []]);
  const workers = facts([
    node("w"),
    node("x", { ready: false }),
    node("y", { ready: false, online: false }),
  ]);
  const { steps: order, warnings } = planUpgrade(workers, { target: TARGET, batch: ONE });
  assert.deepEqual(order.map(({ nodes }) => nodes[0]!.node), ["x", "w"]);
  assert.deepEqual(warnings, ["y is offline and is left out; run this again when it is back"]);
  const alone = planUpgrade(facts([server("a")]), { target: TARGET, batch: ONE });
  assert.deepEqual(alone.undrained, ["a"]);
});

Deno.test("a percentage is of all workers, and at least one", () => {
  const workers = ["a", "b", "c", "d"].map((name) => node(name));
  for (const [size, batches] of [[1, 4], [50, 2], [75, 2], [100, 1]] as const) {
    const { steps } = planUpgrade(facts(workers), {
      target: TARGET,
      batch: { size, percent: true },
    });
    assert.equal(steps.length, batches, `${size}%`);
  }
});
