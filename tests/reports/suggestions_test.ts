import assert from "node:assert/strict";
import fc from "fast-check";
import { MachineFacts } from "../../src/ansible/events/machine.ts";
import { PROFILES, VARIABLE_SCHEMAS } from "../../src/inventory/schema.ts";
import { parse } from "yaml";
import { parseQuantity } from "../../src/inventory/kubernetes_syntax.ts";
import { checkStorage } from "../../src/inventory/read/storage.ts";
import { suggestionsFor } from "../../src/reports/suggestions.ts";
import { suggestedText } from "../../src/view/tables/machines.ts";
import { inventoryHost } from "../actions/host_fixture.ts";

const GIB = 2 ** 30;
const host = inventoryHost("desktop", "100.64.0.2");

function suggested(facts: unknown, one = host): Record<string, unknown> {
  return Object.fromEntries(
    suggestionsFor(one, MachineFacts.parse(facts), []).map((
      { variable, value },
    ) => [variable, value]),
  );
}

Deno.test("whoever sits at a machine keeps a quarter of its memory and a core or two", () => {
  const table: readonly (readonly [gib: number, threads: number, wanted: object])[] = [
    [64, 16, { profile: "workstation", reserved_memory: "4Gi", reserved_cpu: "2" }],
    [7.7, 4, { profile: "workstation", reserved_memory: "1Gi", reserved_cpu: "1" }],
    [3.7, 2, { profile: "small", reserved_memory: "512Mi" }],
    [0.9, 1, { profile: "small" }],
  ];
  for (const [gib, threads, wanted] of table) {
    assert.deepEqual(suggested({ desktop: true, memory_bytes: gib * GIB, threads }), wanted);
    assert.deepEqual(
      suggested({ desktop: false, memory_bytes: gib * GIB, threads }),
      gib < 4 ? { profile: "small" } : {},
    );
  }
  assert.deepEqual(suggested({ battery: true, memory_bytes: 16 * GIB }), {
    profile: "workstation",
  });
  assert.deepEqual(suggested({}), {}, "of a machine of which nothing is known");
});

Deno.test("a card is named with its driver, with none, or with what nvidia-smi says", () => {
  const reasonOf = (facts: unknown) =>
    suggestionsFor(host, MachineFacts.parse(facts), [])[0]?.reason;
  const gpu = { address: "0000:01:00.0", device: "2684" };
  const named = { ...gpu, model: "RTX 4090", driver: "570.133" };
  assert.equal(reasonOf({ gpus: [named] }), "RTX 4090, driver 570.133");
  assert.equal(reasonOf({ gpus: [named, named] }), "2 × RTX 4090, driver 570.133");
  assert.equal(reasonOf({ gpus: [gpu] }), "NVIDIA card 2684, no driver");
  assert.equal(
    reasonOf({ gpus: [gpu], gpu_problem: "version mismatch" }),
    "NVIDIA card 2684, nvidia-smi: version mismatch",
  );
});

Deno.test("an empty disk is suggested for volumes, with its kind; one in use, for something else or too small is not", () => {
  const disk = (path: string, about: object = {}) => ({
    path,
    type: "ext4",
    bytes: 2e12,
    free_bytes: 1.89e12,
    rotational: true,
    ...about,
  });
  const filesystems = [
    disk("/"),
    disk("/home"),
    disk("/var/lib/kubelet"),
    disk("/boot/efi", { type: "vfat" }),
    disk("/mnt/photos", { free_bytes: 1e12 }),
    disk("/mnt/stick", { bytes: 4e9, free_bytes: 4e9 }),
    disk("/media/usb", { type: "exfat" }),
    disk("/mnt/a b"),
    disk("/srv"),
    disk("/mnt/nvme", { type: "xfs", bytes: 5e11, free_bytes: 4.9e11, rotational: false }),
    disk("/data", { rotational: undefined }),
  ];
  const [only, ...others] = suggestionsFor(host, MachineFacts.parse({ filesystems }), []);
  assert.deepEqual(others, []);
  assert.deepEqual(only, {
    host: "desktop",
    variable: "storage_paths",
    value: [
      { path: "/srv/volumes", class: "hdd" },
      { path: "/mnt/nvme/volumes", class: "ssd" },
      { path: "/data/volumes", class: "disk" },
    ],
    reason: "an empty 2 TB ext4 at /srv, an empty 500 GB xfs at /mnt/nvme, " +
      "an empty 2 TB ext4 at /data",
  });
  assert.ok(VARIABLE_SCHEMAS.get("storage_paths")!.safeParse(only.value).success);
  const text = suggestedText(only).replaceAll("}, {", "},\n{");
  assert.deepEqual(parse(text), only.value, "shown as it can be written");
  assert.deepEqual(suggested({ filesystems: filesystems.slice(0, 8) }), {});
});

Deno.test("storage_paths that are suggested are always a valid inventory with those of other hosts", () => {
  const path = fc.constantFrom("/data", "/data/volumes", "/data/volumes/x", "/srv", "/mnt/a");
  const filesystem = fc.record({
    path,
    type: fc.constant("ext4"),
    bytes: fc.constant(2e12),
    free_bytes: fc.constant(2e12),
    rotational: fc.option(fc.boolean(), { nil: undefined }),
  });
  const owned = fc.record({
    path: fc.constant("/mnt/owned"),
    class: fc.constantFrom("ssd", "hdd", "disk", "fast"),
    reclaim: fc.option(fc.constantFrom("Delete", "Retain"), { nil: undefined }),
    default: fc.option(fc.boolean(), { nil: undefined }),
  });
  const withPaths = (name: string, value: unknown) => ({
    ...inventoryHost(name, "100.64.0.9"),
    vars: new Map([["storage_paths", { value, state: "plain", where: {} } as never]]),
  });
  fc.assert(fc.property(
    fc.uniqueArray(filesystem, { selector: ({ path }) => path }),
    owned,
    (filesystems, entry) => {
      const other = withPaths("nas", [entry]);
      const facts = MachineFacts.parse({ filesystems });
      const [only] = suggestionsFor(host, facts, [host, other]);
      assert.equal(only === undefined, filesystems.length === 0);
      if (only === undefined) return;
      assert.deepEqual(checkStorage([other, withPaths("desktop", only.value)], undefined), []);
    },
  ));
});

Deno.test("what the owner set, at the host or at a group, is never suggested", () => {
  const facts = { desktop: true, memory_bytes: 64 * GIB, threads: 16, gpus: [{ device: "2684" }] };
  const variables = ["profile", "reserved_memory", "reserved_cpu", "gpu"];
  fc.assert(fc.property(fc.subarray(variables), (owned) => {
    const vars = new Map(owned.map((name) => [name, {} as never]));
    const left = Object.keys(suggested(facts, { ...host, vars }));
    assert.deepEqual(left, variables.filter((name) => !owned.includes(name)));
  }));
});

Deno.test("a suggested reservation or profile always leaves half a GiB and a fifth of a core", async () => {
  const shared = new URL("../../ansible/playbooks/group_vars/all.yml", import.meta.url);
  const { k3s_tool_profiles: profiles } = parse(await Deno.readTextFile(shared));
  assert.deepEqual(Object.keys(profiles), [...PROFILES]);
  const amount = fc.record({
    desktop: fc.boolean(),
    battery: fc.boolean(),
    memory_bytes: fc.option(fc.double({ min: 0, max: 4096 * GIB, noNaN: true }), {
      nil: undefined,
    }),
    threads: fc.option(fc.nat(512), { nil: undefined }),
  });
  fc.assert(fc.property(amount, (facts) => {
    const { profile, ...own } = suggested(facts);
    const { reserved } = profiles[String(profile)] ?? { reserved: {} };
    const memory = own.reserved_memory ?? reserved.memory, cpu = own.reserved_cpu ?? reserved.cpu;
    if (memory !== undefined) {
      assert.ok((facts.memory_bytes ?? Infinity) - parseQuantity(String(memory))! >= GIB / 2);
    }
    if (cpu !== undefined) {
      assert.ok((facts.threads ?? Infinity) - parseQuantity(String(cpu))! >= 0.2);
    }
  }));
});

Deno.test("facts of any shape are read; a detail of a wrong type is unknown", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.anything()), (facts) => {
    suggestionsFor(host, MachineFacts.parse(facts), []);
  }));
  const { model, gpus } = MachineFacts.parse({ model: 7, gpus: "many", threads: -1 });
  assert.deepEqual([model, gpus], [undefined, []]);
});
