/**
 * Everything a playbook needs on this machine before it can run.
 *
 * @module
 */

import { findAnsible } from "../../ansible/setup/locate.ts";
import type { Ansible } from "../../ansible/setup/locate.ts";
import { installPrivateAnsible, privateDirectory } from "../../ansible/setup/private_ansible.ts";
import { SSH_HINT } from "../../ansible/run/ssh.ts";
import { extractAssets } from "../../assets/extract.ts";
import { missingError } from "../../errors/user_error.ts";
import { ifInstalled } from "../../process/runner.ts";
import type { ActionSystem, MayI } from "../action_system.ts";

/** Ansible, and the files it runs. */
export interface AnsibleTools {
  readonly ansible: Ansible;
  /** Folder that holds `ansible.cfg`, `playbooks/`, `roles/`. */
  readonly tree: string;
}

/** The pinned requirements of the private ansible-core. */
export async function ansibleRequirements({ assets }: ActionSystem): Promise<string> {
  return new TextDecoder().decode(await assets.read("ansible/requirements.txt"));
}

/**
 * Finds ssh and ansible-core and extracts the playbooks.
 *
 * @param mayInstall asked before ansible-core is put into the tool's own cache
 * @throws {UserError} exit code 3 where something is missing and not installed
 */
export async function prepareAnsible(
  system: ActionSystem,
  mayInstall: MayI,
): Promise<AnsibleTools> {
  await requireSsh(system);
  const requirements = await ansibleRequirements(system);
  const found = await findAnsible(system, await privateDirectory(system, requirements));
  let { ansible } = found;
  if (ansible === undefined) {
    const why = found.passedOver ?? "ansible-core is not installed";
    const allowed = await mayInstall(
      `${why}. Install a private copy in ${system.directories.cache} (about 60 MB from the Python ` +
        "Package Index; nothing else is changed)?",
    );
    if (!allowed) {
      throw missingError(why, {
        hint:
          "Install a private copy with: k3s-tool doctor --fix; or run this again with --yes; or " +
          "install ansible-core 2.16 or newer yourself: pipx install ansible-core",
      });
    }
    ansible = await installPrivateAnsible(system, requirements);
  }
  const { root } = await extractAssets(system.assets, system.directories);
  return { ansible, tree: `${root}/ansible` };
}

async function requireSsh({ runner, signal }: ActionSystem): Promise<void> {
  const found = await ifInstalled(runner.run(["ssh", "-V"], { signal, timeoutMs: 10_000 }));
  if (found !== undefined) return;
  throw missingError("ssh is not installed on this machine", { hint: SSH_HINT });
}
