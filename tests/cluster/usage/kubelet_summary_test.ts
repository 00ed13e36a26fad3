import assert from "node:assert/strict";
import { askKubelet } from "../../../src/cluster/usage/read_usage.ts";
import type { KubernetesApi } from "../../../src/cluster/api/kubernetes_api.ts";

const { signal } = new AbortController();

function answering(node: unknown): KubernetesApi {
  return {
    server: "https://100.64.0.1:6443",
    get: () => Promise.resolve({ node }),
    lines: () => assert.fail("nothing is followed"),
    change: () => assert.fail("nothing is changed"),
    close: () => Promise.resolve(),
  };
}

Deno.test("a kubelet's use of its node, in cores and bytes", async () => {
  const api = answering({
    cpu: { usageNanoCores: 250_000_000 },
    memory: { workingSetBytes: 4096 },
    fs: { usedBytes: 10, capacityBytes: 100 },
  });
  assert.deepEqual(await askKubelet(api, "nuc", { signal }), {
    cpu: 0.25,
    memory: 4096,
    disk: { used: 10, capacity: 100 },
  });
});

Deno.test("what a kubelet has not measured yet is not known, though it says 0", async () => {
  const api = answering({
    cpu: { usageNanoCores: 0 },
    memory: { workingSetBytes: 0 },
    fs: { usedBytes: 0, capacityBytes: 0 },
  });
  assert.deepEqual(await askKubelet(api, "nuc", { signal }), {
    cpu: undefined,
    memory: undefined,
    disk: undefined,
  });
});
