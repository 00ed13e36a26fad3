/**
 * What a program and all that it started use, from /proc.
 *
 * @module
 */

/** Processor time and memory of a process and its descendants. */
export interface Usage {
  /** User and system time so far, in seconds; that of descendants that have ended counts too. */
  readonly cpu: number;
  /** Resident memory now, in bytes. */
  readonly memory: number;
  /** The sum of what each process held at most, in bytes. */
  readonly peak: number;
}

/** Clock ticks a second: USER_HZ, which Linux shows to programs as 100 on all its common platforms. */
const TICKS = 100;

/** What a process and its descendants use now; throws where it does not run. */
export async function usageOf(root: number): Promise<Usage> {
  const pids = await tree(root);
  const each = await Promise.all(pids.map((pid) => usageOfOne(pid).catch(() => NOTHING)));
  if (each[0] === NOTHING) throw new Error(`process ${root} does not run`);
  return each.reduce((sum, { cpu, memory, peak }) => ({
    cpu: sum.cpu + cpu,
    memory: sum.memory + memory,
    peak: sum.peak + peak,
  }));
}

const NOTHING: Usage = { cpu: 0, memory: 0, peak: 0 };

async function usageOfOne(pid: number): Promise<Usage> {
  const fields = await statOf(pid);
  // Fields 14 to 17 of proc(5), counted here from the third: utime, stime, cutime, cstime.
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const kilobytes = (name: string) =>
    Number(status.match(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m"))?.[1] ?? 0) * 1024;
  return { cpu: ticks / TICKS, memory: kilobytes("VmRSS"), peak: kilobytes("VmHWM") };
}

/** The process and its descendants, itself first. */
async function tree(root: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const [, parent] = await statOf(Number(name)).catch(() => []); // it may end meanwhile
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const found = [root];
  for (const pid of found) {
    for (const [child, parent] of parents) if (parent === pid) found.push(child);
  }
  return found;
}

/** The fields of /proc/PID/stat from the third (the state) on: the second, a name, may hold anything. */
async function statOf(pid: number): Promise<string[]> {
  const text = await Deno.readTextFile(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}
