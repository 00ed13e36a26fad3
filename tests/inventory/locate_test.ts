import assert from "node:assert/strict";
import { locateInventory, locateInventoryIfAny } from "../../src/inventory/locate.ts";
import { SMALL, temporaryInventory } from "./temporary_inventory.ts";

Deno.test("the nearest directory wins, then the order of names", async () => {
  await using at = await temporaryInventory(SMALL, {
    "inventory/hosts.yml": SMALL,
    "ansible/inventory/hosts.yml": SMALL,
    "deep/ansible/inventory/hosts.yml": SMALL,
    "deep/hosts.yml": SMALL,
    "deep/er/x": "",
  });
  const find = (cwd: string) => locateInventory({ cwd: `${at.directory}${cwd}` }, undefined);
  assert.equal(await find(""), `${at.directory}/inventory/hosts.yml`);
  assert.equal(await find("/deep"), `${at.directory}/deep/ansible/inventory/hosts.yml`);
  assert.equal(await find("/deep/er"), `${at.directory}/deep/ansible/inventory/hosts.yml`);
  assert.equal(
    await locateInventoryIfAny({ cwd: at.directory }, "deep/hosts.yml"),
    `${at.directory}/deep/hosts.yml`,
  );
});

Deno.test("without an inventory the next step is named, exit code 3", async () => {
  await using at = await temporaryInventory("", { "empty/x": "" });
  await Deno.remove(at.file);
  const system = { cwd: `${at.directory}/empty` };
  assert.equal(await locateInventoryIfAny(system, undefined), undefined);
  await assert.rejects(locateInventory(system, undefined), { exitCode: 3, hint: /k3s-tool init/ });
});
