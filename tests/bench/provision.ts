/**
 * `deno task bench provision [SIZES] [--k3s-ansible PATH]`: from nothing to Ready on fresh lab hosts, then a
 * second run; and where the seconds of a first run go, by task. Sizes are numbers of hosts, default 1, 3 and
 * 6. With a checkout of k3s-ansible, also both tools' runs on three hosts, in turn, with the same files copied
 * over ssh; it needs its collections in PATH/collections, k3s' install script as PATH/k3s-install.sh, and
 * netaddr on PYTHONPATH. Lab hosts have no python3-apt: take its two tasks about packages out of the role
 * `prereq`. This project ships none of it.
 *
 * Absolute seconds depend on the machine; the ratios between sizes and runs are what to look at.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { ansibleOnPath } from "../lab/ansible.ts";
import { run } from "../lab/cli/command.ts";
import { execAtWorkstation } from "../lab/hosts/workstation.ts";
import { nodes, waitUntilReady } from "../lab/kubernetes.ts";
import { down, up } from "../lab/lab.ts";
import { provision, type Run } from "../lab/run_events.ts";
import { runPaths } from "../lab/paths.ts";
import type { Host } from "../lab/state.ts";
import { initArgs, installTool, tool, VERSIONS } from "../lab/tool.ts";
import { makeStage } from "../../tasks/stage.ts";

/** How many of the slowest tasks are listed. */
const SLOWEST = 12;

/** Both runs on one number of hosts. */
interface Measured {
  readonly hosts: number;
  readonly first: Run;
  readonly second: Run;
  /** Seconds of processor time that the tool, Ansible and ssh took in the first run. */
  readonly cpu: number;
  /** The same of all of this machine, on which the hosts run as well. */
  readonly machine: number;
}

/** Measures and returns the report. */
export async function benchProvision(argv: readonly string[]): Promise<string> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { "k3s-ansible": { type: "string" } },
  });
  const peer = values["k3s-ansible"];
  await makeStage();
  await ansibleOnPath();
  const beside = peer === undefined ? [] : await compare(resolve(peer));
  const sizes = positionals.length > 0
    ? positionals.map(Number)
    : peer === undefined
    ? [1, 3, 6]
    : [];
  const measured: Measured[] = [];
  for (const size of sizes) measured.push(await measure(size));
  const base = measured.find(({ hosts }) => hosts === 3) ?? measured[0];
  if (base === undefined) return beside.join("\n");
  const rows = measured.map(({ hosts, first, second, cpu, machine }) => {
    const growth = (first.seconds / base.first.seconds).toFixed(2);
    const again = (second.seconds / first.seconds).toFixed(2);
    return `| ${hosts} | ${seconds(first)} | ${growth} | ${(cpu / hosts).toFixed(1)} s | ${
      ((machine - cpu) / hosts).toFixed(1)
    } s | ${seconds(second)} | **${again}** | ${changes(second)} |`;
  });
  return [
    ...beside,
    `| Hosts | First run | of ${base.hosts} hosts' | Workstation's processor, a host | Hosts' own | Second run | of the first | changed |`,
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
    `Where the first run on ${base.hosts} hosts goes: wall seconds of a task from the first host that ` +
    "begins it to the last that ends it. Tasks of hosts that go their own pace overlap.",
    "",
    "| Task | Stage | Wall | Longest host |",
    "| --- | --- | --- | --- |",
    ...slowestTasks(base.first),
    "",
  ].join("\n");
}

/** Pairs of runs beside k3s-ansible. */
const PAIRS = 3;

/** First and second runs of both tools on three fresh hosts, in turn. */
async function compare(peer: string): Promise<string[]> {
  const rows: string[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const ours = await onFreshHosts(async (hosts, files) => {
      await tool(...initArgs(hosts), "--set", `k3s_binary_local_dir=${files}`);
      return async () => void await provision();
    });
    const theirs = await onFreshHosts((hosts, files) => k3sAnsible(peer, hosts, files));
    rows.push(
      `| ${
        [ours, theirs].flatMap((times) => times.map((time) => `${time.toFixed(1)} s`)).join(" | ")
      } | **${(ours[0]! / theirs[0]!).toFixed(2)}** | **${(ours[1]! / theirs[1]!).toFixed(2)}** |`,
    );
  }
  return [
    "| First run | Second run | k3s-ansible, first | second | Ratio, first | second |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ];
}

/** Seconds of a run on three fresh hosts and of another one after it; the files lie on the workstation. */
async function onFreshHosts(
  prepare: (hosts: readonly Host[], files: string) => Promise<() => Promise<void>>,
): Promise<number[]> {
  const hosts = await up({ hosts: 3 });
  try {
    const once = await prepare(hosts, join(runPaths.mirror, "k3s", VERSIONS.newer));
    const times: number[] = [];
    for (let run = 0; run < 2; run++) {
      const began = performance.now();
      await once();
      await waitUntilReady(hosts[0]!, hosts);
      times.push((performance.now() - began) / 1000);
    }
    return times;
  } finally {
    await down();
  }
}

/** A run of k3s-ansible, as its README has it, for nodes on the tailnet. */
async function k3sAnsible(
  peer: string,
  hosts: readonly Host[],
  files: string,
): Promise<() => Promise<void>> {
  const airgap = join(runPaths.workstation, "airgap");
  await run(["cp", "-rL", files, airgap]);
  await run(["cp", join(peer, "k3s-install.sh"), airgap]);
  const entry = ({ name, tailscaleAddress }: Host) => [name, {
    ansible_host: tailscaleAddress,
    [name === hosts[0]?.name ? "server_config_yaml" : "agent_config_yaml"]: JSON.stringify({
      "node-ip": tailscaleAddress,
      "flannel-iface": "tailscale0",
    }),
  }];
  const inventory = join(runPaths.workstation, "k3s-ansible.json");
  await Deno.writeTextFile(
    inventory,
    JSON.stringify({
      k3s_cluster: {
        children: {
          server: { hosts: Object.fromEntries(hosts.slice(0, 1).map(entry)) },
          agent: { hosts: Object.fromEntries(hosts.slice(1).map(entry)) },
        },
        vars: {
          ansible_user: "lab",
          k3s_version: VERSIONS.newer,
          token: "a-token-of-this-benchmark",
          api_endpoint: hosts[0]?.tailscaleAddress,
          airgap_dir: airgap,
        },
      },
    }),
  );
  await installTool(); // brings ansible-playbook to the workstation's PATH
  return async () =>
    void await execAtWorkstation(
      ["ansible-playbook", "-i", inventory, join(peer, "playbooks", "site.yml")],
      {
        env: {
          ANSIBLE_CONFIG: join(peer, "ansible.cfg"),
          ANSIBLE_COLLECTIONS_PATH: join(peer, "collections"),
        },
      },
    );
}

async function measure(size: number): Promise<Measured> {
  const hosts = await up({ hosts: size });
  try {
    await tool(...initArgs(hosts));
    const before = [await childrensCpu(), machinesCpu()] as const;
    const first = await provision();
    const cpu = await childrensCpu() - before[0];
    const machine = machinesCpu() - before[1];
    const [server] = hosts;
    if (server === undefined) throw new Error("a lab without hosts");
    await waitUntilReady(server, hosts, 1); // they are Ready when the tool says so, or this throws
    if ((await nodes(server)).size !== size) throw new Error("a node is missing");
    return { hosts: size, first, cpu, machine, second: await provision() };
  } finally {
    await down();
  }
}

/** Processor time of all children of this process that have ended, in seconds. */
async function childrensCpu(): Promise<number> {
  const stat = await Deno.readTextFile("/proc/self/stat");
  // Fields 16 and 17 of proc(5), cutime and cstime, counted from the third; USER_HZ is 100.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

/** Processor time of all programs of this machine, in seconds. */
function machinesCpu(): number {
  const times = cpus().flatMap(({ times: { user, nice, sys, irq } }) => [user, nice, sys, irq]);
  return times.reduce((sum, each) => sum + each, 0) / 1000;
}

function slowestTasks(run: Run): string[] {
  const tasks = new Map<string, { stage: string; from: number; to: number; longest: number }>();
  for (const { type, task = "", play = "", seconds = 0, ts = "" } of run.events) {
    if (type !== "result") continue;
    const to = Date.parse(ts) / 1000;
    const key = `${play}/${task}`;
    const known = tasks.get(key) ?? { stage: play, from: to - seconds, to, longest: 0 };
    tasks.set(key, {
      stage: play,
      from: Math.min(known.from, to - seconds),
      to: Math.max(known.to, to),
      longest: Math.max(known.longest, seconds),
    });
  }
  return [...tasks].sort(([, a], [, b]) => (b.to - b.from) - (a.to - a.from)).slice(0, SLOWEST)
    .map(([key, { stage, from, to, longest }]) =>
      `| ${key.slice(stage.length + 1)} | ${stage} | ${(to - from).toFixed(1)} s | ${
        longest.toFixed(1)
      } s |`
    );
}

function seconds(run: Run): string {
  return `${run.seconds.toFixed(1)} s`;
}

function changes(run: Run): number {
  return Object.values(run.stats).reduce((sum, { changed }) => sum + changed, 0);
}
