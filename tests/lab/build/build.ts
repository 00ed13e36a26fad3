import { join } from "node:path";
import { ensureRequirements } from "../requirements.ts";
import { buildBaseImage } from "./base_image.ts";
import { kustomizeBuild, sopsBuild } from "./flux.ts";
import { buildGo, labnetBuild, tailscaleBuild } from "./go_programs.ts";
import { buildHostLayer } from "./host_layer.ts";
import { buildMirror } from "./mirror.ts";

/** Everything a lab is made of, as paths in the cache. */
export interface Built {
  /** Base image of the hosts. */
  base: string;
  /** Directory laid over the base image. */
  layer: string;
  /** Directory of tailscale and tailscaled. */
  tailscale: string;
  /** The control server's program. */
  labnet: string;
  /** Directory served as the download mirror. */
  mirror: string;
  /** Archive of the images of Flux's controllers. */
  fluxImages: string;
  /** Programs on the workstation's PATH, by name. */
  workstationPrograms: Record<string, string>;
}

/** Builds what the cache does not have. One heavy thing at a time: compilers use every core already. */
export async function buildAll(): Promise<Built> {
  await ensureRequirements();
  const base = await buildBaseImage();
  const tailscale = await buildGo(tailscaleBuild);
  const layer = await buildHostLayer(tailscale);
  const labnet = join(await buildGo(labnetBuild), "labnet");
  const mirror = await buildMirror();
  const kustomize = join(await buildGo(kustomizeBuild), "kustomize");
  const sops = join(await buildGo(sopsBuild), "sops");
  return {
    base,
    layer,
    tailscale,
    labnet,
    mirror: mirror.path,
    fluxImages: mirror.flux.images,
    workstationPrograms: {
      tailscale: join(tailscale, "tailscale"),
      kubectl: mirror.k3s, // which is kubectl where it is called so
      kustomize,
      sops,
    },
  };
}
