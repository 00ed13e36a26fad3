/**
 * What provisioning needs from the internet, in a directory: k3s and its images for each
 * architecture, and Flux's manifest, each verified by the checksums that its release publishes.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { refusalReason } from "../../errors/refusal.ts";
import { safeText } from "../../errors/safe_text.ts";
import { hideSecrets } from "../../errors/secrets.ts";
import { missingError, unreachableError, usageError, UserError } from "../../errors/user_error.ts";
import type { ClusterVars, Inventory } from "../../inventory/model.ts";
import { workstationPath } from "../../inventory/workstation_path.ts";
import { K3S_VERSION } from "../../inventory/kubernetes_syntax.ts";
import {
  fetchSize,
  fetchText,
  HttpFailure,
  sha256OfFile,
  withDownload,
} from "../../process/download.ts";
import { ifThere, withDirectoryLock } from "../../process/lock.ts";
import type { ActionSystem } from "../action_system.ts";
import { knownMachine } from "../hosts/machines.ts";
import { defaultOf } from "./companions.ts";

/** The setting that names the directory. */
export const ARTIFACT_DIR = "artifact_dir";

/** Name of the program in a release, and of machines as `uname -m` has them, by architecture. */
const ARCHITECTURES = {
  amd64: { program: "k3s", machines: /^(?:x86_64|amd64)$/ },
  arm64: { program: "k3s-arm64", machines: /^(?:aarch64|arm64)$/ },
  arm: { program: "k3s-armhf", machines: /^arm/ },
} as const;

/** An architecture that k3s is released for. */
export type Architecture = keyof typeof ARCHITECTURES;

/** Names of {@linkcode Architecture}. */
const ARCHITECTURE_NAMES = Object.keys(ARCHITECTURES) as readonly Architecture[];

/** Lists of checksums have some KiB. */
const SUMS_LIMIT = 1 << 20;

/** Images have some 200 MiB, k3s some 80 MiB; a mirror that sends more sends something else. */
const FILE_LIMIT = 4 * 2 ** 30;

/** How often a file is asked for, and how long to wait in between, in milliseconds. */
const ATTEMPTS = 3;
const PAUSE_MS = 2_000;

/** Progress is said this often, in milliseconds. */
export const PROGRESS_MS = 2_000;

/** What a person asks for. */
export interface ArtifactsRequest {
  /** Absolute. */
  readonly directory: string;
  /** `--k3s-version`; undefined: the inventory's. */
  readonly version: string | undefined;
  /** `--arch`; empty: those of the inventory's machines. */
  readonly architectures: readonly string[];
}

/** A file of a release. */
export interface Artifact {
  /** Path below the directory. */
  readonly path: string;
  readonly url: string;
  readonly sha256: string;
  /** Undefined where the server does not say. */
  readonly bytes: number | undefined;
  readonly state: "present" | "missing" | "downloaded";
}

/** The files of one release and its published checksums, in a directory of their own. */
interface Release {
  readonly name: string;
  /** Path below the directory. */
  readonly path: string;
  readonly files: readonly Omit<Artifact, "bytes" | "state">[];
  /** Lists of checksums, and their signatures, by name: written when all files are there. */
  readonly lists: ReadonlyMap<string, string>;
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
                      hint: "Try again. If it stays so, do not use that mirror.",
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

/** `12.0 MiB of 52.0 MiB` */
export function amount(bytes: number, all: number | undefined): string {
  const mib = (value: number) => `${(value / 2 ** 20).toFixed(1)} MiB`;
  if (all === undefined || all < bytes) return mib(bytes);
  return all === bytes ? mib(bytes) : `${mib(bytes)} of ${mib(all)}`;
}

function versionOf(version: string | undefined): string {
  if (version !== undefined && K3S_VERSION.test(version)) return version;
  throw usageError(
    version === undefined
      ? "The inventory does not say which k3s to download"
      : `${safeText(version)} is no k3s release`,
    { hint: "Name one, such as: k3s-tool artifacts download --k3s-version v1.36.3+k3s1" },
  );
}

function namedArchitectures(names: readonly string[]): readonly Architecture[] {
  const unknown = names.filter((name) => !ARCHITECTURE_NAMES.some((each) => each === name));
  if (unknown.length > 0) {
    throw usageError(`k3s is not released for ${unknown.map(safeText).join(", ")}`, {
      hint: `Name architectures as k3s does: ${ARCHITECTURE_NAMES.join(", ")}.`,
    });
  }
  return ARCHITECTURE_NAMES.filter((name) => names.includes(name));
}

/** The architectures of the inventory's machines. @throws {UserError} exit code 2 where one is not known */
async function architecturesOf(
  system: ActionSystem,
  inventory: Inventory | undefined,
): Promise<readonly Architecture[]> {
  const found = new Set<Architecture>();
  const unknown: string[] = [];
  for (const host of inventory?.hosts ?? []) {
    const architecture = await knownArchitecture(system, host);
    if (architecture === undefined) unknown.push(host.name);
    else found.add(architecture);
  }
  if (unknown.length === 0 && found.size > 0) {
    return ARCHITECTURE_NAMES.filter((name) => found.has(name));
  }
  throw usageError(
    unknown.length === 0
      ? "There is no host whose architecture could be taken"
      : `The architecture of ${unknown.join(", ")} is not known`,
    {
      hint: "Name all that you need: k3s-tool artifacts download --arch amd64,arm64. " +
        "Or look at the hosts first: k3s-tool node detect",
    },
  );
}

/** What a look at a machine found; undefined where nobody has looked. */
async function knownArchitecture(
  system: ActionSystem,
  host: Inventory["hosts"][number],
): Promise<Architecture | undefined> {
  const machine = (await knownMachine(system, host))?.facts.architecture ?? "";
  return ARCHITECTURE_NAMES.find((name) => ARCHITECTURES[name].machines.test(machine));
}

/** Where the releases are, by the same settings as for hosts. */
interface Sources {
  readonly mirror: string;
  readonly fluxVersion: string;
  readonly fluxManifest: string;
  /** Instead of the published checksum; empty: that one. */
  readonly fluxSha256: string;
}

/** The value of a setting. @throws {UserError} exit code 2 where only Ansible knows it */
function plainText(cluster: ClusterVars | undefined, name: string): string | undefined {
  const variable = cluster?.vars.get(name);
  if (variable !== undefined && variable.state !== "plain") {
    throw usageError(`${name} is a template, whose value only Ansible knows`, {
      where: variable.where,
      hint: "Write the value itself.",
    });
  }
  return typeof variable?.value === "string" && variable.value !== "" ? variable.value : undefined;
}

async function fluxVersionOf(
  { assets }: Pick<ActionSystem, "assets">,
  cluster: ClusterVars | undefined,
): Promise<string> {
  return plainText(cluster, "gitops_flux_version") ??
    await defaultOf(assets, "gitops", /^gitops_flux_version: (\S+)/m);
}

async function sourcesOf(
  { assets }: ActionSystem,
  cluster: ClusterVars | undefined,
): Promise<Sources> {
  const set = (name: string) => plainText(cluster, name);
  const fluxVersion = await fluxVersionOf({ assets }, cluster);
  const manifest = set("gitops_flux_manifest_url") ??
    (await defaultOf(assets, "gitops", /^gitops_flux_manifest_url: "(.+)"/m))
      .replaceAll("{{ gitops_flux_version }}", fluxVersion);
  return {
    mirror: set("k3s_binary_mirror_url") ??
      await defaultOf(assets, "k3s_binary", /^k3s_binary_mirror_url: (\S+)/m),
    fluxVersion,
    fluxManifest: manifest,
    fluxSha256: (set("gitops_flux_manifest_sha256") ?? "").toLowerCase(),
  };
}

/** k3s and its images. @throws {UserError} as `planArtifacts` */
async function k3sRelease(
  mirror: string,
  { version, architectures, signal }: {
    readonly version: string;
    readonly architectures: readonly Architecture[];
    readonly signal: AbortSignal;
  },
): Promise<Release> {
  const base = `${mirror.replace(/\/+$/, "")}/${encodeURIComponent(version)}`;
  const name = `k3s ${version}`;
  const lists = new Map<string, string>();
  const files: Release["files"][number][] = [];
  for (const architecture of architectures) {
    const list = sumsName(architecture);
    const url = `${base}/${list}`;
    const text = await asked(
      url,
      `There are no checksums of ${name}`,
      () => fetchText(url, { signal, limit: SUMS_LIMIT }),
    );
    lists.set(list, text);
    for (const names of filesOf(architecture)) {
      const { file, sha256 } = chosen(names, { text, list, name });
      files.push({ path: join(version, file), url: `${base}/${file}`, sha256 });
    }
  }
  return { name, path: version, files, lists };
}

/** Name of the checksums of an architecture in a release. */
function sumsName(architecture: Architecture): string {
  return `sha256sum-${architecture}.txt`;
}

/** What an architecture needs of a release: names of each file, the best first. */
function filesOf(architecture: Architecture): readonly (readonly string[])[] {
  const images = [".tar.zst", ".tar.gz", ".tar"].map((end) =>
    `k3s-airgap-images-${architecture}${end}`
  );
  return [[ARCHITECTURES[architecture].program], images];
}

/** Flux's manifest, with the signatures of its checksums where the release has some. */
async function fluxRelease(
  { fluxVersion, fluxManifest, fluxSha256 }: Sources,
  signal: AbortSignal,
): Promise<Release> {
  const name = `Flux ${fluxVersion}`;
  const path = join("flux", fluxVersion);
  const manifest = join(path, "install.yaml");
  if (fluxSha256 !== "") {
    // Beside it as the release would have it: provisioning looks there.
    const lists = new Map([[fluxSumsName(fluxVersion), `${fluxSha256}  install.yaml\n`]]);
    const files = [{ path: manifest, url: fluxManifest, sha256: fluxSha256 }];
    return { name, path, lists, files };
  }
  const base = fluxManifest.replace(/\/[^/]*$/, "");
  const list = fluxSumsName(fluxVersion);
  const ask = (file: string) => fetchText(`${base}/${file}`, { signal, limit: SUMS_LIMIT });
  const text = await asked(`${base}/${list}`, `There are no checksums of ${name}`, () => ask(list));
  const { sha256 } = chosen(["install.yaml"], { text, list, name });
  const lists = new Map<string, string>();
  for (const end of [".sig", ".pem", ".sigstore.json"]) {
    try {
      lists.set(list + end, await ask(list + end));
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error; // not published, or not on this mirror
    }
  }
  lists.set(list, text);
  return { name, path, lists, files: [{ path: manifest, url: fluxManifest, sha256 }] };
}

function fluxSumsName(version: string): string {
  return `flux_${version.replace(/^v/, "")}_checksums.txt`;
}

/** The first of the names that a list of checksums has. @throws {UserError} where it has none */
function chosen(
  names: readonly string[],
  { text, list, name }: { readonly text: string; readonly list: string; readonly name: string },
): { readonly file: string; readonly sha256: string } {
  const sums = sumsOf(text);
  const file = names.find((each) => sums.has(each));
  if (file !== undefined) return { file, sha256: sums.get(file)! };
  throw missingError(`${list} of ${name} does not list ${names.at(-1)}`, {
    hint: "The release is not complete there. Is it the right mirror?",
  });
}

/** Checksums by name, of a text as sha256sum writes it. */
function sumsOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split("\n").flatMap((line) => {
      const [, sha256, file] = /^([0-9a-f]{64})\s+\*?(\S+)\s*$/.exec(line) ?? [];
      return sha256 === undefined || file === undefined ? [] : [[file, sha256] as const];
    }),
  );
}

/** What a request gives; its failure in words. @throws {UserError} exit code 3 or 4 */
async function asked<T>(url: string, what: string, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (cause) {
    if (!(cause instanceof HttpFailure)) throw cause;
    const message = `${what}: ${shownUrl(url)}: ${safeText(cause.message)}`;
    throw cause.gone
      ? missingError(message, { hint: "Check that the release exists there.", cause })
      : unreachableError(message, {
        hint:
          "Is this machine online? k3s_binary_mirror_url and gitops_flux_manifest_url name mirrors.",
        cause,
      });
  }
}

/** An address without the password that it may have, harmless for a terminal. */
function shownUrl(url: string): string {
  return safeText(hideSecrets(url));
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
