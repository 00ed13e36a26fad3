/**
 * Logs on the screen while what they come from goes, and comes back.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Connection } from "../../src/cluster/watch/cluster_state.ts";
import { unreachableError } from "../../src/errors/user_error.ts";
import { liveState, NOW, pod, workload } from "../view/live_fixture.ts";
import { newsOf } from "./fake_session.ts";
import { TestScreen } from "./screen.tsx";

const owner = { kind: "Deployment", name: "web" };
const old = pod("web-old", { owner, createdAt: "2026-11-23T10:00:00Z" });
const young = pod("web-young", { owner, createdAt: "2026-11-23T11:00:00Z" });
const lost: Connection = {
  state: "lost",
  lastHeard: NOW,
  problem: unreachableError("no route to host"),
  retryAt: NOW + 5_000,
};

/** Each log has one line that tells which reading it is, and then goes on until it is broken. */
class Logs {
  #readings = 0;
  #break: (reason: Error) => void = () => {};

  readonly logs = async function* (
    this: Logs,
    { pod }: { pod: string },
    signal: AbortSignal,
  ): AsyncIterable<string> {
    yield `reading ${++this.#readings} of ${pod}`;
    await new Promise((_resolve, reject) => {
      this.#break = reject;
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }.bind(this);

  break(): void {
    this.#break(unreachableError("the connection was cut"));
  }
}

async function openLog(logs: Logs, pods: readonly typeof old[]): Promise<TestScreen> {
  const news = newsOf(liveState({ deployments: [workload("Deployment", "web")], pods }));
  const screen = new TestScreen({ news, logs: logs.logs });
  await screen.sees("web ");
  screen.type("2", "l");
  return screen;
}

Deno.test("the log of a workload is that of a pod that stays", async () => {
  const logs = new Logs();
  await using screen = await openLog(logs, [old, { ...young, ending: true }]);
  await screen.sees("reading 1 of web-old");
});

Deno.test("lines of a log stay when its pod is gone", async () => {
  const logs = new Logs();
  await using screen = await openLog(logs, [young]);
  await screen.sees("reading 1 of web-young");
  screen.session.tell({ type: "gone", collection: "pods", uid: young.uid });
  logs.break();
  const frame = await screen.sees("the connection was cut");
  assert.match(frame, /reading 1 of web-young/);
});

Deno.test("lines of a log stay while the cluster is lost, and it is followed again afterwards", async () => {
  const logs = new Logs();
  await using screen = await openLog(logs, [young]);
  await screen.sees("reading 1 of web-young");
  logs.break();
  screen.session.tell({ type: "connection", connection: lost });
  const frame = await screen.sees("✗ lost");
  assert.match(frame, /reading 1 of web-young/);
  screen.session.tell({ type: "connection", connection: { state: "live" } });
  await screen.sees("reading 2 of web-young");
});

Deno.test("from the log of a pod that is gone, n goes to the one that took its place", async () => {
  const logs = new Logs();
  await using screen = await openLog(logs, [old]);
  await screen.sees("reading 1 of web-old");
  screen.session.tell(
    { type: "gone", collection: "pods", uid: old.uid },
    { type: "seen", collection: "pods", object: young },
  );
  await screen.until(() => screen.store.model().live.cluster.pods?.has(young.uid) === true);
  screen.type("n");
  await screen.sees("reading 2 of web-young");
});
