import assert from "node:assert/strict";
import { askKubelet } from "../../../src/cluster/usage/read_usage.ts";
import type { KubernetesApi } from "../../../src/cluster/api/kubernetes_api.ts";

const { signal } = new AbortController();

function answering(node: unknown, pods?: unknown): KubernetesApi {
  return {
    server: "https://100.64.0.1:6443",
    get: () => Promise.resolve({ node, pods }),
    lines: () => assert.fail("nothing is followed"),
    change: () => assert.fail("nothing is changed"),
    open: () => Promise.reject(new Error("nobody opens a channel here")),
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

const NODE = { cpu: { usageNanoCores: 1e9 }, memory: { workingSetBytes: 1 } };
const KNOWN = { cpu: 1, memory: 1, disk: undefined };

Deno.test("volumes of claims, each once, with the file system that they are on", async () => {
  const pvcRef = { namespace: "default", name: "db" };
  const volume = { name: "data", usedBytes: 9, capacityBytes: 10, pvcRef };
  const api = answering(NODE, [
    { volume: [volume, { name: "token", usedBytes: 1, capacityBytes: 10 }] },
    { volume: [volume, { pvcRef: { namespace: "media", name: "a\u001b[31m" } }] },
    { volume: null },
    {},
  ]);
  const volumes = [{ claim: "default/db", used: 9, capacity: 10 }];
  assert.deepEqual(await askKubelet(api, "nuc", { signal }), { ...KNOWN, volumes });
});

Deno.test("pods that are not understood leave the rest of the answer as it is", async () => {
  for (const pods of [7, "x", {}, [7], [{ volume: 7 }], [{ volume: [{ pvcRef: 7 }] }], null]) {
    assert.deepEqual(await askKubelet(answering(NODE, pods), "nuc", { signal }), KNOWN);
  }
});
