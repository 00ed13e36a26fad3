/**
 * Writes the tree a Git repository for Flux starts from, and makes the key its secrets are
 * encrypted for.
 *
 * @module
 */

import { unreadable } from "../../errors/refusal.ts";
import { counted, lastLine } from "../../errors/safe_text.ts";
import { join, posix } from "node:path";
import { usageError, UserError } from "../../errors/user_error.ts";
import { makeAgeKey, readAgeKey } from "../../gitops/keys/age_key.ts";
import { type DeployUnit, deployUnits } from "../../gitops/check/deploy_units.ts";
import { fetchedTrees } from "../../gitops/check/flux_entry.ts";
import { listOf } from "../../gitops/check/manifest.ts";
import { configuredRecipients } from "../../gitops/check/secret_rules.ts";
import { repositoryFiles } from "../../gitops/repository/repository_files.ts";
import { repositoryTemplate } from "../../gitops/repository/repository_template.ts";
import type { ResourceTrees } from "../../gitops/check/resource_tree.ts";
import {
  checkDirectory,
  checkTarget,
  isEmptyDirectory,
  liesIn,
  realPlace,
  repositoryAround,
} from "../../gitops/repository/work_tree.ts";
import { DNS_LABEL } from "../../inventory/kubernetes_syntax.ts";
import { locateInventoryIfAny } from "../../inventory/read/locate.ts";
import { readInventory } from "../../inventory/read/read.ts";
import { workstationPath } from "../../inventory/workstation_path.ts";
import { nothingWritten, removeUnfinished, writeAtomically } from "../../process/atomic_write.ts";
import { ifThere } from "../../process/small_file.ts";
import { ifInstalled } from "../../process/runner.ts";
import type { ActionSystem } from "../action_system.ts";

/** What a person asks for. */
export interface RepositoryRequest {
  /** Absolute path. */
  readonly directory: string;
  /** As given; default: the inventory's, else `homelab`. */
  readonly cluster: string | undefined;
  /** As given with `-i`; undefined: the nearest, if any. */
  readonly inventory: string | undefined;
  /** False: nothing is encrypted. */
  readonly age: boolean;
  /** Absolute path of the key; default: by the cluster's name, in the tool's own directory. */
  readonly ageKeyFile: string | undefined;
}

/** One file of the tree. */
export interface PlannedFile {
  /** Relative to the repository. */
  readonly path: string;
  /** `differs`: somebody changed it; it is replaced only where that is wanted. */
  readonly change: "created" | "kept" | "differs";
  readonly before: string;
  readonly after: string;
}

/** What would be done. */
export interface RepositoryPlan {
  readonly directory: string;
  readonly cluster: string;
  readonly files: readonly PlannedFile[];
  /** The key; its recipient is undefined where the key is still to be made. */
  readonly age: { readonly file: string; readonly recipient: string | undefined } | undefined;
  /** True where the directory is to become a Git repository. */
  readonly newRepository: boolean;
  readonly branch: string;
  /** False where there is no inventory yet. */
  readonly hasInventory: boolean;
  /** Settings of the inventory that do not fit yet. */
  readonly settings: readonly (readonly [key: string, value: string])[];
  readonly warnings: readonly string[];
}

/** Stands for the recipient of a key that is not made yet. */
const TO_BE_MADE = "age1(made when this is written)";

/**
 * Finds out what there is and what is to be written. Changes nothing.
 *
 * @throws {UserError} exit code 2 where the directory or the key cannot be used
 */
export async function planRepository(
  system: ActionSystem,
  request: RepositoryRequest,
): Promise<RepositoryPlan> {
  const { directory } = request;
  const cluster = await clusterFor(system, request);
  const real = await realPlace(directory);
  await checkDirectory(real);
  const top = await repositoryAround(real);
  if (top !== undefined && top !== real) {
    throw usageError(`${directory} is inside the Git repository ${top}`, {
      hint: `Flux reads paths from a repository's root. Use: k3s-tool gitops init ${top}; ` +
        "or a directory outside of it.",
    });
  }
  const age = request.age
    ? await repositoryKey(
      request.ageKeyFile ?? cluster.namedKey ?? ownKey(system, cluster.name),
      { directory },
    )
    : undefined;
  const template = await repositoryTemplate(system.assets, {
    cluster: cluster.name,
    fluxNamespace: cluster.fluxNamespace,
    recipient: age === undefined ? undefined : age.recipient ?? TO_BE_MADE,
  });
  const taken = await takenIn(directory, template);
  const files = await Promise.all(
    [...template].filter(([path]) => !taken.listed.has(path)).sort(([a], [b]) => a < b ? -1 : 1)
      .map(([path, text]) =>
        plannedFile(directory, {
          path,
          after: withResources(text, taken.entries.get(path) ?? []),
          rules: age?.rules ?? false,
        })
      ),
  );
  const key = age === undefined ? undefined : { file: age.file, recipient: age.recipient };
  return {
    directory,
    cluster: cluster.name,
    files,
    age: key,
    newRepository: top === undefined && await isEmptyDirectory(directory),
    branch: cluster.branch,
    hasInventory: cluster.hasInventory,
    settings: [
      ...cluster.settings,
      ...(key === undefined || key.file === cluster.followedKey
        ? []
        : [["gitops_age_key_file", key.file] as const]),
    ],
    warnings: [
      ...age?.warnings ?? [],
      ...files.filter(({ path, change }) => change === "created" && taken.entries.has(path))
        .map(({ path }) =>
          `${path} lists ${
            taken.entries.get(path)?.join(", ")
          } too: Flux would delete what it leaves out`
        ),
    ],
  };
}

/**
 * What lies where a kustomization is to be written. Without one Flux applies all of it; one that
 * left it out would have Flux delete it.
 *
 * @returns `entries`: what each kustomization must list beside its own; `listed`: kustomizations
 *   that are there under another name, so that none is written
 */
async function takenIn(directory: string, template: ReadonlyMap<string, string>) {
  const entries = new Map<string, readonly string[]>();
  const listed = new Set<string>();
  const trees = await fetchedTrees(await repositoryFiles(directory));
  const { units } = await deployUnits(trees);
  const planned = await fetchedTrees(await repositoryFiles(directory, { added: template }));
  for (const path of template.keys()) {
    if (posix.basename(path) !== "kustomization.yaml") continue;
    const folder = posix.dirname(path);
    const there = trees.kustomizationOf(folder);
    if (there !== undefined && there !== path) listed.add(path);
    const candidates = there === undefined
      ? planned.entriesBelow(folder).filter((each) => !appliedApart(each, { folder, units, trees }))
      : await resourcesIn(there, trees);
    const own = new Set(await resourcesIn(path, planned));
    const more: string[] = [];
    for (const entry of candidates) {
      if (own.has(entry) || !there && !await isApplicable(entry, planned)) continue;
      more.push(posix.relative(folder, entry));
    }
    if (more.length > 0) entries.set(path, more);
  }
  return { entries, listed };
}

/** True for what a separate Kustomization applies, and no Kustomization above it. */
function appliedApart(
  entry: string,
  { folder, units, trees }: {
    readonly folder: string;
    readonly units: readonly DeployUnit[];
    readonly trees: ResourceTrees;
  },
): boolean {
  const file = trees.files.has(entry) ? entry : trees.kustomizationOf(entry);
  if (file === undefined) return false;
  const applying = units.filter(({ tree }) => tree.files.has(file));
  return applying.length > 0 &&
    applying.every(({ directory }) => directory.startsWith(`${folder}/`));
}

/** True for a directory with a kustomization, and for a file of objects. */
async function isApplicable(entry: string, trees: ResourceTrees): Promise<boolean> {
  if (!trees.files.has(entry)) return true;
  const { manifests, problems } = await trees.manifestsOf(entry);
  return problems.length === 0 && manifests.length > 0 &&
    manifests.every(({ value }) => typeof value.kind === "string");
}

/** What a kustomization lists, relative to the repository. */
async function resourcesIn(file: string, trees: ResourceTrees): Promise<readonly string[]> {
  const [kustomization] = (await trees.manifestsOf(file)).manifests;
  return listOf(kustomization?.value.resources)
    .map((each) => posix.join(posix.dirname(file), String(each)));
}

/** A kustomization of the template with more resources at the end of its list. */
function withResources(text: string, entries: readonly string[]): string {
  if (entries.length === 0) return text;
  const lines = entries.map((each) => `  - ${each}\n`).join("");
  return text.replace(/^resources: \[\]\n/m, "resources:\n").replace(/\n*$/, `\n${lines}`);
}

/**
 * Does what was planned: the key before the files, as a recipient without a key would lose secrets.
 * Whatever stops it, each file is there whole or not at all, and another run completes the rest.
 *
 * @param options.replace writes files that differ too
 * @returns `noRepository`: why the directory is no Git repository; undefined where it is one
 */
export async function writeRepository(
  system: ActionSystem,
  plan: RepositoryPlan,
  { replace }: { readonly replace: boolean },
) {
  await Deno.mkdir(plan.directory, { recursive: true }).catch((error) => {
    throw usageError(`Cannot make ${plan.directory}: ${error.message}`, { cause: error });
  });
  const isMade = plan.age !== undefined && plan.age.recipient === undefined;
  const age = isMade ? await makeAgeKey(plan.age.file, { now: system.clock.now() }) : plan.age;
  const noRepository = plan.newRepository ? await initialise(system, plan) : undefined;
  const written: string[] = [];
  for (const { path, change, after } of plan.files) {
    const file = join(plan.directory, path);
    if (change === "kept" || change === "differs" && !replace) {
      await removeUnfinished(file);
      continue;
    }
    const text = after.replaceAll(TO_BE_MADE, age?.recipient ?? "");
    try {
      await writeAtomically(file, text);
    } catch (error) {
      if (written.length === 0 && !plan.newRepository) throw nothingWritten(error);
      if (!(error instanceof UserError)) throw error;
      throw new UserError(error.message, {
        hint: `${counted(written.length, "file was", "files were")} written before this one. ` +
          "Fix the cause and run the same command again to write the rest.",
        cause: error,
      });
    }
    written.push(path);
  }
  const stillNone = noRepository ??
    (await repositoryAround(plan.directory) === undefined ? "it was not empty" : undefined);
  return { age, madeKey: isMade, written, noRepository: stillNone };
}

/** The refusal to replace files unasked: exit code 2. */
export function differsError(plan: RepositoryPlan): UserError {
  const differing = plan.files.filter(({ change }) => change === "differs");
  const what = counted(differing.length, "file is", "files are");
  return usageError(`${what} already there with different content; nothing was written`, {
    problems: differing.map(({ path }) => ({
      message: "differs from what would be written",
      where: { file: join(plan.directory, path) },
    })),
    hint: "Keep them with --keep, replace them with --force, or look first: --dry-run",
  });
}

async function clusterFor(
  system: ActionSystem,
  { cluster, inventory: named }: Pick<RepositoryRequest, "cluster" | "inventory">,
) {
  const file = await locateInventoryIfAny(system, named);
  const inventory = file === undefined ? undefined : await readInventory(file, { cwd: system.cwd });
  const vars = inventory?.cluster;
  const name = cluster ?? vars?.clusterName ?? "homelab";
  if (!DNS_LABEL.test(name)) {
    throw usageError(`"${name}" cannot be the name of a cluster`, {
      hint: "Use lower-case letters, digits and -: --cluster homelab",
    });
  }
  const followed = vars?.gitPath ?? `clusters/${vars?.clusterName ?? name}`;
  const namedKey = inventory && workstationPath(system, inventory, "gitops_age_key_file");
  return {
    name,
    fluxNamespace: vars?.fluxNamespace ?? "flux-system",
    branch: vars?.gitBranch ?? "main",
    namedKey,
    /** The key `provision` loads into the cluster as things are. */
    followedKey: namedKey ?? ownKey(system, vars?.clusterName ?? name),
    hasInventory: vars !== undefined,
    settings: [
      ...(vars?.gitRepoUrl ? [] : [["git_repo_url", "URL"] as const]),
      ...(followed.replace(/^\.?\/+|\/+$/g, "") === `clusters/${name}`
        ? []
        : [["git_path", `clusters/${name}`] as const]),
    ],
  };
}

async function plannedFile(
  directory: string,
  { path, after, rules }: { path: string; after: string; rules: boolean },
): Promise<PlannedFile> {
  await checkTarget(directory, path);
  const file = join(directory, path);
  const before = await ifThere(Deno.readTextFile(file)).catch(unreadable(file));
  if (before === undefined) return { path, change: "created", before: "", after };
  // Rules somebody wrote for secrets that exist are never replaced, nor asked about.
  const keep = before === after || path === ".sops.yaml" && rules;
  return { path, change: keep ? "kept" : "differs", before, after };
}

async function initialise(
  { runner, signal }: ActionSystem,
  { directory, branch }: RepositoryPlan,
): Promise<string | undefined> {
  const argv = ["git", "init", "--quiet", `--initial-branch=${branch}`, directory];
  const made = await ifInstalled(runner.run(argv, { signal }));
  if (made === undefined) return "git is not installed";
  return made.code === 0 ? undefined : lastLine(made.stderr) || "git init failed";
}

/** Where a cluster's key is kept if nobody says otherwise. */
function ownKey({ directories }: Pick<ActionSystem, "directories">, cluster: string): string {
  return join(directories.config, "age", `${cluster}.txt`);
}

/**
 * Looks at a key and at the rules of a repository.
 *
 * @param file absolute path of the key, be it there or to be made
 * @returns a recipient of undefined where the key is to be made; `rules`: true where the repository
 *   has rules for secrets already
 * @throws {UserError} exit code 2 where the key is inside the repository, or cannot be used
 */
async function repositoryKey(
  file: string,
  { directory }: { readonly directory: string },
) {
  if (liesIn(await realPlace(file), await realPlace(directory))) {
    throw usageError(`${file} is inside the repository; a private key must not be`, {
      hint: "Name a place outside: --age-key-file FILE",
    });
  }
  const key = await readAgeKey(file);
  const read = (path: string) => Deno.readTextFile(join(directory, path)).catch(() => undefined);
  const rules = await read(".sops.yaml") !== undefined;
  // Secrets are encrypted for these already; another recipient would lock everybody out.
  const configured = await configuredRecipients({ read }) ?? [];
  const recipient = key?.recipient ?? configured[0];
  const warnings: string[] = [];
  if (rules && configured.length === 0) {
    warnings.push(
      ".sops.yaml has no age recipient, so the cluster could not decrypt its secrets; add one " +
        `to its rules: age: ${recipient ?? `the public key in ${file}`}`,
    );
  } else if (rules && key === undefined) {
    warnings.push(
      `.sops.yaml names ${configured.join(", ")}; put its private key into ${file}, ` +
        "or name its place with --age-key-file",
    );
  } else if (rules && key !== undefined && !configured.includes(key.recipient)) {
    warnings.push(`.sops.yaml does not name ${key.recipient}, the key in ${file}`);
  }
  return { file, recipient, rules, warnings };
}
