import { join } from "node:path";
import { cacheDir } from "../paths.ts";
import { buildImages, imageArchive, k3sBuild } from "./cluster_parts.ts";
import { cached, hashTexts } from "./content_hash.ts";
import { buildGo } from "./go_programs.ts";
import { type K3sRelease, sha256, sumsFile } from "./release.ts";

/** The versions that the lab makes of its k3s stand-in, oldest first: an upgrade needs two. */
export const standInVersions = ["v1.36.2+k3s1", "v1.36.3+k3s1"] as const;

/** Releases of k3s, laid out as on their download page. */
export interface Mirror {
  /** Directory of a directory for each version. */
  path: string;
  /** The newest k3s program. */
  k3s: string;
}

/** Builds the k3s stand-in as releases, oldest first. */
export async function standInReleases(): Promise<K3sRelease[]> {
  const images = join(await buildImages(), imageArchive);
  const releases: K3sRelease[] = [];
  for (const version of [...standInVersions].reverse()) {
    const k3s = join(await buildGo(k3sBuild(version)), "k3s");
    releases.unshift({ version, k3s, images, archive: imageArchive });
  }
  return releases;
}

/** Lays releases, oldest first, out as their download page does. */
export async function buildMirror(releases: readonly K3sRelease[]): Promise<Mirror> {
  const newest = releases.at(-1);
  if (newest === undefined) throw new Error("a mirror needs a release");
  const hash = hashTexts(JSON.stringify(releases), ...await Promise.all(releases.map(changed)));
  const { path } = await cached(join(cacheDir, "mirror", hash), async (dir) => {
    for (const { version, k3s, images, archive } of releases) {
      const release = join(dir, version);
      await Deno.mkdir(release, { recursive: true });
      await linkOrCopy(k3s, join(release, "k3s"));
      await linkOrCopy(images, join(release, archive));
      await Deno.writeTextFile(
        join(release, sumsFile), // the format of a release's own: `sha256sum` output
        `${await sha256(k3s)}  k3s\n${await sha256(images)}  ${archive}\n`,
      );
    }
  });
  return { path, k3s: join(path, newest.version, "k3s") };
}

async function changed({ k3s, images }: K3sRelease): Promise<string> {
  const times = await Promise.all([k3s, images].map(async (file) => (await Deno.stat(file)).mtime));
  return times.map((time) => time?.toISOString()).join();
}

/** A second name for a file, or a copy where it is on another file system. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await Deno.link(from, to).catch(() => Deno.copyFile(from, to));
}
