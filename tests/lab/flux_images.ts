import { buildFlux } from "./build/flux.ts";
import { putImages } from "./host_images.ts";
import type { Host } from "./state.ts";

/** Gives hosts the images of Flux's controllers, which would make every cluster's own archive three times as large. */
export async function putFluxImages(hosts: readonly Host[]): Promise<void> {
  await putImages(hosts, (await buildFlux()).images);
}
