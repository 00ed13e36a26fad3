import assert from "node:assert/strict";
import { ApiError, type KubernetesApi } from "../../../src/cluster/api/kubernetes_api.ts";
import { readNode } from "../../../src/cluster/read/read_objects.ts";
import { kubeletsToAsk, readUsage } from "../../../src/cluster/usage/read_usage.ts";
import type { WatchNews } from "../../../src/cluster/watch/cluster_state.ts";
import { nodeObject } from "../objects_fixture.ts";

const { signal } = new AbortController();
const SUMMARY = {
  node: {
    cpu: { usageNanoCores: 500_000_000 },
    memory: { workingSetBytes: 1024 },
    fs: { usedBytes: 1, capacityBytes: 2 },
  },
};

/** What is told of nodes whose kubelets answer so; others never answer. */
async function told(answers: Readonly<Record<string, unknown>>, names = Object.keys(answers)) {
  const asked: string[] = [];
  const news: WatchNews[] = [];
  const api = {
    get: async (path: string, { signal }: { signal: AbortSignal }) => {
      const name = /nodes\/([^/]+)\/proxy/.exec(path)?.[1];
      if (name === undefined) throw new ApiError(404, "NotFound", "no metrics-server", path);
      asked.push(name);
      const answer = answers[name];
      if (answer instanceof Error) throw answer;
      if (answer !== undefined) return answer;
      return await new Promise((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason))
      );
    },
  } as unknown as KubernetesApi;
  const nodes = names.map((name) => readNode(nodeObject(name)));
  await readUsage(api, {
    nodes: Promise.resolve(nodes),
    emit: (each) => void news.push(each),
    signal,
    answerMs: 20,
  });
  const metrics = news.find(({ type }) => type === "metrics");
  assert.ok(metrics?.type === "metrics");
  const gap = news.find(({ type }) => type === "gap");
  return { asked, metrics: metrics.metrics, gap: gap?.type === "gap" ? gap.words : undefined };
}

Deno.test("a kubelet that does not answer in time is unknown, the others are not", async () => {
  const { metrics, gap } = await told({ slow: undefined, nuc: SUMMARY });
  const nuc = { cpu: 0.5, memory: 1024, disk: { used: 1, capacity: 2 } };
  assert.deepEqual(metrics, { known: true, nodes: new Map([["nuc", nuc]]) });
  assert.equal(gap, undefined);
});

Deno.test("where no kubelet answers it is said why", async () => {
  assert.equal(
    (await told({ slow: undefined })).gap,
    "Disk usage is unknown: the kubelets do not answer in time",
  );
  const refused = new ApiError(403, "Forbidden", "no", "/x");
  const { gap, metrics } = await told({ a: refused, b: refused });
  assert.match(gap ?? "", /not allowed to ask the kubelets/);
  assert.deepEqual(metrics, { known: false, reason: "no metrics-server in the cluster" });
  assert.equal((await told({})).gap, undefined);
});

Deno.test("nodes that are away are not asked, and of very many only some", () => {
  const nodes = [
    readNode(nodeObject("away", { ready: "Unknown" })),
    ...Array.from({ length: 300 }, (_, index) => readNode(nodeObject(`n${index}`))),
  ];
  const names = kubeletsToAsk(nodes);
  assert.equal(names.length, 100);
  assert.ok(!names.includes("away"));
});

Deno.test("who asks ends it", async () => {
  const controller = new AbortController();
  const api = {
    get: (_: string, { signal }: { signal: AbortSignal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  } as unknown as KubernetesApi;
  const nodes = Promise.resolve([readNode(nodeObject("nuc"))]);
  const reading = readUsage(api, { nodes, emit: () => {}, signal: controller.signal });
  controller.abort(new Error("Interrupted"));
  await assert.rejects(reading, /Interrupted/);
});
