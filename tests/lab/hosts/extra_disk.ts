import { onHost } from "./on_host.ts";
import type { Host } from "../state.ts";

/**
 * Gives a host a disk of its own: an image file, as ext4, mounted at a path. Devices are this machine's, so the one
 * that is free is asked for; a host's /dev has none by itself.
 */
export async function addDisk(
  host: Host,
  { path, megabytes }: { readonly path: string; readonly megabytes: number },
): Promise<void> {
  await onHost(
    host,
    `set -e
image=${imageOf(path)}
mkdir -p ${path}
truncate -s ${megabytes}M $image
mkfs.ext4 -q -F $image
[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
device=$(losetup -f)
[ -e $device ] || mknod $device b 7 \${device#/dev/loop}
losetup $device $image
mount $device ${path}`,
  );
}

/** Unmounts it, as if it had not come up; its content stays. */
export async function pullDisk(host: Host, path: string): Promise<void> {
  await onHost(host, `umount ${path}`);
}

/** Mounts it again. */
export async function plugDisk(host: Host, path: string): Promise<void> {
  await onHost(host, `mount $(losetup -n -O NAME -j ${imageOf(path)}) ${path}`);
}

/** Takes it away with all that is on it. */
export async function removeExtraDisk(host: Host, path: string): Promise<void> {
  await onHost(
    host,
    `set -e
umount ${path}
losetup -d $(losetup -n -O NAME -j ${imageOf(path)})
rm -rf ${imageOf(path)} ${path}`,
  );
}

function imageOf(path: string): string {
  return `/var/tmp/disk${path.replaceAll("/", "-")}.img`;
}
