import assert from "node:assert/strict";
import type { Metrics } from "../../../src/cluster/watch/cluster_state.ts";
import { ApiError, type KubernetesApi } from "../../../src/cluster/api/kubernetes_api.ts";
import { UsageMeter } from "../../../src/cluster/usage/usage_meter.ts";
import { FakeClock } from "../../process/fake_clock.ts";

const GI = 2 ** 30;
const METRICS = "/apis/metrics.k8s.io/v1beta1/nodes";

const summary = (usedBytes: number) => ({
  node: {
    cpu: { usageNanoCores: 500_000_000 },
    memory: { workingSetBytes: GI },
    fs: { usedBytes, capacityBytes: 10 * GI },
  },
});
const nodeMetrics = (name: string) => ({
  metadata: { name },
  usage: { cpu: "250m", memory: "2Gi" },
});
const refusal = (status: number) => new ApiError(status, "", "no", "/x");

interface Metered {
  readonly clock: FakeClock;
  readonly meter: UsageMeter;
  /** By path; an Error is thrown, a function is called. */
  readonly answers: Map<string, unknown>;
  readonly asked: string[];
  metrics(): Metrics | undefined;
  readonly gaps: (string | undefined)[];
}

async function metering(test: (metered: Metered) => Promise<void>): Promise<void> {
  const clock = new FakeClock();
  const controller = new AbortController();
  const { signal } = controller;
  const answers = new Map<string, unknown>();
  const asked: string[] = [];
  const gaps: (string | undefined)[] = [];
  let metrics: Metrics | undefined;
  const api = {
    get: async (path: string, { signal }: { signal: AbortSignal }) => {
      asked.push(path);
      const answer = answers.get(path);
      if (answer === "silence") {
        await new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason))
        );
      }
      if (answer instanceof Error) throw answer;
      if (answer === undefined) throw refusal(404);
      return answer;
    },
  } as unknown as KubernetesApi;
  const link = {
    up: () =>
      signal.aborted ? Promise.reject(signal.reason) : Promise.resolve({ signal, cluster: 0 }),
    heard: () => {},
    doubt: () => {},
  };
  const meter = new UsageMeter({
    api,
    link,
    clock,
    signal,
    emit: (news) => {
      if (news.type === "metrics") metrics = news.metrics;
      else if (news.type === "gap") gaps.push(news.words);
    },
  }, []);
  const done = meter.run();
  done.catch(() => {});
  await test({ clock, meter, answers, asked, metrics: () => metrics, gaps });
  controller.abort(new Error("all is over"));
  await assert.rejects(done, /all is over/);
  assert.equal(clock.sleeping, 0);
}

const path = (node: string) => `/api/v1/nodes/${node}/proxy/stats/summary`;

Deno.test("metrics-server has the word on CPU and memory, the kubelet on the disk", () =>
  metering(async ({ clock, meter, answers, metrics }) => {
    answers.set(METRICS, { items: [nodeMetrics("nuc"), nodeMetrics("pi")] });
    answers.set(path("nuc"), summary(4 * GI));
    answers.set(path("dgx"), summary(5 * GI));
    meter.lookAt(["nuc", "dgx"]);
    await clock.pass(0);
    assert.deepEqual(metrics(), {
      known: true,
      nodes: new Map(Object.entries({
        nuc: { cpu: 0.25, memory: 2 * GI, disk: { used: 4 * GI, capacity: 10 * GI } },
        dgx: { cpu: 0.5, memory: GI, disk: { used: 5 * GI, capacity: 10 * GI } },
        pi: { cpu: 0.25, memory: 2 * GI, disk: undefined },
      })),
    });
  }));

Deno.test("without metrics-server the kubelets say all of it", () =>
  metering(async ({ clock, meter, answers, metrics }) => {
    answers.set(METRICS, refusal(503));
    await clock.pass(0);
    assert.deepEqual(metrics(), { known: false, reason: "metrics-server is not ready" });
    answers.set(path("nuc"), summary(GI));
    meter.lookAt(["nuc"]);
    await clock.pass(0);
    const now = metrics();
    assert.ok(now?.known);
    assert.equal(now.nodes.get("nuc")?.cpu, 0.5);
  }));

Deno.test("kubelets that are not looked at are not asked, the others every 30 s", () =>
  metering(async ({ clock, meter, answers, asked }) => {
    await clock.pass(60_000);
    assert.ok(asked.every((each) => each === METRICS));
    answers.set(path("nuc"), summary(GI));
    meter.lookAt(["nuc"]);
    await clock.pass(60_000);
    assert.equal(asked.filter((each) => each === path("nuc")).length, 3);
    meter.lookAt([]);
    await clock.pass(60_000);
    assert.equal(asked.filter((each) => each === path("nuc")).length, 3);
  }));

Deno.test("four kubelets are asked at once, and given up after 5 s", () =>
  metering(async ({ clock, meter, answers, asked }) => {
    const names = Array.from({ length: 10 }, (_, index) => `n${index}`);
    for (const name of names) answers.set(path(name), "silence");
    meter.lookAt(names);
    await clock.pass(4_999);
    assert.equal(asked.filter((each) => each !== METRICS).length, 4);
    await clock.pass(1);
    assert.equal(asked.filter((each) => each !== METRICS).length, 8);
  }));

Deno.test("a kubelet that says nothing is asked again soon, then as seldom as others", () =>
  metering(async ({ clock, meter, answers, asked, gaps, metrics }) => {
    answers.set(path("nuc"), refusal(502));
    meter.lookAt(["nuc"]);
    await clock.pass(25_000);
    assert.equal(asked.filter((each) => each === path("nuc")).length, 3);
    assert.deepEqual(gaps, ["Disk usage is unknown: the kubelets do not answer"]);
    await clock.pass(60_000);
    assert.equal(asked.filter((each) => each === path("nuc")).length, 5);
    assert.equal(metrics()?.known, false);
    answers.set(path("nuc"), summary(GI));
    await clock.pass(30_000);
    assert.equal(gaps.at(-1), undefined);
    assert.equal(gaps.length, 2);
  }));

Deno.test("what may not be asked is said", () =>
  metering(async ({ clock, meter, answers, gaps }) => {
    answers.set(path("nuc"), refusal(403));
    meter.lookAt(["nuc"]);
    await clock.pass(0);
    assert.deepEqual(gaps, [
      "Disk usage is unknown: not allowed to ask the kubelets (nodes/proxy)",
    ]);
  }));

Deno.test("what is old is not shown", () =>
  metering(async ({ clock, meter, answers, metrics }) => {
    answers.set(path("nuc"), summary(GI));
    meter.lookAt(["nuc"]);
    await clock.pass(0);
    answers.set(path("nuc"), refusal(502));
    await clock.pass(110_000);
    assert.equal(metrics()?.known, true);
    await clock.pass(40_000);
    assert.deepEqual(metrics(), { known: false, reason: "no metrics-server in the cluster" });
  }));

Deno.test("nonsense of a kubelet is unknown, not zero", () =>
  metering(async ({ clock, meter, answers, metrics, gaps }) => {
    answers.set(path("nuc"), { node: { cpu: {}, fs: { usedBytes: 7 } } });
    answers.set(path("dgx"), { node: "\u001b[2J" });
    meter.lookAt(["dgx"]);
    await clock.pass(0);
    assert.deepEqual(gaps, ["Disk usage is unknown: the kubelets' answers cannot be parsed"]);
    meter.lookAt(["nuc"]);
    await clock.pass(0);
    const now = metrics();
    assert.ok(now?.known);
    assert.deepEqual(now.nodes.get("nuc"), { cpu: undefined, memory: undefined, disk: undefined });
  }));
