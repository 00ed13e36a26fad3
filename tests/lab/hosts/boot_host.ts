import type { Built } from "../build/build.ts";
import { startHost, waitForSshd } from "./host.ts";
import { makeDisk } from "./host_disk.ts";
import { putImages } from "./host_images.ts";
import { say, secondsSince } from "../cli/progress.ts";
import { type Host, keepDaemon, type LabState } from "../state.ts";
import { joinHost, waitForNode } from "../network/tailnet.ts";

/** Gives a host a fresh disk, boots it and joins it to the tailnet. */
export async function bootHost(
  state: LabState,
  host: Host,
  built: Built,
  net: Promise<unknown>,
): Promise<void> {
  const start = performance.now();
  await makeDisk(host, { base: built.bases[host.debian], layer: built.layer });
  if (built.images !== undefined) await putImages([host], built.images);
  await keepDaemon(state, host.name, await startHost(host));
  await waitForSshd(host);
  const booted = secondsSince(start);
  await net;
  await joinHost(host);
  await waitForNode(host.name, true);
  say(
    `lab: ${host.name} ${host.tailscaleAddress} booted (${booted}), on the tailnet (${
      secondsSince(start)
    })`,
  );
}
