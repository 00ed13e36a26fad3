import assert from "node:assert/strict";
import fc from "fast-check";
import { addHost, setVariable, unsetVariable } from "../../src/inventory/edit/edit.ts";
import type { LoadedContent } from "../../src/inventory/read/read.ts";
import type { YamlValue } from "../../src/yaml/yaml_value.ts";
import { checkInventory } from "../../src/inventory/read/read.ts";
import { resolveScope } from "../../src/inventory/edit/scope.ts";
import { editInventory } from "../../src/inventory/store.ts";
import { SMALL, temporaryInventory } from "../inventory/temporary_inventory.ts";

/** Values no variable of that name may have. */
const BAD: Readonly<Record<string, fc.Arbitrary<YamlValue>>> = {
  k3s_version: fc.constantFrom("latest", "1.36.3", "v1.36", "v1.36.3+rke2r1", 1.36),
  tailscale_network: fc.constantFrom("100.64.0.0", "100.64.0.0/33", "100.64.0.1/10", "any", 7),
  cluster_name: fc.constantFrom("Home Lab", "-x", "a_b", ""),
  git_repo_url: fc.constantFrom("not a url", 7, true),
  flux_namespace: fc.constantFrom("Flux", "a/b"),
  reserved_cpu: fc.oneof(
    fc.constantFrom("lots", "4 cores", "-1", "4Gi", "", -2, true),
    fc.string({ minLength: 1 }).filter((text) => !/\d|\{\{|\{%/.test(text)),
  ),
  reserved_memory: fc.constantFrom("8", "8 GB", "8gb", "-4Gi", "4Gib", 8, [4]),
  gpu: fc.constantFrom("maybe", 1, "cuda", []),
  gpu_driver: fc.constantFrom("nvidia", true, "570", 7),
  gpu_replicas: fc.constantFrom<YamlValue>(0, -1, 1.5, 65, "4 of them", true, [2]),
  node_labels: fc.constantFrom<YamlValue>(
    { "a b": "c" },
    { a: true },
    { "": "x" },
    ["a=b"],
    "a=b",
    {
      a: "x".repeat(64),
    },
  ),
  node_taints: fc.constantFrom<YamlValue>(
    [{ key: "a", effect: "Never" }],
    [{ effect: "NoSchedule" }],
    [{ key: "a b", effect: "NoSchedule" }],
    [{ key: "a", value: true, effect: "NoSchedule" }],
    "a:NoSchedule",
    { key: "a" },
  ),
  storage_paths: fc.constantFrom<YamlValue>(
    ...[
      "srv/fast",
      "/",
      "/srv",
      "/etc/x",
      "/srv/../etc",
      "/srv/a b",
      "/var/lib/rancher/x",
      "/srv/fast/",
    ].map((path) => [{ path, class: "fast" }]),
    [{ path: "/srv/fast", class: "Fast" }],
    [{ path: "/srv/fast", class: "local-path" }],
    [{ path: "/srv/fast" }],
    [{ path: "/srv/fast", class: "fast", reclaim: "Recycle" }],
    [{ path: "/srv/fast", class: "fast", default: "yes" }],
    [{ path: "/srv/fast", class: "fast", size: "1Ti" }],
    { path: "/srv/fast", class: "fast" },
    "/srv/fast",
  ),
  storage_default_class: fc.constantFrom("Fast", "a/b", "", 7),
  tailscale_ip: fc.constantFrom("fd7a::1", "100.64.0.256", "100.64.0", "", 100.64),
};

const badSetting = fc.constantFrom(...Object.keys(BAD))
  .chain((variable) => fc.tuple(fc.constant(variable), BAD[variable]!));

function set(variable: string, value: YamlValue, scope: string) {
  return (content: LoadedContent) =>
    setVariable(content, {
      scope: resolveScope(content, scope),
      key: { variable, members: [] },
      value,
    });
}

Deno.test("P21 invalid configuration is never written: bad values", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const options = { cwd: inventory.directory };
  await fc.assert(
    fc.asyncProperty(
      badSetting,
      fc.constantFrom("all", "workers", "control_plane", "dgx"),
      async ([variable, value], scope) => {
        await assert.rejects(editInventory(inventory.file, set(variable, value, scope), options), {
          name: "UserError",
          exitCode: 2,
        });
        assert.equal(inventory.read(), SMALL);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("P21 invalid configuration is never written: bad hosts", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const options = { cwd: inventory.directory };
  const bad = fc.oneof(
    // Taken names, addresses and node names; addresses outside; names no node can have.
    fc.record({ name: fc.constantFrom("DGX", "dgx!", "-x", "a b"), ip: fc.constant("100.64.0.9") }),
    fc.record({ name: fc.constant("pi"), ip: fc.constantFrom("100.64.0.1", "100.64.0.3") }),
    fc.record({ name: fc.constant("pi"), ip: fc.constantFrom("10.0.0.1", "100.128.0.1", "x") }),
  );
  await fc.assert(
    fc.asyncProperty(bad, async ({ name, ip }) => {
      const host = { name, role: "worker", vars: { tailscale_ip: ip } } as const;
      const edit = editInventory(inventory.file, (content) => addHost(content, host), options);
      // `dgx!` becomes dgx-, which is no node's name; all others fail for their own reason.
      await assert.rejects(edit, { name: "UserError", exitCode: 2 });
      assert.equal(inventory.read(), SMALL);
    }),
    { numRuns: 100 },
  );
});

Deno.test("P21 invalid configuration is never written: after any edits the file is valid", async () => {
  const anyValue = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.string(), fc.constant("4"));
  const step = fc.oneof(
    badSetting,
    fc.tuple(fc.constantFrom(...Object.keys(BAD), "rack", "x1"), anyValue),
    fc.tuple(fc.constantFrom("reserved_cpu", "tailscale_ip", "rack"), fc.constant(undefined)),
  );
  const steps = fc.array(fc.tuple(step, fc.constantFrom("all", "workers", "dgx")), {
    minLength: 1,
    maxLength: 5,
  });
  await using inventory = await temporaryInventory(SMALL);
  const options = { cwd: inventory.directory };
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      await Deno.writeTextFile(inventory.file, SMALL);
      for (const [[variable, value], scope] of steps) {
        const before = inventory.read();
        const plan = value === undefined
          ? (content: LoadedContent) => {
            const key = { variable, members: [] };
            return unsetVariable(content, { scope: resolveScope(content, scope), key });
          }
          : set(variable, value as YamlValue, scope);
        const done = await editInventory(inventory.file, plan, options).then(
          () => true,
          (error) => {
            assert.equal(error.exitCode, 2, String(error.stack));
            return false;
          },
        );
        if (!done) assert.equal(inventory.read(), before);
        assert.deepEqual((await checkInventory(inventory.file)).problems, []);
      }
    }),
    { numRuns: 150 },
  );
});
