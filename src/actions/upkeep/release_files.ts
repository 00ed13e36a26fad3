/**
 * What releases of k3s and Flux publish: their files, with the checksums of each, at the addresses that an
 * inventory's settings name. Nothing is written.
 *
 * @module
 */

import { join } from "node:path";
import { safeText } from "../../errors/safe_text.ts";
import { hideSecrets } from "../../errors/secrets.ts";
import { missingError, unreachableError, usageError } from "../../errors/user_error.ts";
import { K3S_VERSION } from "../../inventory/kubernetes_syntax.ts";
import type { ClusterVars, Inventory } from "../../inventory/model.ts";
import { fetchText, HttpFailure } from "../../process/download.ts";
import type { ActionSystem } from "../action_system.ts";
import { knownMachine } from "../hosts/machines.ts";
import { defaultOf } from "./companions.ts";

/** Name of the program in a release, and of machines as `uname -m` has them, by architecture. */
const ARCHITECTURES = {
  amd64: { program: "k3s", machines: /^(?:x86_64|amd64)$/ },
  arm64: { program: "k3s-arm64", machines: /^(?:aarch64|arm64)$/ },
  arm: { program: "k3s-armhf", machines: /^arm/ },
} as const;

/** An architecture that k3s is released for. */
export type Architecture = keyof typeof ARCHITECTURES;

/** Names of {@linkcode Architecture}. */
export const ARCHITECTURE_NAMES = Object.keys(ARCHITECTURES) as readonly Architecture[];

/** Lists of checksums have some KiB. */
const SUMS_LIMIT = 1 << 20;

/** A file that a release publishes. */
export interface ReleaseFile {
  /** Path below the directory that files of releases are kept in. */
  readonly path: string;
  readonly url: string;
  readonly sha256: string;
}

/** The files of one release and its published checksums, in a directory of their own. */
export interface Release {
  readonly name: string;
  /** Path below the directory. */
  readonly path: string;
  readonly files: readonly ReleaseFile[];
  /** Lists of checksums, and their signatures, by name: written when all files are there. */
  readonly lists: ReadonlyMap<string, string>;
}

export function versionOf(version: string | undefined): string {
  if (version !== undefined && K3S_VERSION.test(version)) return version;
  throw usageError(
    version === undefined
      ? "The inventory does not say which k3s to download"
      : `${safeText(version)} is not a k3s release`,
    { hint: "Name one, such as: k3s-tool artifacts download --k3s-version v1.36.3+k3s1" },
  );
}

export function namedArchitectures(names: readonly string[]): readonly Architecture[] {
  const unknown = names.filter((name) => !ARCHITECTURE_NAMES.some((each) => each === name));
  if (unknown.length > 0) {
    throw usageError(`k3s is not released for ${unknown.map(safeText).join(", ")}`, {
      hint: `Name architectures as k3s does: ${ARCHITECTURE_NAMES.join(", ")}.`,
    });
  }
  return ARCHITECTURE_NAMES.filter((name) => names.includes(name));
}

/** The architectures of the inventory's machines. @throws {UserError} exit code 2 where one is not known */
export async function architecturesOf(
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
      : `The architecture of ${unknown.join(", ")} is unknown`,
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

export async function fluxVersionOf(
  { assets }: Pick<ActionSystem, "assets">,
  cluster: ClusterVars | undefined,
): Promise<string> {
  return plainText(cluster, "gitops_flux_version") ??
    await defaultOf(assets, "gitops", /^gitops_flux_version: (\S+)/m);
}

export async function sourcesOf(
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
export async function k3sRelease(
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
export function sumsName(architecture: Architecture): string {
  return `sha256sum-${architecture}.txt`;
}

/** What an architecture needs of a release: names of each file, the best first. */
export function filesOf(architecture: Architecture): readonly (readonly string[])[] {
  const images = [".tar.zst", ".tar.gz", ".tar"].map((end) =>
    `k3s-airgap-images-${architecture}${end}`
  );
  return [[ARCHITECTURES[architecture].program], images];
}

/** Flux's manifest, with the signatures of its checksums where the release has some. */
export async function fluxRelease(
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

export function fluxSumsName(version: string): string {
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
export function sumsOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split("\n").flatMap((line) => {
      const [, sha256, file] = /^([0-9a-f]{64})\s+\*?(\S+)\s*$/.exec(line) ?? [];
      return sha256 === undefined || file === undefined ? [] : [[file, sha256] as const];
    }),
  );
}

/** What a request gives; its failure in words. @throws {UserError} exit code 3 or 4 */
export async function asked<T>(url: string, what: string, request: () => Promise<T>): Promise<T> {
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
export function shownUrl(url: string): string {
  return safeText(hideSecrets(url));
}
