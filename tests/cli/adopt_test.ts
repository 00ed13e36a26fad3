/** `adopt`: what it shows, what it writes, and what it hands to Ansible. */
import assert from "node:assert/strict";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { inHomelab } from "../golden/homelab.ts";
import { withDirectory } from "../ansible/fake_system.ts";
import { ansibleMachine, type Line, type Started, writeInventory } from "./ansible_machine.ts";
import { runCommand } from "./fake_context.ts";

const SERVER = {
  unit: "k3s",
  own: false,
  active: true,
  mode: "server",
  version: "v1.36.3+k3s1",
  node: "nuc",
  address: "100.64.0.1",
  tailscale_ip: "100.64.0.1",
  datastore: "sqlite",
  cluster: "abc",
  names: ["nuc", "100.64.0.1", "localhost"],
  options: {
    "node-ip": ["100.64.0.1"],
    "token": "(secret)",
    "disable": ["traefik", "servicelb"],
    "tls-san": ["100.64.0.1", "k3s.example"],
    "docker": "true",
    "cluster-dns": ["10.43.0.10"],
    "cluster-cidr": ["10.42.0.0/16"],
    "node-label": ["disk=ssd", "kubernetes.io/hostname=x"],
  },
  problems: [],
};
const AGENT = {
  ...SERVER,
  unit: "k3s-agent",
  mode: "agent",
  node: "pi",
  address: "192.168.1.2",
  tailscale_ip: "100.64.0.2",
  datastore: null,
  options: { server: "https://100.64.0.1:6443", token: "(secret)" },
};
const DIFFERENCES = {
  nuc: {
    differences: [{
      option: "tls-san",
      now: ["100.64.0.1", "k3s.example"],
      then: ["100.64.0.1", "nuc.tail.ts.net", "nuc", "k3s.example"],
      restart: false,
    }],
    restart: "",
  },
  pi: {
    differences: [
      { option: "node-ip", now: ["192.168.1.2"], then: ["100.64.0.2"], restart: true },
    ],
    restart: "node-ip",
  },
};

/** A machine whose ansible-playbook answers by the playbook that it is given. */
function machine(facts: Readonly<Record<string, unknown>>, ended: string[] = []) {
  const events: Line[] = [];
  const extra: string[] = [];
  const onStarted = async ({ argv }: Started) => {
    const playbook = argv.at(-1)!.replace(/.*\//, "");
    const second = argv[argv.lastIndexOf("--inventory") + 1]!;
    extra.push(await Deno.readTextFile(second).catch(() => ""));
    const compared = playbook === "provision_cluster.yml";
    const hosts = Object.keys(facts);
    events.splice(
      0,
      events.length,
      { type: "run_start", playbook, check: compared },
      { type: "play_start", play: "Look", hosts },
      ...playbook === "site.yml" ? [] : hosts.map((host) => ({
        type: "present",
        host,
        facts: {
          ...facts[host] as object,
          ...compared ? DIFFERENCES[host as keyof typeof DIFFERENCES] : {},
        },
      })),
      {
        type: "run_end",
        stats: Object.fromEntries(hosts.map((host) => [host, { ok: 1, changed: 1 }])),
      },
    );
    ended.push(playbook);
  };
  return { ...ansibleMachine({ events, onStarted }), extra };
}

const BOTH = { nuc: SERVER, pi: AGENT };
const ARGV = ["adopt", "pi", "nuc", "--user", "me"];

Deno.test("adopt --check shows what fits, what differs and what restarts, and writes nothing", async () => {
  await withDirectory(async (directory) => {
    const { runner, started, extra } = machine(BOTH);
    const result = await runCommand([...ARGV, "--check"], { directory, runner });
    assert.equal(result.code, 0, result.stderr);
    assert.equal(
      result.stdout,
      `HOST  ROLE           TAILSCALE-IP  VERSION       DATASTORE  K3S
nuc   control-plane  100.64.0.1    v1.36.3+k3s1  sqlite     keeps running
pi    worker         100.64.0.2    v1.36.3+k3s1  -          restarts: node-ip

HOST  OPTION       NOW                      THEN                                           EFFECT
nuc   disable      traefik, servicelb       traefik, servicelb                             fits, as k3s_disable
nuc   cluster-dns  10.43.0.10               10.43.0.10                                     fits, as k3s_config.cluster-dns
nuc   docker       true                     true                                           fits, as k3s_config.docker
nuc   node-label   disk=ssd                 disk=ssd                                       fits, as node_labels.disk
nuc   tls-san      100.64.0.1, k3s.example  100.64.0.1, nuc.tail.ts.net, nuc, k3s.example  when k3s starts next
pi    node-ip      192.168.1.2              100.64.0.2                                     k3s restarts
`,
    );
    assert.equal(await Deno.stat(`${directory}/inventory`).catch(() => "none"), "none");
    assert.deepEqual(started.map(({ argv }) => argv.at(-1)!.replace(/.*\//, "")), [
      "adopt.yml",
      "provision_cluster.yml",
    ]);
    assert.ok(started[1]!.argv.includes("--check"));
    // Ansible knows the inventory that is not written yet.
    const { all } = JSON.parse(extra[1]!);
    assert.deepEqual(all.children.control_plane.hosts, { nuc: {} });
    assert.deepEqual(all.hosts.nuc.k3s_config, { "cluster-dns": ["10.43.0.10"], docker: true });
    assert.deepEqual(all.hosts.nuc.node_labels, { disk: "ssd" });
    assert.deepEqual([all.vars.k3s_version, all.vars.ansible_user], ["v1.36.3+k3s1", "me"]);
  });
});

Deno.test("adopt --check -o json is a document", async () => {
  await withDirectory(async (directory) => {
    const { runner } = machine(BOTH);
    const argv = [...ARGV, "--check", "-o", "json"];
    const { code, stdout, stderr } = await runCommand(argv, { directory, runner });
    assert.equal(code, 0, stderr);
    const document = DOCUMENTS.AdoptionPlan.parse(JSON.parse(stdout));
    assert.deepEqual(document.items.map(({ host, restart }) => [host, restart]), [
      ["nuc", null],
      ["pi", "node-ip"],
    ]);
    assert.match(document.diff, /^\+ +k3s_disable:$/m);
  });
});

Deno.test("without a yes nothing is written; with it the inventory is, and the hosts are provisioned", async () => {
  await withDirectory(async (directory) => {
    const { runner, started } = machine(BOTH);
    const file = `${directory}/inventory/hosts.yml`;
    const refused = await runCommand(ARGV, { directory, runner });
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /k3s on pi is restarted; containers keep running.*\n.*--yes/);
    assert.equal(await Deno.stat(file).catch(() => "none"), "none");
    const done = await runCommand([...ARGV, "--yes"], { directory, runner });
    assert.equal(done.code, 0, done.stderr);
    const run = started.at(-1)!;
    assert.match(run.argv.join(" "), /--limit nuc,pi .*\/site\.yml$/);
    assert.deepEqual(run.extraVars.k3s_tool_kept, ["nuc"]);
    const written = await Deno.readTextFile(file);
    assert.match(written, /k3s_version: v1\.36\.3\+k3s1/);
    assert.match(written, /k3s_tls_san:\n +- k3s\.example\n/);
    assert.doesNotMatch(written, /secret|10\.42/);
  });
});

Deno.test("hosts join an inventory that is there, which keeps its settings and comments", async () => {
  await withDirectory(async (directory) => {
    const text = `# mine
all:
  vars:
    k3s_disable: [traefik] # not servicelb
  children:
    control_plane:
      hosts:
        nuc: {ansible_host: 100.64.0.1, tailscale_ip: 100.64.0.1, k3s_config: {docker: false}}
`;
    const file = await writeInventory(directory, text);
    const { runner } = machine(BOTH);
    const done = await runCommand([...ARGV, "--yes"], { directory, runner });
    assert.equal(done.code, 0, done.stderr);
    const written = await Deno.readTextFile(file);
    assert.match(written, /k3s_disable: \[traefik\] # not servicelb/);
    assert.match(written, /docker: false/);
    assert.match(written, /cluster-dns/);
    assert.match(written, /pi: ?\{?[^]*ansible_user: me/);
    const before = written;
    // Its k3s is the tool's now.
    const again = machine({ nuc: { ...SERVER, own: true }, pi: { ...AGENT, own: true } });
    const rerun = await runCommand(ARGV, { directory, runner: again.runner });
    assert.equal(rerun.code, 0, rerun.stderr);
    assert.match(rerun.stderr, /Nothing to take over/);
    assert.equal(await Deno.readTextFile(file), before);
    // Killed between writing its files and starting it.
    const torn = machine({
      nuc: { ...SERVER, own: true },
      pi: { ...AGENT, own: true, unfinished: true },
    });
    const asked = await runCommand(ARGV, { directory, runner: torn.runner });
    assert.equal(asked.code, 2, asked.stderr);
    assert.match(asked.stderr, /Take over pi\? k3s on pi is restarted/);
    const resumed = await runCommand([...ARGV, "--yes"], { directory, runner: torn.runner });
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.match(torn.started.at(-1)!.argv.join(" "), /--limit nuc,pi .*site\.yml$/);
  });
});

Deno.test("what cannot be taken over is said with its reason, and nothing is written", async () => {
  await withDirectory(async (directory) => {
    const problems = [{
      id: "x",
      message: "k3s runs with data-dir /data",
      hint: "Move \u001b[31mit.",
    }];
    for (
      const [facts, said] of [
        [{ ...BOTH, nuc: { ...SERVER, problems } }, /nuc: k3s runs with data-dir \/data\. Move it/],
        [{ pi: AGENT }, /its server \(https:\/\/100\.64\.0\.1:6443\) is not among the hosts/],
        [{ ...BOTH, pi: { ...AGENT, cluster: "other" } }, /pi: .*another cluster than nuc/],
        [
          { ...BOTH, pi: { ...AGENT, version: "v1.24.1+k3s1" } },
          /pi: its k3s v1\.24\.1.* is older/,
        ],
        [{ ...BOTH, pi: { ...AGENT, tailscale_ip: null } }, /pi: it has no Tailscale address/],
        [{ nuc: { ...SERVER, own: true } }, /nuc: .*from another inventory/],
      ] as const
    ) {
      const { runner, started } = machine(facts);
      const argv = ["adopt", ...Object.keys(facts), "--yes"];
      const { code, stderr } = await runCommand(argv, { directory, runner });
      assert.equal(code, 2, stderr);
      assert.match(stderr.replaceAll(/\s+/g, " "), said);
      assert.match(stderr, /cannot be taken over; nothing was written/);
      assert.equal(started.length, 1);
    }
    const unread = machine({ nuc: { ...SERVER, options: { x: 1 } } });
    const silent = await runCommand(["adopt", "nuc"], { directory, runner: unread.runner });
    assert.equal(silent.code, 1);
    assert.match(silent.stderr, /The k3s on nuc could not be inspected; nothing was written/);
    const unknown = await runCommand(["adopt", "nobody"], {
      directory,
      runner: machine({}).runner,
    });
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /no machine nobody in the tailnet/);
  });
});

Deno.test("a machine that k3s does not run on is refused before anyone asks it", async () => {
  const { code, stderr } = await inHomelab(["adopt", "phone", "--yes"]);
  assert.equal(code, 2);
  assert.match(stderr, /^Error: phone is a phone or tablet \(iOS\); k3s needs Linux$/m);
});
