/** Golden tests of `node detect`, and of what `node show` remembers from it. */
import assert from "node:assert/strict";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { withDirectory } from "../ansible/fake_system.ts";
import {
  ansibleMachine,
  GOOD_RUN,
  INVENTORY,
  type Line,
  writeInventory,
} from "./ansible_machine.ts";
import { runCommand } from "./fake_context.ts";

const GIB = 2 ** 30;
const DESKTOP = {
  architecture: "x86_64",
  model: "ThinkStation \u001b[31mP3",
  threads: 16,
  memory_bytes: 64 * GIB,
  desktop: true,
  distribution: "Debian 13",
  disks: [{ name: "nvme0n1", bytes: 1000 * GIB, rotational: false }],
  gpus: [{ address: "0000:01:00.0", device: "2684", model: "RTX 4090", driver: "570" }],
};
const PI = { architecture: "aarch64", model: "Raspberry Pi 5", threads: 4, memory_bytes: 4 * GIB };

function run(...more: readonly Line[]): readonly Line[] {
  return [
    { type: "run_start", playbook: "detect.yml", check: false },
    { type: "play_start", play: "Detect", hosts: ["nuc", "pi"] },
    ...more,
  ];
}

const BOTH = run(
  { type: "machine", host: "nuc", facts: DESKTOP },
  { type: "machine", host: "pi", facts: PI },
  { type: "machine", host: "stranger", facts: PI },
  { type: "run_end", stats: { nuc: { ok: 1 }, pi: { ok: 1 } } },
);

Deno.test("node detect shows machines and suggestions, and writes nothing unasked", async () => {
  await withDirectory(async (directory) => {
    const file = await writeInventory(directory);
    const { runner, started } = ansibleMachine({ events: BOTH });
    const result = await runCommand(["node", "detect", "--no-input"], { directory, runner });
    assert.equal(result.code, 0, result.stderr);
    assert.equal(
      result.stdout,
      `HOST  MODEL            ARCH     CPU  MEMORY  DISKS       GPU
nuc   ThinkStation P3  x86_64    16    64Gi  1000Gi SSD  RTX 4090
pi    Raspberry Pi 5   aarch64    4     4Gi  -           -

HOST  VARIABLE         VALUE        REASON
nuc   profile          workstation  a desktop session is open
nuc   reserved_memory  4Gi          a desktop session is open
nuc   reserved_cpu     2            a desktop session is open
nuc   gpu              true         RTX 4090, driver 570
`,
    );
    assert.match(result.stderr, /Nothing was written.*node detect --apply/);
    assert.equal(await Deno.readTextFile(file), INVENTORY);
    assert.match(started[0]!.argv.join(" "), /--limit nuc,pi .*\/playbooks\/detect\.yml$/);
    const show = await runCommand(["node", "show", "nuc"], { directory, runner });
    assert.match(
      show.stderr,
      /ThinkStation P3, 16 CPUs, 64Gi memory, 1000Gi SSD, RTX 4090, Debian/,
    );
    const known = await runCommand(["node", "show", "nuc", "-o", "json"], { directory, runner });
    assert.equal(JSON.parse(known.stdout).machine.threads, 16);
    const keptFile = `${directory}/.local/state/k3s-tool/machines/100.64.0.1.json`;
    const kept = await Deno.stat(keptFile);
    assert.equal(kept.mode! & 0o777, 0o600);
    // What another program left there, or a clock that was ahead, is not shown.
    for (const seenAt of ["9999-12-31T00:00:00Z", "yesterday"]) {
      await Deno.writeTextFile(keptFile, JSON.stringify({ seenAt, facts: DESKTOP }));
      const shown = await runCommand(["node", "show", "nuc", "-o", "json"], { directory, runner });
      assert.deepEqual([shown.code, JSON.parse(shown.stdout).machine], [0, undefined]);
    }
  });
});

Deno.test("node detect --apply writes what is not set, and a second time finds nothing", async () => {
  await withDirectory(async (directory) => {
    const file = await writeInventory(directory);
    const { runner } = ansibleMachine({ events: BOTH });
    const argv = ["node", "detect", "--apply"];
    const first = await runCommand(argv, { directory, runner });
    assert.match(first.stderr, /Wrote 4 settings/);
    const written = await Deno.readTextFile(file);
    assert.match(written, /nuc: \{.*reserved_memory: 4Gi.*gpu: true/);
    assert.match(written, /pi: \{.*\} # in the attic/);
    const second = await runCommand(argv, { directory, runner });
    assert.equal(second.code, 0);
    assert.doesNotMatch(second.stdout, /VARIABLE/);
    assert.equal(await Deno.readTextFile(file), written);
  });
});

Deno.test("node detect --apply writes all that it suggests, or nothing where one place cannot be edited", async () => {
  await withDirectory(async (directory) => {
    const [, pi] = /pi: (\{.*\})/.exec(INVENTORY)!;
    const aliased = INVENTORY.replace(`pi: ${pi}`, "pi: *pi")
      .replace("  vars:\n", `  vars:\n    shared: &pi ${pi}\n`);
    const file = await writeInventory(directory, aliased);
    const { runner } = ansibleMachine({
      events: run(
        { type: "machine", host: "nuc", facts: DESKTOP },
        { type: "machine", host: "pi", facts: DESKTOP },
        { type: "run_end", stats: { nuc: { ok: 1 }, pi: { ok: 1 } } },
      ),
    });
    const argv = ["node", "detect", "--apply"];
    const { code, stderr } = await runCommand(argv, { directory, runner });
    assert.equal(code, 2);
    assert.match(stderr, /is the alias \*pi; nothing was written/);
    assert.equal(await Deno.readTextFile(file), aliased);
  });
});

Deno.test("node detect -o json is a document, and a host that fails is an error beside it", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const events = run(
      { type: "machine", host: "nuc", facts: DESKTOP },
      { type: "result", host: "pi", task: "Look", status: "unreachable", message: "no route" },
      { type: "run_end", stats: { nuc: { ok: 1 }, pi: { unreachable: 1 } } },
    );
    const { runner } = ansibleMachine({ events, rc: 4 });
    const { code, stdout, stderr } = await runCommand(["node", "detect", "-o", "json"], {
      directory,
      runner,
    });
    assert.equal(code, 1, stderr);
    const document = DOCUMENTS.MachineList.parse(JSON.parse(stdout));
    assert.deepEqual(document.items.map(({ host }) => host), ["nuc"]);
    assert.equal(document.suggestions.length, 4);
    assert.deepEqual(document.failures.map(({ host }) => host), ["pi"]);
  });
});

Deno.test("node detect shows a machine whose address only Ansible knows", async () => {
  await withDirectory(async (directory) => {
    const templated = INVENTORY.replaceAll("100.64.0.1", "'{{ nuc_address }}'");
    await writeInventory(directory, templated);
    const { runner } = ansibleMachine({ events: BOTH });
    const { code, stdout, stderr } = await runCommand(["node", "detect", "--no-input"], {
      directory,
      runner,
    });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^nuc +ThinkStation/m);
  });
});

Deno.test("what any run sees of a machine is kept, and discover knows it by its address", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner } = ansibleMachine({
      events: [...GOOD_RUN.slice(0, 2), BOTH[2]!, ...GOOD_RUN.slice(2)],
    });
    const done = await runCommand(["provision"], { directory, runner });
    assert.equal(done.code, 0, done.stderr);
    const wide = await runCommand(["discover", "-o", "wide"], { directory, runner });
    assert.match(wide.stdout, /^nuc .*ThinkStation P3 +RTX 4090 /m);
    assert.match(wide.stdout, /^pi .* {2}- +- +pi /m);
    const json = await runCommand(["discover", "nuc", "pi", "-o", "json"], { directory, runner });
    const { items } = DOCUMENTS.PeerList.parse(JSON.parse(json.stdout));
    assert.deepEqual(items.map(({ name, gpus }) => [name, gpus]), [["nuc", ["RTX 4090"]], [
      "pi",
      null,
    ]]);
  });
});

Deno.test("a run goes on where what it saw cannot be kept", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    await Deno.mkdir(`${directory}/.local/state/k3s-tool`, { recursive: true });
    await Deno.writeTextFile(`${directory}/.local/state/k3s-tool/machines`, "in the way");
    const { runner } = ansibleMachine({ events: [BOTH[2]!, ...GOOD_RUN] });
    const { code, stderr } = await runCommand(["provision"], { directory, runner });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /nuc: .*The facts of this machine could not be saved: /);
  });
});
