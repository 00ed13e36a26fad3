import assert from "node:assert/strict";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { runCommand } from "../cli/fake_context.ts";
import { temporaryInventory } from "../inventory/temporary_inventory.ts";

const INVENTORY = `all:
  vars: {cluster_name: home, k3s_version: v1.36.3+k3s1}
  children:
    control_plane:
      hosts:
        nuc: {ansible_host: 100.64.0.1, tailscale_ip: 100.64.0.1}
    workers:
      hosts:
        pi: {ansible_host: 100.64.0.3, tailscale_ip: 100.64.0.3}
      children:
        small:
          hosts:
            zero: {ansible_host: 100.64.0.4, tailscale_ip: 100.64.0.4}
`;

Deno.test("a change of a node that cannot be made is wrong usage, and changes nothing", async () => {
  await using inventory = await temporaryInventory(INVENTORY);
  const { directory } = inventory;
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["set-role", "pi", "worker"], /pi is already a worker/],
    [["set-role", "pi", "boss"], /boss is not a role/],
    [["set-role", "nuc", "worker"], /nuc is the only server/],
    [["set-role", "nobody", "worker"], /no host nobody/],
    [["set-role", "zero", "control-plane"], /group within a group/],
    [["replace", "pi", "nuc", "100.64.0.9"], /nuc is already in the inventory/],
    [["replace", "pi", "nas", "192.168.1.9"], /192\.168\.1\.9/],
    [["rename", "pi", "nuc"], /nuc is already in the inventory/],
    [["rename", "nuc", "box"], /nuc is a server/],
    [["rename", "pi", "no name"], /no name/],
    // A run that was cut off between the inventory and the joining is not to be started again.
    [
      ["replace", "nobody", "pi"],
      /The inventory has pi instead of nobody[^]*finish it with: k3s-tool provision\n/,
    ],
    [
      ["rename", "nobody", "pi"],
      /The inventory has pi instead of nobody[^]*: k3s-tool provision --remove-renamed\n/,
    ],
    [["set-ip", "nobody", "100.64.0.9"], /no host nobody/],
    [["set-ip", "pi", "192.168.1.9"], /192\.168\.1\.9/],
    [["set-ip", "pi", "100.64.0.1"], /nuc/],
    [["set-ip", "pi", "\x1b[31m"], /pi/],
  ];
  for (const [argv, words] of cases) {
    for (const more of [["--yes"], ["--dry-run"]]) {
      const line = ["node", ...argv, ...more];
      const { code, stderr } = await runCommand(line, { directory });
      assert.equal(code, 2, `${line.join(" ")}: ${stderr}`);
      assert.match(stderr, words);
    }
  }
  assert.equal(inventory.read(), INVENTORY);
});

Deno.test("node rename --dry-run shows the change of the inventory and writes nothing", async () => {
  await using inventory = await temporaryInventory(INVENTORY);
  const { directory } = inventory;
  const line = ["node", "rename", "pi", "shed", "--dry-run"];
  const { code, stdout, stderr } = await runCommand(line, { directory });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^-\s+pi: .*100\.64\.0\.3/m);
  assert.match(stdout, /^\+\s+shed:/m);
  const json = await runCommand([...line, "-o", "json"], { directory });
  assert.equal(DOCUMENTS.InventoryChange.parse(JSON.parse(json.stdout)).changed, true);
  assert.equal(inventory.read(), INVENTORY);
});

Deno.test("node set-ip --dry-run shows both variables, but leaves a name that ssh connects to", async () => {
  const named = INVENTORY.replace("ansible_host: 100.64.0.4", "ansible_host: zero.lan");
  await using inventory = await temporaryInventory(named);
  const { directory } = inventory;
  const changed = async (host: string) => {
    const line = ["node", "set-ip", host, "100.64.0.9", "--dry-run"];
    const { code, stdout, stderr } = await runCommand(line, { directory });
    assert.equal(code, 0, stderr);
    return stdout.match(/^\+ .*$/m)?.[0] ?? "";
  };
  assert.match(await changed("pi"), /ansible_host: 100\.64\.0\.9, tailscale_ip: 100\.64\.0\.9/);
  assert.match(await changed("zero"), /ansible_host: zero\.lan, tailscale_ip: 100\.64\.0\.9/);
  assert.equal(inventory.read(), named);
});

Deno.test("without an answer no node is changed", async () => {
  await using inventory = await temporaryInventory(INVENTORY);
  const { directory } = inventory;
  for (
    const argv of [
      ["set-role", "pi", "control-plane"],
      ["replace", "pi"],
      ["replace", "pi", "nas", "100.64.0.9"],
      ["rename", "pi", "shed"],
      ["set-ip", "pi", "100.64.0.9"],
      ["set-ip", "pi", "100.64.0.3"], // it has it already, and k3s may not
    ]
  ) {
    const { code, stderr } = await runCommand(["node", ...argv, "--no-input"], { directory });
    assert.equal(code, 2, stderr);
    assert.match(stderr, /--yes/);
  }
  assert.equal(inventory.read(), INVENTORY);
});
