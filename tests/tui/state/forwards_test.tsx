/**
 * Ports that are forwarded from the screen: which, how they are shown, and that they end.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { ForwardState } from "../../../src/cluster/pods/port_forward.ts";
import type { LiveSession } from "../../../src/live/live_session.ts";
import { UserError } from "../../../src/errors/user_error.ts";
import { HOMELAB, liveState } from "../../view/live_fixture.ts";
import { newsOf } from "../fake_session.ts";
import { TestScreen } from "../screen.tsx";

const homelab = newsOf(liveState(HOMELAB));

/** Listens nowhere, and says what a test wants it to say. */
function fakeForwards() {
  const tells: ((part: Partial<ForwardState>) => void)[] = [];
  let [begun, ended] = [0, 0];
  const forward: NonNullable<LiveSession["forward"]> = (from, { signal, tell }) => {
    let state: ForwardState = {
      ...from,
      address: `127.0.0.1:${40_000 + ++begun}`,
      isTaken: from.port === 5432,
      pod: "web-1",
      open: 0,
      connections: 0,
      received: 0,
      sent: 0,
      problem: undefined,
    };
    tells.push((part) => tell(state = { ...state, ...part }));
    tell(state);
    return new Promise((resolve) =>
      signal.addEventListener("abort", () => {
        ended++;
        resolve();
      })
    );
  };
  return { forward, tells, count: () => ({ begun, ended }) };
}

const SERVICE = { spec: { ports: [{ name: "http", port: 80 }, { port: 443 }] } };
const POD = {
  metadata: { name: "debug" },
  spec: { containers: [{ ports: [{ containerPort: 5432 }] }] },
};

Deno.test("F forwards a port, asked for where there are several; f lists them live, x stops one", async () => {
  const { forward, tells, count } = fakeForwards();
  await using screen = new TestScreen({
    news: homelab,
    size: { columns: 160, rows: 30 },
    objects: { "Service default/web": SERVICE, "Pod default/debug": POD },
    forward,
  });
  await screen.sees("● live");
  screen.type("f");
  await screen.sees("None. F on a Service or a pod forwards a port");
  screen.type("\u001b", "2", "/", ..."web service", "\r", "F");
  await screen.sees("Which port of Service default/web?");
  await screen.sees("› 80 http");
  screen.type("j", "\r");
  await screen.sees("✓ 127.0.0.1:40001 forwards to port 443 of Service default/web.");
  await screen.sees("⇄ 1 port forwarded");
  screen.type("\u001b", "/", ..."debug pod", "\r", "F");
  await screen.sees("✓ 127.0.0.1:40002 forwards to port 5432 of Pod default/debug; port 5432 of ");
  await screen.sees("this machine is already in use.");
  screen.type("F");
  await screen.sees("⇄ 2 ports forwarded");
  assert.deepEqual(count(), { begun: 2, ended: 0 });
  screen.type("f");
  await screen.sees("› 127.0.0.1:40001 → Service default/web port 443 (web-1)");
  tells[0]!({ open: 1, connections: 3, received: 2048, sent: 10, pod: "web-2" });
  await screen.sees("(web-2)  1 of 3 connections open, 2Ki received, 10B sent");
  tells[1]!({ problem: "error forwarding port 5432: connection refused" });
  await screen.sees("127.0.0.1:40002 → Pod default/debug port 5432  ✗ error forwarding port 5432");
  screen.resize({ columns: 60, rows: 24 });
  screen.type("j");
  await screen.until((frame) =>
    /› 127.0.0.1:40002.*✗ e.*\n +✗ error forwarding port 5432: connection refused/.test(frame)
  );
  screen.type("k", "x");
  await screen.until((frame) => !frame.includes("40001"));
  await screen.sees("⇄ 1 port forwarded");
  assert.deepEqual(count(), { begun: 2, ended: 1 });
  await screen[Symbol.asyncDispose]();
  assert.deepEqual(count(), { begun: 2, ended: 2 });
});

Deno.test("why nothing is forwarded is said", async () => {
  await using screen = new TestScreen({
    news: homelab,
    objects: { "Service default/web": { spec: {} }, "Pod default/debug": POD },
    forward: () => Promise.reject(new UserError("No pod of it is ready", { hint: "Wait." })),
  });
  await screen.sees("› nuc");
  screen.type("F");
  await screen.sees("Select a Service or a pod first");
  screen.type("2", "/", ..."web service", "\r", "F");
  await screen.sees("Service default/web has no TCP port.");
  screen.type("\u001b", "/", ..."debug pod", "\r", "F");
  await screen.sees("✗ No pod of it is ready. Wait.");
  assert.doesNotMatch(screen.frame(), /⇄/);
  await using demo = new TestScreen({ news: homelab });
  await demo.sees("● live");
  demo.type("2", "/", ..."web service", "\r", "F");
  await demo.sees("The demo forwards no ports.");
});
