import assert from "node:assert/strict";
import { closeRun, openRun, pastRuns } from "../../../src/ansible/run/run_history.ts";
import { lockHolder, lockInventory } from "../../../src/ansible/run/run_lock.ts";
import {
  endProcessesOfRun,
  processesOfRun,
  removeTemporary,
  socketsFile,
  temporaryOf,
} from "../../../src/ansible/run/run_processes.ts";
import { betweenRuns } from "../../../src/ansible/run/run_playbook.ts";
import { UserError } from "../../../src/errors/user_error.ts";
import { fakeSystem, withDirectory } from "../fake_system.ts";

/** A shell and its child in a session of its own, both marked as a run's. */
function startMarked(events: string): Deno.ChildProcess {
  return new Deno.Command("sh", {
    args: ["-c", "setsid sleep 600 & echo started; wait"],
    env: { K3S_TOOL_EVENTS: events },
    stdout: "piped",
  }).spawn();
}

Deno.test("one run at a time for an inventory, others are not held up", async () => {
  await withDirectory(async (directory) => {
    const system = fakeSystem(directory);
    const first = await lockInventory(system, "/a/hosts.yml");
    const error = await lockInventory(system, "/a/hosts.yml").catch((reason) => reason);
    assert.ok(error instanceof UserError);
    assert.match(error.message, /Another run on \/a\/hosts.yml is under way \(process \d+\)/);
    const other = await lockInventory(system, "/b/hosts.yml");
    other[Symbol.dispose]();
    first[Symbol.dispose]();
    (await lockInventory(system, "/a/hosts.yml"))[Symbol.dispose]();
  });
});

Deno.test("what has to be done right before a run is not done while another one is under way", async () => {
  await withDirectory(async (directory) => {
    const system = fakeSystem(directory);
    const file = `${directory}/hosts.yml`;
    let done = 0;
    const work = () => Promise.resolve(++done);
    const run = await lockInventory(system, file);
    await assert.rejects(betweenRuns(system, file, work), /under way/);
    assert.equal(done, 0);
    run[Symbol.dispose]();
    assert.equal(await betweenRuns(system, file, work), 1);
    await assert.rejects(
      betweenRuns(system, file, () => Promise.reject(new Error("x"))),
      /^Error: x/,
    );
    assert.equal(await betweenRuns(system, file, work), 2);
  });
});

Deno.test("the number of a process that ended may be another's by now: that one holds nothing", async () => {
  await withDirectory(async (directory) => {
    const system = fakeSystem(directory);
    const lock = await lockInventory(system, "/a/hosts.yml");
    const holder = await lockHolder(system, "/a/hosts.yml");
    assert.equal(holder?.process, Deno.pid);
    lock[Symbol.dispose]();
    const [file] = [...Deno.readDirSync(`${system.directories.state}/locks`)];
    const path = `${system.directories.state}/locks/${file?.name}`;
    const said = await Deno.readTextFile(path);
    assert.match(said, new RegExp(`^${Deno.pid} .+\n$`));
    for (
      const other of [
        said.replace(/\d\n$/, (end) => `${(Number(end[0]) + 1) % 10}\n`),
        `${Deno.pid}\n`,
      ]
    ) {
      await Deno.writeTextFile(path, other);
      assert.equal(await lockHolder(system, "/a/hosts.yml"), undefined);
    }
  });
});

Deno.test("what a killed run left at work is ended, also in sessions of its own", async () => {
  await withDirectory(async (directory) => {
    const system = fakeSystem(directory);
    const runs = `${system.directories.state}/runs`;
    const cut = { playbook: "site", inventory: "/a/hosts.yml", check: false };
    const run = await openRun(runs, cut, 0);
    const done = await openRun(runs, cut, 1);
    await closeRun(done, { outcome: "ok", rc: 0, seconds: 1 });
    const sockets = `${directory}/k3s-tool-sockets`;
    for (const each of [sockets, temporaryOf(run.directory)]) {
      await Deno.mkdir(each);
      await Deno.writeTextFile(`${each}/file`, "");
    }
    await Deno.writeTextFile(socketsFile(run.directory), sockets);
    const shell = startMarked(run.events);
    const reader = shell.stdout.getReader();
    await reader.read();
    assert.ok((await processesOfRun(system, run.events)).length >= 1);
    await Deno.utime(run.events, 35, 35);

    const lock = await lockInventory(system, "/a/hosts.yml");
    assert.deepEqual(lock.ended.map((each) => each.directory), [run.directory]);
    lock[Symbol.dispose]();

    assert.deepEqual(await processesOfRun(system, run.events), []);
    assert.equal((await shell.status).success, false);
    await reader.cancel();
    const outcomes = (await pastRuns(runs)).map(({ result }) => result?.outcome);
    assert.deepEqual(outcomes, ["ok", "interrupted"]);
    assert.equal((await pastRuns(runs))[1]?.result?.seconds, 35);
    const left = [...Deno.readDirSync(run.directory)].map(({ name }) => name).sort();
    assert.deepEqual(left, ["ansible.log", "events.jsonl", "result.json", "run.json"]);
    await assert.rejects(Deno.stat(sockets), Deno.errors.NotFound);
  });
});

Deno.test("a note of sockets that was cut off removes nothing but itself", async () => {
  await withDirectory(async (directory) => {
    const [run, other] = [`${directory}/run`, `${directory}/k3s`];
    for (const each of [run, other]) await Deno.mkdir(each);
    await Deno.writeTextFile(socketsFile(run), other);
    await removeTemporary(run);
    assert.deepEqual([...Deno.readDirSync(directory)].map(({ name }) => name).sort(), [
      "k3s",
      "run",
    ]);
    assert.deepEqual([...Deno.readDirSync(run)], []);
  });
});

Deno.test("a master of ssh, which has its title where its environment was, belongs to its run", async () => {
  await withDirectory(async (directory) => {
    const system = fakeSystem(directory);
    const cut = { playbook: "site", inventory: "/a/hosts.yml", check: false };
    const run = await openRun(`${system.directories.state}/runs`, cut, 0);
    await Deno.writeTextFile(socketsFile(run.directory), `${directory}/sockets`);
    const start = (sockets: string) =>
      new Deno.Command("bash", {
        args: ["-c", `exec -a "ssh: ${sockets}/0a1b2c3d4e [mux]" sleep 60`],
        clearEnv: true,
      }).spawn();
    const master = start(`${directory}/sockets`);
    const foreign = start(`${directory}/sockets-of-others`);
    try {
      while ((await processesOfRun(system, run.events)).length === 0) await system.clock.sleep(10);
      assert.deepEqual(await processesOfRun(system, run.events), [master.pid]);
      assert.equal(await endProcessesOfRun(system, run.events), 1);
      assert.equal((await master.status).signal, "SIGTERM");
    } finally {
      foreign.kill("SIGKILL");
      await foreign.status;
    }
  });
});

Deno.test("a run on another inventory is left alone", async () => {
  await withDirectory(async (directory) => {
    const system = fakeSystem(directory);
    const other = { playbook: "site", inventory: "/b/hosts.yml", check: false };
    const run = await openRun(`${system.directories.state}/runs`, other, 0);
    const shell = startMarked(run.events);
    const reader = shell.stdout.getReader();
    await reader.read();
    try {
      const lock = await lockInventory(system, "/a/hosts.yml");
      assert.deepEqual(lock.ended, []);
      lock[Symbol.dispose]();
      assert.ok((await processesOfRun(system, run.events)).length >= 1);
    } finally {
      for (const id of await processesOfRun(system, run.events)) Deno.kill(id, "SIGKILL");
      await shell.status;
      await reader.cancel();
    }
  });
});
