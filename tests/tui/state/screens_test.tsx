// deno-lint-ignore-file no-control-regex -- what a terminal is sent is looked at
/**
 * Frames of what lies over the lists: details, logs, YAML, requests, palette, questions, help.
 *
 * @module
 */

import assert from "node:assert/strict";
import stringWidth from "fast-string-width";
import { UserError } from "../../../src/errors/user_error.ts";
import { ago, HOMELAB, liveState, NOW, pod, workload } from "../../view/live_fixture.ts";
import { newsOf } from "../fake_session.ts";
import { type ScreenOptions, TestScreen } from "../screen.tsx";

const news = newsOf(liveState(HOMELAB));

const WEB_2 = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-2", namespace: "default", labels: { app: "web" } },
  spec: {
    containers: [{ name: "web", image: "web:2" }, { name: "proxy", image: "proxy:1" }],
  },
  status: {
    conditions: [{ type: "Ready", status: "False", reason: "ContainersNotReady" }],
    containerStatuses: [{
      name: "web",
      restartCount: 7,
      state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 5m0s" } },
      lastState: { terminated: { exitCode: 137, reason: "OOMKilled", finishedAt: ago(4) } },
    }],
  },
};
const OBJECTS = {
  "Pod default/web-2": WEB_2,
  "Pod default/web-1": {
    metadata: { name: "web-1" },
    spec: { containers: [{ name: "web", image: "web:2" }] },
    status: { podIP: "10.42.0.9" },
  },
  "Service default/web": {
    kind: "Service",
    metadata: { name: "web" },
    spec: { type: "ClusterIP", ports: [{ port: 80 }] },
  },
};

/** A screen with the lists on it. */
async function opened(options: ScreenOptions = {}): Promise<TestScreen> {
  const screen = new TestScreen({ news, objects: OBJECTS, ...options });
  await screen.sees("1 Nodes 5");
  return screen;
}

/** The whole frame fits the terminal, with the keys in its last line. */
function assertFits(screen: TestScreen, { columns, rows } = { columns: 80, rows: 24 }): void {
  const lines = screen.lines();
  assert.equal(lines.length, rows);
  for (const line of lines) assert.ok(stringWidth(line) <= columns, line);
  assert.match(lines.at(-1)!, /\bEsc\b|\? help|y yes/);
}

/** Filters the focused list and opens what is left. */
async function openRow(screen: TestScreen, pane: string, filter: string): Promise<void> {
  screen.type(pane, "/", filter, "\r", "\r");
  await screen.until((frame) => !frame.includes("━━ 1 Nodes") && !frame.includes(`/${filter}`));
}

Deno.test("details of a node that is away say since when, and what it had", async () => {
  await using screen = await opened({ size: { columns: 120, rows: 60 } });
  await openRow(screen, "1", "dgx");
  const frame = await screen.sees("━━ Node dgx");
  assert.match(frame, /Status +Unreachable/);
  assert.match(frame, /12m ago/);
  assert.match(frame, /nvidia\.com\/gpu=true:NoSchedule/);
  for (const title of ["Resources", "Conditions", "Tailscale", "Pods", "System", "Labels"]) {
    assert.match(frame, new RegExp(`^ {2}${title}`, "m"), title);
  }
  // What is not measured is unknown, not nothing.
  assert.match(frame, /CPU +4 +0\.5 +3\.5 +0 +- +\?$/m);
  assertFits(screen, { columns: 120, rows: 60 });
});

Deno.test("details of a pod: containers, conditions, events; Enter on its node leads there, Esc back", async () => {
  await using screen = await opened({ size: { columns: 100, rows: 50 } });
  await openRow(screen, "2", "deployment web");
  await screen.sees("━━ Deployment default/web");
  const at = screen.lines().findIndex((line) => line.includes("web-2 "));
  screen.type("j".repeat(at - 4), "\r");
  const frame = await screen.sees("OOMKilled, exit code 137, 4m ago");
  assert.match(frame, /━━ Pod default\/web-2/);
  assert.match(frame, /Waiting: CrashLoopBackOff: back-off 5m0s/);
  assert.match(frame, /Ready +False/);
  assert.match(frame, /! +BackOff +Back-off restarting failed container/);
  const node = screen.lines().findIndex((line) => /^ +Node +nuc →/.test(line));
  screen.type("j".repeat(node - 4), "\r");
  await screen.sees("━━ Node nuc");
  screen.type("\u001b");
  const back = await screen.sees("━━ Pod default/web-2");
  assert.match(back, /^› +Node +nuc →/m);
  screen.type("\u001b");
  assert.match(await screen.sees("━━ Deployment default/web"), /^› +web-2 /m);
  screen.type("\u001b");
  assert.match(await screen.sees("━━ 2 Workloads 1 of 8"), /^› default +web +Deployment/m);
});

Deno.test("details of a service: endpoints with their addresses, pods, containers", async () => {
  await using screen = await opened({ size: { columns: 100, rows: 50 } });
  await openRow(screen, "2", "service web");
  const frame = await screen.sees("10.42.0.9:80");
  assert.match(frame, /Endpoints \(1\)/);
  assert.match(frame, /Pods \(2\)/);
  assert.match(frame, /Containers/);
  assert.match(frame, /web-2 +Waiting: CrashLoopBackOff/);
});

Deno.test("details of an event, and of an object that is gone", async () => {
  await using screen = await opened({ objects: {} });
  await openRow(screen, "3", "backoff");
  const frame = await screen.sees("━━ Event");
  assert.match(frame, /Said +15 times/);
  assertFits(screen);
  screen.type("\u001b");
  await screen.sees("━━ 3 Events");
  screen.type("y");
  const gone = await screen.sees("✗ Pod default/web-2 is gone");
  assert.match(gone, /Look again later\./);
});

Deno.test("YAML begins with what the object is", async () => {
  await using screen = await opened();
  screen.type("2", "/", "service web", "\r", "y");
  await screen.sees("kind: Service");
  const lines = screen.lines();
  assert.match(lines[3]!, /━━ Service default\/web as YAML/);
  assert.deepEqual(lines.slice(4, 8).map((line) => line.trimEnd()), [
    "  kind: Service",
    "  metadata:",
    "    name: web",
    "  spec:",
  ]);
  assertFits(screen);
});

Deno.test("a log is followed, stands still, and goes on; the next container; the run before", async () => {
  const wishes: string[] = [];
  let more: (line: string) => void = () => {};
  await using screen = await opened({
    async *logs({ pod, container, previous }, signal) {
      wishes.push(`${pod} ${container ?? "-"}${previous ? " before" : ""}`);
      for (let line = 1; line <= 40; line++) yield `line ${line} of ${container ?? "it"}`;
      yield "\u001b[2J\u001b[31mred\u202e";
      while (!previous && !signal.aborted) {
        yield await new Promise<string>((resolve) => {
          more = resolve;
          signal.addEventListener("abort", () => resolve(""), { once: true });
        });
      }
    },
  });
  screen.type("2", "/", "deployment web", "\r", "l");
  const frame = await screen.sees("red");
  assert.match(frame, /━━ Log of default\/web-2 ━━ 2 pods, following ━━ 23–41 of 41/);
  assert.doesNotMatch(frame, /[\u0000-\u0009\u000b-\u001f\u202e]/);
  assertFits(screen);
  screen.type("k");
  await screen.sees("2 pods, paused");
  more("a new line");
  await screen.until((frame) => /of 42/.test(frame) && !frame.includes("a new line"));
  screen.type("G");
  await screen.sees("a new line");
  screen.type("n");
  await screen.sees("line 40 of proxy");
  screen.type("P");
  await screen.sees("before its last restart");
  assert.deepEqual(wishes, ["web-2 -", "web-2 proxy", "web-2 proxy before"]);
});

Deno.test("a log that may not be read says so", async () => {
  await using screen = await opened({
    // deno-lint-ignore require-yield -- it fails before its first line
    async *logs() {
      await Promise.resolve();
      throw new UserError("You may not read logs in default", { hint: "Ask for pods/log." });
    },
  });
  screen.type("2", "/", "deployment web", "\r", "l");
  const frame = await screen.sees("✗ You may not read logs in default");
  assert.match(frame, /Ask for pods\/log\./);
});

Deno.test("the palette finds by a few letters; a question says what will happen and shows the result", async () => {
  await using screen = await opened();
  screen.type("p");
  const all = await screen.sees("━━ Actions");
  assert.match(all, /^› cordon Node nuc/m);
  assert.match(all, /filter the list as you type +\/ *$/m);
  assertFits(screen);
  screen.type("zzz");
  await screen.sees("Nothing matches.");
  screen.type("\u0015", "drain");
  await screen.until((frame) => /^› drain Node nuc/m.test(frame));
  screen.type("\r");
  const question = await screen.sees("━━ Drain nuc?");
  assert.match(question, /pods? (?:is|are) evicted/);
  assert.match(question, /y yes {3}n no/);
  assert.equal(screen.session.performed.length, 0);
  screen.type("n");
  await screen.sees("Nothing was changed.");
  assert.equal(screen.session.performed.length, 0);
  screen.type("p", "drain", "\r");
  await screen.sees("━━ Drain nuc?");
  screen.type("y");
  await screen.sees("✓ Done as asked.");
  assert.deepEqual(screen.session.performed, [{ type: "drain", node: "nuc" }]);
  screen.type("R");
  const requests = await screen.sees("━━ Requests and results");
  assert.match(requests, /✓ Done as asked\./);
});

Deno.test("the question for a number says that it takes no letters", async () => {
  await using screen = await opened();
  screen.type("2", "/", "deployment web", "\r", "p", "scale", "\r");
  await screen.sees("How many pods?");
  screen.type("3", "x");
  await screen.sees("Enter at most four digits.");
  screen.type("0");
  assert.ok(!(await screen.sees("30▏")).includes("at most four digits"));
});

Deno.test("scale asks for a number, then whether to do it", async () => {
  await using screen = await opened();
  screen.type("2", "/", "deployment web", "\r", "p", "scale", "\r");
  await screen.sees("How many pods? It has 2 now.");
  assertFits(screen);
  screen.type("x-3", "\r");
  await screen.sees("━━ Scale Deployment default/web from 2 to 3?");
  screen.type("y");
  await screen.sees("✓ Done as asked.");
  assert.equal(screen.session.performed[0]?.type, "scale");
});

Deno.test("a change that fails says why in as many lines as that takes, until the next key", async () => {
  await using screen = await opened({
    // deno-lint-ignore require-yield -- it fails before its first sentence
    async *perform() {
      await Promise.resolve();
      throw new UserError(
        "2 pods cannot leave nuc, as their disruption budgets do not allow it: " +
          "default/web (default/web-1), photos/db (photos/db-0)",
        { hint: "Wait until their replacements are ready, or scale them up, then drain again." },
      );
    },
  });
  screen.type("p", "drain", "\r", "y");
  const frame = await screen.sees("✗ 2 pods cannot leave nuc");
  assert.match(frame.replace(/\n */g, " "), /or scale them up, then drain again\./);
  assertFits(screen);
  screen.type("j");
  await screen.until((frame) => !frame.includes("✗ 2 pods"));
});

Deno.test("with --read-only nothing that changes anything is offered", async () => {
  await using screen = await opened({
    readOnly: true,
    async *provision() {},
  });
  for (const pane of ["1", "2"]) {
    screen.type(pane, "p");
    const frame = await screen.sees("━━ Actions");
    assert.doesNotMatch(
      frame.slice(frame.indexOf("━━ Actions")),
      /cordon|drain|restart|scale|delete|provision the/,
    );
    for (const letters of ["cordon", "drain", "restart", "scale", "delete", "provision the"]) {
      screen.type("\u0015", letters);
      await screen.until((frame) => frame.includes(`${letters}▏`));
      const found = screen.lines().slice(
        2 + screen.lines().findIndex((line) => /Actions/.test(line)),
      );
      assert.doesNotMatch(
        found.join("\n"),
        /^[› ] (?:cordon|drain|restart|scale|delete|provision)/m,
      );
    }
    screen.type("\u001b");
    await screen.until((frame) => !frame.includes("━━ Actions"));
  }
});

Deno.test("help lists every key of the view behind it, whole at 80 columns, and scrolls", async () => {
  await using screen = await opened();
  for (const [open, title] of [["", "the lists"], ["\r", "details"], ["R", "the requests"]]) {
    screen.type(open!, "?");
    const frame = await screen.sees(`━━ Keys in ${title}`);
    assert.match(frame, /one line down/);
    const lines = [...screen.lines().slice(4)];
    screen.type("G");
    await screen.until((frame) => /Ctrl-C +quit/.test(frame));
    lines.push(...screen.lines().slice(4));
    for (const line of lines) assert.doesNotMatch(line, /…/, line);
    assertFits(screen);
    screen.type("\u001b");
    await screen.until((frame) => !frame.includes("━━ Keys in"));
    screen.type("\u001b");
    await screen.sees("━━ 1 Nodes");
  }
});

Deno.test("what is typed into a filter narrows the list at once; Esc brings all back, and the selection", async () => {
  await using screen = await opened();
  screen.type("2", "G");
  await screen.until((frame) => /^› kube-system +agent/m.test(frame));
  screen.type("/", "we");
  const frame = await screen.sees("━━ 2 Workloads 2 of 8 ━━ /we▏");
  assert.match(frame, /default +web +Service/);
  assert.doesNotMatch(frame, /agent/);
  screen.type("xyz");
  await screen.sees("Nothing matches wexyz; Esc clears the filter.");
  screen.type("\u001b");
  const back = await screen.sees("━━ 2 Workloads 8 ");
  assert.match(back, /^› kube-system +agent/m);
});

Deno.test("names that would turn or colour the screen stay in their cells", async () => {
  const evil = "ع\u202eabc\u001b[31mred\u0007\n名前🎉";
  const wide = liveState({
    ...HOMELAB,
    pods: [pod(evil, { problem: { reason: evil, message: evil }, ready: false })],
    deployments: [workload("Deployment", evil, { problem: { reason: evil, message: evil } })],
  });
  await using screen = new TestScreen({ news: newsOf(wide) });
  await screen.sees("1 Nodes 5");
  for (const keys of [["2"], ["\r"], ["\u001b"], ["p"], ["\u001b"], ["3", "\r"]]) {
    screen.type(...keys);
    const frame = screen.frame();
    assert.doesNotMatch(
      frame,
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/,
    );
    assertFits(screen);
  }
  assert.equal(screen.store.model().now, NOW);
});
