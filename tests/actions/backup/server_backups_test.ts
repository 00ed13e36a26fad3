/**
 * Backups that a server makes by a schedule, by whole commands.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DOCUMENTS } from "../../../src/cli/program/document_schemas.ts";
import { withDirectory } from "../../ansible/fake_system.ts";
import { ansibleMachine, INVENTORY, writeInventory } from "../../cli/ansible_machine.ts";
import { runCommand } from "../../cli/fake_context.ts";
import { names, withHome } from "./backup_home.ts";

const RECIPIENT = "age1ep26r9dhnaa5r8ffg78ydf852npxu3c3wyrac42a7mkate7r337qk9f067";
const MISTYPED = RECIPIENT.slice(0, -1) + (RECIPIENT.endsWith("q") ? "p" : "q");

Deno.test("backup schedule sets the schedule, keeps what is not given, and provisions that part of the servers alone", async () => {
  await withDirectory(async (directory) => {
    const file = await writeInventory(directory);
    const { runner, started } = ansibleMachine();
    const run = (...args: string[]) =>
      runCommand(["backup", "schedule", ...args], { directory, runner });
    const made = await run("--recipient", RECIPIENT, "--keep-daily", "3");
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stderr, /^Set backup_schedule in /);
    assert.match(started[0]!.argv.join(" "), / --tags backup .*--limit nuc /);
    const again = await run(
      "--every",
      "Mon,Thu 03:00",
      "--directory",
      "/mnt/nas",
      "--keep-weekly",
      "1",
    );
    assert.equal(again.code, 0, again.stderr);
    const value = async () => {
      const said = await runCommand(["config", "get", "backup_schedule", "-o", "json"], {
        directory,
      });
      return JSON.parse(said.stdout).value;
    };
    assert.deepEqual(await value(), {
      every: "Mon,Thu 03:00",
      recipient: RECIPIENT,
      directory: "/mnt/nas",
      keep: { daily: 3, weekly: 1 },
    });
    const checked = await run("--off", "--check");
    assert.match(checked.stdout, /^-.*Mon,Thu/m);
    assert.equal(started.length, 2);
    assert.equal((await run("--off")).code, 0);
    assert.equal(await Deno.readTextFile(file), INVENTORY);
    // Where the setting is gone already, the timer may still be there.
    assert.equal((await run("--off")).code, 0);
    assert.equal(started.length, 4);
  });
});

Deno.test("a schedule without a recipient, or with what is none, is refused before anything is done", async () => {
  await withDirectory(async (directory) => {
    const file = await writeInventory(directory);
    const { runner, started } = ansibleMachine();
    for (
      const [args, words] of [
        [[], /needs --recipient/],
        [["--recipient", "age1none"], /age1none is not an age recipient/],
        // One letter is wrong: only the checksum tells.
        [["--recipient", MISTYPED], /is not an age recipient/],
        [["--recipient", RECIPIENT, "--every", "daily\nx"], /backup_schedule\.every/],
        [["--recipient", RECIPIENT, "--directory", "nas"], /backup_schedule\.directory/],
        [["--off", "--every", "daily"], /--off/],
      ] as const
    ) {
      const { code, stderr } = await runCommand(["backup", "schedule", ...args], {
        directory,
        runner,
      });
      assert.equal(code, 2, stderr);
      assert.match(stderr, words);
    }
    assert.equal(started.length, 0);
    assert.equal(await Deno.readTextFile(file), INVENTORY);
  });
});

Deno.test("a backup of the server is listed, fetched whole, and opened here", async () => {
  await withHome(async ({ directory, host, backups, run }) => {
    const { generateX25519Identity, identityToRecipient } = await import("age-encryption");
    const identity = await generateX25519Identity();
    await Deno.writeTextFile(`${directory}/key`, identity);
    const recipient = await identityToRecipient(identity);
    const there = `${host}/nas`;
    const made = await run(["backup", "create", "--recipient", recipient, "--directory", there]);
    assert.equal(made.code, 0, made.stderr);
    const [name = ""] = await names(there);
    await Deno.writeTextFile(`${there}/notes.txt`, "the owner's");
    const setting = JSON.stringify({ every: "daily", recipient, directory: there });
    assert.equal((await run(["config", "set", "backup_schedule", setting])).code, 0);

    const list = await run(["backup", "list", "--server", "-o", "json"]);
    assert.equal(list.code, 0, list.stderr);
    const { items } = DOCUMENTS.BackupList.parse(JSON.parse(list.stdout));
    assert.deepEqual(items.map(({ file }) => file), [`nuc:${there}/${name}`]);

    const cut = await run(
      ["backup", "fetch", name],
      (answer) => ({ ...answer, code: 255, stderr: "Connection reset" }),
    );
    assert.equal(cut.code, 4, cut.stderr);
    assert.deepEqual(await names(backups), []);

    const fetched = await run(["backup", "fetch", name]);
    assert.equal(fetched.stdout, `${backups}/${name}\n`, fetched.stderr);
    assert.equal((await Deno.stat(`${backups}/${name}`)).mode! & 0o777, 0o600);
    const shown = await run(["backup", "show", name, "--identity", "key"]);
    assert.equal(shown.code, 0, shown.stderr);
    // A copy that is here is not replaced by what a server has now.
    await Deno.writeTextFile(`${there}/${name}`, "another");
    assert.match((await run(["backup", "fetch", name])).stderr, /already exists/);
    assert.equal((await run(["backup", "show", name, "--identity", "key"])).code, 0);

    const missing = await run(["backup", "fetch", name.replace("sqlite", "etcd")]);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /could not be read on nuc: there is no backup home-/);
    assert.equal((await run(["backup", "fetch", "../x"])).code, 2);
  });
});
