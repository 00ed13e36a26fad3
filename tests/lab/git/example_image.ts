import { join } from "node:path";
import { buildExampleImage } from "../build/cluster_parts.ts";
import { putImages } from "../hosts/host_images.ts";
import type { Host } from "../state.ts";

/** The lab's image for examples/apps/web: hello, on the port that the example's own image has. */
export const exampleImage = { name: "docker.io/lab/hello", tag: "port-9898" } as const;

/** Gives hosts that image. */
export async function putExampleImage(hosts: readonly Host[]): Promise<void> {
  const { name, tag } = exampleImage;
  const dir = await buildExampleImage(`${name}:${tag}`, { PORT: "9898" });
  await putImages(hosts, join(dir, "example-images-amd64.tar"));
}
