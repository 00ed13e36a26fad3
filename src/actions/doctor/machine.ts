/**
 * What `doctor` looks at on this machine: the embedded files, ssh, Python, ansible-core, the tool's own
 * directories, and the programs that `gitops` commands run.
 *
 * @module
 */

import type { ActionSystem } from "../action_system.ts";
import { attempt, type Check, fail, ok, warn } from "./check.ts";
import { ansibleRequirements } from "../hosts/ansible_tools.ts";
import { knownHostsFiles } from "../../ansible/run/known_hosts.ts";
import { SSH_HINT } from "../../ansible/run/ssh.ts";
import { findAnsible, findPython } from "../../ansible/setup/locate.ts";
import { installPrivateAnsible, privateDirectory } from "../../ansible/setup/private_ansible.ts";
import { extractAssets } from "../../assets/extract.ts";
import { refusalHint, refusalReason } from "../../errors/refusal.ts";
import { shellWord } from "../../errors/shell_word.ts";
import { findKustomize } from "../../gitops/check/kustomize_build.ts";
import type { Inventory } from "../../inventory/model.ts";
import { pathBeside } from "../../inventory/workstation_path.ts";
import { ifInstalled } from "../../process/runner.ts";
import { ifThere } from "../../process/small_file.ts";
import type { System } from "../../process/system.ts";
import { isMapValue } from "../../yaml/read_value.ts";
import type { YamlValue } from "../../yaml/yaml_value.ts";

/** The embedded playbooks, extracted and compared byte for byte; a damaged copy is replaced. */
export function checkAssets(system: ActionSystem): Promise<readonly Check[]> {
  const name = "playbooks";
  return attempt({ name }, async () => {
    const { root } = await extractAssets(system.assets, system.directories);
    return [ok(name, `complete, in ${root}`)];
  });
}

/** The system's own ssh. */
export async function checkSsh({ runner, signal }: ActionSystem): Promise<Check> {
  const name = "ssh";
  const found = await ifInstalled(runner.run(["ssh", "-V"], { signal, timeoutMs: 10_000 }));
  if (found !== undefined) return ok(name, found.stderr.trim().split("\n")[0] || "installed");
  return fail(name, "not installed", SSH_HINT);
}

/**
 * ansible-core, and the Python a private one would need.
 *
 * @param options.fix puts a private one into the cache where none is found
 */
export function checkAnsible(
  system: ActionSystem,
  { fix }: { readonly fix: boolean },
): Promise<readonly Check[]> {
  const name = "ansible-core";
  return attempt({ name }, () => lookAtAnsible(system, { name, fix }));
}

async function lookAtAnsible(
  system: ActionSystem,
  { name, fix }: { readonly name: string; readonly fix: boolean },
): Promise<readonly Check[]> {
  const requirements = await ansibleRequirements(system);
  const { ansible, passedOver } = await findAnsible(
    system,
    await privateDirectory(system, requirements),
  );
  if (ansible !== undefined) {
    const origin = ansible.origin === "path" ? "on PATH" : "private";
    const reason = passedOver === undefined ? "" : `; ${passedOver}`;
    return [ok(name, `${ansible.version}, ${origin}${reason}`)];
  }
  const why = passedOver ?? "not installed";
  if (!fix) {
    return [
      await checkPython(system),
      fail(name, why, "Install a private copy with: k3s-tool doctor --fix"),
    ];
  }
  const { version } = await installPrivateAnsible(system, requirements);
  return [ok(name, `${version}, private, installed now`)];
}

async function checkPython(system: ActionSystem): Promise<Check> {
  const { python, others } = await findPython(system);
  const name = "python";
  if (python === undefined) {
    return fail(
      name,
      others.length === 0 ? "not installed" : `only ${others.join(", ")} found`,
      "Install Python 3.11 to 3.13. On Debian and Ubuntu: sudo apt install python3 python3-venv",
    );
  }
  if (!python.venv) {
    return fail(
      name,
      `${python.version}, cannot create virtual environments`,
      "Install the missing package. On Debian and Ubuntu: sudo apt install python3-venv",
    );
  }
  return ok(name, `${python.version} (${python.program})`);
}

/** The tool's own state: run history and host keys must be private. */
export async function checkState(
  { directories: { state } }: ActionSystem,
  { fix }: { readonly fix: boolean },
): Promise<Check> {
  const name = "state";
  let found: Deno.FileInfo | undefined;
  try {
    found = await ifThere(Deno.stat(state));
  } catch (error) {
    return stateFailure("read", error);
  }
  if (found === undefined) return ok(name, "no runs yet");
  const { accepted } = knownHostsFiles(state);
  if (((found.mode ?? 0) & 0o077) === 0) {
    return ok(name, `${state}, private; host keys: ${accepted}`);
  }
  if (fix) {
    try {
      await Deno.chmod(state, 0o700);
    } catch (error) {
      return stateFailure("made private", error);
    }
    return ok(name, `${state}, now private`);
  }
  return warn(name, `others can read ${state}`, "Fix it with: k3s-tool doctor --fix");

  function stateFailure(what: string, error: unknown): Check {
    return fail(
      name,
      `${state} cannot be ${what}: ${refusalReason(error)}`,
      refusalHint(error, { directory: state, variable: "XDG_STATE_HOME" }),
    );
  }
}

/** Keys of files with nothing to hide, and of what is on hosts. */
const OPEN = /(^|_)(ca|cert|known_hosts|manifest)_file$|^tls$/;

/** Files with passwords, tokens and keys that the inventory names. */
export async function checkSecretFiles(
  system: ActionSystem,
  inventory: Inventory,
): Promise<readonly Check[]> {
  const name = "credentials";
  const files = [...inventory.cluster.vars].flatMap(([key, { value }]) => filesIn(key, value));
  const paths = [...new Set(files.map((file) => pathBeside(system, inventory, file)))];
  const found = await Promise.all(paths.map((path) => ifThere(Deno.stat(path))));
  const open = paths.filter((_, index) => ((found[index]?.mode ?? 0) & 0o077) !== 0);
  return open.map((path) =>
    warn(name, `others can read ${path}`, `Fix it with: chmod 600 ${shellWord(path)}`)
  );
}

function filesIn(key: string, value: YamlValue): readonly string[] {
  if (OPEN.test(key)) return [];
  if (typeof value === "string") return value !== "" && key.endsWith("_file") ? [value] : [];
  if (!isMapValue(value)) return [];
  return Object.entries(value).flatMap(([inner, each]) => filesIn(inner, each));
}

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
  const found = await ifInstalled(runner.run(argv, { signal, timeoutMs: TIMEOUT_MS }));
  if (found?.code === 0) return ok(name, found.stdout.trim().split("\n")[0] || "installed");
  const what = found === undefined ? "not installed" : "does not run";
  return warn(name, `${what}; ${without}`, hint);
}

async function kustomize(system: System): Promise<Check> {
  const name = "kustomize";
  const found = await findKustomize(system);
  if (found !== undefined) return ok(name, `runs as ${found.join(" ")}`);
  return warn(
    name,
    "neither kustomize nor kubectl is installed; gitops validate cannot build overlays",
    "Get it from https://github.com/kubernetes-sigs/kustomize/releases, or with mise: " +
      "mise use -g kustomize",
  );
}
