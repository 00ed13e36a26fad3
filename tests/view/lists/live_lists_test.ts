import assert from "node:assert/strict";
import { reduceLive } from "../../../src/live/live_state.ts";
import { unreachableError } from "../../../src/errors/user_error.ts";
import { arrange, layoutList, type ListSpec } from "../../../src/view/lists/list.ts";
import { EVENT_LIST } from "../../../src/view/lists/live_events.ts";
import { NODE_LIST } from "../../../src/view/tables/nodes.ts";
import { eventRows, nodeRows, workloadRows } from "../../../src/view/lists/live_rows.ts";
import { WORKLOAD_LIST } from "../../../src/view/tables/services.ts";
import { cellTone, noPaint } from "../../../src/view/words/tone.ts";
import { HOMELAB, liveState, look, NOW } from "../live_fixture.ts";

const STATE = liveState(HOMELAB);
const VIEW = look(STATE);

function drawn<R>(spec: ListSpec<R>, rows: readonly R[], width: number): readonly string[] {
  const { header, lines } = layoutList(spec.columns(NOW), rows, { width, paint: noPaint });
  return [header, ...lines].map((line) => line.trimEnd());
}

Deno.test("nodes at 80 columns: all that is asked of them first, notes where there is room", () => {
  assert.deepEqual(drawn(NODE_LIST, nodeRows(VIEW), 78), [
    "NAME  ROLE    STATUS          CPU       MEMORY    DISK       PODS IP",
    "nuc   control Ready           ▊░░░  20% ███▍  84% █▋░░  40% 3/110 100.64.0.1",
    "dgx   worker  Unreachable 12m ?         ?         ?         0/110 100.64.0.3",
    "pi    worker  Ready, cordoned ███▉  99% █▏░░  29% ?         0/110 100.64.0.4",
    "attic worker  Not provisioned -         -         -             - 100.64.0.5",
    "stray worker  Ready           ▏░░░   3% ▋░░░  14% ███▉  99% 1/110 100.64.0.6",
  ]);
});

Deno.test("the column of GPUs is there from 100 columns on, and only where a node has some", () => {
  const header = (width: number, from = VIEW) => drawn(NODE_LIST, nodeRows(from), width)[0]!;
  assert.match(header(98), / GPU /);
  assert.doesNotMatch(header(78), /GPU/);
  const { nodes = [] } = HOMELAB;
  const none = look(liveState({ ...HOMELAB, nodes: nodes.filter(({ name }) => name !== "dgx") }));
  assert.doesNotMatch(header(198, none), /GPU/);
});

Deno.test("nodes at 160 columns: bars make room for the amounts", () => {
  assert.deepEqual(drawn(NODE_LIST, nodeRows(VIEW), 158), [
    "NAME   ROLE     STATUS           CPU        CPU USED  MEMORY      MEM USED  DISK        PODS  GPU     IP          VERSION       AGE  NOTE",
    "nuc    control  Ready            ▊░░░  20%   0.7/3.5  ███▍  84%  5.9Gi/7Gi  █▋░░  40%  3/110  -       100.64.0.1  v1.36.3+k3s1  10d",
    "dgx    worker   Unreachable 12m  ?             ?/3.5  ?              ?/7Gi  ?          0/110  0/4 ×4  100.64.0.3  v1.36.2+k3s1  10d  its Tailscale is offline",
    "pi     worker   Ready, cordoned  ███▉  99%   3.5/3.5  █▏░░  29%    2Gi/7Gi  ?          0/110  -       100.64.0.4  v1.36.3+k3s1  10d  Tailscale key ends in 4d",
    "attic  worker   Not provisioned  -                 -  -                  -  -              -  -       100.64.0.5  -               -  not in the cluster yet",
    "stray  worker   Ready            ▏░░░   3%   0.1/3.5  ▋░░░  14%    1Gi/7Gi  ███▉  99%  1/110  -       100.64.0.6  v1.36.3+k3s1  10d  not in inventory",
  ]);
});

Deno.test("nodes at 200 columns: all of it, and wider bars", () => {
  assert.deepEqual(drawn(NODE_LIST, nodeRows(VIEW), 198), [
    "NAME   ROLE     STATUS           CPU            CPU USED  MEMORY          MEM USED  DISK            DISK USED       REQUESTED   PODS  GPU     IP          VERSION       AGE  NOTE",
    "nuc    control  Ready            █▋░░░░░░  20%   0.7/3.5  ██████▊░  84%  5.9Gi/7Gi  ███▎░░░░  40%  40Gi/100Gi  0.3 cpu, 192Mi  3/110  -       100.64.0.1  v1.36.3+k3s1  10d",
    "dgx    worker   Unreachable 12m  ?                 ?/3.5  ?                  ?/7Gi  ?                 ?/100Gi       0 cpu, 0B  0/110  0/4 ×4  100.64.0.3  v1.36.2+k3s1  10d  its Tailscale is offline",
    "pi     worker   Ready, cordoned  ███████▉  99%   3.5/3.5  ██▎░░░░░  29%    2Gi/7Gi  ?                 ?/100Gi       0 cpu, 0B  0/110  -       100.64.0.4  v1.36.3+k3s1  10d  Tailscale key ends in 4d",
    "attic  worker   Not provisioned  -                     -  -                      -  -                       -               -      -  -       100.64.0.5  -               -  not in the cluster yet",
    "stray  worker   Ready            ▎░░░░░░░   3%   0.1/3.5  █▏░░░░░░  14%    1Gi/7Gi  ███████▉  99%  99Gi/100Gi   0.1 cpu, 64Mi  1/110  -       100.64.0.6  v1.36.3+k3s1  10d  not in inventory",
  ]);
});

Deno.test("why nothing is known of a node: it is too early, or the cluster does not answer", () => {
  const { hosts = [] } = HOMELAB;
  const note = (...news: Parameters<typeof reduceLive>[1]) =>
    nodeRows(look(reduceLive(liveState({ hosts }), news))).map(({ reason }) => reason)[0];
  assert.equal(note(), "nodes are not listed yet");
  assert.equal(
    note({ type: "connection", connection: { state: "connecting", problem: undefined } }),
    "nodes are not listed yet",
  );
  assert.equal(
    note({ type: "gap", what: "nodes", words: "not allowed to list nodes" }),
    "not allowed to list nodes",
  );
  const problem = unreachableError("no route to host");
  assert.equal(
    note({ type: "connection", connection: { state: "connecting", problem } }),
    "the cluster cannot be read",
  );
});

Deno.test("workloads at 80 columns: what is in trouble first", () => {
  assert.deepEqual(drawn(WORKLOAD_LIST, workloadRows(VIEW), 78), [
    "NAMESPACE   NAME       KIND        READY HEALTH                       RESTARTS",
    "default     db         StatefulSet   0/1 Down: Unschedulable: 0/3 no…        0",
    "default     web        Service       1/2 Degraded: CrashLoopBackOff:…        7",
    "default     web        Deployment    1/2 Degraded: CrashLoopBackOff:…        7",
    "default     backup     CronJob       0/0 Idle                                0",
    "default     debug      Pod           1/1 Healthy                             0",
    "default     kubernetes Service         - External                            -",
    "default     migrate    Job           1/1 Complete                            0",
    "kube-system agent      DaemonSet     1/1 Healthy                             0",
  ]);
});

Deno.test("workloads at 120 columns: the reason in the cluster's own words", () => {
  assert.deepEqual(drawn(WORKLOAD_LIST, workloadRows(VIEW), 120).slice(0, 3), [
    "NAMESPACE    NAME        KIND         READY  HEALTH                                                       RESTARTS   AGE",
    "default      db          StatefulSet    0/1  Down: Unschedulable: 0/3 nodes are available: 3 Insufficie…         0  2d2h",
    "default      web         Service        1/2  Degraded: CrashLoopBackOff: exit code 1; back-off 5m0s              7  2d2h",
  ]);
});

Deno.test("events: newest first, the same ones folded, warnings marked", () => {
  const rows = eventRows(VIEW);
  assert.deepEqual(drawn(EVENT_LIST, rows, 78), [
    "AGE ! REASON           OBJECT      × MESSAGE",
    "60s ! BackOff          Pod/web-2 ×15 Back-off restarting failed container",
    " 9m   NodeNotSchedula… Node/pi       Node pi status is now: NodeNotSchedulable",
    "30m   Scheduled        Pod/web-1     assigned to nuc",
  ]);
  assert.deepEqual(drawn(EVENT_LIST, rows, 120), [
    "AGE  !  TYPE     REASON              NAMESPACE  OBJECT       ×  MESSAGE",
    "60s  !  Warning  BackOff             default    Pod/web-2  ×15  Back-off restarting failed container",
    " 9m     Normal   NodeNotSchedulable  -          Node/pi         Node pi status is now: NodeNotSchedulable",
    "30m     Normal   Scheduled           default    Pod/web-1       assigned to nuc",
  ]);
});

Deno.test("half of 200 columns leave an event's message most of the room", () => {
  const rows = eventRows(VIEW).map((row) => ({
    ...row,
    about: { ...row.about, name: "a-deployment-7d9c5b8f6d-x2k4q", namespace: "kube-system" },
    message: "m".repeat(120),
  }));
  const [, line = ""] = drawn(EVENT_LIST, rows, 99);
  assert.ok(/m+…/.exec(line)![0].length >= 48, line);
});

Deno.test("only warnings, where they are asked for", () => {
  const rows = eventRows(VIEW, { warningsOnly: true });
  assert.deepEqual(rows.map(({ reason, count }) => [reason, count]), [["BackOff", 15]]);
});

Deno.test("rows are found by what they show", () => {
  const nodes = (filter: string) =>
    arrange(NODE_LIST, nodeRows(VIEW), { filter, now: NOW }).map(({ name }) => name);
  assert.deepEqual(nodes("control-plane"), ["nuc"]);
  assert.deepEqual(nodes("unreachable"), ["dgx"]);
  assert.deepEqual(nodes("not provisioned"), ["attic"]);
  assert.deepEqual(nodes("inventory"), ["stray"]);
  assert.deepEqual(nodes("cordoned worker"), ["pi"]);
  assert.deepEqual(nodes("100.64.0.3"), ["dgx"]);
  const workloads = (filter: string) =>
    arrange(WORKLOAD_LIST, workloadRows(VIEW), { filter, now: NOW }).map(({ kind }) => kind);
  assert.deepEqual(workloads("default/web"), ["Service", "Deployment"]);
  assert.deepEqual(workloads("crash deploy"), ["Deployment"]);
  const events = (filter: string) =>
    arrange(EVENT_LIST, eventRows(VIEW), { filter, now: NOW })
      .map(({ about }) => about.name);
  assert.deepEqual(events("pod/web-2 warning"), ["web-2"]);
});

Deno.test("nodes are sorted by status with the worst first, and by use", () => {
  const by = (header: string, descending = false) =>
    arrange(NODE_LIST, nodeRows(VIEW), {
      filter: "",
      sort: { header, descending },
      now: NOW,
    }).map(({ name }) => name).join(" ");
  assert.equal(by("STATUS"), "dgx attic pi nuc stray");
  assert.equal(by("CPU", true), "pi nuc stray dgx attic");
  assert.equal(by("DISK", true), "stray nuc dgx pi attic");
});

Deno.test("many restarts and warnings stand out, always beside their word or number", () => {
  const restarts = WORKLOAD_LIST.columns(NOW).find(({ header }) => header === "RESTARTS")!;
  const tones = workloadRows(VIEW).map((row) => cellTone(restarts.cell(row)));
  assert.deepEqual(tones.slice(0, 4), ["plain", "warn", "warn", "plain"]);
});

Deno.test("rows are made anew only when what they are made from has changed", () => {
  assert.equal(nodeRows(VIEW), nodeRows({ ...VIEW, live: { ...STATE }, now: NOW + 1_000 }));
  assert.equal(workloadRows(VIEW), workloadRows({ ...VIEW, live: { ...STATE, version: "v2" } }));
  assert.equal(
    eventRows(VIEW, { warningsOnly: true }),
    eventRows({ ...VIEW, live: { ...STATE } }, { warningsOnly: true }),
  );
  const others = liveState({ ...HOMELAB, pods: [] });
  assert.notEqual(nodeRows(VIEW), nodeRows({ ...VIEW, live: others }));
  assert.deepEqual(nodeRows({ ...VIEW, live: others }).map(({ pods }) => pods), [
    0,
    0,
    0,
    undefined,
    0,
  ]);
  assert.equal(workloadRows({ ...VIEW, live: others }).some(({ kind }) => kind === "Pod"), false);
});

Deno.test("who looks at another cluster meanwhile makes nobody's rows anew", () => {
  const rows = nodeRows(VIEW);
  const other = look(liveState({ hosts: HOMELAB.hosts! }));
  assert.notDeepEqual(nodeRows(other), rows);
  assert.equal(nodeRows(VIEW), rows);
});

Deno.test("a key tells rows apart, also a host and a node of one name", () => {
  for (
    const keys of [
      nodeRows(VIEW).map(NODE_LIST.key),
      workloadRows(VIEW).map(WORKLOAD_LIST.key),
      eventRows(VIEW).map(EVENT_LIST.key),
    ]
  ) assert.equal(new Set(keys).size, keys.length);
});
