import { dirname, join } from "node:path";
import { randomBytes } from "node:crypto";
import { attempt, run } from "../cli/command.ts";
import { runPaths } from "../paths.ts";
import type { Host } from "../state.ts";

/** Where a host's disk is on this machine. */
export interface HostDisk {
  /** The host's own directory. */
  dir: string;
  /** Image file; sparse, so it takes only what the host has written. */
  image: string;
  /** The image, mounted: the host's writes and its data directories. */
  data: string;
  /** The host's root: base image, lab layer and its own writes, one over the other. */
  root: string;
}

/** Size of a host's disk. */
const size = "16G";

/** Directories of the host that lie on its disk itself, as an overlay does not go on an overlay. */
const direct = ["containerd", "kubelet", "rancher"];

/** Paths of a host's disk. */
export function hostDisk(name: string): HostDisk {
  const dir = join(runPaths.hosts, name);
  return { dir, image: join(dir, "disk.img"), data: join(dir, "disk"), root: join(dir, "root") };
}

/** What every host is made of. */
export interface HostLayers {
  base: string;
  layer: string;
}

/**
 * Makes a fresh disk for a host and mounts it. The file system has neither journal nor barriers: the disk
 * never outlives the machine's own memory of it, and the lab's hosts write a lot.
 */
export async function makeDisk(host: Host, layers: HostLayers): Promise<void> {
  const disk = hostDisk(host.name);
  await Deno.mkdir(disk.data, { recursive: true });
  await Deno.mkdir(disk.root, { recursive: true });
  await run(["truncate", "-s", size, disk.image]);
  await run(["mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", disk.image]);
  await run(["mount", "-o", "loop,barrier=0,noatime", disk.image, disk.data]);
  for (const name of ["upper", "work", ...direct]) await Deno.mkdir(join(disk.data, name));
  const options = [
    `lowerdir=${layers.layer}:${layers.base}`,
    `upperdir=${join(disk.data, "upper")}`,
    `workdir=${join(disk.data, "work")}`,
  ];
  await run(["mount", "-t", "overlay", "lab", "-o", options.join(), disk.root]);
  await writeIdentity(host, disk.root);
}

/** Takes a host's disk away with all that is on it. */
export async function removeDisk(name: string): Promise<void> {
  const disk = hostDisk(name);
  for (const mounted of [disk.root, disk.data]) {
    if ((await attempt(["mountpoint", "-q", mounted])).code === 0) await run(["umount", mounted]);
  }
  await Deno.remove(disk.dir, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

/** Paths of the key pair the lab and its workstation log in with. */
export const loginKey = join(runPaths.workstationHome, ".ssh", "id_ed25519");

/** Path of a host's SSH host key, which stays the same while the lab is up. */
export function hostKey(name: string): string {
  return join(runPaths.keys, name, "ssh_host_ed25519_key");
}

/** Where a host's k3s reads by how many seconds READY is delayed (parts/k3s, internal/agent/ready.go). */
export const readyDelayFile = "etc/lab/ready-delay";

/** Writes what makes this host itself: name, address, keys. */
async function writeIdentity(host: Host, root: string): Promise<void> {
  const authorized = await Deno.readTextFile(`${loginKey}.pub`);
  const files: [path: string, content: string, mode: number][] = [
    ["etc/hostname", `${host.name}\n`, 0o644],
    ["etc/hosts", `127.0.0.1 localhost\n127.0.1.1 ${host.name}\n`, 0o644],
    ["etc/machine-id", `${randomBytes(16).toString("hex")}\n`, 0o444],
    ["etc/lab.env", `ADDRESS=${host.address}\n`, 0o644],
    ["root/.ssh/authorized_keys", authorized, 0o600],
    ["home/lab/.ssh/authorized_keys", authorized, 0o600],
    ["etc/ssh/ssh_host_ed25519_key", await Deno.readTextFile(hostKey(host.name)), 0o600],
    [
      "etc/ssh/ssh_host_ed25519_key.pub",
      await Deno.readTextFile(`${hostKey(host.name)}.pub`),
      0o644,
    ],
  ];
  for (const [path, content, mode] of files) {
    const target = join(root, path);
    await Deno.mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(target, content);
    await Deno.chmod(target, mode);
  }
  if (host.readyDelay !== undefined) {
    await Deno.mkdir(dirname(join(root, readyDelayFile)), { recursive: true });
    await Deno.writeTextFile(join(root, readyDelayFile), `${host.readyDelay}\n`);
  }
  const labUser = 1000;
  await Deno.chown(join(root, "home/lab/.ssh"), labUser, labUser);
  await Deno.chown(join(root, "home/lab/.ssh/authorized_keys"), labUser, labUser);
}
