import assert from "node:assert/strict";
import { watchTailnet } from "../../src/live/watch_surroundings.ts";
import { directoriesFrom, type System } from "../../src/process/system.ts";
import { TAILNET } from "../golden/homelab.ts";
import { FakeClock } from "../process/fake_clock.ts";
import { tailscaleSays } from "../tailscale/status_fixture.ts";

Deno.test("a tailnet is told when it has changed, and asked less often while it is away", async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const offline = TAILNET.replaceAll('"Online":true', '"Online":false');
  assert.notEqual(offline, TAILNET);
  const gone = { code: 1, stderr: "failed to connect" };
  let says: string | typeof gone = TAILNET;
  let asked = 0;
  const system: System = {
    runner: {
      run: (...given) => {
        asked++;
        return tailscaleSays(says).run(...given);
      },
      start: () => assert.fail("nothing is started"),
      attach: () => assert.fail("nothing is attached"),
    },
    clock,
    directories: directoriesFrom(() => undefined),
    cwd: "/",
    env: (name) => name === "K3S_TOOL_TAILSCALE_SOCKET" ? "/proc/nonexistent/socket" : undefined,
    signal: controller.signal,
  };
  const told: string[] = [];
  const done = watchTailnet(system, {
    signal: controller.signal,
    tell: (tailnet) => void told.push(tailnet.known ? "known" : tailnet.error.message),
  });
  done.catch(() => {});
  await clock.pass(10_000);
  assert.deepEqual([told.length, asked], [1, 3]);
  says = offline;
  await clock.pass(5_000);
  assert.deepEqual([told.length, asked], [2, 4]);
  says = gone;
  await clock.pass(5_000);
  assert.equal(told.length, 3);
  assert.notEqual(told[2], "known");
  await clock.pass(29_000);
  assert.deepEqual([told.length, asked], [3, 6]);
  controller.abort(new Error("all is over"));
  await assert.rejects(done, /all is over/);
});
