/**
 * `deno task bench provision [SIZES]`: from nothing to Ready on fresh lab hosts, then a second run; and where
 * the seconds of a first run go, by task. Sizes are numbers of hosts, default 1, 3 and 6.
 *
 * Absolute seconds depend on the machine; the ratios between sizes and runs are what to look at.
 *
 * @module
 */

import { ansibleOnPath } from "../lab/ansible.ts";
import { nodes, waitUntilReady } from "../lab/kubernetes.ts";
import { down, up } from "../lab/lab.ts";
import { provision, type Run } from "../lab/run_events.ts";
import { initArgs, tool } from "../lab/tool.ts";
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
}

/** Measures and returns the report. */
export async function benchProvision(sizes: readonly number[] = [1, 3, 6]): Promise<string> {
  await makeStage();
  await ansibleOnPath();
  const measured: Measured[] = [];
  for (const size of sizes) measured.push(await measure(size));
  const base = measured.find(({ hosts }) => hosts === 3) ?? measured[0];
  if (base === undefined) return "";
  const rows = measured.map(({ hosts, first, second, cpu }) => {
    const growth = (first.seconds / base.first.seconds).toFixed(2);
    const again = (second.seconds / first.seconds).toFixed(2);
    return `| ${hosts} | ${seconds(first)} | ${growth} | ${(cpu / hosts).toFixed(1)} s | ${
      seconds(second)
    } | **${again}** | ${changes(second)} |`;
  });
  return [
    `| Hosts | First run | of ${base.hosts} hosts' | Workstation's processor, a host | Second run | of the first | changed |`,
    "| --- | --- | --- | --- | --- | --- | --- |",
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

async function measure(size: number): Promise<Measured> {
  const hosts = await up({ hosts: size });
  try {
    await tool(...initArgs(hosts));
    const before = await childrensCpu();
    const first = await provision();
    const cpu = await childrensCpu() - before;
    const [server] = hosts;
    if (server === undefined) throw new Error("a lab without hosts");
    await waitUntilReady(server, hosts, 1); // they are Ready when the tool says so, or this throws
    if ((await nodes(server)).size !== size) throw new Error("a node is missing");
    return { hosts: size, first, cpu, second: await provision() };
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
