import assert from "node:assert/strict";
import type { ActionSystem } from "../../../src/actions/action_system.ts";
import { hostProgram } from "../../../src/actions/backup/host_program.ts";
import {
  gpuChecks,
  type GpuFacts,
  parseGpuFacts,
  scriptOf,
} from "../../../src/actions/doctor/gpu.ts";
import { FolderAssets } from "../../../src/assets/source.ts";
import { readNode } from "../../../src/cluster/read/read_objects.ts";
import { DenoRunner } from "../../../src/process/deno_runner.ts";
import { withDirectory } from "../../ansible/fake_system.ts";
import { PROJECT_ROOT } from "../../cli/fake_context.ts";
import { nodeObject } from "../../cluster/objects_fixture.ts";
import { inventoryHost } from "../host_fixture.ts";

const READY: GpuFacts = {
  seen: 1,
  cards: 1,
  description: "NVIDIA RTX 4090, 24 GiB, driver 570.133",
  problem: null,
  runtime: "/usr/bin/nvidia-container-runtime",
  found_by_k3s: true,
};

/** A host with a card of which this is wrong. */
function broken(id: string, message: string, hint = "Reboot the machine."): GpuFacts {
  return { ...READY, cards: 0, description: "", problem: { id, message, hint } };
}

const NONE = { ...broken("no_card", "no NVIDIA card is in this machine"), seen: 0, runtime: null };

/** Checks of a host `dgx` with these facts, whose node offers so many cards. */
function found(
  facts: GpuFacts,
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
  return gpuChecks(host, { facts, nodes }).map(({ name, status, hint }) =>
    `${name} ${status}${hint === undefined ? "" : ` (${hint})`}`
  );
}

Deno.test("a machine without a card is no matter, unless it is to have one", () => {
  assert.deepEqual(found(NONE), []);
  assert.match(
    found(NONE, { gpu: true })[0]!,
    /^card fail .*k3s-tool config set gpu false --scope dgx/,
  );
  assert.deepEqual(found(READY, { gpu: false }), ["card ok"]);
});

Deno.test("the first thing that is missing is named, with what to do", () => {
  const last = (facts: GpuFacts, offers = 2) => found(facts, { offers }).at(-1)!;
  const install = "Set gpu_driver: install to have the distribution's installed.";
  for (const id of ["no_driver", "nouveau"]) {
    assert.match(
      last(broken(id, "no NVIDIA driver is installed", install)),
      /^driver fail \(Install it with: k3s-tool config set gpu_driver install --scope dgx/,
    );
  }
  assert.match(last(broken("mismatch", "the driver was updated")), /^driver fail \(Reboot/);
  assert.match(last({ ...READY, runtime: null }), /^toolkit fail .*provision --limit dgx/);
  assert.match(last(READY, 0), /^node fail .*provision/);
  assert.match(last(READY, 1), /^node fail .*logs daemonset\/k3s-tool-gpu/);
  assert.deepEqual(found(READY, { offers: 2 }), ["card ok", "driver ok", "toolkit ok", "node ok"]);
  assert.match(found({ ...READY, found_by_k3s: false }).at(-1)!, /^k3s fail .*restart k3s/);
  assert.deepEqual(found(READY), ["card ok", "driver ok", "toolkit ok"], "the cluster is away");
  const unknown = { ...READY, found_by_k3s: null };
  assert.deepEqual(found(unknown, { offers: 2 }).length, 4, "only root may know");
});

Deno.test("the program runs as it is sent, and says what the role would", async () => {
  await withDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/sudo`, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const system = { assets: new FolderAssets(PROJECT_ROOT) } as Partial<ActionSystem>;
    const program = await hostProgram(
      system as ActionSystem,
      ["programs", "machine", "gpu"],
      // A machine with a card whose driver fails: this one has none.
      "gpu.look_at_machine = lambda: {'machine': {'gpus': [{}], 'gpu_problem': " +
        "'Driver/library version mismatch \\x1b[31m'}}; gpu.tell(sys.stdout)",
      {},
    );
    const { stdout, stderr } = await new DenoRunner().run(["sh", "-s"], {
      stdin: `echo Last login: today\n${scriptOf(program, "python3")}`,
      env: { PATH: `${directory}:${Deno.env.get("PATH")}` },
    });
    assert.match(stdout, /^end=yes$/m, stderr);
    const facts = parseGpuFacts(stdout);
    assert.deepEqual([facts?.seen, facts?.cards, facts?.problem?.id], [1, 0, "mismatch"]);
    assert.match(facts!.problem!.message, /driver was updated.*version mismatch/);
    assert.ok(!facts!.problem!.message.includes("\u001b"));
  });
});

Deno.test("what a machine prints instead of an answer is none", () => {
  for (const line of ["", "k3s-tool-gpu=", "k3s-tool-gpu={}", "k3s-tool-gpu=[1]", "card=pci"]) {
    assert.equal(parseGpuFacts(`${line}\nend=yes\n`), undefined, line);
  }
  const evil = { ...READY, description: `\u001b[31m${"x".repeat(9999)}` };
  const facts = parseGpuFacts(`k3s-tool-gpu=${JSON.stringify(evil)}\n`);
  assert.match(facts!.description, /^x{1,300}$/);
});
