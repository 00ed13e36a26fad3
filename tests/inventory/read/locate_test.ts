import assert from "node:assert/strict";
import { locateInventory, locateInventoryIfAny } from "../../../src/inventory/read/locate.ts";
import { readInventory } from "../../../src/inventory/read/read.ts";
import { editInventory } from "../../../src/inventory/store.ts";
import { SMALL, temporaryInventory } from "../temporary_inventory.ts";

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

Deno.test("the nearest candidate counts also where it cannot be read: nobody else's is changed", async () => {
  for (const kind of ["link", "directory link", "loop", "directory", "pipe"]) {
    await using at = await temporaryInventory(SMALL, { "deep/x": "" });
    const deep = `${at.directory}/deep`;
    const name = kind === "directory link" ? `${deep}/inventory/hosts.yml` : `${deep}/hosts.yml`;
    if (kind === "link") await Deno.symlink("nowhere.yml", name);
    if (kind === "directory link") await Deno.symlink("nowhere", `${deep}/inventory`);
    if (kind === "loop") await Deno.symlink("hosts.yml", name);
    if (kind === "directory") await Deno.mkdir(name);
    if (kind === "pipe") await new Deno.Command("mkfifo", { args: [name] }).output();
    assert.equal(await locateInventory({ cwd: deep }, undefined), name);
    const refused = {
      exitCode: 2,
      message: /broken symbolic link|is a directory|not a regular file/,
    };
    await assert.rejects(readInventory(name), refused);
    const plan = () => assert.fail("nothing to edit");
    await assert.rejects(editInventory(name, plan, { cwd: deep }), refused);
    assert.equal(at.read(), SMALL);
  }
});
