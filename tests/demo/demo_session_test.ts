import assert from "node:assert/strict";
import type { LiveSession } from "../../src/live/live_session.ts";
import { NOTHING_HEARD, reduceLive } from "../../src/live/live_state.ts";
import type { RunEvent } from "../../src/ansible/events/event.ts";
import { INITIAL_RUN, reduceRun } from "../../src/ansible/events/run_state.ts";
import { UserError } from "../../src/errors/user_error.ts";
import { demoSession } from "../../src/demo/demo_session.ts";
import { VirtualClock } from "../tui/virtual_clock.ts";

const { signal } = new AbortController();
const WEB = { kind: "Deployment", namespace: "photos", name: "web" } as const;

function begin() {
  const clock = new VirtualClock();
  return { clock, session: demoSession({ clock }) };
}

async function told(sentences: AsyncIterable<string>): Promise<readonly string[]> {
  return await Array.fromAsync(sentences);
}

/** The state as a screen knows it now. */
async function look(session: LiveSession) {
  for await (const batch of session.news(signal)) return reduceLive(NOTHING_HEARD, batch);
  assert.fail("no news");
}

async function podNames(session: LiveSession, name: string): Promise<readonly string[]> {
  const { cluster } = await look(session);
  return [...cluster.pods!.values()].filter((pod) => pod.owner?.name === name && !pod.ending)
    .map((pod) => pod.name);
}

Deno.test("news goes on until the signal, and leaves no timer behind", async () => {
  const { session } = begin();
  const abort = new AbortController();
  let state = NOTHING_HEARD;
  let batches = 0;
  for await (const batch of session.news(abort.signal)) {
    state = reduceLive(state, batch);
    assert.ok(batch.length > 0);
    if (++batches === 50) abort.abort();
  }
  assert.equal(batches, 50);
  assert.equal(state.connection.state, "live");
  const early = AbortSignal.abort();
  assert.deepEqual(await Array.fromAsync(session.news(early)), []);
});

Deno.test("two sessions with the same clock tell the same", async () => {
  const tell = async () => {
    const { session } = begin();
    const batches = [];
    for await (const batch of session.news(signal)) {
      batches.push(batch);
      if (batches.length === 30) break;
    }
    return batches;
  };
  assert.deepEqual(await tell(), await tell());
});

Deno.test("every object that is listed can be read whole", async () => {
  const { session } = begin();
  const { cluster } = await look(session);
  const kinds = [
    ["Node", cluster.nodes],
    ["Pod", cluster.pods],
    ["Service", cluster.services],
    ["Event", cluster.events],
    ["Deployment", cluster.deployments],
    ["StatefulSet", cluster.statefulSets],
    ["DaemonSet", cluster.daemonSets],
    ["Job", cluster.jobs],
    ["CronJob", cluster.cronJobs],
  ] as const;
  for (const [kind, objects] of kinds) {
    assert.ok(objects!.size > 0, kind);
    for (const { uid, namespace, name } of objects!.values()) {
      const found = await session.read({ kind, namespace, name }, signal);
      assert.equal(found.kind, kind);
      assert.equal((found.metadata as { uid: string }).uid, uid);
    }
  }
  await assert.rejects(session.read({ ...WEB, name: "none" }, signal), UserError);
  assert.ok(session.requests().some(({ path, result }) => /\/none$/.test(path) && result === 404));
});

Deno.test("a drain empties the node, and what needs it waits for it", async () => {
  const { session } = begin();
  const words = await told(session.perform({ type: "drain", node: "desktop" }, signal));
  assert.equal(words[0], "desktop is cordoned.");
  assert.match(words.at(-1) ?? "", /^desktop is drained: \d+ pods left it\.$/);
  const { cluster } = await look(session);
  const left = [...cluster.pods!.values()].filter(({ nodeName, phase }) =>
    nodeName === "desktop" && phase === "Running"
  );
  assert.ok(left.every(({ owner }) => owner?.kind === "DaemonSet"), JSON.stringify(left));
  const node = [...cluster.nodes!.values()].find(({ name }) => name === "desktop");
  assert.equal(node?.cordoned, true);
  const jellyfin = [...cluster.pods!.values()].find(({ name }) => name === "jellyfin-0");
  assert.equal(jellyfin?.problem?.reason, "Unschedulable");

  assert.match(
    (await told(session.perform({ type: "uncordon", node: "desktop" }, signal))).join(),
    /takes pods again/,
  );
});

Deno.test("scale, restart and delete change the home and tell their result", async () => {
  const { session } = begin();
  const scaled = await told(session.perform({ type: "scale", workload: WEB, replicas: 5 }, signal));
  assert.equal(scaled.at(-1), "Deployment photos/web has 5 pods, all ready.");
  const before = await podNames(session, "web");
  assert.equal(before.length, 5);

  const restarted = await told(session.perform({ type: "restart", workload: WEB }, signal));
  assert.equal(restarted.at(-1), "All 5 pods are new and ready.");
  const after = await podNames(session, "web");
  assert.ok(after.every((name) => !before.includes(name)));

  const change = { type: "delete-pod", namespace: "photos", name: "db-0" } as const;
  const deleted = await told(session.perform(change, signal));
  assert.match(deleted.at(-1) ?? "", /photos\/db-0 is gone/);

  for (const kind of ["StatefulSet", "DaemonSet"] as const) {
    const [namespace, name] = kind === "StatefulSet"
      ? ["monitoring", "prometheus"]
      : ["monitoring", "node-exporter"];
    const words = await told(
      session.perform({ type: "restart", workload: { kind, namespace, name } }, signal),
    );
    assert.match(words.at(-1) ?? "", /new and ready/);
  }
});

Deno.test("a log goes on while it is followed, and ends with its signal", async () => {
  const { session } = begin();
  const [pod = ""] = await podNames(session, "traefik");
  const request = {
    namespace: "kube-system",
    pod,
    container: undefined,
    previous: false,
    tail: 5,
    timestamps: true,
  };
  const abort = new AbortController();
  const lines: string[] = [];
  const reading = (async () => {
    for await (const line of session.logs(request, abort.signal)) {
      lines.push(line);
      if (lines.length === 12) abort.abort();
    }
  })();
  await assert.rejects(reading, (error) => error === abort.signal.reason);
  assert.match(lines[0] ?? "", /^2026-11-23T11:\d\d:\d\d\.000000000Z .*"GET /);
  assert.deepEqual(lines, [...lines].sort());
});

Deno.test("the crash loop says why it crashed, in the log before and in this one", async () => {
  const { session } = begin();
  const [pod = ""] = await podNames(session, "mqtt-bridge");
  const request = { namespace: "home", pod, container: undefined, previous: true, tail: 100 };
  const lines = await Array.fromAsync(session.logs(request, signal));
  assert.match(lines[0] ?? "", /starting mqtt-bridge/);
  assert.match(lines.at(-1) ?? "", /FATAL no coordinator/);
  const now = await Array.fromAsync(session.logs({ ...request, previous: false }, signal));
  assert.match(now.at(-1) ?? "", /FATAL no coordinator/);
});

Deno.test("where there is no log it is said why", async () => {
  const { session } = begin();
  const [pod = ""] = await podNames(session, "transcoder");
  const [chat = ""] = await podNames(session, "chat-ui");
  const refusal = (namespace: string, pod: string, previous: boolean) =>
    Array.fromAsync(
      session.logs({ namespace, pod, container: undefined, previous, tail: 1 }, signal),
    ).then(() => assert.fail("there was a log"), (error) => {
      assert.ok(error instanceof UserError, String(error));
      return error.message;
    });
  assert.match(await refusal("media", pod, false), /has not started yet: trying and failing/);
  assert.match(await refusal("ai", chat, true), /has no previous log/);
  assert.match(await refusal("ai", "none", false), /is gone/);
});

async function provision(session: LiveSession, upTo = signal): Promise<readonly RunEvent[]> {
  assert.ok(session.provision);
  return await Array.fromAsync(session.provision(upTo));
}

Deno.test("provision joins pi5, and a second run changes nothing", async () => {
  const { session } = begin();
  const first = (await provision(session)).reduce(
    (state, each) => reduceRun(state, each),
    INITIAL_RUN,
  );
  assert.equal(first.outcome, "ok");
  assert.deepEqual(
    [...first.hosts.values()].filter(({ changed }) => changed > 0).map(({ host }) => host),
    ["pi5"],
  );
  const { cluster } = await look(session);
  assert.ok([...cluster.nodes!.values()].some(({ name }) => name === "pi5"));

  const second = (await provision(session)).reduce(
    (state, each) => reduceRun(state, each),
    INITIAL_RUN,
  );
  assert.equal(second.outcome, "ok");
  assert.ok([...second.hosts.values()].every(({ changed, ok }) => changed === 0 && ok > 0));
});

Deno.test("a host that is away fails alone", async () => {
  const { session, clock } = begin();
  clock.pass(120_000);
  const run = (await provision(session)).reduce(
    (state, each) => reduceRun(state, each),
    INITIAL_RUN,
  );
  assert.equal(run.outcome, "failed");
  assert.deepEqual(run.failures.map(({ host, unreachable }) => [host, unreachable]), [
    ["pi4", true],
  ]);
  assert.equal(run.hosts.get("pi5")?.status, "ok");
});

Deno.test("a run that is stopped ends as interrupted", async () => {
  const { session } = begin();
  const abort = new AbortController();
  const events: RunEvent[] = [];
  for await (const event of session.provision!(abort.signal)) {
    events.push(event);
    if (event.type === "result") abort.abort();
  }
  const last = events.at(-1);
  assert.ok(last?.type === "end" && last.outcome === "interrupted");
  const { cluster } = await look(session);
  assert.ok(![...cluster.nodes!.values()].some(({ name }) => name === "pi5"));
});

Deno.test("after a long pause it goes on from where the clock is", async () => {
  const { session, clock } = begin();
  await look(session);
  clock.pass(8 * 60_000);
  const { cluster } = await look(session);
  const latest = Math.max(
    ...[...cluster.events!.values()].map(({ lastSeen }) => Date.parse(lastSeen)),
  );
  assert.ok(clock.now() - latest < 30_000);
});
