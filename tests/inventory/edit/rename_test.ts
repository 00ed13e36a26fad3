/** A host that is renamed, with the files beside the inventory. */
import assert from "node:assert/strict";
import { changeHost, type HostChange } from "../../../src/inventory/edit/edit.ts";
import { editInventory } from "../../../src/inventory/store.ts";
import { withDirectory } from "../../ansible/fake_system.ts";

const INVENTORY = `all:
  children:
    control_plane:
      hosts:
        nuc: {tailscale_ip: 100.64.0.1}
    workers:
      hosts:
        nas: {tailscale_ip: 100.64.0.2, ansible_host: 100.64.0.2} # the old one
`;

/** Changes `nas` in a directory with these files; what is in the files that were written. */
function changed(
  files: Readonly<Record<string, string>>,
  to: HostChange,
  check: (read: (name: string) => Promise<string>, directory: string) => Promise<void>,
): Promise<void> {
  return withDirectory(async (directory) => {
    for (const [name, text] of Object.entries({ "hosts.yml": INVENTORY, ...files })) {
      const path = `${directory}/${name}`;
      await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(path, text, { mode: 0o600 });
    }
    const file = `${directory}/hosts.yml`;
    await editInventory(file, (content) => changeHost(content, "nas", to), { cwd: directory });
    await check((name) => Deno.readTextFile(`${directory}/${name}`), directory);
  });
}

const NEW = { tailscale_ip: "100.64.0.9" };

Deno.test("another machine of the same name gets its address, and the name stays", () =>
  changed({}, { name: "nas", vars: NEW }, async (read) => {
    const expected = INVENTORY.replace("tailscale_ip: 100.64.0.2", "tailscale_ip: 100.64.0.9");
    assert.equal(await read("hosts.yml"), expected);
  }));

Deno.test("a variable changes where it counts: in another group, for a host without variables, in a file", async () => {
  const two = INVENTORY.replace(
    "    workers:",
    "    cellar:\n      hosts:\n        nas:\n    workers:",
  );
  await changed({ "hosts.yml": two }, { name: "shed", vars: NEW }, async (read) => {
    const expected = two.replaceAll("nas:", "shed:")
      .replace("tailscale_ip: 100.64.0.2", "tailscale_ip: 100.64.0.9");
    assert.equal(await read("hosts.yml"), expected);
  });
  const files = { "host_vars/nas.yml": "tailscale_ip: 100.64.0.2 # mine\n" };
  await changed(files, { name: "shed", vars: NEW }, async (read) => {
    assert.equal(await read("host_vars/shed.yml"), "tailscale_ip: 100.64.0.9 # mine\n");
    assert.equal(await read("host_vars/nas.yml"), files["host_vars/nas.yml"]);
    assert.equal(await read("hosts.yml"), INVENTORY.replace("nas:", "shed:"));
  });
});

Deno.test("files of variables are copied to where Ansible reads them, with their modes", async () => {
  const files = { "host_vars/nas/nas.yml": "rack: 1\n", "host_vars/nas/more/b.yml": "shelf: 2\n" };
  await changed(files, { name: "shed" }, async (read, directory) => {
    assert.equal(await read("host_vars/shed/nas.yml"), "rack: 1\n");
    assert.equal(await read("host_vars/shed/more/b.yml"), "shelf: 2\n");
    const { mode } = await Deno.stat(`${directory}/host_vars/shed/nas.yml`);
    assert.equal(mode! & 0o777, 0o600);
  });
});

Deno.test("files that are left from a host of the new name are named, and nothing is written", async () => {
  for (const left of ["host_vars/shed.yml", "host_vars/shed.json", "host_vars/shed/a.yml"]) {
    const files = { "host_vars/nas.yml": "rack: 1\n", [left]: "rack: 2\n" };
    const name = left.replace("/a.yml", "");
    await assert.rejects(changed(files, { name: "shed" }, () => Promise.resolve()), {
      exitCode: 2,
      message: `${name} already exists; nothing was written`,
    });
  }
  // Without own ones they were written for the new name.
  await changed({ "host_vars/shed.yml": "rack: 2\n" }, { name: "shed" }, async (read) => {
    assert.equal(await read("host_vars/shed.yml"), "rack: 2\n");
  });
});

Deno.test("a port behind the name stays, also under another role", async () => {
  const ported = { "hosts.yml": INVENTORY.replace("nas:", "nas:2222:") };
  await changed(ported, { role: "control-plane" }, async (read) => {
    assert.match(await read("hosts.yml"), /control_plane:\n +hosts:\n.*\n +nas:2222: \{/);
  });
  await changed(
    ported,
    { name: "shed", vars: NEW },
    async (read) => {
      const expected = INVENTORY.replace("nas:", "shed:2222:")
        .replace("tailscale_ip: 100.64.0.2", "tailscale_ip: 100.64.0.9");
      assert.equal(await read("hosts.yml"), expected);
    },
  );
});
