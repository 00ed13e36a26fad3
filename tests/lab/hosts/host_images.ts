import { basename, join } from "node:path";
import { run } from "../cli/command.ts";
import { hostDisk } from "./host_disk.ts";
import type { Host } from "../state.ts";

/**
 * Puts an archive of images where k3s imports images from, as hosts have no registry to pull them from. Before a cluster is
 * provisioned, or after: k3s looks there now and then.
 */
export async function putImages(hosts: readonly Host[], archive: string): Promise<void> {
  for (const host of hosts) {
    const dir = join(hostDisk(host.name).data, "rancher", "k3s", "agent", "images");
    await Deno.mkdir(dir, { recursive: true });
    const target = join(dir, basename(archive));
    await run(["cp", archive, `${target}.part`]); // k3s takes *.tar alone
    await Deno.rename(`${target}.part`, target);
  }
}
