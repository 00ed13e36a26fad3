import { join } from "node:path";
import { buildGitOps } from "../build/build.ts";
import { run } from "../cli/command.ts";
import { putImages } from "../hosts/host_images.ts";
import { runPaths } from "../paths.ts";
import type { Host } from "../state.ts";
import { addPrograms } from "../hosts/workstation.ts";

/**
 * Adds what deploying from Git needs to a lab that is up: the images of Flux's controllers on hosts, which would make every
 * cluster's own archive three times as large, Flux's release on the mirror, kustomize and sops at the workstation.
 */
export async function putFluxImages(hosts: readonly Host[]): Promise<void> {
  const { flux, programs } = await buildGitOps();
  const released = join(runPaths.mirror, "flux");
  await Deno.mkdir(released, { recursive: true });
  await run(["ln", "-sfn", flux.path, join(released, flux.version)]);
  await addPrograms(programs);
  await putImages(hosts, flux.images);
}
