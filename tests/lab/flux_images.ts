import { join } from "node:path";
import { buildFlux } from "./build/flux.ts";
import { run } from "./command.ts";
import { hostDisk } from "./host_disk.ts";
import type { Host } from "./state.ts";

/**
 * Puts the images of Flux's controllers where k3s imports images from, as hosts have no registry to pull them from. Before a
 * cluster is provisioned, or after: k3s looks there now and then. Not part of every cluster's archive, which they would make
 * three times as large.
 */
export async function putFluxImages(hosts: readonly Host[]): Promise<void> {
  const { images } = await buildFlux();
  for (const host of hosts) {
    const dir = join(hostDisk(host.name).data, "rancher", "k3s", "agent", "images");
    await Deno.mkdir(dir, { recursive: true });
    const target = join(dir, "flux-images-amd64.tar");
    await run(["cp", images, `${target}.part`]); // k3s takes *.tar alone
    await Deno.rename(`${target}.part`, target);
  }
}
