import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { RunEvent } from "../../../src/ansible/events/event.ts";
import { followRuns } from "../../../src/ansible/run/follow_run.ts";
import { openRun, pastRun } from "../../../src/ansible/run/run_history.ts";
import { lockHolder, lockInventory } from "../../../src/ansible/run/run_lock.ts";
import { machineClock } from "../../../src/process/system.ts";
import { fakeSystem, withDirectory } from "../fake_system.ts";

const INVENTORY = "/a/hosts.yml";
const WARNING = { type: "warning", message: "the disk is nearly full" };

/** Looks as often as it can: nobody waits for a pause to pass. */
const hurried = {
  now: () => machineClock.now(),
  sleep: (ms: number, signal?: AbortSignal) => machineClock.sleep(Math.min(ms, 5), signal),
};

/** A run in another process, which does what it is told. */
async function startRun(home: string) {
  const script = fileURLToPath(new URL("run_process.ts", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", script, home, INVENTORY],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const out = child.stdout.getReader();
  const { value } = await out.read();
  const directory = new TextDecoder().decode(value).trim();
  const stdin = child.stdin.getWriter();
  return {
    directory,
    tell: (line: string) => stdin.write(new TextEncoder().encode(`${line}\n`)),
    /** Its process ends, well or not. */
    async end(how: "well" | "killed") {
      if (how === "killed") child.kill("SIGKILL");
      await stdin.close().catch(() => {});
      await child.status;
      await out.cancel();
    },
  };
}

Deno.test("a run that another process makes is followed to its end", () =>
  withDirectory(async (home) => {
    const system = { ...fakeSystem(home), clock: hurried };
    const run = await startRun(home);
    await run.tell(`event ${JSON.stringify(WARNING)}`);
    const abort = new AbortController();
    const seen: RunEvent[] = [];
    for await (
      const event of followRuns(system, { inventory: INVENTORY, signal: abort.signal })
    ) {
      seen.push(event);
      if (event.type === "warning" && event.message === WARNING.message) {
        await run.tell(`event ${JSON.stringify({ ...WARNING, message: "later" })}`);
        await run.tell("end failed");
      }
      if (event.type === "end") {
        await run.end("well");
        abort.abort();
      }
    }
    assert.deepEqual(seen.map(({ type }) => type), ["started", "warning", "warning", "end"]);
    const [started, , , end] = seen;
    assert.ok(started?.type === "started" && started.directory === run.directory);
    assert.ok(end?.type === "end" && end.outcome === "failed" && end.rc === 2);
    assert.equal(await lockHolder(system, INVENTORY), undefined);
  }));

Deno.test("a run whose process is killed ends as interrupted", () =>
  withDirectory(async (home) => {
    const system = { ...fakeSystem(home), clock: hurried };
    const run = await startRun(home);
    const abort = new AbortController();
    const seen: RunEvent[] = [];
    for await (
      const event of followRuns(system, { inventory: INVENTORY, signal: abort.signal })
    ) {
      seen.push(event);
      if (event.type === "started") await run.end("killed");
      if (event.type === "end") abort.abort();
    }
    const end = seen.at(-1);
    assert.ok(end?.type === "end" && end.outcome === "interrupted");
  }));

Deno.test("who looks on may leave at any time", () =>
  withDirectory(async (home) => {
    const system = { ...fakeSystem(home), clock: hurried };
    const run = await startRun(home);
    const abort = new AbortController();
    const seen: string[] = [];
    for await (
      const event of followRuns(system, { inventory: INVENTORY, signal: abort.signal })
    ) {
      seen.push(event.type);
      abort.abort();
    }
    assert.deepEqual(seen, ["started"]);
    for await (const event of followRuns(system, { inventory: INVENTORY, signal: quiet() })) {
      assert.equal(event.type, "started");
      break;
    }
    await run.end("well");
  }));

Deno.test("runs that are over, cut off, of other inventories or of this process are not followed", () =>
  withDirectory(async (home) => {
    const system = { ...fakeSystem(home), clock: hurried };
    const runs = `${system.directories.state}/runs`;
    const site = { playbook: "site", inventory: INVENTORY, check: false };
    await openRun(runs, site, machineClock.now() - 60_000); // cut off
    // One that has just been written down as over, while its process still holds the lock.
    const run = await startRun(home);
    await openRun(runs, { ...site, inventory: "/b/hosts.yml" }, machineClock.now());
    await run.tell("end ok");
    while ((await pastRun(run.directory))?.result === undefined) await hurried.sleep(5);
    const abort = new AbortController();
    let looks = 0;
    const clock = {
      ...hurried,
      sleep: (ms: number, signal?: AbortSignal) => {
        if (++looks === 3) abort.abort();
        return hurried.sleep(ms, signal);
      },
    };
    const look = { inventory: INVENTORY, signal: abort.signal };
    assert.deepEqual(await Array.fromAsync(followRuns({ ...system, clock }, look)), []);
    await run.end("well");

    using _lock = await lockInventory(system, INVENTORY);
    assert.equal((await lockHolder(system, INVENTORY))?.process, Deno.pid);
    await openRun(runs, site, machineClock.now());
    const own = new AbortController();
    const owned = followRuns(
      {
        ...system,
        clock: { ...hurried, sleep: () => (own.abort(), Promise.resolve()) },
      },
      { inventory: INVENTORY, signal: own.signal },
    );
    assert.deepEqual(await Array.fromAsync(owned), []);
  }));

function quiet(): AbortSignal {
  return new AbortController().signal;
}
