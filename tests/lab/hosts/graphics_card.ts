/**
 * A graphics card by NVIDIA that is not there: what the kernel, the driver and the container toolkit
 * show of one. The device plugin (parts/gpu-plugin) takes its cards from the same place.
 *
 * @module
 */

import { buildGpuPluginImage } from "../build/cluster_parts.ts";
import type { Host } from "../state.ts";
import { putImages } from "./host_images.ts";
import { onHost } from "./on_host.ts";

/** The device plugin's image on the lab's hosts. */
export const GPU_PLUGIN_IMAGE = "docker.io/lab/gpu-plugin:1";

const SMI = "/usr/local/bin/nvidia-smi";
const RUNTIME = "/usr/local/bin/nvidia-container-runtime";

/** What `nvidia-smi` prints where it works, with the query that the tool uses. */
const WORKS = "echo '00000000:01:00.0, NVIDIA GeForce RTX 4090, 24564, 570.133.07'";

/** What it prints after an update of the driver without a reboot. */
const MISMATCH = "echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18";

/** NVIDIA's runtime gives cards and driver to containers with `NVIDIA_VISIBLE_DEVICES`, and is runc else. */
const RUNTIME_PROGRAM = `#!/usr/bin/python3
import json, os, sys
arguments = sys.argv[1:]
if "create" in arguments and "--bundle" in arguments:
    path = os.path.join(arguments[arguments.index("--bundle") + 1], "config.json")
    with open(path) as file:
        spec = json.load(file)
    names = [entry.split("=")[1] for entry in spec["process"].get("env", []) if entry.startswith("NVIDIA_VISIBLE_DEVICES=")]
    if names and names[-1] not in ("", "void"):
        spec["mounts"].append({"destination": "/run/nvidia-cards", "type": "bind", "source": "/run/nvidia-cards", "options": ["bind", "ro"]})
        with open(path, "w") as file:
            json.dump(spec, file)
os.execvp("runc", ["runc", *arguments])
`;

/** Plugs a card into a host: its kernel shows it, and a driver and a toolkit are installed. */
export async function plugInCard(host: Host): Promise<void> {
  await putImages([host], await buildGpuPluginImage(GPU_PLUGIN_IMAGE));
  await onHost(
    host,
    "mkdir -p /run/pci/0000:01:00.0 && cd /run/pci/0000:01:00.0 && " +
      "echo 0x10de >vendor && echo 0x030000 >class && echo 0x2684 >device && " +
      "mount --bind /run/pci /sys/bus/pci/devices && echo GPU-lab-1 >/run/nvidia-cards",
  );
  await writeProgram(host, RUNTIME, RUNTIME_PROGRAM);
  await setDriver(host, "works");
}

/** Changes what the driver of a card says. */
export function setDriver(host: Host, state: "works" | "mismatch"): Promise<void> {
  return writeProgram(host, SMI, `#!/bin/sh\n${state === "works" ? WORKS : MISMATCH}\n`);
}

/** Takes the card out, and what was installed for it. */
export async function takeOutCard(host: Host): Promise<void> {
  await onHost(
    host,
    `umount /sys/bus/pci/devices; rm -rf ${SMI} ${RUNTIME} /run/nvidia-cards /run/pci`,
  );
}

async function writeProgram(host: Host, path: string, text: string): Promise<void> {
  await onHost(host, `cat > ${path} && chmod 755 ${path}`, { stdin: text });
}
