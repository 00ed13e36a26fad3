// deno-lint-ignore-file no-control-regex -- what a terminal is sent is looked at
/**
 * Frames of the screen: every list and state, on small and large terminals.
 *
 * @module
 */

import assert from "node:assert/strict";
import stringWidth from "fast-string-width";
import { type LiveNews, NOTHING_HEARD } from "../../src/live/live_state.ts";
import { missingError, unreachableError } from "../../src/errors/user_error.ts";
import { ago, event, HOMELAB, liveState, node, NOW, pod } from "../view/live_fixture.ts";
import { newsOf } from "./fake_session.ts";
import { TestScreen } from "./screen.tsx";

const homelab = newsOf(liveState(HOMELAB));
const large = { columns: 200, rows: 60 };

Deno.test("80×24 shows all three lists, header and keys", async () => {
  await using screen = new TestScreen({ news: homelab });
  const frame = await screen.sees("Unreachable 12m");
  const lines = screen.lines();
  assert.equal(lines.length, 24);
  assert.match(lines[0]!, /^homelab {2}100\.64\.0\.1:6443.*● live$/);
  assert.match(lines[1]!, /^Nodes 3\/5/);
  assert.match(frame, /━━ 1 Nodes 5 ━/);
  assert.match(frame, /── 2 Workloads 8 ─/);
  assert.match(frame, /── 3 Events 3 ─/);
  assert.match(lines.at(-1)!, /^\? help {2}q quit {2}Enter details {2}\/ filter/);
  assert.match(frame, /NAME +ROLE +STATUS +CPU +MEMORY +DISK +PODS +IP/);
  assert.match(frame, /› nuc +control +Ready/);
  assert.match(frame, /attic +worker +Not provisioned/);
  assert.match(frame, /pi +worker +Ready, cordoned/);
});

Deno.test("200×60 puts workloads and events side by side, all columns shown", async () => {
  await using screen = new TestScreen({ news: homelab, size: large });
  await screen.sees("CrashLoopBackOff");
  const lines = screen.lines();
  assert.equal(lines.length, 60);
  assert.ok(lines.some((line) => /2 Workloads 8 .*3 Events 3/.test(line)));
  const columns = lines.find((line) => line.includes("STATUS"))!;
  for (const header of ["ROLE", "CPU", "MEMORY", "DISK", "PODS", "IP", "VERSION", "AGE", "NOTE"]) {
    assert.ok(columns.includes(header), `${header} in ${columns}`);
  }
});

Deno.test("no line is wider than the terminal, whatever its size and what names are made of", async () => {
  const wide = liveState({
    ...HOMELAB,
    nodes: [node("机器".repeat(12)), node("a\u001b[2Jb"), node("👩‍👩‍👧‍👦".repeat(8))],
    pods: [pod("数据库".repeat(20)), pod("x".repeat(300))],
    events: [event("e", { message: "漢字と\u202eemoji 🎉".repeat(30), warning: true })],
  });
  await using screen = new TestScreen({ news: newsOf(wide), size: large });
  await screen.sees("机器");
  for (const [columns, rows] of [[200, 60], [160, 24], [159, 24], [80, 24], [51, 13], [50, 12]]) {
    screen.resize({ columns: columns!, rows: rows! });
    for (const key of ["1", "2", "3"]) {
      screen.type(key);
      const lines = screen.lines();
      assert.equal(lines.length, rows, `${columns}×${rows}`);
      for (const line of lines) assert.ok(stringWidth(line) <= columns!, line);
      assert.doesNotMatch(screen.frame(), /[\u0000-\u0009\u000b-\u001f\u202e]/);
    }
  }
});

Deno.test("before anything is heard it says that it connects", async () => {
  await using screen = new TestScreen();
  const frame = await screen.sees("Connecting…");
  assert.match(frame, /◌ connecting…/);
  assert.doesNotMatch(frame, /Nodes 0 |\b0%/);
});

Deno.test("without a kubeconfig it says so with the next step, and stays", async () => {
  const problem = missingError("There is no kubeconfig for homelab", {
    hint: "Make one with: k3s-tool kubeconfig",
  });
  const news: LiveNews[] = [{ type: "connection", connection: { state: "connecting", problem } }];
  await using screen = new TestScreen({ news });
  const frame = await screen.sees("✗ There is no kubeconfig for homelab");
  assert.match(frame, /Make one with: k3s-tool kubeconfig/);
  assert.match(frame, /r retries now/);
  screen.type("r");
  await screen.sees("Trying the connection again.");
  assert.equal(screen.session.retries, 1);
});

Deno.test("where the inventory has hosts, the same is said below them", async () => {
  const problem = missingError("There is no context nowhere", {
    hint: "Name one of these with --context: homelab, prod",
  });
  const { inventory } = liveState(HOMELAB);
  const news = newsOf({
    ...NOTHING_HEARD,
    inventory,
    connection: { state: "connecting", problem },
  });
  await using screen = new TestScreen({ news });
  const frame = await screen.sees("✗ There is no context nowhere");
  assert.match(frame, /nuc [^]*Workloads[^]*✗ There is no context nowhere/);
  assert.match(frame, /Name one of these with --context: homelab, prod/);
});

Deno.test("an expired certificate and a refused kubeconfig are said with the next step", async () => {
  for (
    const [message, hint] of [
      ["The certificate of the API server at 100.64.0.1:6443 has expired", "Restart k3s there."],
      ["The kubeconfig's user may not do this", "Use the kubeconfig of the control plane."],
    ]
  ) {
    const problem = unreachableError(message!, { hint: hint! });
    const news: LiveNews[] = [
      { type: "connection", connection: { state: "connecting", problem } },
    ];
    await using screen = new TestScreen({ news });
    const frame = await screen.sees(`✗ ${message}`);
    assert.ok(frame.includes(hint!));
    assert.match(frame, /It is retried automatically; r retries now/);
    assert.doesNotMatch(frame, /Nodes 0|\b0%/);
  }
});

Deno.test("while it is listed, a list says so", async () => {
  const news = newsOf(liveState({ nodes: [node("nuc")] }));
  await using screen = new TestScreen({ news });
  const frame = await screen.sees("Being listed…");
  assert.match(frame, /── 2 Workloads ─/);
  assert.match(frame, /› nuc/);
});

Deno.test("where use is not measured it is unknown, and the reason is said", async () => {
  const { usage: _, ...contents } = HOMELAB;
  const reason = "there is no metrics-server, and kubelets may not be asked";
  const news = newsOf(liveState(contents, { type: "metrics", metrics: { known: false, reason } }));
  await using screen = new TestScreen({ news, size: { columns: 120, rows: 40 } });
  const frame = await screen.sees(reason);
  assert.match(frame, /› nuc +control +Ready +\? +\? +\? +3\/110/);
  assert.match(frame, /CPU \? {2}Mem \?/);
  assert.doesNotMatch(frame, /\b0%/);
});

Deno.test("of few lines the focused list has all, under the names of the others", async () => {
  await using screen = new TestScreen({ news: homelab, size: { columns: 60, rows: 14 } });
  await screen.sees("━━ 1 Nodes 5 ━━ 2 Workloads  3 Events ━");
  screen.type("3");
  const frame = await screen.sees("━━ 3 Events 3 ━━ 1 Nodes  2 Workloads ━");
  assert.equal(screen.lines().length, 14);
  assert.match(frame, /BackOff/);
});

Deno.test("an empty cluster is no error", async () => {
  const empty = liveState({ nodes: [], pods: [], services: [], deployments: [], events: [] });
  await using screen = new TestScreen({ news: newsOf(empty) });
  const frame = await screen.sees("Nothing runs in the cluster yet.");
  assert.match(frame, /The cluster has no nodes/);
  assert.match(frame, /No events\./);
});

Deno.test("what may not be listed is said in its own list", async () => {
  const words = "events is forbidden: User ada cannot list resource events";
  const news = newsOf(liveState({ nodes: [node("nuc")] }, { type: "gap", what: "events", words }));
  await using screen = new TestScreen({ news });
  await screen.sees("! events is forbidden");
});

Deno.test("a lost cluster stays as it was known last, dimmed, with its age and the next attempt", async () => {
  let now = NOW;
  await using screen = new TestScreen({ news: homelab, color: true, now: () => now });
  await screen.sees("Unreachable 12m");
  now += 72_000;
  screen.session.tell({
    type: "connection",
    connection: {
      state: "lost",
      lastHeard: NOW,
      problem: unreachableError("no route to host", { hint: "Is Tailscale up?" }),
      retryAt: now + 5_000,
    },
  });
  const frame = await screen.sees("✗ lost 1m12s ago: no route to host; next try in 5s (r: now)");
  assert.match(frame, /Is Tailscale up\?/);
  assert.match(frame, /dgx/);
  const dim = screen.painted().split("\n").find((line) => line.includes("dgx"))!;
  assert.ok(dim.startsWith("\u001b[2m"), JSON.stringify(dim));
  // Keys work all the same.
  screen.type("2", "\r");
  await screen.sees("StatefulSet default/db");
});

Deno.test("too small a terminal says what is needed, and comes back", async () => {
  await using screen = new TestScreen({ news: homelab });
  await screen.sees("Nodes 5");
  screen.resize({ columns: 49, rows: 24 });
  assert.match(screen.frame().replaceAll("\n", " "), /49×24 cells.*needs 50×12/);
  screen.resize({ columns: 80, rows: 11 });
  assert.match(screen.frame(), /80×11 cells/);
  screen.type("q");
  assert.deepEqual(screen.effects, ["quit"]);
  screen.resize({ columns: 80, rows: 24 });
  assert.match(screen.frame(), /1 Nodes 5/);
});

Deno.test("without colour the selection is still seen", async () => {
  await using screen = new TestScreen({ news: homelab, color: false });
  await screen.sees("nuc");
  assert.match(screen.painted(), /\u001b\[7m› nuc/);
  assert.doesNotMatch(screen.painted(), /\u001b\[(?:3\d|9\d|4\d|2)m/);
});

Deno.test("only the 16 colours are used, and no background", async () => {
  await using screen = new TestScreen({ news: homelab, color: true, size: large });
  await screen.sees("nuc");
  screen.type("p");
  const codes = new Set(screen.painted().matchAll(/\u001b\[([\d;]*)m/g).map(([, code]) => code));
  const allowed = ["0", "2", "7", "22", "27", "31", "32", "33", "36", "39"];
  assert.deepEqual([...codes].filter((code) => !allowed.includes(code!)), []);
});

Deno.test("a list that breaks says so in its place; the others live on", async () => {
  await using screen = new TestScreen({ news: homelab });
  await screen.sees("nuc");
  const broken = {
    ...event("x"),
    reason: undefined,
    message: { evil: true },
    lastSeen: ago(0),
  } as unknown as ReturnType<typeof event>;
  screen.session.tell({ type: "seen", collection: "events", object: broken });
  const frame = await screen.sees("✗ The list of events cannot be shown");
  assert.match(frame, /› nuc/);
  assert.match(frame, /2 Workloads 8/);
  screen.session.tell({ type: "gone", collection: "events", uid: broken.uid });
  await screen.sees("3 Events 3");
});
