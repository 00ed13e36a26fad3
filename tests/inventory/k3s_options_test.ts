/** k3s' own options: the list of them, and what an inventory may set. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { K3S_OPTIONS, K3sConfig } from "../../src/inventory/k3s_options.ts";
import { checkInventory, readInventory } from "../../src/inventory/read/read.ts";
import { VARIABLE_SCHEMAS } from "../../src/inventory/schema.ts";
import { PROJECT_ROOT, runCommand } from "../cli/fake_context.ts";
import { temporaryInventory } from "./temporary_inventory.ts";

/** Two servers and a worker; what the vars of each scope have, as flow YAML. */
function inventory({ all = "{}", workers = "{}", nuc = "{}", nas = "{}", pi = "{}" }): string {
  return `all:
  vars: {k3s_config: ${all}}
  children:
    control_plane:
      hosts:
        nuc: {tailscale_ip: 100.64.0.1, k3s_config: ${nuc}}
        nas: {tailscale_ip: 100.64.0.2, k3s_config: ${nas}}
    workers:
      vars: {k3s_config: ${workers}}
      hosts:
        pi: {tailscale_ip: 100.64.0.3, k3s_config: ${pi}}
`;
}

async function problemsOf(text: string) {
  await using written = await temporaryInventory(text);
  const { problems } = await checkInventory(written.file);
  return problems.map(({ message, where, value, expected }) =>
    `${where?.line}: ${message} | ${value} | ${expected}`
  );
}

Deno.test("the list of options is that of k3s, with types and commands", async () => {
  const table = `${PROJECT_ROOT}/tests/lab/parts/k3s/internal/flags/testdata/flags.tsv`;
  const rows = (await Deno.readTextFile(table)).trim().split("\n").filter((row) =>
    !row.startsWith("#")
  ).map((row) => row.split("\t"));
  const expected = rows.map(([name, , type, commands = ""]) => [name, type, commands.split(",")]);
  const found = [...K3S_OPTIONS].map(([name, { type, on }]) => [name, type, on]);
  assert.deepEqual(found, expected.toSorted(([a], [b]) => String(a) < String(b) ? -1 : 1));
  assert.ok(found.length > 100);
});

Deno.test("a setting that is named instead of an option exists", () => {
  const said = [...K3S_OPTIONS.values()].flatMap(({ instead = "", arguments: own = {} }) => [
    instead,
    ...Object.values(own),
  ]);
  const settings = said.flatMap((text) =>
    /^the settings? (.*)/.exec(text)?.[1]?.split(" and ") ?? []
  );
  assert.ok(settings.length > 8);
  assert.deepEqual(settings.filter((name) => !VARIABLE_SCHEMAS.has(name)), []);
});

const GOOD: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  int: fc.integer(),
  duration: fc.constantFrom("10m", "1h30m", "1.5s"),
  string: fc.oneof(fc.constantFrom("x", "", "/a b", "0644"), fc.integer()),
  list: fc.oneof(fc.constantFrom("a=b"), fc.array(fc.constantFrom("a=b", "c", 1))),
};
const BAD: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  bool: fc.constantFrom<unknown>("yes", 1, [true], null),
  int: fc.constantFrom<unknown>("1", 1.5, true, [1]),
  duration: fc.constantFrom<unknown>("5 minutes", 10, "", ["1m"]),
  string: fc.constantFrom<unknown>(true, ["a"], { a: 1 }, "a\nb", null),
  list: fc.constantFrom<unknown>({ a: 1 }, true, [true], [["a"]], ["a\nb"], null),
};
const option = fc.constantFrom(...K3S_OPTIONS.keys());

Deno.test("P12 an option takes values of its type and no others; those of this tool are refused in its words", () => {
  fc.assert(
    fc.property(option, fc.boolean(), fc.context(), (name, good, context) => {
      const { type, instead } = K3S_OPTIONS.get(name)!;
      const [value] = fc.sample((good ? GOOD : BAD)[type]!, 1);
      context.log(JSON.stringify(value));
      const { success, error } = K3sConfig.safeParse({ [name]: value });
      assert.equal(success, good && instead === undefined);
      if (instead !== undefined) assert.equal(error!.issues[0]!.message, instead);
    }),
    { numRuns: 500 },
  );
});

for (
  const [what, text, expected] of [
    ["an option that k3s does not have", inventory({ all: "{kubelet-ar: [x]}" }), [
      "2: bad value for k3s_config.kubelet-ar of all | [x] | an option of k3s such as kubelet-arg",
    ]],
    ["an option of a setting", inventory({ pi: "{node-label: [a=b]}" }), [
      "11: bad value for k3s_config.node-label of pi | [a=b] | the setting node_labels",
    ]],
    ["a secret", inventory({ nuc: "{etcd-s3-secret-key: hunter1}" }), [
      "6: bad value for k3s_config.etcd-s3-secret-key of nuc | undefined | etcd-s3-config-secret: the name of a Secret in kube-system that has it",
    ]],
    [
      "arguments of settings, however they are written",
      inventory({ all: "{kubelet-arg: [v=2, --system-reserved=cpu=1, node-labels+=a=b]}" }),
      [
        "2: bad value for k3s_config.kubelet-arg.1 of all | --system-reserved=cpu=1 | the settings reserved_cpu and reserved_memory",
        "2: bad value for k3s_config.kubelet-arg.2 of all | node-labels+=a=b | the setting node_labels",
      ],
    ],
    ["an argument alone", inventory({ all: "{kubelet-arg: cgroup-root=/x}" }), [
      "2: bad value for k3s_config.kubelet-arg of all | cgroup-root=/x | the setting cpu_weight",
    ]],
    ["an option of servers on a worker", inventory({ pi: "{cluster-domain: a.b}" }), [
      '11: k3s_config.cluster-domain has no effect on pi: only a k3s server has this option | "a.b" | it on a host of the control plane, or on all',
    ]],
    [
      "an option of servers on all workers, and one of workers on a server",
      inventory({ workers: "{etcd-snapshot-retention: 3}", nuc: "{disable-apiserver-lb: true}" }),
      [
        "6: k3s_config.disable-apiserver-lb has no effect on nuc: only a k3s agent has this option | true | it on a worker, or on all",
        "9: k3s_config.etcd-snapshot-retention has no effect on workers: only a k3s server has this option | 3 | it on a host of the control plane, or on all",
      ],
    ],
    [
      "servers that k3s would refuse",
      inventory({ all: "{cluster-domain: a}", nas: "{cluster-domain: b}" }),
      [
        '7: k3s_config.cluster-domain is not the same on the servers nuc and nas | "b" | one value for all servers, best in the group control_plane or all',
      ],
    ],
    ["a server with what others lack", inventory({ nuc: "{supervisor-metrics: true}" }), [
      "6: k3s_config.supervisor-metrics is not the same on the servers nuc and nas | true | one value for all servers, best in the group control_plane or all",
    ]],
    [
      "nothing: for all what only some have, and off where it is not set",
      inventory({
        all: "{cluster-domain: a, disable-apiserver-lb: true, debug: true}",
        nas: "{supervisor-metrics: false, debug: false}",
        pi: '{log: "{{ x }}"}',
      }),
      [],
    ],
    [
      "nothing of a template",
      inventory({ all: '"{{ options }}"', nuc: "{supervisor-metrics: true}" }),
      [],
    ],
  ] as const
) {
  Deno.test(`k3s_config: ${what}`, async () => {
    assert.deepEqual(await problemsOf(text), expected);
  });
}

Deno.test("the example's options are merged by key, and config get says whose each is", async () => {
  const file = `${PROJECT_ROOT}/examples/inventories/k3s-options.yml`;
  const { hosts } = await readInventory(file);
  const found = Object.fromEntries(
    hosts.map(({ name, vars }) => [name, { ...Object(vars.get("k3s_config")?.value) }]),
  );
  const all = found.nuc!;
  assert.deepEqual(found.dgx, { ...all, "default-runtime": "nvidia" });
  assert.deepEqual(found.pi, { ...all, "kubelet-arg": ["max-pods=20"] });
  const { stdout } = await runCommand([
    ...["config", "get", "k3s_config.etcd-snapshot-retention", "--scope", "pi"],
    ...["--show-origin", "-i", file],
  ]);
  assert.match(stdout, /k3s-options\.yml:9:\d+\t10\n$/);
});

for (
  const [option, typed, written] of [
    ["disable-helm-controller", "true", "disable-helm-controller: true"],
    ["etcd-snapshot-retention", "3", "etcd-snapshot-retention: 3"],
    ["etcd-snapshot-compress", "no", "etcd-snapshot-compress: false"],
    ["pause-image", "42", 'pause-image: "42"'],
    ["kubelet-arg", '["v=2"]', "kubelet-arg: [v=2]"],
  ] as const
) {
  Deno.test(`config set k3s_config.${option} writes a value of its type`, async () => {
    await using file = await temporaryInventory(inventory({}));
    const argv = ["config", "set", `k3s_config.${option}`, typed];
    const { code, stderr } = await runCommand(argv, { directory: file.directory });
    assert.equal(code, 0, stderr);
    assert.ok(file.read().includes(written), file.read());
  });
}

Deno.test("config set says how a list is typed", async () => {
  await using file = await temporaryInventory(inventory({}));
  const argv = ["config", "set", "k3s_config.kubelet-arg", "max-pods=50"];
  const { code, stderr } = await runCommand(argv, { directory: file.directory });
  assert.equal(code, 2);
  assert.match(stderr, /config set k3s_config\.kubelet-arg '\["max-pods=50"\]'/);
});
