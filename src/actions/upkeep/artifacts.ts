/**
 * What provisioning needs from the internet, in a directory: k3s and its images for each
 * architecture, and Flux's manifest, each verified by the checksums that its release publishes.
 *
 * @module
 */

import { amount, PROGRESS_MS } from "../transfer.ts";
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { refusalReason } from "../../errors/refusal.ts";
import { safeText } from "../../errors/safe_text.ts";
import { missingError, UserError } from "../../errors/user_error.ts";
import type { Inventory } from "../../inventory/model.ts";
import { workstationPath } from "../../inventory/workstation_path.ts";
import { fetchSize, HttpFailure, withDownload } from "../../process/download.ts";
import { sha256OfFile } from "../../process/digest.ts";
import { withDirectoryLock } from "../../process/lock.ts";
import { ifThere } from "../../process/small_file.ts";
import type { ActionSystem } from "../action_system.ts";
import {
  type Architecture,
  ARCHITECTURE_NAMES,
  architecturesOf,
  asked,
  filesOf,
  fluxRelease,
  fluxSumsName,
  fluxVersionOf,
  k3sRelease,
  namedArchitectures,
  type Release,
  type ReleaseFile,
  shownUrl,
  sourcesOf,
  sumsName,
  sumsOf,
  versionOf,
} from "./release_files.ts";

/** The setting that names the directory. */
const ARTIFACT_DIR = "artifact_dir";

/** Images have some 200 MiB, k3s some 80 MiB; a mirror that sends more sends something else. */
const FILE_LIMIT = 4 * 2 ** 30;

/** How often a file is asked for, and how long to wait in between, in milliseconds. */
const ATTEMPTS = 3;
const PAUSE_MS = 2_000;

/** What a person asks for. */
export interface ArtifactsRequest {
  /** Absolute. */
  readonly directory: string;
  /** `--k3s-version`; undefined: the inventory's. */
  readonly version: string | undefined;
  /** `--arch`; empty: those of the inventory's machines. */
  readonly architectures: readonly string[];
}

/** A file of a release, and whether the directory has it. */
export interface Artifact extends ReleaseFile {
  /** Undefined where the server does not say. */
  readonly bytes: number | undefined;
  readonly state: "present" | "missing" | "downloaded";
}

/** What there is to download. */
export interface ArtifactPlan {
  readonly directory: string;
  readonly k3s: string;
  /** Undefined where the cluster follows no repository. */
  readonly flux: string | undefined;
  readonly architectures: readonly Architecture[];
  readonly files: readonly Artifact[];
  readonly releases: readonly Release[];
}

/**
 * Reads the checksums of the releases and looks which of their files are there; nothing is written.
 *
 * @throws {UserError} exit code 2 where the version or an architecture is not known, 3 where there is no
 *   such release, 4 where it cannot be reached
 */
export async function planArtifacts(
  system: ActionSystem,
  request: ArtifactsRequest,
  inventory: Inventory | undefined,
): Promise<ArtifactPlan> {
  const { signal } = system;
  const version = versionOf(request.version ?? inventory?.cluster.k3sVersion);
  const architectures = request.architectures.length > 0
    ? namedArchitectures(request.architectures)
    : await architecturesOf(system, inventory);
  const sources = await sourcesOf(system, inventory?.cluster);
  // Flux is installed where there is a repository to follow; without an inventory there may be one.
  const flux = inventory === undefined || inventory.cluster.gitRepoUrl
    ? sources.fluxVersion
    : undefined;
  const releases = [await k3sRelease(sources.mirror, { version, architectures, signal })];
  if (flux !== undefined) releases.push(await fluxRelease(sources, signal));
  const files: Artifact[] = [];
  for (const file of releases.flatMap(({ files }) => files)) {
    const path = join(request.directory, file.path);
    if (await isRight(path, file.sha256, signal)) {
      files.push({ ...file, bytes: (await Deno.stat(path)).size, state: "present" });
    } else {
      const bytes = await asked(
        file.url,
        `${basename(file.path)} cannot be downloaded`,
        () => fetchSize(file.url, { signal, limit: FILE_LIMIT }),
      );
      files.push({ ...file, bytes, state: "missing" });
    }
  }
  return { directory: request.directory, k3s: version, flux, architectures, files, releases };
}

/**
 * The directory that an inventory provisions from, absolute; undefined where hosts download, or where
 * only Ansible knows it.
 */
export function artifactDirectory(
  system: Pick<ActionSystem, "directories">,
  inventory: Pick<Inventory, "cluster" | "file">,
): string | undefined {
  return workstationPath(system, inventory, ARTIFACT_DIR);
}

/** The files of a k3s release that a directory does not have as they were published, by their names. */
export async function absentArtifacts(
  directory: string,
  { version, architecture, signal }: {
    readonly version: string;
    readonly architecture: string;
    readonly signal: AbortSignal;
  },
): Promise<readonly string[]> {
  const known = ARCHITECTURE_NAMES.find((name) => name === architecture);
  if (known === undefined) return [];
  // The places where the role k3s_binary looks for a release of this version (its vars/main.yml, k3s_binary_local).
  for (const place of [version, encodeURIComponent(version)].map((at) => join(directory, at))) {
    const list = join(place, sumsName(known));
    const text = await writing(list, () => ifThere(Deno.readTextFile(list)));
    if (text === undefined) continue;
    const sums = sumsOf(text);
    const absent: string[] = [];
    for (const names of filesOf(known)) {
      const file = names.find((name) => sums.has(name)) ?? names[0]!;
      const right = await isRight(join(place, file), sums.get(file) ?? "", signal);
      if (!right) absent.push(file);
    }
    return absent;
  }
  return [sumsName(known)];
}

/**
 * Refuses to provision where Flux is to come from the inventory's directory and is not there. What hosts
 * need of k3s only they know: their preflight looks for it.
 *
 * @throws {UserError} exit code 3
 */
export async function requireFlux(
  system: ActionSystem,
  inventory: Inventory,
): Promise<void> {
  const directory = artifactDirectory(system, inventory);
  const { gitRepoUrl, vars } = inventory.cluster;
  if (directory === undefined || !gitRepoUrl) return;
  const known = ["gitops_flux_manifest_file", "gitops_flux_version"].every((name) =>
    (vars.get(name)?.state ?? "plain") === "plain"
  );
  if (!known || vars.get("gitops_flux_manifest_file")?.value) return;
  const fluxVersion = await fluxVersionOf(system, inventory.cluster);
  const place = join(directory, "flux", fluxVersion);
  const sums = vars.get("gitops_flux_manifest_sha256")?.value ? [] : [fluxSumsName(fluxVersion)];
  const absent: string[] = [];
  for (const name of ["install.yaml", ...sums]) {
    if (!await isFile(join(place, name))) absent.push(join(place, name));
  }
  if (absent.length === 0) return;
  throw missingError(
    `Flux ${safeText(fluxVersion)} is not complete in ${ARTIFACT_DIR}: there is no ${absent[0]}`,
    {
      hint: "Download it where there is internet: k3s-tool artifacts download",
    },
  );
}

/**
 * Downloads what is missing; each file is there whole and verified, or not at all.
 *
 * @param tell hears how far it is
 * @throws {UserError} exit code 1 where a file is not the published one or cannot be written, 4 where it
 *   cannot be reached; what was finished stays, and the next run goes on from there
 */
export async function downloadArtifacts(
  system: ActionSystem,
  plan: ArtifactPlan,
  tell: (words: string) => void,
): Promise<ArtifactPlan> {
  const done: Artifact[] = [];
  for (const { path, files, lists } of plan.releases) {
    const directory = join(plan.directory, path);
    await writing(directory, () => Deno.mkdir(directory, { recursive: true }));
    await withDirectoryLock(directory, system, async () => {
      for (const { path } of files) {
        const artifact = plan.files.find((each) => each.path === path)!;
        if (artifact.state === "present") done.push(artifact);
        else done.push(await download(system, artifact, { directory: plan.directory, tell }));
      }
      // The last, as provisioning looks for them: a directory that has them has all of it.
      for (const [name, text] of lists) {
        const place = join(directory, name);
        await writing(place, () => replaceFile(place, (file) => write(file, encoded(text))));
      }
    });
  }
  return { ...plan, files: done };
}

async function download(
  { clock, signal }: ActionSystem,
  artifact: Artifact,
  { directory, tell }: { readonly directory: string; readonly tell: (words: string) => void },
): Promise<Artifact> {
  const { url, sha256, path } = artifact;
  const place = join(directory, path);
  const name = basename(path);
  for (let left = ATTEMPTS - 1;; left--) {
    try {
      let bytes = 0;
      await asked(
        url,
        `${name} was not downloaded`,
        () =>
          withDownload(
            url,
            { signal, limit: FILE_LIMIT },
            (answer) =>
              writing(place, () =>
                replaceFile(place, async (file) => {
                  const hash = createHash("sha256");
                  let told = clock.now();
                  for await (const chunk of answer.chunks) {
                    hash.update(chunk);
                    await write(file, chunk);
                    bytes += chunk.length;
                    if (clock.now() - told < PROGRESS_MS) {
                      continue;
                    }
                    told = clock.now();
                    tell(`${name}: ${amount(bytes, answer.bytes)}`);
                  }
                  if (hash.digest("hex") === sha256) return;
                  throw new UserError(
                    `${name} from ${shownUrl(url)} is not the published file: its ` +
                      "checksum differs",
                    {
                      hint: "Try again. If the problem persists, do not use that mirror.",
                    },
                  );
                })),
          ),
      );
      tell(`${name}: done, ${amount(bytes, bytes)}`);
      return { ...artifact, bytes, state: "downloaded" };
    } catch (error) {
      signal.throwIfAborted();
      const cause = error instanceof UserError ? error.cause : undefined;
      if (!(cause instanceof HttpFailure) || cause.gone || left <= 0) throw error;
      tell(`${name}: ${cause.message}; trying again`);
      await clock.sleep(PAUSE_MS, signal);
    }
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await writing(path, () => ifThere(Deno.stat(path))))?.isFile === true;
}

async function isRight(path: string, sha256: string, signal: AbortSignal): Promise<boolean> {
  if (!await isFile(path)) return false;
  return await writing(path, () => sha256OfFile(path, signal)) === sha256;
}

/** Writes a new file beside it and puts it in its place; the caller has the directory's lock. */
async function replaceFile(
  path: string,
  fill: (file: Deno.FsFile) => Promise<void>,
): Promise<void> {
  const part = join(dirname(path), `.${basename(path)}.k3s-tool`);
  await Deno.remove(part).catch(() => {}); // of a run that was killed
  try {
    {
      using file = await Deno.open(part, { write: true, createNew: true });
      await fill(file);
      await file.sync();
    }
    await Deno.rename(part, path);
  } catch (error) {
    await Deno.remove(part).catch(() => {});
    throw error;
  }
}

async function write(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await file.write(bytes.subarray(sent));
}

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** What the system refuses, in words. @throws {UserError} */
async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // The reason of a signal has a code too, which is a number.
    const isOfSystem = error instanceof Error && "code" in error && typeof error.code === "string";
    if (!isOfSystem || error instanceof UserError) throw error;
    throw new UserError(`Cannot use ${path}: ${refusalReason(error)}`, { cause: error });
  }
}
