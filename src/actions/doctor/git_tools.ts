/**
 * What `doctor` looks at on this machine where a cluster is deployed from Git: the programs that
 * `gitops` commands run.
 *
 * @module
 */

import { findKustomize } from "../../gitops/check/kustomize_build.ts";
import type { Inventory } from "../../inventory/model.ts";
import { ProgramNotFoundError } from "../../process/runner.ts";
import type { System } from "../../process/system.ts";
import type { Check } from "./check.ts";

/** Timeout for a program to print its version, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** Looks for them where the inventory names a repository; the cluster itself needs none of them. */
export async function checkGitTools(
  system: System,
  inventory: Inventory,
): Promise<readonly Check[]> {
  if (inventory.cluster.gitRepoUrl === undefined) return [];
  return await Promise.all([
    versionOf(system, ["git", "--version"], {
      without: "you cannot push changes from this machine",
      hint: "Install it. On Debian and Ubuntu: sudo apt install git",
    }),
    versionOf(system, ["sops", "--disable-version-check", "--version"], {
      without: "you cannot encrypt secrets on this machine (gitops new-app --secret)",
      hint: "Get it from https://github.com/getsops/sops/releases, or with mise: mise use -g sops",
    }),
    kustomize(system),
  ]);
}

async function versionOf(
  { runner, signal }: System,
  argv: readonly [string, ...string[]],
  { without, hint }: { readonly without: string; readonly hint: string },
): Promise<Check> {
  const [name] = argv;
  try {
    const { code, stdout } = await runner.run(argv, { signal, timeoutMs: TIMEOUT_MS });
    const version = stdout.trim().split("\n")[0];
    if (code === 0) return { name, status: "ok", message: version || "installed" };
    return { name, status: "warn", message: `does not run; ${without}`, hint };
  } catch (error) {
    if (!(error instanceof ProgramNotFoundError)) throw error;
    return { name, status: "warn", message: `not installed; ${without}`, hint };
  }
}

async function kustomize(system: System): Promise<Check> {
  const name = "kustomize";
  const found = await findKustomize(system);
  if (found !== undefined) return { name, status: "ok", message: `runs as ${found.join(" ")}` };
  return {
    name,
    status: "warn",
    message: "neither kustomize nor kubectl is installed; gitops validate cannot build overlays",
    hint: "Get it from https://github.com/kubernetes-sigs/kustomize/releases, or with mise: " +
      "mise use -g kustomize",
  };
}
