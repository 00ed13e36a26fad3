import assert from "node:assert/strict";
import { closeRun, openRun, pastRuns, pruneRuns } from "../../../src/ansible/run/run_history.ts";
import { withDirectory } from "../fake_system.ts";

const RUN = { playbook: "site", inventory: "/home/ann/hosts.yml", check: false };

Deno.test("a run is kept in files of its owner alone", async () => {
  await withDirectory(async (directory) => {
    const runs = `${directory}/runs`;
    const run = await openRun(runs, RUN, Date.UTC(2026, 10, 23, 7, 10, 26, 5));
    assert.equal(run.directory, `${runs}/20261123T071026.005Z-site`);
    const mode = (path: string) => (Deno.statSync(path).mode ?? 0) & 0o777;
    assert.equal(mode(run.directory), 0o700);
    assert.equal(mode(run.events), 0o600);
    assert.equal(mode(run.log), 0o600);
    await closeRun(run, { outcome: "ok", rc: 0, seconds: 12.5 });
    assert.equal(mode(`${run.directory}/result.json`), 0o600);
    const [past] = await pastRuns(runs);
    assert.deepEqual(past?.result, { outcome: "ok", rc: 0, seconds: 12.5 });
    assert.equal(past?.inventory, RUN.inventory);
  });
});

Deno.test("two runs that begin in the same millisecond have a folder each", async () => {
  await withDirectory(async (directory) => {
    const [one, two] = [await openRun(directory, RUN, 0), await openRun(directory, RUN, 0)];
    assert.notEqual(one.directory, two.directory);
  });
});

Deno.test("a run that was cut off has no result, whatever lies there", async () => {
  await withDirectory(async (directory) => {
    const run = await openRun(directory, RUN, 0);
    await Deno.writeTextFile(`${run.directory}/result.json`, '{"outcome":"o');
    await Deno.mkdir(`${directory}/something-else`);
    const past = await pastRuns(directory);
    assert.equal(past.length, 1);
    assert.equal(past[0]?.result, undefined);
  });
});

Deno.test("the newest runs stay, and the one that begins; other folders are left alone", async () => {
  await withDirectory(async (directory) => {
    const runs = [];
    for (let second = 0; second < 6; second++) {
      runs.push(await openRun(directory, RUN, second * 1000));
    }
    await Deno.mkdir(`${directory}/mine`);
    await pruneRuns(directory, { keep: runs[0]?.directory ?? "", count: { real: 2, check: 1 } });
    const left = [...Deno.readDirSync(directory)].map(({ name }) => `${directory}/${name}`).sort();
    assert.deepEqual(left, [
      runs[0]?.directory,
      runs[4]?.directory,
      runs[5]?.directory,
      `${directory}/mine`,
    ]);
  });
});

Deno.test("runs with --check do not push out what really happened", async () => {
  await withDirectory(async (directory) => {
    const failed = await openRun(directory, RUN, 0);
    await closeRun(failed, { outcome: "failed", rc: 2, seconds: 1 });
    for (let second = 1; second <= 30; second++) {
      const run = await openRun(directory, { ...RUN, check: true }, second * 1000);
      await pruneRuns(directory, { keep: run.directory });
    }
    const left = await pastRuns(directory);
    assert.equal(left.length, 6);
    assert.equal(left.at(-1)?.result?.outcome, "failed");
    assert.equal(left[0]?.startedAt, new Date(30_000).toISOString());
  });
});

Deno.test("no runs yet is an empty list", async () => {
  assert.deepEqual(await pastRuns("/proc/nonexistent/runs"), []);
});
