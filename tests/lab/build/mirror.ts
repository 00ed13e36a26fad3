import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { cacheDir } from "../paths.ts";
import { buildImages, imageArchive, k3sBuild } from "./cluster_parts.ts";
import { cached, hashTexts } from "./content_hash.ts";
import { buildFlux, type FluxRelease, linkFluxRelease } from "./flux.ts";
import { buildGo } from "./go_programs.ts";

/** The k3s versions that the lab's mirror offers, oldest first: an upgrade needs two. */
export const k3sVersions = ["v1.36.2+k3s1", "v1.36.3+k3s1"] as const;

/** A download mirror on this machine's disk. */
export interface Mirror {
  /** Directory laid out like the releases' download sites, below /k3s and /flux. */
  path: string;
  /** The newest k3s program. */
  k3s: string;
  /** The release of Flux, below /flux. */
  flux: FluxRelease;
}

/** Builds the directory that the lab serves as the download site of releases: of k3s, and of Flux. */
export async function buildMirror(): Promise<Mirror> {
  const images = join(await buildImages(), imageArchive);
  const releases: { version: string; k3s: string }[] = [];
  for (const version of [...k3sVersions].reverse()) {
    releases.unshift({ version, k3s: join(await buildGo(k3sBuild(version)), "k3s") });
  }
  const flux = await buildFlux();
  const hash = hashTexts(images, JSON.stringify(releases), flux.path);
  const { path } = await cached(join(cacheDir, "mirror", hash), async (dir) => {
    for (const { version, k3s } of releases) {
      const release = join(dir, "k3s", version);
      await Deno.mkdir(release, { recursive: true });
      await Deno.link(k3s, join(release, "k3s"));
      await Deno.link(images, join(release, imageArchive));
      await Deno.writeTextFile(
        join(release, "sha256sum-amd64.txt"), // the format of a release's own: `sha256sum` output
        `${await sha256(k3s)}  k3s\n${await sha256(images)}  ${imageArchive}\n`,
      );
    }
    await linkFluxRelease(flux, dir);
  });
  return { path, k3s: releases.at(-1)?.k3s ?? "", flux };
}

/** Hexadecimal SHA-256 of a file. */
async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
