import { join } from "node:path";
import { ensureRequirements } from "../cli/requirements.ts";
import { buildBaseImage, type DebianRelease } from "./base_image.ts";
import { buildExampleImage } from "./cluster_parts.ts";
import { buildFlux, type FluxRelease, kustomizeBuild, sopsBuild } from "./flux.ts";
import { buildGo, labnetBuild, tailscaleBuild } from "./go_programs.ts";
import { buildHostLayer } from "./host_layer.ts";
import { buildMirror, standInReleases } from "./mirror.ts";
import { readRelease } from "./release.ts";

/** Everything a lab is made of, as paths in the cache. */
export interface Built {
  /** Base images of hosts, by what they run. */
  bases: Record<DebianRelease, string>;
  /** Directory laid over the base image. */
  layer: string;
  /** Directory of tailscale and tailscaled. */
  tailscale: string;
  /** The control server's program. */
  labnet: string;
  /** Directory of k3s releases. */
  k3sReleases: string;
  /** Versions of these, oldest first. */
  k3sVersions: string[];
  /** Archive of images that hosts get besides the release's own: what tests run, where a real release lacks it. */
  images?: string;
  /** The newest k3s program, which is kubectl too. */
  k3s: string;
}

/**
 * Builds what the cache does not have of a lab's hosts and cluster. One heavy thing at a time: compilers use every core
 * already.
 *
 * @param releases Directories of real releases of k3s, oldest first, that take the place of the stand-in
 */
export async function buildLab(releases: readonly string[] = []): Promise<Built> {
  const real = await Promise.all(releases.map(readRelease));
  await ensureRequirements();
  const bases = {
    bookworm: await buildBaseImage("bookworm"),
    trixie: await buildBaseImage("trixie"),
  };
  const tailscale = await buildGo(tailscaleBuild);
  const layer = await buildHostLayer(tailscale, { realK3s: real.length > 0 });
  const labnet = join(await buildGo(labnetBuild), "labnet");
  const offered = real.length > 0 ? real : await standInReleases();
  const { path, k3s } = await buildMirror(offered);
  return {
    bases,
    layer,
    tailscale,
    labnet,
    k3sReleases: path,
    k3sVersions: offered.map(({ version }) => version),
    ...(real.length > 0 ? { images: await helloImage() } : {}),
    k3s,
  };
}

async function helloImage(): Promise<string> {
  const archive = "lab-images-amd64.tar";
  return join(await buildExampleImage("docker.io/lab/hello:1", { PORT: "8080" }, archive), archive);
}

/** What deploying from Git needs. */
export interface GitOpsParts {
  flux: FluxRelease;
  /** Programs on the workstation's PATH, by name. */
  programs: Record<string, string>;
}

/** Builds Flux, kustomize and sops unless the cache has them: 13 minutes that a cluster alone does not need. */
export async function buildGitOps(): Promise<GitOpsParts> {
  const kustomize = join(await buildGo(kustomizeBuild), "kustomize");
  const sops = join(await buildGo(sopsBuild), "sops");
  return { flux: await buildFlux(), programs: { kustomize, sops } };
}
