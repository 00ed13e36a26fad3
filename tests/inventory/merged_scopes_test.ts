import assert from "node:assert/strict";
import fc from "fast-check";
import { readInventory } from "../../src/inventory/read/read.ts";
import { PROJECT_ROOT, runCommand } from "../cli/fake_context.ts";
import { temporaryInventory } from "./temporary_inventory.ts";

/** The inventory that the roles' test reads too, and what comes of it. */
const SCOPES = `${PROJECT_ROOT}/tests/ansible/with_ansible/scopes`;

const GROUP_AND_HOST = `all:
  children:
    control_plane:
      hosts:
        n1: {ansible_host: 100.64.0.1, tailscale_ip: 100.64.0.1}
    workers:
      vars:
        node_labels:
          disk: hdd
          room: cellar
      hosts:
        n3: {ansible_host: 100.64.0.3, tailscale_ip: 100.64.0.3}
`;

Deno.test("labels, taints, annotations and options of k3s are merged over scopes as the roles merge them", async () => {
  const inventory = await readInventory(`${SCOPES}/hosts.yml`);
  const found = Object.fromEntries(
    inventory.hosts.map(({ name, labels, taints, vars }) => [name, {
      labels: { ...labels },
      taints,
      annotations: vars.get("node_annotations")?.value,
      options: vars.get("k3s_config")?.value,
    }]),
  );
  assert.deepEqual(found, JSON.parse(await Deno.readTextFile(`${SCOPES}/expected.json`)));
});

Deno.test("a label of one host hides no label of its group", async () => {
  await using inventory = await temporaryInventory(GROUP_AND_HOST);
  const run = async (...argv: string[]) => {
    const { code, stdout, stderr } = await runCommand(argv, { directory: inventory.directory });
    assert.equal(code, 0, stderr);
    return { stdout, stderr };
  };
  await run("config", "set", "node_labels.x", "1", "--scope", "n3");
  const get = async (...argv: string[]) => (await run("config", "get", ...argv)).stdout;
  const labels = JSON.parse(await get("node_labels", "--scope", "n3", "-o", "json"));
  assert.deepEqual(labels.value, { disk: "hdd", room: "cellar", x: "1" });
  assert.equal(
    await get("node_labels.disk", "--scope", "n3", "--show-origin"),
    "hosts.yml:9:11\thdd\n",
  );
  assert.match(await get("node_labels.x", "--scope", "n3", "--show-origin"), /^hosts\.yml:1\d:/);

  const all = await run("config", "set", "node_labels.zone", "home");
  assert.doesNotMatch(all.stderr, /no effect/);
  const hidden = await run("config", "set", "node_labels", '{"disk": "nvme", "y": "2"}');
  assert.match(hidden.stderr, /node_labels.disk has no effect on n3: workers overrides it/);
});

for (
  const [variable, value] of [
    ["node_labels.kubernetes.io/hostname", "x"],
    ["node_labels.kubernetes.io/arch", "x"],
    ["node_labels.node-role.kubernetes.io/control-plane", "true"],
    ["node_annotations.k3s-tool.io/owned-labels", "[]"],
    ["node_annotations.etcd.k3s.cattle.io/node-address", "x"],
    ["node_taints", '[{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}]'],
  ] as const
) {
  Deno.test(`config set refuses a key that Kubernetes keeps for itself: ${variable}`, async () => {
    await using inventory = await temporaryInventory(GROUP_AND_HOST);
    const { code, stderr } = await runCommand(
      ["config", "set", variable, value, "--scope", "n3"],
      { directory: inventory.directory },
    );
    assert.equal(code, 2, stderr);
    assert.match(stderr, /Kubernetes or k3s sets this one itself/);
    assert.equal(inventory.read(), GROUP_AND_HOST);
  });
}

Deno.test("keys that people do set are not refused", async () => {
  await using inventory = await temporaryInventory(GROUP_AND_HOST);
  for (
    const [variable, value] of [
      ["node_labels.topology.kubernetes.io/zone", "home"],
      ["node_labels.node-role.kubernetes.io/gpu", "true"],
      ["node_labels.svccontroller.k3s.cattle.io/enablelb", "true"],
      ["node_annotations.flannel.alpha.coreos.com/public-ip-overwrite", "100.64.0.3"],
      ["node_taints", '[{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]'],
    ] as const
  ) {
    const { code, stderr } = await runCommand(
      ["config", "set", variable, value, "--scope", "n3"],
      { directory: inventory.directory },
    );
    assert.equal(code, 0, stderr);
  }
});

Deno.test("merging: a host's labels are all of its group's but those it sets itself", async () => {
  const labels = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.constantFrom("1", "2"));
  await fc.assert(
    fc.asyncProperty(labels, labels, labels, async (all, group, host) => {
      const text = JSON.stringify({
        all: {
          vars: { node_labels: all },
          children: {
            control_plane: { hosts: { n1: { tailscale_ip: "100.64.0.1" } } },
            workers: {
              vars: { node_labels: group },
              hosts: { n3: { tailscale_ip: "100.64.0.3", node_labels: host } },
            },
          },
        },
      });
      await using inventory = await temporaryInventory(text);
      const { hosts } = await readInventory(inventory.file);
      const found = (name: string) => ({ ...hosts.find((each) => each.name === name)!.labels });
      assert.deepEqual(found("n3"), { ...all, ...group, ...host });
      assert.deepEqual(found("n1"), { ...all });
    }),
    { numRuns: 100 },
  );
});
