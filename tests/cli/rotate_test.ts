/** Golden tests of `rotate`. */
import assert from "node:assert/strict";
import { withDirectory } from "../ansible/fake_system.ts";
import { ansibleMachine, type Line, writeInventory } from "./ansible_machine.ts";
import { runCommand } from "./fake_context.ts";

const NOTE = "nuc: its certificates end 2027-11-27 (before: 2026-12-01)";

function events(play: string, message: string): readonly Line[] {
  const result = { type: "result", play, task: "Renew the certificates", seconds: 2 };
  return [
    { type: "run_start", playbook: "rotate_certs.yml", check: false },
    { type: "play_start", play, hosts: ["nuc"] },
    { ...result, host: "nuc", status: "changed" },
    { type: "note", message },
    { type: "run_end", stats: { nuc: { ok: 1, changed: 1 }, pi: { ok: 1 } } },
  ];
}

const PLAYBOOKS = {
  certs: "rotate_certs",
  token: "rotate_token",
  "encryption-keys": "rotate_encryption_keys",
};

for (const [what, playbook] of Object.entries(PLAYBOOKS)) {
  Deno.test(`rotate ${what} plays ${playbook}, asks first, and changes nothing with --check`, async () => {
    await withDirectory(async (directory) => {
      await writeInventory(directory);
      const { runner, started } = ansibleMachine({ events: events("Servers", NOTE) });
      const asked = await runCommand(["rotate", what], { directory, runner });
      assert.equal(asked.code, 2, asked.stderr);
      assert.match(asked.stderr, /--yes/);
      assert.equal(started.length, 0);
      const check = await runCommand(["rotate", what, "--check"], { directory, runner });
      assert.equal(check.code, 0, check.stderr);
      assert.ok(started[0]!.argv.includes("--check"));
      assert.match(check.stderr, /Nothing was changed\.\n$/);
      const run = await runCommand(["rotate", what, "--yes"], { directory, runner });
      assert.equal(run.code, 0, run.stderr);
      assert.ok(!started[1]!.argv.includes("--check"));
      assert.equal(started[1]!.argv.at(-1)!.split("/").at(-1), `${playbook}.yml`);
      assert.ok(run.stderr.includes(NOTE), run.stderr);
    });
  });
}

Deno.test("rotate -o json prints the events, and a host that fails ends with code 1 and the way on", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const good = ansibleMachine({ events: events("Servers", NOTE) });
    const argv = ["rotate", "certs", "--yes", "-o", "json"];
    const json = await runCommand(argv, { directory, runner: good.runner });
    const lines = json.stdout.trim().split("\n").map((line) => JSON.parse(line));
    assert.equal(lines.find(({ type }) => type === "note").message, NOTE);
    assert.equal(lines.at(-1).type, "end");
    const bad = ansibleMachine({
      rc: 2,
      events: [
        ...events("Servers", NOTE).slice(0, 2),
        {
          type: "result",
          host: "nuc",
          play: "Servers",
          task: "Start the service",
          status: "failed",
          message: "k3s.service did not start within 360 s",
        },
        { type: "run_end", stats: { nuc: { failures: 1 } } },
      ],
    });
    const run = await runCommand(["rotate", "token", "--yes"], { directory, runner: bad.runner });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /did not start within 360 s/);
    assert.match(run.stderr, /k3s-tool rotate token/);
  });
});
