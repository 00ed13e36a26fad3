import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join, resolve } from "node:path";
import { run } from "../cli/command.ts";
import { RequirementError } from "../cli/requirements.ts";

/** A release of k3s, its own or the stand-in's. */
export interface K3sRelease {
  /** Such as v1.36.3+k3s1. */
  version: string;
  /** The program. */
  k3s: string;
  /** The archive of container images. */
  images: string;
  /** The archive's name on the download page. */
  archive: string;
}

/** Name of a release's list of sums. */
export const sumsFile = "sha256sum-amd64.txt";

/** Names that a release's archive of images may have, the first one that is there counts. */
const archives = ["tar.zst", "tar.gz", "tar"].map((end) => `k3s-airgap-images-amd64.${end}`);

/**
 * Reads a directory that holds files of a k3s release, by the names of its download page: `k3s`, an archive of images
 * and `sha256sum-amd64.txt`. Throws RequirementError where one is missing or is not the one that the sums list.
 */
export async function readRelease(dir: string): Promise<K3sRelease> {
  const wrong = (what: string) => new RequirementError(`the k3s release in ${dir} ${what}`);
  const names = await Array.fromAsync(Deno.readDir(dir), ({ name }) => name).catch((error) => {
    throw wrong(`cannot be read: ${error.message}`);
  });
  const archive = archives.find((name) => names.includes(name));
  if (archive === undefined) throw wrong(`has no archive of images: ${archives.join(" or ")}`);
  for (const name of ["k3s", sumsFile]) {
    if (!names.includes(name)) throw wrong(`has no file ${name}`);
  }
  const sums = await Deno.readTextFile(join(dir, sumsFile));
  for (const name of ["k3s", archive]) {
    const listed = sums.split("\n").map((line) => line.split(/\s+\*?/)).find((l) => l[1] === name);
    if (listed === undefined) throw wrong(`has no sum of ${name} in ${sumsFile}`);
    if (listed[0] !== await sha256(join(dir, name))) {
      throw wrong(`has another ${name} than ${sumsFile} lists: copy both again`);
    }
  }
  const k3s = resolve(dir, "k3s");
  const said = await run([k3s, "--version"]).catch((error) => {
    throw wrong(`has a k3s that does not run (is it executable?): ${error.message}`);
  });
  const version = said.match(/^k3s version (\S+)/)?.[1];
  if (version === undefined) throw wrong(`has a k3s that does not say its version: ${said.trim()}`);
  return { version, k3s, images: resolve(dir, archive), archive };
}

/** Directories of releases that LAB_K3S_RELEASE names, oldest first, with colons between; none without it. */
export function releasesFromEnvironment(): string[] {
  return (Deno.env.get("LAB_K3S_RELEASE") ?? "").split(":").filter((dir) => dir !== "");
}

/** Hexadecimal SHA-256 of a file. */
export async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}
