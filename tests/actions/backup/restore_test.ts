/**
 * Restores by whole commands, up to the playbook.
 *
 * @module
 */

import assert from "node:assert/strict";
import { hasData, type RestorePlan, STARTED } from "../../../src/actions/backup/restore_backup.ts";
import { lockInventory } from "../../../src/ansible/run/run_lock.ts";
import { fakeSystem } from "../../ansible/fake_system.ts";
import { ansibleMachine } from "../../cli/ansible_machine.ts";
import { PROJECT_ROOT, runCommand } from "../../cli/fake_context.ts";
import type { Call } from "../../process/fake_runner.ts";
import { CREATE, names, OPEN, withHome } from "./backup_home.ts";

/** The command that a host is sent, run here with its paths below `host`. */
async function received({ argv, options }: Call, host: string) {
  const all = await new Response(options.input).bytes();
  const line = all.indexOf(10);
  const size = Number(new TextDecoder().decode(all.subarray(0, line)));
  const program = new TextEncoder().encode(
    new TextDecoder().decode(all.subarray(line + 1, line + 1 + size))
      .replaceAll("/var/lib/rancher/k3s", `${host}/new-data`)
      .replaceAll("/run/k3s-tool", `${host}/k3s-tool`),
  );
  // Whoever runs this test is root there.
  await Deno.writeTextFile(`${host}/sudo`, '#!/bin/sh\nshift; exec "$@"\n', { mode: 0o755 });
  const child = new Deno.Command("sh", {
    args: ["-c", argv.at(-1)!],
    env: { PATH: `${host}:${Deno.env.get("PATH")}` },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const sent = ReadableStream.from([
    new TextEncoder().encode(`${program.length}\n`),
    program,
    all.subarray(line + 1 + size),
  ]);
  const [{ code, stderr }] = await Promise.all([child.output(), sent.pipeTo(child.stdin)]);
  return { code, stderr: new TextDecoder().decode(stderr) };
}

/** A home with a backup, and a machine that restores it. */
async function withBackup(
  work: (home: {
    readonly directory: string;
    readonly file: string;
    readonly host: string;
    readonly machine: ReturnType<typeof ansibleMachine>;
    restore(...args: readonly string[]): ReturnType<typeof runCommand>;
  }) => Promise<void>,
): Promise<void> {
  await withHome(async ({ directory, host, backups, run }) => {
    assert.equal((await run(CREATE)).code, 0);
    const [name = ""] = await names(backups);
    const machine = ansibleMachine();
    machine.runner.on("ssh", (call) => received(call, host));
    const restore = (...args: readonly string[]) =>
      runCommand(["backup", "restore", ...args], { directory, runner: machine.runner });
    await work({ directory, file: `${backups}/${name}`, host, machine, restore });
  });
}

Deno.test("a server is sent the backup, and the playbook is told which", async () => {
  await withBackup(async ({ file, host, machine, restore }) => {
    const run = await restore(file, ...OPEN, "--yes");
    assert.equal(run.code, 0, run.stderr);
    assert.match(
      run.stderr,
      /^Backup of home, made [-\dT:]+Z on nuc \(k3s v1\.36\.3\+k3s1, sqlite\)/,
    );
    assert.match(run.stderr, /Volumes are not in a backup: pvc-1 \(web\/data\)/);
    const staged = await names(`${host}/new-data/server/restore-staged`);
    assert.deepEqual(staged, ["config", "datastore", "manifest.json", "manifests", "server"]);
    const [{ argv, extraVars } = assert.fail()] = machine.started;
    assert.match(argv.join(" "), /\/playbooks\/restore\.yml$/);
    assert.equal(extraVars.k3s_tool_restore_to, "nuc");
  });
});

Deno.test("while another run is at work, no server is sent anything", async () => {
  await withBackup(async ({ directory, file, machine, restore }) => {
    const inventory = await Deno.realPath(`${directory}/inventory/hosts.yml`);
    using _other = await lockInventory(fakeSystem(directory), inventory);
    const run = await restore(file, ...OPEN, "--yes");
    assert.equal(run.code, 1, run.stderr);
    assert.match(run.stderr, /Another run on .* is under way/);
    assert.deepEqual(machine.runner.calls.filter(({ options }) => options.input !== undefined), []);
  });
});

Deno.test("what cannot be restored is refused before a host is contacted", async () => {
  await withBackup(async ({ directory, file, machine, restore }) => {
    const bad = `${directory}/bad.age`;
    const whole = await Deno.readFile(file);
    const refused = async (code: number, words: RegExp, ...args: readonly string[]) => {
      const run = await restore(...args);
      assert.equal(run.code, code, run.stderr);
      assert.match(run.stderr, words);
    };
    await Deno.writeFile(bad, whole.subarray(0, -100));
    await refused(1, /damaged/, bad, ...OPEN, "--yes");
    await Deno.writeFile(bad, whole.with(whole.length - 40, whole.at(-40)! ^ 1));
    await refused(1, /damaged/, bad, ...OPEN, "--yes");
    await refused(1, /cannot be decrypted/, file, "--passphrase-file", "wrong", "--yes");
    await refused(2, /no host pi/, file, ...OPEN, "--to", "pi", "--yes");
    await refused(2, /Cannot ask without a terminal/, file, ...OPEN, "--no-input");
    const check = await restore(file, ...OPEN, "--check");
    assert.equal(check.code, 0, check.stderr);
    assert.match(check.stderr, /nothing was changed/);
    await runCommand(["config", "set", "k3s_version", "v1.36.2+k3s1"], { directory });
    await refused(2, /v1\.36\.2\+k3s1 is older than .* v1\.36\.3\+k3s1/, file, ...OPEN, "--yes");
    assert.deepEqual(machine.started, []);
    assert.ok(!machine.runner.lines.some((line) => line.startsWith("ssh ")));
  });
});

Deno.test("what a server refuses ends the restore before k3s is stopped", async () => {
  await withBackup(async ({ directory, file }) => {
    const { runner, started } = ansibleMachine();
    runner.on("ssh", { code: 3, stderr: "another restore sends its backup to this host\n" });
    const argv = ["backup", "restore", file, ...OPEN, "--yes"];
    const run = await runCommand(argv, { directory, runner });
    assert.equal(run.code, 1);
    assert.match(run.stderr, /The backup could not be sent to nuc: another restore/);
    assert.deepEqual(started, []);
  });
});

Deno.test("once the server has started with the data, it is provisioning that goes on", async () => {
  const tasks = await Deno.readTextFile(
    `${PROJECT_ROOT}/ansible/roles/k3s_service/tasks/start.yml`,
  );
  assert.ok(tasks.includes(`- name: ${STARTED}\n`));
  const plan = { host: { name: "nuc" } } as RestorePlan;
  const result = { type: "result", host: "nuc", play: "Control plane", task: STARTED } as const;
  assert.equal(hasData(plan, { ...result, status: "changed" }), true);
  assert.equal(hasData(plan, { ...result, status: "failed" }), false);
  assert.equal(hasData(plan, { ...result, host: "pi", status: "changed" }), false);
  assert.equal(hasData(plan, { ...result, task: "Stop k3s", status: "changed" }), false);
});
