/**
 * Writes the tree a Git repository for Flux starts from, and makes the key its secrets are
 * encrypted for.
 *
 * @module
 */

import { dirname, join, relative, resolve, sep } from "node:path";
import { usageError, type UserError } from "../errors/user_error.ts";
import { type AgeKey, makeAgeKey, readAgeKey } from "../gitops/age_key.ts";
import { repositoryTemplate } from "../gitops/repository_template.ts";
import { configuredRecipients } from "../gitops/secret_rules.ts";
import { DNS_LABEL } from "../inventory/kubernetes_syntax.ts";
import { locateInventoryIfAny } from "../inventory/locate.ts";
import { readInventory } from "../inventory/read.ts";
import { writeAtomically } from "../process/atomic_write.ts";
import { ProgramNotFoundError } from "../process/runner.ts";
import type { ActionSystem } from "./action_system.ts";

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
  const top = await repositoryAround(directory);
  if (top !== undefined && top !== directory) {
    throw usageError(`${directory} lies inside the Git repository ${top}`, {
      hint: `Flux reads paths from a repository's root. Use: k3s-tool gitops init ${top}; ` +
        "or a directory outside of it.",
    });
  }
  const warnings: string[] = [];
  const age = request.age
    ? await ageFor(system, { ...request, cluster: cluster.name, warnings })
    : undefined;
  const template = await repositoryTemplate(system.assets, {
    cluster: cluster.name,
    fluxNamespace: cluster.fluxNamespace,
    recipient: age === undefined ? undefined : age.recipient ?? TO_BE_MADE,
  });
  const files = await Promise.all(
    [...template].sort(([a], [b]) => a < b ? -1 : 1)
      .map(([path, after]) => plannedFile(directory, { path, after, inUse: age?.inUse ?? false })),
  );
  const key = age === undefined ? undefined : { file: age.file, recipient: age.recipient };
  return {
    directory,
    cluster: cluster.name,
    files,
    age: key,
    newRepository: top === undefined && await isEmpty(directory),
    branch: cluster.branch,
    hasInventory: cluster.hasInventory,
    settings: [
      ...cluster.settings,
      ...(key === undefined || key.file === cluster.ageKeyFile
        ? []
        : [["gitops_age_key_file", key.file] as const]),
    ],
    warnings,
  };
}

/** What was done. */
export interface RepositoryOutcome {
  readonly age: AgeKey | undefined;
  /** True where the key was made now. */
  readonly madeKey: boolean;
  readonly written: readonly string[];
  /** Why the directory is no Git repository; undefined where it is one. */
  readonly noRepository: string | undefined;
}

/**
 * Does what was planned: the key first, as a recipient without a key would lose secrets.
 *
 * @param options.replace writes files that differ too
 */
export async function writeRepository(
  system: ActionSystem,
  plan: RepositoryPlan,
  { replace }: { readonly replace: boolean },
): Promise<RepositoryOutcome> {
  const made = plan.age !== undefined && plan.age.recipient === undefined
    ? await makeAgeKey(plan.age.file, { now: system.clock.now() })
    : undefined;
  const age = made ?? (plan.age === undefined ? undefined : {
    file: plan.age.file,
    recipient: plan.age.recipient!,
  });
  await Deno.mkdir(plan.directory, { recursive: true });
  const noRepository = plan.newRepository ? await initialise(system, plan) : undefined;
  const written: string[] = [];
  for (const { path, change, after } of plan.files) {
    if (change === "kept" || change === "differs" && !replace) continue;
    const text = age === undefined ? after : after.replaceAll(TO_BE_MADE, age.recipient);
    await writeAtomically(join(plan.directory, path), text);
    written.push(path);
  }
  const stillNone = noRepository ??
    (await repositoryAround(plan.directory) === undefined ? "it was not empty" : undefined);
  return { age, madeKey: made !== undefined, written, noRepository: stillNone };
}

/** The refusal to replace files unasked: exit code 2. */
export function differsError(plan: RepositoryPlan): UserError {
  const differing = plan.files.filter(({ change }) => change === "differs");
  const what = differing.length === 1
    ? "1 file is there already with other content"
    : `${differing.length} files are there already with other content`;
  return usageError(`${what}; nothing was written`, {
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
  const vars = file === undefined
    ? undefined
    : (await readInventory(file, { cwd: system.cwd })).cluster;
  const name = cluster ?? vars?.clusterName ?? "homelab";
  if (!DNS_LABEL.test(name)) {
    throw usageError(`"${name}" cannot be the name of a cluster`, {
      hint: "Use lower-case letters, digits and -: --cluster homelab",
    });
  }
  const followed = vars?.gitPath ?? `clusters/${vars?.clusterName ?? name}`;
  const ageKeyFile = vars?.vars.get("gitops_age_key_file")?.value;
  return {
    name,
    fluxNamespace: vars?.fluxNamespace ?? "flux-system",
    branch: vars?.gitBranch ?? "main",
    ageKeyFile,
    hasInventory: vars !== undefined,
    settings: [
      ...(vars?.gitRepoUrl ? [] : [["git_repo_url", "URL"] as const]),
      ...(followed.replace(/^\.?\/+|\/+$/g, "") === `clusters/${name}`
        ? []
        : [["git_path", `clusters/${name}`] as const]),
    ],
  };
}

async function ageFor(
  system: ActionSystem,
  { directory, cluster, ageKeyFile, warnings }: RepositoryRequest & {
    readonly cluster: string;
    readonly warnings: string[];
  },
): Promise<{ file: string; recipient: string | undefined; inUse: boolean }> {
  const file = ageKeyFile ?? join(system.directories.config, "age", `${cluster}.txt`);
  const inside = relative(directory, resolve(file));
  if (inside !== "" && inside !== ".." && !inside.startsWith(`..${sep}`)) {
    throw usageError(`${file} lies inside the repository: a private key must not`, {
      hint: "Name a place outside: --age-key-file FILE",
    });
  }
  const key = await readAgeKey(file);
  const read = (path: string) => Deno.readTextFile(join(directory, path)).catch(() => undefined);
  const configured = await configuredRecipients({ read });
  if (configured === undefined) return { file, recipient: key?.recipient, inUse: false };
  // Secrets are encrypted for these already; another recipient would lock everybody out.
  if (key === undefined) {
    warnings.push(
      `.sops.yaml names ${configured.join(", ")}; put the private key of it into ${file}, ` +
        "or name its place with --age-key-file",
    );
  } else if (!configured.includes(key.recipient)) {
    warnings.push(`.sops.yaml does not name ${key.recipient}, the key in ${file}`);
  }
  return { file, recipient: key?.recipient ?? configured[0], inUse: true };
}

async function plannedFile(
  directory: string,
  { path, after, inUse }: { path: string; after: string; inUse: boolean },
): Promise<PlannedFile> {
  let before: string;
  try {
    before = await Deno.readTextFile(join(directory, path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return { path, change: "created", before: "", after };
    }
    throw usageError(`Cannot read ${join(directory, path)}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  // Rules somebody wrote for secrets that exist are never replaced, nor asked about.
  const keep = before === after || path === ".sops.yaml" && inUse;
  return { path, change: keep ? "kept" : "differs", before, after };
}

/** The root of the Git repository a path lies in; undefined outside of one. */
async function repositoryAround(path: string): Promise<string | undefined> {
  for (let directory = path;; directory = dirname(directory)) {
    // A file in linked work trees and submodules.
    if (await Deno.stat(join(directory, ".git")).then(() => true, () => false)) return directory;
    if (directory === dirname(directory)) return undefined;
  }
}

async function isEmpty(directory: string): Promise<boolean> {
  try {
    for await (const _ of Deno.readDir(directory)) return false;
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw usageError(`Cannot use ${directory}: ${(error as Error).message}`, { cause: error });
  }
}

async function initialise(
  { runner, signal }: ActionSystem,
  { directory, branch }: RepositoryPlan,
): Promise<string | undefined> {
  try {
    const argv = ["git", "init", "--quiet", `--initial-branch=${branch}`, directory];
    const { code, stderr } = await runner.run(argv, { signal });
    return code === 0 ? undefined : stderr.trim().split("\n").at(-1) ?? "git init failed";
  } catch (error) {
    if (error instanceof ProgramNotFoundError) return "git is not installed";
    throw error;
  }
}
