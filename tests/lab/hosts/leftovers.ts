import { attempt, run } from "../cli/command.ts";
import { labCgroups } from "./cgroups.ts";
import { isMachineChanged } from "./machine_before.ts";
import { network } from "../network/network.ts";
import { runDir } from "../paths.ts";
import { socketDir } from "./workstation.ts";

/**
 * Looks over the whole machine for what a lab would leave behind and names each thing found. It goes by what
 * there is, not by what the lab remembers.
 */
export async function listLeftovers(): Promise<string[]> {
  const found = await Promise.all([
    links(),
    namespaces(),
    packetRules(),
    mounts(),
    loopDevices(),
    cgroups(),
    processes(),
    files(),
    settings(),
  ]);
  return found.flat();
}

async function links(): Promise<string[]> {
  const all: { ifname: string }[] = JSON.parse(await run(["ip", "-json", "link"]));
  const ours = new RegExp(`^(${network.bridge}|${network.workstationPort}|vb-n\\d+)$`);
  return all.filter((link) => ours.test(link.ifname)).map((link) => `link ${link.ifname}`);
}

async function namespaces(): Promise<string[]> {
  const names = (await run(["ip", "netns", "list"])).split("\n").map((line) => line.split(" ")[0]);
  return names.includes(network.workstation) ? [`network namespace ${network.workstation}`] : [];
}

async function packetRules(): Promise<string[]> {
  const { code } = await attempt(["nft", "list", "table", "ip", network.table]);
  return code === 0 ? [`nft table ${network.table}`] : [];
}

async function mounts(): Promise<string[]> {
  return (await mountPoints()).map((point) => `mount ${point}`);
}

/** Mount points inside the run directory, the deepest first. */
export async function mountPoints(): Promise<string[]> {
  const table = await Deno.readTextFile("/proc/self/mountinfo");
  return table.split("\n")
    .map((line) => (line.split(" ")[4] ?? "").replaceAll("\\040", " "))
    .filter((point) => point.startsWith(`${runDir}/`))
    .reverse();
}

async function loopDevices(): Promise<string[]> {
  const listed = await run(["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"]);
  return listed.split("\n").filter((line) => line.includes(`${runDir}/`)).map((line) =>
    `loop device ${line.trim()}`
  );
}

async function cgroups(): Promise<string[]> {
  return (await labCgroups()).map((dir) => `cgroup ${dir}`);
}

/** Processes that belong to a lab: in a host's cgroup, or with the run directory in their command line. */
async function processes(): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await labProcesses()) {
    const words = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
    found.push(`process ${pid} ${words.replaceAll("\0", " ").slice(0, 100)}`);
  }
  return found;
}

/** Process ids of the lab's hosts and daemons. */
export async function labProcesses(): Promise<number[]> {
  const found: number[] = [];
  for await (const entry of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(entry.name) || Number(entry.name) === Deno.pid) continue;
    const [cgroup, words] = await Promise.all(
      ["cgroup", "cmdline"].map((file) =>
        Deno.readTextFile(`/proc/${entry.name}/${file}`).catch(() => "")
      ),
    );
    const inHost = /:\/lab-n\d+(\/|$)/m.test(cgroup ?? "");
    const daemon = isDaemonCommand((words ?? "").split("\0"));
    if (inHost || daemon) found.push(Number(entry.name));
  }
  return found;
}

/** Whether a command line is that of labnet, of the Git or S3 server, of the workstation's tailscaled, or of a host's keeper. */
function isDaemonCommand(words: readonly string[]): boolean {
  const program = words[0]?.split("/").at(-1);
  if (program === "labnet") return words.includes(`-ip=${network.address}`);
  const ours = ["labgit", "versitygw", "tailscaled", "systemd-nspawn"];
  return ours.includes(program ?? "") && words.some((word) => word.includes(`${runDir}/`));
}

async function settings(): Promise<string[]> {
  return await isMachineChanged() ? ["kernel settings of this machine, changed"] : [];
}

async function files(): Promise<string[]> {
  const paths = [runDir, `/etc/netns/${network.workstation}`];
  const found: string[] = [];
  for (const path of paths) {
    if ((await attempt(["test", "-e", path])).code === 0) found.push(`directory ${path}`);
  }
  const socket = await attempt(["mountpoint", "-q", socketDir]);
  if (socket.code === 0) found.push(`mount ${socketDir}`);
  return found;
}
