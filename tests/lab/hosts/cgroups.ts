import { join } from "node:path";
import { waitFor } from "../wait.ts";

const root = "/sys/fs/cgroup";

/** Name of a host's cgroup in each hierarchy. */
export function cgroupName(host: string): string {
  return `lab-${host}`;
}

/** The mounted hierarchies: one directory for each controller (version 1), or the root itself. */
export async function hierarchies(): Promise<string[]> {
  try {
    await Deno.stat(join(root, "cgroup.controllers"));
    return [root];
  } catch {
    const found: string[] = [];
    for await (const entry of Deno.readDir(root)) {
      if (entry.isDirectory) found.push(join(root, entry.name));
    }
    return found.sort();
  }
}

/** Makes a host's cgroups; a program moves in by writing to each one's cgroup.procs. */
export async function makeCgroups(host: string): Promise<string[]> {
  const made: string[] = [];
  for (const hierarchy of await hierarchies()) {
    const dir = join(hierarchy, cgroupName(host));
    await Deno.mkdir(dir, { recursive: true });
    if (hierarchy.endsWith("/cpuset")) {
      for (const file of ["cpuset.cpus", "cpuset.mems"]) { // empty ones refuse every process
        await Deno.writeTextFile(join(dir, file), await Deno.readTextFile(join(hierarchy, file)));
      }
    }
    made.push(dir);
  }
  return made;
}

/** Cgroups named for the lab's hosts that exist now. */
export async function labCgroups(): Promise<string[]> {
  const found: string[] = [];
  for (const hierarchy of await hierarchies()) {
    for await (const entry of Deno.readDir(hierarchy)) {
      if (entry.isDirectory && /^lab-n\d+$/.test(entry.name)) {
        found.push(join(hierarchy, entry.name));
      }
    }
  }
  return found;
}

/** Processes in a host's cgroups and below, in these hierarchies; in all of them without. */
export async function processesOf(host: string, within?: readonly string[]): Promise<number[]> {
  const pids = new Set<number>();
  for (const hierarchy of within ?? await hierarchies()) {
    for (const dir of await treeBelow(join(hierarchy, cgroupName(host)))) {
      const text = await Deno.readTextFile(join(dir, "cgroup.procs")).catch(() => "");
      for (const line of text.split("\n")) if (line !== "") pids.add(Number(line));
    }
  }
  return [...pids];
}

/** Ends every process in a host's cgroups. */
export async function killProcessesOf(host: string): Promise<void> {
  await waitFor(async () => {
    const pids = await processesOf(host);
    for (const pid of pids) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    return pids.length === 0;
  }, { what: `the processes of ${host} to end`, interval: 20 });
}

/** Removes a host's cgroups from the leaves up; its processes must have ended. */
export async function removeCgroups(host: string): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    for (const dir of (await treeBelow(join(hierarchy, cgroupName(host)))).reverse()) {
      await waitFor(async () => {
        await Deno.remove(dir).catch((error) => {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        });
        return true;
      }, { what: `cgroup ${dir} to be free`, interval: 20 });
    }
  }
}

/** A directory and all below it, parents before children; empty where it does not exist. */
async function treeBelow(dir: string): Promise<string[]> {
  const found = [dir];
  try {
    for await (const entry of Deno.readDir(dir)) {
      if (entry.isDirectory) found.push(...await treeBelow(join(dir, entry.name)));
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return found;
}
