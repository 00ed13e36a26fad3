/**
 * What `doctor` looks at on this machine: the embedded files, ssh, Python, ansible-core, and the
 * tool's own directories.
 *
 * @module
 */

import { knownHostsFiles } from "../../ansible/run/known_hosts.ts";
import { findAnsible } from "../../ansible/setup/locate.ts";
import { installPrivateAnsible, privateDirectory } from "../../ansible/setup/private_ansible.ts";
import { findPython } from "../../ansible/setup/python.ts";
import { extractAssets } from "../../assets/extract.ts";
import { refusalHint, refusalReason } from "../../errors/refusal.ts";
import { ProgramNotFoundError } from "../../process/runner.ts";
import type { ActionSystem } from "../action_system.ts";
import { ansibleRequirements } from "../hosts/ansible_tools.ts";
import { attempt, type Check } from "./check.ts";

/** The embedded playbooks, extracted and compared byte for byte; a damaged copy is replaced. */
export function checkAssets(system: ActionSystem): Promise<readonly Check[]> {
  const name = "playbooks";
  return attempt({ name }, async () => {
    const { root } = await extractAssets(system.assets, system.directories);
    return [{ name, status: "ok", message: `complete, in ${root}` }];
  });
}

/** The system's own ssh. */
export async function checkSsh({ runner, signal }: ActionSystem): Promise<Check> {
  const name = "ssh";
  try {
    const { stderr } = await runner.run(["ssh", "-V"], { signal, timeoutMs: 10_000 });
    return { name, status: "ok", message: stderr.trim().split("\n")[0] || "installed" };
  } catch (error) {
    if (!(error instanceof ProgramNotFoundError)) throw error;
    return {
      name,
      status: "fail",
      message: "not installed",
      hint: "Install it. On Debian and Ubuntu: sudo apt install openssh-client",
    };
  }
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
    return [{ name, status: "ok", message: `${ansible.version}, ${origin}${reason}` }];
  }
  const why = passedOver ?? "not installed";
  if (!fix) {
    return [await checkPython(system), {
      name,
      status: "fail",
      message: why,
      hint: "Install a private copy with: k3s-tool doctor --fix",
    }];
  }
  const { version } = await installPrivateAnsible(system, requirements);
  return [{ name, status: "ok", message: `${version}, private, installed now` }];
}

async function checkPython(system: ActionSystem): Promise<Check> {
  const { python, others } = await findPython(system);
  const name = "python";
  if (python === undefined) {
    return {
      name,
      status: "fail",
      message: others.length === 0 ? "not installed" : `only ${others.join(", ")} found`,
      hint:
        "Install Python 3.11 to 3.13. On Debian and Ubuntu: sudo apt install python3 python3-venv",
    };
  }
  if (!python.venv) {
    return {
      name,
      status: "fail",
      message: `${python.version}, cannot create virtual environments`,
      hint: "Install the missing package. On Debian and Ubuntu: sudo apt install python3-venv",
    };
  }
  return { name, status: "ok", message: `${python.version} (${python.program})` };
}

/** The tool's own state: run history and host keys must be private. */
export async function checkState(
  { directories: { state } }: ActionSystem,
  { fix }: { readonly fix: boolean },
): Promise<Check> {
  const name = "state";
  let mode: number;
  try {
    mode = ((await Deno.stat(state)).mode ?? 0) & 0o777;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) return stateFailure("read", error);
    return { name, status: "ok", message: "no runs yet" };
  }
  const { accepted } = knownHostsFiles(state);
  if ((mode & 0o077) === 0) {
    return { name, status: "ok", message: `${state}, private; host keys: ${accepted}` };
  }
  if (fix) {
    try {
      await Deno.chmod(state, 0o700);
    } catch (error) {
      return stateFailure("made private", error);
    }
    return { name, status: "ok", message: `${state}, now private` };
  }
  return {
    name,
    status: "warn",
    message: `others can read ${state}`,
    hint: "Fix it with: k3s-tool doctor --fix",
  };

  function stateFailure(what: string, error: unknown): Check {
    return {
      name,
      status: "fail",
      message: `${state} cannot be ${what}: ${refusalReason(error)}`,
      hint: refusalHint(error, { directory: state, variable: "XDG_STATE_HOME" }),
    };
  }
}
