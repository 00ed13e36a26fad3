import assert from "node:assert/strict";
import { gpuChecks, parseGpuFacts } from "../../../src/actions/doctor/gpu.ts";
import { readNode } from "../../../src/cluster/read/read_objects.ts";
import { nodeObject } from "../../cluster/objects_fixture.ts";
import { inventoryHost } from "../host_fixture.ts";

const DRIVER = "card=pci\ndriver=00000000:01:00.0, NVIDIA RTX 4090, 24564, 570.133\n";
const JETSON = "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic";
const READY = `${DRIVER}runtime=/usr/bin/nvidia-container-runtime\nfound=yes\n`;

/** Checks of a host `dgx` that printed this, whose node offers so many cards. */
function found(
  stdout: string,
  { gpu, offers }: { gpu?: boolean; offers?: number | undefined } = {},
) {
  const node = nodeObject("dgx");
  const labels = { "k3s-tool.io/gpu-replicas": "2" };
  const nodes = offers === undefined ? undefined : [readNode({
    ...node,
    metadata: { ...node.metadata, ...offers === 0 ? {} : { labels } },
    status: { ...node.status, allocatable: { "nvidia.com/gpu": String(offers) } },
  })];
  const host = { ...inventoryHost("dgx", "100.64.0.3"), gpu };
  return gpuChecks(host, { facts: parseGpuFacts(stdout), nodes }).map(({ name, status, hint }) =>
    `${name} ${status}${hint === undefined ? "" : ` (${hint})`}`
  );
}

Deno.test("a machine without a card is no matter, unless it is to have one", () => {
  assert.deepEqual(found("Last login: today\n"), []);
  assert.match(
    found("", { gpu: true })[0]!,
    /^card fail .*k3s-tool config set gpu false --scope dgx/,
  );
  assert.deepEqual(found(READY, { gpu: false }), ["card ok"]);
});

Deno.test("the first thing that is missing is named, with what to do", () => {
  const last = (stdout: string, offers = 2) => found(stdout, { offers }).at(-1)!;
  assert.match(last("card=pci\n"), /^driver fail .*gpu_driver install/);
  assert.match(
    last("card=pci\nproblem=Driver/library version mismatch\n"),
    /^driver fail \(Reboot/,
  );
  assert.match(last(DRIVER), /^toolkit fail .*provision --limit dgx/);
  assert.match(last(READY, 0), /^node fail .*provision/);
  assert.match(last(READY, 1), /^node fail .*logs daemonset\/k3s-tool-gpu/);
  assert.deepEqual(found(READY, { offers: 2 }), ["card ok", "driver ok", "toolkit ok", "node ok"]);
  assert.match(found(READY.replace("found=yes", "found=no")).at(-1)!, /^k3s fail .*restart k3s/);
  assert.deepEqual(found(READY), ["card ok", "driver ok", "toolkit ok"], "the cluster is away");
});

Deno.test("what a machine prints is harmless", () => {
  const facts = parseGpuFacts("driver=\u001b[31mRTX\nevil=1\ncard=pci\ncard=pci\n");
  assert.ok(!facts.get("driver")![0]!.includes("\u001b"));
  assert.deepEqual([facts.has("evil"), facts.get("card")?.length], [false, 2]);
});

Deno.test("the driver is told in words, whatever of it is known", () => {
  const said = (line: string) =>
    gpuChecks(inventoryHost("dgx", "100.64.0.3"), {
      facts: parseGpuFacts(`card=pci\ndriver=${line}\n`),
      nodes: undefined,
    }).find(({ name }) => name === "driver")?.message;
  const cases = [
    [
      "00000000:01:00.0, NVIDIA RTX 4090, 24564, 570.133",
      "NVIDIA RTX 4090, 24 GiB, driver 570.133",
    ],
    ["0000000F:01:00.0, NVIDIA GB10, [N/A], 580.95", "NVIDIA GB10, driver 580.95"],
    [JETSON, JETSON],
  ] as const;
  for (const [line, expected] of cases) assert.equal(said(line), expected);
});
