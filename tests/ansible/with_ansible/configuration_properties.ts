/**
 * Properties of the configuration that the roles write: fast-check makes the hosts, ansible-core renders all of them (evaluate.py), then each is held
 * to the property. Run by tests/ansible/check.sh, which puts ansible-playbook on PATH.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { parse, parseAllDocuments } from "yaml";

/** Hosts that are made: at least 100 workers are left. */
const RUNS = 110;
const HERE = import.meta.dirname!;

const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9]$/);
const taint = fc.record({
  key: fc.oneof(label, label.map((text) => `example.com/${text}`)),
  value: fc.oneof(fc.constant(""), label),
  effect: fc.constantFrom("NoSchedule", "PreferNoSchedule", "NoExecute"),
});
const address = fc.tuple(
  fc.integer({ min: 64, max: 127 }),
  fc.nat(255),
  fc.integer({ min: 1, max: 254 }),
)
  .map((parts) => `100.${parts.join(".")}`);
const host = fc.record({
  name: fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,12}[A-Za-z0-9]$/),
  address,
  lan: fc.nat(255).map((last) => `192.168.7.${last}`),
  cpu: fc.constantFrom(undefined, "500m", "2", "0.5", 4),
  memory: fc.constantFrom(undefined, "512Mi", "8Gi", "1G"),
  profile: fc.constantFrom(undefined, "small", "workstation", "server"),
  limits: fc.constantFrom(undefined, {}, { cpu: 2 }, { memory: "512Mi" }, {
    cpu: "1",
    memory: "1Gi",
  }),
  protect: fc.constantFrom(undefined, true, false),
  weight: fc.constantFrom(undefined, undefined, 0, 1, 40, 100),
  taints: fc.uniqueArray(taint, { maxLength: 3, selector: (taint) => taint.key + taint.effect }),
  labels: fc.dictionary(label, label, { maxKeys: 3 }),
  gpu: fc.constantFrom(undefined, true, false),
  gpuDriver: fc.constantFrom(undefined, "none", "install"),
  card: fc.option(
    fc.record({
      works: fc.boolean(),
      failing: fc.boolean(),
      record: fc.boolean(),
      runtime: fc.boolean(),
      toolkit: fc.constantFrom(null, "1.19.1", "1.0.0"),
      found_by_k3s: fc.boolean(),
    }),
    { nil: undefined },
  ),
  options: fc.record({
    "debug": fc.boolean(),
    "default-runtime": label,
    "etcd-snapshot-retention": fc.nat(99),
    "disable-apiserver-lb": fc.boolean(),
    "kubelet-arg": fc.oneof(label, fc.array(label, { maxLength: 3 })),
    "kube-apiserver-arg": fc.array(label, { maxLength: 2 }),
    // As it is written: no number.
    "pause-image": fc.constantFrom("0644", "yes", "a: b # c"),
  }, { requiredKeys: [] }),
  registries: fc.constantFrom(undefined, {}, { mirrors: { "docker.io": null } }, {
    mirrors: { "*": { endpoint: ["https://a:5000"], rewrite: { "^x/(.*)": "y/$1" } } },
    configs: {
      "a:5000": { auth: { username: "me", password_file: "password" }, tls: { ca_file: "/c" } },
      "b": { auth: { auth_file: "/DIRECTORY/password" } },
      "docker.io": null,
    },
  }),
  foundRegistries: fc.constantFrom(null, "own", "other"),
  dnsName: fc.oneof(fc.constant(""), label.map((text) => `${text}.tail1234.ts.net`)),
  managed: fc.boolean(),
});
type Host = typeof host extends fc.Arbitrary<infer T> ? T : never;

interface Rendered {
  readonly mode: "server" | "agent";
  readonly config: Record<string, unknown>;
  readonly text: string;
  readonly registration: string;
  readonly unit: string;
  readonly manifest: string;
  readonly registries: string;
  readonly files: readonly Record<string, unknown>[];
  readonly secrets: Record<string, string>;
  readonly left: boolean;
  readonly settings: Record<string, unknown>;
  readonly gpu: { readonly wanted: boolean; readonly due: boolean; readonly unfound: boolean };
}

/** The text of a file with credentials, with what YAML and templates would take for their own. */
const PASSWORD = '{{ x }}: "a" # b';

/** Where a database is, with a password that YAML and templates would take for their own. */
const ENDPOINT = "mysql://k3s:{{x}}'#@tcp(db.example.com:3306)/k3s";

/** What an earlier inventory had for the database, and this one does not. */
const LEFT = "/etc/rancher/k3s/datastore-keyfile.pem";

/** Options for all hosts: one that only servers have, and one for both. */
const FOR_ALL = { "cluster-domain": "home.arpa", "snapshotter": "native" };

/** Hosts with names and addresses of their own; the first three are servers. */
function inventoryHosts(): Host[] {
  const sampled = fc.sample(host, { numRuns: RUNS * 2 });
  const names = new Set<string>(), addresses = new Set<string>();
  return sampled.filter((host) => {
    const name = host.name.toLowerCase();
    const known = names.has(name) || addresses.has(host.address);
    names.add(name);
    addresses.add(host.address);
    return !known;
  }).slice(0, RUNS);
}

function inventoryOf(hosts: readonly Host[], vars: Record<string, string>): unknown {
  const entry = (host: Host) => [host.name, {
    ansible_host: host.lan,
    tailscale_ip: host.address,
    ...(host.cpu === undefined ? {} : { reserved_cpu: host.cpu }),
    ...(host.memory === undefined ? {} : { reserved_memory: host.memory }),
    ...(host.profile === undefined ? {} : { profile: host.profile }),
    ...(host.limits === undefined ? {} : { default_limits: host.limits }),
    ...(host.protect === undefined ? {} : { protect: host.protect }),
    ...(host.weight === undefined ? {} : { cpu_weight: host.weight }),
    ...(host.taints.length ? { node_taints: host.taints } : {}),
    ...(host.gpu === undefined ? {} : { gpu: host.gpu }),
    k3s_config: host.options,
    ...(host.registries === undefined ? {} : { registries: host.registries }),
    ...(host.gpuDriver === undefined ? {} : { gpu_driver: host.gpuDriver }),
    node_labels: host.labels,
    test_probe: {
      machine: {
        gpus: host.card === undefined ? [] : [{ address: "0000:01:00.0", device: "2684" }],
        ...(host.card?.failing ? { gpu_problem: "version mismatch" } : {}),
      },
      gpu: {
        record: false,
        runtime: false,
        found_by_k3s: false,
        toolkit: null,
        ...host.card,
        cards: host.card?.works ? 1 : 0,
      },
      arch: "amd64",
      tailscale: { dns_name: host.dnsName },
      resolvers: { managed: host.managed, upstream: ["9.9.9.9"] },
      k3s: { registries: host.foundRegistries, cluster: null, files: { [LEFT]: "0123" } },
    },
  }];
  return {
    all: {
      vars: {
        k3s_version: "v1.36.2+k3s1",
        tailscale_network: "100.64.0.0/10",
        k3s_config: FOR_ALL,
        ...vars,
      },
      children: {
        control_plane: { hosts: Object.fromEntries(hosts.slice(0, 3).map(entry)) },
        workers: { hosts: Object.fromEntries(hosts.slice(3).map(entry)) },
      },
    },
  };
}

async function render(
  hosts: readonly Host[],
  vars: Record<string, string> = {},
): Promise<Record<string, Rendered>> {
  const directory = await Deno.makeTempDir({ prefix: "k3s-tool-test-" });
  try {
    const inventory = JSON.stringify(inventoryOf(hosts, vars)).replaceAll("/DIRECTORY", directory);
    await Deno.writeTextFile(`${directory}/hosts.json`, inventory);
    await Deno.writeTextFile(`${directory}/password`, `${PASSWORD}\n`);
    await Deno.writeTextFile(`${directory}/endpoint`, `${ENDPOINT}\n`);
    const { code, stdout, stderr } = await new Deno.Command("python3", {
      args: [`${HERE}/evaluate.py`, `${HERE}/render.yml`, `${directory}/hosts.json`],
      env: { ANSIBLE_CONFIG: `${HERE}/../../../ansible/ansible.cfg`, ANSIBLE_HOME: directory },
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr).slice(-3000));
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** What each profile sets, as the playbooks have it. */
const { k3s_tool_profiles: profiles }: {
  k3s_tool_profiles: Record<
    string,
    { reserved: { cpu: string; memory: string }; cpu_weight?: number; kubelet_args: string[] }
  >;
} = parse(await Deno.readTextFile(`${HERE}/../../../ansible/playbooks/group_vars/all.yml`));

const hosts = inventoryHosts();
const rendered = await render(hosts);
const first = hosts[0]!;
const workers = hosts.slice(3);

/** Runs a property on every host and its configuration. */
function forEach(chosen: readonly Host[], property: (host: Host, result: Rendered) => void): void {
  assert.ok(chosen.length >= 100, `${chosen.length} hosts are too few`);
  for (const host of chosen) property(host, rendered[host.name]!);
}

const options: Record<string, { on: string[]; type: string }> = JSON.parse(
  await Deno.readTextFile(`${HERE}/../../../ansible/roles/k3s_service/files/k3s_options.json`),
);

Deno.test("the file is the configuration, and the owner's options that the host's k3s has; lists are added to", () => {
  forEach(hosts, (host, { mode, config, text }) => {
    const expected = { ...config };
    for (const [name, value] of Object.entries({ ...FOR_ALL, ...host.options })) {
      if (!options[name]!.on.includes(mode)) continue;
      expected[name] = options[name]!.type === "list" ? [config[name] ?? [], value].flat() : value;
    }
    assert.deepEqual(parse(text), expected);
  });
});

Deno.test("registries are written with the credentials that the inventory names, for root alone, or removed", () => {
  forEach(
    hosts,
    ({ registries, foundRegistries }, { registries: text, files, secrets, unit, left }) => {
      const path = "/etc/rancher/k3s/registries.yaml";
      const set = Object.keys(registries ?? {}).length > 0;
      const [entry, ...more] = files.filter((file) => file.path === path);
      assert.deepEqual(more, []);
      const removed = !set && foundRegistries === "own";
      assert.equal(left, removed);
      assert.deepEqual(
        entry,
        set ? { path, mode: "0600" } : removed ? { path, absent: true } : undefined,
      );
      assert.match(text, /^# Written by k3s-tool/);
      const expected = JSON.parse(
        JSON.stringify(registries ?? {})
          .replace('"password_file":"password"', `"password":${JSON.stringify(PASSWORD)}`)
          .replace('"auth_file":"/DIRECTORY/password"', `"auth":${JSON.stringify(PASSWORD)}`),
      );
      assert.deepEqual(parse(text), expected);
      assert.equal(unit.includes(path), set);
      assert.deepEqual(secrets, set ? { [path]: text } : {});
      // What a diff may show has nothing of it.
      assert.ok(!JSON.stringify(files).includes("{{ x }}"));
    },
  );
});

Deno.test("P1 servers stand on the control plane, agents on workers", () => {
  forEach(hosts, (host, result) => {
    assert.equal(result.mode, hosts.indexOf(host) < 3 ? "server" : "agent");
    assert.equal("advertise-address" in result.config, result.mode === "server");
    assert.equal(result.config["cluster-init"] === true, host === first);
  });
});

Deno.test("P2 every address in generated configuration is a Tailscale IP of its host or of the first server", () => {
  forEach(hosts, (host, { mode, config, text }) => {
    assert.equal(config["node-ip"], host.address);
    assert.equal(config["flannel-iface"], "tailscale0");
    if (mode === "server") {
      assert.equal(config["advertise-address"], host.address);
      const names = [host.address, host.dnsName, nodeName(host)].filter(Boolean);
      assert.deepEqual(config["tls-san"], [...new Set(names)]);
    }
    const found = text.match(/\b\d+\.\d+\.\d+\.\d+\b(?!\/)/g) ?? [];
    const allowed = host === first ? [host.address] : [host.address, first.address];
    for (const address of found) assert.ok(allowed.includes(address), `${address} in\n${text}`);
  });
});

Deno.test("P3 every joiner names the first server's address and a token file, and no configuration holds a token", () => {
  forEach(hosts, (host, { config }) => {
    const joins = host !== first;
    assert.equal(config["server"], joins ? `https://${first.address}:6443` : undefined);
    assert.equal(config["token-file"], joins ? "/etc/rancher/k3s/cluster-token" : undefined);
    assert.ok(!("token" in config) && !("agent-token" in config));
  });
});

Deno.test("servers that share a database name no other server, all have a token file, and only root reads the endpoint", async () => {
  const some = hosts.slice(0, 4);
  const shared = await render(some, {
    datastore_endpoint_file: "endpoint",
    datastore_ca_file: "/DIRECTORY/password",
  });
  const path = "/etc/rancher/k3s/config.yaml.d/k3s-tool-datastore.yaml";
  const authority = "/etc/rancher/k3s/datastore-cafile.pem";
  for (const host of some) {
    const { mode, config, files, secrets } = shared[host.name]!;
    const isServer = mode === "server";
    assert.equal(config["server"], isServer ? undefined : `https://${first.address}:6443`);
    assert.equal(config["token-file"], "/etc/rancher/k3s/cluster-token");
    assert.ok(!("cluster-init" in config));
    const modes = files.flatMap((file) =>
      [path, authority].includes(`${file.path}`) ? file.mode : []
    );
    assert.deepEqual(modes, isServer ? ["0600", "0600"] : []);
    assert.deepEqual(files.filter((file) => file.path === LEFT), [{ path: LEFT, absent: true }]);
    assert.ok(!JSON.stringify(files).includes("{{x}}"));
    assert.deepEqual(
      parse(secrets[path] ?? "null"),
      isServer ? { "datastore-endpoint": ENDPOINT, "datastore-cafile": authority } : null,
    );
    assert.equal(secrets[authority], isServer ? `${PASSWORD}\n` : undefined);
  }
});

Deno.test("P9 workers differ in their own values alone", () => {
  const own = ["node-name", "node-ip", "kubelet-arg", "resolv-conf"];
  const common = ({ config }: Rendered) =>
    Object.fromEntries(Object.entries(config).filter(([key]) => !own.includes(key)));
  const expected = common(rendered[workers[0]!.name]!);
  forEach(workers, (host, result) => {
    assert.deepEqual(common(result), expected);
    assert.equal(
      result.config["resolv-conf"],
      host.managed ? "/etc/rancher/k3s/resolv.conf" : undefined,
    );
  });
});

Deno.test("P11 reservations appear in the kubelet's arguments exactly: the owner's, else the profile's", () => {
  forEach(hosts, (host, { config }) => {
    const { reserved, kubelet_args = [] } = profiles[host.profile ?? ""] ?? {};
    const cpu = host.cpu ?? reserved?.cpu, memory = host.memory ?? reserved?.memory;
    const parts = [cpu && `cpu=${cpu}`, memory && `memory=${memory}`].filter(Boolean);
    const expected = [
      ...parts.length ? [`system-reserved=${parts.join(",")}`] : [],
      ...kubelet_args,
      ...weightOf(host) > 0 ? ["cgroup-root=/k3s"] : [],
    ];
    assert.deepEqual(config["kubelet-arg"] ?? [], expected);
  });
});

Deno.test("P18 only machines with a card get something for it, and none whose owner says no", () => {
  forEach(hosts, ({ gpu, gpuDriver, card }, { gpu: decided }) => {
    const seen = card !== undefined &&
      (card.works || card.failing || card.record || gpuDriver === "install");
    assert.equal(decided.wanted, gpu ?? seen);
    const prepared = card !== undefined && card.record && card.runtime &&
      card.toolkit !== "1.0.0" && (card.works || gpuDriver !== "install");
    assert.equal(decided.due, decided.wanted && card !== undefined && !prepared);
    assert.equal(
      decided.unfound,
      decided.wanted && card !== undefined && card.runtime && !card.found_by_k3s,
    );
  });
});

/** What the owner gives pods beside everything else on the machine, else the profile; 0 for none. */
function weightOf({ profile, weight }: Host): number {
  return weight ?? profiles[profile ?? ""]?.cpu_weight ?? 0;
}

Deno.test("P18 only units of hosts with cpu_weight know of a slice for pods, and give it that weight", () => {
  forEach(hosts, (host, { unit }) => {
    const weight = weightOf(host);
    const found = unit.match(/CPUWeight=(\d+) IOWeight=(\d+)/)?.slice(1).map(Number);
    assert.deepEqual(found, weight > 0 ? [weight, weight] : undefined);
    assert.equal(/slice|cgroup/.test(unit), weight > 0, unit);
  });
});

Deno.test("the cluster's manifest has the priority classes, and a policy for limits where some are asked for", () => {
  forEach(hosts, ({ limits }, { manifest }) => {
    const objects = parseAllDocuments(manifest).map((document) => {
      assert.deepEqual(document.errors, []);
      return document.toJS();
    }).filter((object) => object !== null);
    const asked = Object.entries(limits ?? {});
    const policy = ["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"];
    assert.deepEqual(objects.map(({ kind }) => kind), [
      ...Array(3).fill("PriorityClass"),
      ...(asked.length > 0 ? policy : []),
    ]);
    // One for containers and one for init containers.
    const expressions = (objects[3]?.spec.mutations ?? []).map((
      { applyConfiguration: { expression } }: { applyConfiguration: { expression: string } },
    ) => expression);
    assert.equal(expressions.length, 2 * asked.length);
    for (const [resource, limit] of asked) {
      const written = `limits: {'${resource}': '${limit}'}`;
      assert.equal(expressions.filter((text: string) => text.includes(written)).length, 2, written);
    }
  });
});

/** Runs what the unit does before k3s starts, but for systemctl, in a directory that takes the place of /sys/fs/cgroup. */
async function prepareCgroups(unit: string, directory: string, before = ""): Promise<void> {
  const scripts = [...unit.matchAll(/^ExecStartPre=\/bin\/sh -c '(cd \/sys\/fs\/cgroup.*)'$/gm)];
  assert.equal(scripts.length, 2);
  for (const [, script = ""] of scripts) {
    const { success, stderr } = await new Deno.Command("/bin/sh", {
      args: ["-ec", before + script.replaceAll("$$", "$").replaceAll("/sys/fs/cgroup", directory)],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  }
}

Deno.test("the slice of pods has each controller of the kubelet that the kernel has", async () => {
  const host = hosts.find((one) => weightOf(one) === 40);
  assert.ok(host);
  const { unit } = rendered[host.name]!;
  const v2 = await Deno.makeTempDir(), v1 = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${v2}/cgroup.controllers`,
      "cpuset cpu io memory hugetlb pids rdma\n",
    );
    // Each write to the kernel's file adds to it; here a function notes them.
    await prepareCgroups(unit, v2, `echo() { command printf '%s\\n' "$1" >>${v2}/written; }; `);
    const written = (await Deno.readTextFile(`${v2}/written`)).trim().split("\n");
    assert.deepEqual(written, ["+cpu", "+cpuset", "+memory", "+pids", "+hugetlb"]);
    for (const name of ["cpu", "cpuset", "memory", "blkio"]) await Deno.mkdir(`${v1}/${name}`);
    await prepareCgroups(unit, v1);
    const made = [...Deno.readDirSync(v1)].map(({ name }) => name).filter((name) =>
      [...Deno.readDirSync(`${v1}/${name}`)].some((below) => below.name === "k3s.slice")
    );
    assert.deepEqual(made.sort(), ["cpu", "cpuset", "memory"]);
    assert.equal((await Deno.readTextFile(`${v1}/cpu/k3s.slice/cpu.shares`)).trim(), "409");
  } finally {
    for (const directory of [v2, v1]) await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("docs/inventory.md has what each profile sets", async () => {
  const page = await Deno.readTextFile(`${HERE}/../../../docs/inventory.md`);
  const columns = Object.keys(profiles);
  assert.match(
    page,
    new RegExp(`\\| Setting \\| ${columns.map((name) => `\`${name}\``).join(" \\| ")} \\|`),
  );
  const rows = new Map(
    page.split("\n").filter((line) => line.startsWith("| `")).map((line) => {
      const [, name = "", ...cells] = line.split("|").map((cell) =>
        cell.trim().replaceAll("`", "")
      );
      return [name, cells];
    }),
  );
  for (
    const [column, { reserved, cpu_weight, kubelet_args }] of Object.values(profiles).entries()
  ) {
    const pairs = [
      ["system-reserved", `cpu=${reserved.cpu},memory=${reserved.memory}`],
      ["cpu_weight", `${cpu_weight ?? ""}`],
      ...kubelet_args.map((arg) => arg.split(/=(.*)/s)),
    ];
    for (const [name = "", value] of pairs) assert.equal(rows.get(name)?.[column], value, name);
  }
});

Deno.test("P12 a node registers with all its taints, protection among them, and they are what is reconciled", () => {
  forEach(hosts, (host, { registration, settings }) => {
    const protection = { key: "k3s-tool.io/protected", value: "true", effect: "NoSchedule" };
    const taints = [...(host.protect === true ? [protection] : []), ...host.taints];
    const texts = taints.map(({ key, value, effect }) => `${key}${value && `=${value}`}:${effect}`);
    assert.deepEqual(parse(registration)["node-taint"] ?? [], texts);
    assert.deepEqual(settings["taints"], taints.map((taint) => ({ ...taint })));
    assert.deepEqual(settings["labels"], {
      ...(host.protect === true ? { [protection.key]: "true" } : {}),
      ...host.labels,
    });
    assert.equal(settings["worker"], hosts.indexOf(host) >= 3);
  });
});

/** The node's name as Kubernetes takes it. */
function nodeName(host: Host): string {
  return host.name.toLowerCase().replace(/[^a-z0-9.-]+/g, "-");
}
