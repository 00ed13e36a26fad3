import { join } from "node:path";
import { attempt } from "../cli/command.ts";
import { cacheDir } from "../paths.ts";
import { socketDir } from "./workstation.ts";

/**
 * What the lab changes of the machine beside what is its own, as it was before. Kept outside the run directory and
 * until it is put back, so that it survives any end of a lab.
 */
interface MachineBefore {
  /** Kernel settings by their path below /proc/sys. */
  sysctls: Record<string, string>;
  /** Directories that were made. */
  directories: string[];
}

const record = join(cacheDir, "machine-before.json");

/** Kernel settings that the lab needs to be at least so, or that a kubelet in a host sets for all. */
const sysctls: Record<string, number | null> = {
  "net/ipv4/ip_forward": 1,
  "fs/inotify/max_user_instances": 8192,
  "fs/inotify/max_user_watches": 524288,
  "vm/overcommit_memory": null,
  "vm/panic_on_oom": null,
  "kernel/panic": null,
  "kernel/panic_on_oops": null,
  "kernel/keys/root_maxkeys": null,
  "kernel/keys/root_maxbytes": null,
};

/** Makes the machine fit for a lab, and notes first how it was. */
export async function prepareMachine(): Promise<void> {
  const before: MachineBefore = { sysctls: {}, directories: [] };
  for (const name of Object.keys(sysctls)) {
    const value = await Deno.readTextFile(`/proc/sys/${name}`).catch(() => null);
    if (value !== null) before.sysctls[name] = value.trim();
  }
  if ((await attempt(["test", "-e", socketDir])).code !== 0) before.directories.push(socketDir);
  await Deno.writeTextFile(record, JSON.stringify(before, null, 2) + "\n", { createNew: true });
  for (const [name, least] of Object.entries(sysctls)) {
    const value = before.sysctls[name];
    if (least !== null && value !== undefined && Number(value) < least) {
      await Deno.writeTextFile(`/proc/sys/${name}`, `${least}`);
    }
  }
  for (const dir of before.directories) await Deno.mkdir(dir);
}

/** Whether the machine is still to be put back. */
export async function isMachineChanged(): Promise<boolean> {
  return (await attempt(["test", "-e", record])).code === 0;
}

/** Puts the machine back as it was; does nothing where that has been done. */
export async function restoreMachine(): Promise<void> {
  const text = await Deno.readTextFile(record).catch(() => null);
  if (text === null) return;
  const before: MachineBefore = JSON.parse(text);
  for (const [name, value] of Object.entries(before.sysctls)) {
    await Deno.writeTextFile(`/proc/sys/${name}`, value);
  }
  for (const dir of before.directories) await attempt(["rmdir", dir]); // stays where it is in use
  await Deno.remove(record);
}
