import assert from "node:assert/strict";
import { describeHost } from "../../../src/inventory/edit/new_host.ts";

const problems = (given: object) => {
  const host = { name: "n4", address: "100.64.0.4", role: "worker" as const, ...given };
  const described = describeHost(host);
  return "problems" in described ? described.problems : [];
};

Deno.test("a label or taint that Kubernetes keeps for itself is named, with why it cannot be set", () => {
  for (
    const [given, flag, key] of [
      [{ labels: ["kubernetes.io/hostname=x"] }, "--label", "kubernetes.io/hostname"],
      [
        { taints: ["node.kubernetes.io/not-ready=x:NoSchedule"] },
        "--taint",
        "node.kubernetes.io/not-ready",
      ],
    ] as const
  ) {
    const [problem, ...others] = problems(given);
    assert.deepEqual(others, []);
    assert.equal(problem?.message, `bad value for ${flag}`);
    assert.equal(problem?.value, key);
    assert.match(problem?.expected ?? "", /another key: Kubernetes or k3s sets this one itself/);
  }
});

Deno.test("what is wrong is shown as it was given", () => {
  assert.equal(problems({ name: "-n4" })[0]?.value, "-n4");
  assert.equal(problems({ address: "100.64" })[0]?.value, "100.64");
  assert.equal(problems({ reservedMemory: "4Gb" })[0]?.value, "4Gb");
  const many = problems({ vars: { gpu: "yes", storage_paths: [{ path: "/srv", class: "a" }] } });
  assert.deepEqual(many.map(({ value }) => value), ["yes", "/srv"]);
});

Deno.test("a variable that was set by its name is named by it, not by its flag", () => {
  const named = (given: object) => problems(given).map(({ message }) => message);
  assert.deepEqual(named({ vars: { reserved_memory: "4Gb", node_labels: 3 } }), [
    "bad value for reserved_memory",
    "bad value for node_labels",
  ]);
  assert.deepEqual(named({ reservedMemory: "4Gb" }), ["bad value for --reserved-memory"]);
});
