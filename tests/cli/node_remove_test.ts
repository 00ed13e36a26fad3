/** Golden tests of `node remove` and `reset`. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { withDirectory } from "../ansible/fake_system.ts";
import { ansibleMachine, INVENTORY, type Line, writeInventory } from "./ansible_machine.ts";
import { k3sKubeconfig } from "../kubeconfig/kubeconfig_fixture.ts";
import { runCommand } from "./fake_context.ts";

const REMOVED: readonly Line[] = [
  { type: "run_start", playbook: "remove_node.yml", check: false },
  { type: "play_start", play: "Remove node", hosts: ["pi"] },
  {
    type: "result",
    host: "pi",
    play: "Remove node",
    task: "Drain",
    status: "changed",
    seconds: 2,
  },
  { type: "run_end", stats: { pi: { ok: 1, changed: 1 } } },
];
const STUCK: readonly Line[] = [
  ...REMOVED.slice(0, 2),
  {
    type: "result",
    host: "pi",
    play: "Remove node",
    task: "Drain",
    status: "failed",
    message: "a budget allows no eviction",
  },
  { type: "run_end", stats: { pi: { failures: 1 } } },
];

Deno.test("node remove: out of the cluster first, the inventory last, its comments kept", async () => {
  await withDirectory(async (directory) => {
    const file = await writeInventory(directory);
    let during = "";
    const { runner, started } = ansibleMachine({
      events: REMOVED,
      onStarted: async () => {
        during = await Deno.readTextFile(file);
      },
    });
    const result = await runCommand(["node", "remove", "pi", "--yes"], { directory, runner });
    assert.equal(result.code, 0, result.stderr);
    assert.equal(during, INVENTORY, "the inventory is whole while the node is taken out");
    assert.deepEqual(started[0]?.extraVars, { k3s_tool_node: "pi", k3s_tool_host_gone: false });
    assert.match(started[0]?.argv.at(-1) ?? "", /playbooks\/remove_node\.yml$/);
    const after = await Deno.readTextFile(file);
    assert.ok(!after.includes("pi:"));
    assert.ok(after.startsWith(INVENTORY.slice(0, INVENTORY.indexOf("    workers:"))));
    assert.match(result.stderr, /Removed pi from the cluster and the inventory\.\n$/);
  });
});

Deno.test("where the cluster keeps the node, the inventory keeps the host", async () => {
  await withDirectory(async (directory) => {
    const file = await writeInventory(directory);
    const { runner } = ansibleMachine({ events: STUCK, rc: 2 });
    const result = await runCommand(["remove-node", "pi", "--yes"], { directory, runner });
    assert.equal(result.code, 1);
    assert.equal(await Deno.readTextFile(file), INVENTORY);
    assert.match(result.stderr, /Removing pi failed on pi: .*a budget allows no eviction/);
    assert.match(result.stderr, /--force if the machine is gone/);
  });
});

Deno.test("--force does nothing on the machine; --dry-run changes nothing at all", async () => {
  await withDirectory(async (directory) => {
    const file = await writeInventory(directory);
    const { runner, started } = ansibleMachine({ events: REMOVED });
    const argv = ["node", "remove", "pi", "--force", "--dry-run"];
    const result = await runCommand(argv, { directory, runner });
    assert.equal(result.code, 0, result.stderr);
    assert.equal(started[0]?.extraVars.k3s_tool_host_gone, true);
    assert.ok(started[0]?.argv.includes("--check"));
    assert.match(result.stdout + result.stderr, /pi would be removed from \S+hosts\.yml/);
    assert.equal(await Deno.readTextFile(file), INVENTORY);
    const role = ["node", "set-role", "pi", "control-plane", "--dry-run"];
    const planned = await runCommand(role, {
      directory,
      runner: ansibleMachine({ events: REMOVED }).runner,
    });
    assert.equal(planned.code, 0, planned.stderr);
    assert.match(
      planned.stdout + planned.stderr,
      /pi would be changed in [^]*join the cluster as a server[^]*SQLite, it would be migrated to etcd/,
    );
    assert.equal(await Deno.readTextFile(file), INVENTORY);
  });
});

Deno.test("--inventory-only edits the file and starts nothing", async () => {
  await withDirectory(async (directory) => {
    const file = await writeInventory(directory);
    const { runner } = ansibleMachine();
    const argv = ["node", "remove", "pi", "--inventory-only"];
    const tried = await runCommand([...argv, "--dry-run"], { directory, runner });
    assert.equal(tried.code, 0, tried.stderr);
    assert.equal(await Deno.readTextFile(file), INVENTORY);
    const result = await runCommand(argv, { directory, runner });
    assert.equal(
      result.stderr,
      "Removed pi from inventory/hosts.yml. The cluster was not changed.\n",
    );
    assert.ok(!(await Deno.readTextFile(file)).includes("pi:"));
    assert.deepEqual(runner.calls, []);
  });
});

Deno.test("--inventory-only of several hosts is one edit, one patch and one document", async () => {
  const more = INVENTORY.trimEnd() + "\n        nas: { tailscale_ip: 100.64.0.9 }\n";
  await withDirectory(async (directory) => {
    const file = await writeInventory(directory, more);
    const remove = (...rest: string[]) =>
      runCommand(["node", "remove", ...rest, "--inventory-only"], { directory });
    const planned = await remove("pi", "nas", "-o", "json", "--dry-run");
    const plan = DOCUMENTS.InventoryChange.parse(JSON.parse(planned.stdout));
    assert.deepEqual(plan.files, ["inventory/hosts.yml"]);
    assert.match(plan.diff ?? "", /^-.* pi:.*\n-.* nas:/m);
    assert.equal(await Deno.readTextFile(file), more);
    // All or none.
    assert.equal((await remove("pi", "mars", "-o", "json")).code, 2);
    assert.equal(await Deno.readTextFile(file), more);
    const { stdout } = await remove("pi", "nas", "pi", "-o", "json");
    const done = DOCUMENTS.InventoryChange.parse(JSON.parse(stdout));
    assert.deepEqual([done.changed, done.host], [true, undefined]);
    assert.deepEqual(done.hosts?.map(({ name }) => name), ["pi", "nas"]);
    assert.doesNotMatch(await Deno.readTextFile(file), /pi:|nas:/);

    await writeInventory(directory, more);
    const one = JSON.parse((await remove("nas", "-o", "json")).stdout);
    assert.deepEqual([one.host.name, one.hosts.length], ["nas", 1]);
    await writeInventory(directory, more);
    const { stderr } = await remove("pi", "nas");
    assert.equal(
      stderr,
      "Removed pi, nas from inventory/hosts.yml. The cluster was not changed.\n",
    );
  });
});

Deno.test("several hosts go one after the other, or none where one may not go", async () => {
  await withDirectory(async (directory) => {
    const file = await writeInventory(directory);
    const more = INVENTORY.trimEnd() +
      "\n        nas: { ansible_host: 100.64.0.9, tailscale_ip: 100.64.0.9 }\n";
    await Deno.writeTextFile(file, more);
    const { runner, started } = ansibleMachine({ events: REMOVED });
    const remove = (...rest: string[]) =>
      runCommand(["node", "remove", ...rest], { directory, runner });
    for (const wrong of [["pi", "mars"], ["pi", "nuc"]]) {
      const refused = await remove(...wrong, "--yes");
      assert.equal(refused.code, 2, refused.stderr);
    }
    assert.equal(started.length, 0);
    assert.equal(await Deno.readTextFile(file), more);
    const result = await remove("pi", "nas", "pi", "--yes");
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(started.map(({ extraVars }) => extraVars.k3s_tool_node), ["pi", "nas"]);
    assert.doesNotMatch(await Deno.readTextFile(file), /pi:|nas:/);
  });
});

Deno.test("where one of several hosts is not removed, the line to go on with leaves out those that are done", async () => {
  await withDirectory(async (directory) => {
    const file = await writeInventory(directory);
    await Deno.writeTextFile(
      file,
      INVENTORY.trimEnd() +
        "\n        nas: { ansible_host: 100.64.0.9, tailscale_ip: 100.64.0.9 }\n",
    );
    // A file that is called like a host stays in the line.
    await Deno.rename(file, `${directory}/pi`);
    const stop = new AbortController();
    const { runner, started } = ansibleMachine({
      events: REMOVED,
      onStarted: () => started.length === 2 ? stop.abort() : undefined,
    });
    const argv = ["node", "remove", "-i", "pi", "pi", "--force", "nas", "--yes"];
    const { code, stderr } = await runCommand(argv, { directory, runner, signal: stop.signal });
    assert.equal(code, 130, stderr);
    assert.match(stderr, /k3s-tool node remove -i pi --force nas --yes/);
  });
});

Deno.test("the only server stays; an unknown host is none; nobody to ask names the flag", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner, started } = ansibleMachine();
    const remove = (...rest: string[]) =>
      runCommand(["node", "remove", ...rest], { directory, runner });
    const server = await remove("nuc", "--yes");
    assert.equal(server.code, 2);
    assert.match(server.stderr, /nuc is the only server/);
    const unknown = await remove("mars", "--yes");
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /no host mars\nHint: See the hosts with: k3s-tool node list/);
    const asked = await remove("pi");
    assert.equal(asked.code, 2);
    assert.match(asked.stderr, /--yes/);
    assert.equal(started.length, 0);
  });
});

Deno.test("reset runs its playbook on the hosts of --limit and keeps the inventory", async () => {
  await withDirectory(async (directory) => {
    const file = await writeInventory(directory);
    const { runner, started } = ansibleMachine();
    const refused = await runCommand(["reset"], { directory, runner });
    assert.equal(refused.code, 2);
    const result = await runCommand(["reset", "--yes", "-l", "pi"], { directory, runner });
    assert.equal(result.code, 0, result.stderr);
    assert.equal(started.length, 1);
    const folder = `${directory}/.local/state/k3s-tool/kubeconfigs`;
    await Deno.mkdir(folder, { recursive: true });
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(file));
    const stored = `${folder}/${new Uint8Array(digest).toHex().slice(0, 16)}.yaml`;
    await Deno.writeTextFile(stored, "{}");
    await runCommand(["reset", "--yes", "--dry-run"], { directory, runner });
    assert.ok((await Deno.stat(stored)).isFile);
    await runCommand(["reset", "--yes"], { directory, runner });
    assert.equal(await Deno.stat(stored).catch(() => "gone"), "gone");
    assert.match(started[0]?.argv.join(" ") ?? "", /--limit pi \S+\/playbooks\/reset\.yml$/);
    assert.equal(await Deno.readTextFile(file), INVENTORY);
  });
});

Deno.test("contexts of the person's own kubeconfig that lead nowhere afterwards are named, and stay", async () => {
  await withDirectory(async (directory) => {
    const file = await writeInventory(directory);
    const { runner } = ansibleMachine({
      onStarted: async ({ extraVars }) => {
        const path = extraVars.k3s_tool_kubeconfig_path;
        if (path !== undefined) await Deno.writeTextFile(String(path), k3sKubeconfig());
      },
    });
    const say = async (...argv: string[]) =>
      (await runCommand([...argv, "--yes"], { directory, runner })).stderr;
    await say("kubeconfig");
    await say("kubeconfig", "--context", "a b");
    // Another cluster on that machine, and what is no cluster at all.
    const config = parse(await Deno.readTextFile(`${directory}/.kube/config`));
    config.clusters.push({ name: "other", cluster: { server: "https://100.64.0.1:7443" } });
    config.clusters.push({ name: "odd", cluster: { server: 7 } });
    config.contexts.push({ name: "other", context: { cluster: "other" } });
    config.contexts.push({ name: "odd", context: { cluster: { toString: 1 } } }, { name: "empty" });
    await Deno.writeTextFile(`${directory}/.kube/config`, JSON.stringify(config));
    const own = await Deno.readTextFile(`${directory}/.kube/config`);
    const server = "        nas: {ansible_host: 100.64.0.9, tailscale_ip: 100.64.0.9}\n";
    await Deno.writeTextFile(file, INVENTORY.replace("    workers:", `${server}    workers:`));

    assert.doesNotMatch(await say("node", "remove", "nas"), /in your kubeconfig/);
    await Deno.writeTextFile(file, INVENTORY.replace("    workers:", `${server}    workers:`));
    assert.match(
      await say("node", "remove", "nuc"),
      /The contexts homelab, a b in your kubeconfig still point to nuc\. To use another server, run: k3s-tool kubeconfig && k3s-tool kubeconfig --context 'a b'\n/,
    );
    await Deno.writeTextFile(file, INVENTORY);
    const still =
      /Your kubeconfig still has the contexts homelab, a b of this cluster\. To remove them, run: kubectl config delete-context homelab && kubectl config delete-context 'a b'\n/;
    assert.doesNotMatch(await say("reset", "-l", "pi"), /Your kubeconfig/);
    assert.match(await say("reset"), still);
    assert.doesNotMatch(await say("reset"), /Your kubeconfig/);
    assert.equal(await Deno.readTextFile(`${directory}/.kube/config`), own);

    await say("kubeconfig");
    await Deno.writeTextFile(`${directory}/.kube/config`, "a: [");
    assert.doesNotMatch(await say("reset"), /Your kubeconfig|cannot be/);
  });
});

Deno.test("reset says that a database keeps the cluster's data", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner } = ansibleMachine();
    const said = async (...words: string[]) =>
      (await runCommand(["reset", "--yes", ...words], { directory, runner })).stderr;
    const kept = /data is still in its database/;
    assert.doesNotMatch(await said(), kept);
    await runCommand(["config", "set", "datastore_endpoint_file", "db"], { directory });
    assert.match(await said(), kept);
    assert.doesNotMatch(await said("-l", "pi"), kept);
  });
});

for (const command of ["provision", "node remove pi", "reset", "kubeconfig"]) {
  Deno.test(`${command} takes the files with the passwords of the hosts`, async () => {
    await withDirectory(async (directory) => {
      await writeInventory(directory);
      const { runner, started } = ansibleMachine({ events: REMOVED });
      const files = ["--become-password-file", "sudo", "--vault-password-file", "/run/vault"];
      await runCommand([...command.split(" "), "--yes", ...files], { directory, runner });
      assert.match(
        started[0]?.argv.join(" ") ?? "",
        new RegExp(
          ` --become-password-file ${directory}/sudo --vault-password-file /run/vault `,
        ),
      );
    });
  });
}
