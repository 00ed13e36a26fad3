/**
 * Runs of Ansible in the screen: begun from it, and by others.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { RunEvent } from "../../../src/ansible/events/event.ts";
import { UserError } from "../../../src/errors/user_error.ts";
import { HOMELAB, liveState, NOW } from "../../view/live_fixture.ts";
import { newsOf } from "../fake_session.ts";
import { TestScreen } from "../screen.tsx";

const news = newsOf(liveState(HOMELAB));
const WHERE = { directory: "/state/runs/1", log: "/state/runs/1/ansible.log" };
const BEGIN: readonly RunEvent[] = [
  { type: "started", ts: new Date(NOW - 20_000).toISOString(), ...WHERE },
  { type: "run_start", playbook: "site.yml", check: false },
  { type: "play_start", play: "Preflight", hosts: ["nuc", "dgx"] },
  {
    type: "host_start",
    ts: new Date(NOW - 15_000).toISOString(),
    host: "nuc",
    task: "Check the host",
  },
  {
    type: "result",
    host: "dgx",
    play: "Preflight",
    task: "Check the host",
    status: "changed",
    seconds: 2,
  },
];
const FAILURE: RunEvent = {
  type: "result",
  host: "nuc",
  play: "Preflight",
  task: "Check the host",
  status: "failed",
  message: "no \u001b[31msudo\nHint: Give ada sudo on nuc.",
};
const end = (outcome: "ok" | "failed" | "interrupted"): RunEvent => ({
  type: "end",
  outcome,
  rc: outcome === "ok" ? 0 : 2,
  ...WHERE,
});

/** Events that a test lets happen. */
function told() {
  const queue: RunEvent[] = [];
  let [wake, isOver] = [() => {}, false];
  const stop = () => {
    isOver = true;
    wake();
  };
  return {
    tell: (...events: readonly RunEvent[]) => {
      queue.push(...events);
      wake();
    },
    stop,
    async *events(signal: AbortSignal): AsyncGenerator<RunEvent, void> {
      signal.addEventListener("abort", stop, { once: true });
      while (!isOver || queue.length > 0) {
        const event = queue.shift();
        if (event !== undefined) yield event;
        else await new Promise<void>((resolve) => wake = resolve);
      }
    },
  };
}

Deno.test("a run of another terminal is told of, shown, and left to it", async () => {
  const others = told();
  await using screen = new TestScreen({
    news,
    otherRuns: others.events,
    provision: told().events,
  });
  await screen.sees("1 Nodes 5");
  others.tell(...BEGIN);
  await screen.sees("A run on the hosts is in progress in another terminal; v shows it.");
  screen.type("v");
  const frame = await screen.sees("✓ dgx  Preflight · Check the host");
  assert.match(frame, /━━ Provisioning \(another terminal\)/);
  assert.match(frame, /nuc {2}Preflight · Check the host +0 ok {2}0 changed {2}15s/);

  // It is neither ended nor begun again from here, and leaving does not touch it.
  screen.type("p", "provision");
  await screen.until((frame) => frame.includes("━━ Actions") && /Nothing matches/.test(frame));
  screen.type("\u001b");
  await screen.until((frame) => !frame.includes("━━ Actions"));
  screen.type("q");
  assert.deepEqual(screen.effects, ["quit"]);

  others.tell(FAILURE, end("failed"));
  const over = await screen.sees("✗ Provisioning failed on nuc");
  assert.match(over, /✗ nuc · Preflight · Check the host/);
  assert.match(over, /no sudo/);
  assert.match(over, /Give ada sudo on nuc\./);
});

Deno.test("what another run came to is said where it is not shown, and the next one takes its place", async () => {
  const others = told();
  await using screen = new TestScreen({ news, otherRuns: others.events });
  await screen.sees("1 Nodes 5");
  others.tell(...BEGIN, end("interrupted"));
  await screen.sees("✗ Provisioning in another terminal failed; v shows why.");
  others.tell(
    { type: "started", ...WHERE },
    { type: "run_start", playbook: "reset.yml", check: false },
    end("ok"),
  );
  await screen.sees("✓ The reset in another terminal is done: everything was as it should be.");
});

Deno.test("provisioning is asked for, shown live, and ends with the words of what failed", async () => {
  const own = told();
  await using screen = new TestScreen({ news, provision: own.events });
  await screen.sees("1 Nodes 5");
  screen.type("v");
  await screen.sees("Nothing has been provisioned since this screen was opened.");
  screen.type("p", "provision", "\r");
  await screen.sees("━━ Provision 4 hosts?");
  screen.type("y");
  await screen.sees("Looking at the inventory and the tailnet…");
  own.tell(...BEGIN);
  await screen.sees("✓ dgx  Preflight · Check the host");
  screen.type("q");
  await screen.sees("Quit while provisioning is in progress?");
  screen.type("n");
  own.tell(FAILURE, end("failed"));
  own.stop();
  await screen.sees("✗ Provisioning failed on nuc");
  screen.type("q");
  assert.deepEqual(screen.effects, ["quit"]);
});

Deno.test("a run that cannot even begin says why", async () => {
  await using screen = new TestScreen({
    news,
    // deno-lint-ignore require-yield -- it fails before its first event
    provision: async function* () {
      await Promise.resolve();
      throw new UserError("Another run is under way", { hint: "Wait for its end." });
    },
  });
  await screen.sees("1 Nodes 5");
  screen.type("p", "provision", "\r");
  await screen.sees("━━ Provision ");
  screen.type("y");
  const frame = await screen.sees("✗ Another run is under way");
  assert.match(frame, /Wait for its end\./);
});
