/**
 * A machine for the packed program: a home with an inventory and a repository of apps, the programs
 * a command may call, and the examples of the commands as what is called.
 *
 * @module
 */

import assert from "node:assert/strict";
import { INVENTORY, TAILNET } from "../golden/homelab.ts";
import { command, environmentOf, type Installed } from "./installed.ts";

/** What a person reads where the program is wrong, and not they or their machine. */
export const DEFECT = /defect|bug in k3s-tool|is not a function|is not defined|Cannot read propert/;

/** How many programs run at a time. */
const AT_ONCE = 3;

/** Programs a command may call, as they answer on a machine whose hosts are all off. */
const PROGRAMS: Readonly<Record<string, string>> = {
  tailscale: 'exec cat "$TAILNET"',
  ssh: "exit 255",
  "ansible-playbook": 'case "$*" in *--version*) echo "ansible-playbook [core 2.19.14]";; esac',
};

/** The arguments of an example, without its format and the parts of its line that are the shell's. */
export function argumentsOf(line: string): readonly string[] {
  const [, call = ""] = /\bk3s-tool (.*)$/.exec(line) ?? [];
  const argv: string[] = [];
  for (const [word, quoted] of call.replace(/ -o \w+/, "").matchAll(/'([^']*)'|\S+/g)) {
    if (/^[|<>&]/.test(word)) break;
    argv.push(quoted ?? word);
  }
  return argv;
}

/** A home with an inventory, an apps repository and the programs. */
export async function makeMachine(
  directory: string,
  { tool, home, programs = PROGRAMS }: Pick<Installed, "tool" | "home"> & {
    readonly programs?: Readonly<Record<string, string>>;
  },
): Promise<void> {
  for (const folder of ["bin", "inventory", "staging"]) {
    await Deno.mkdir(`${directory}/${folder}`, { recursive: true });
  }
  const settings = "reserved_cpu: '1', node_labels: {workstation: 'true'}, ";
  // Where nothing listens: the tests download no releases.
  const mirror = "k3s_binary_mirror_url: http://127.0.0.1:1/k3s";
  const inventory = INVENTORY.replace("dgx: {", `dgx: {${settings}`)
    .replace("    cluster_name:", `    ${mirror}\n    cluster_name:`);
  await Deno.writeTextFile(`${directory}/inventory/hosts.yml`, inventory);
  await Deno.writeTextFile(`${directory}/staging/hosts.yml`, inventory);
  await Deno.writeTextFile(`${directory}/tailnet.json`, TAILNET);
  for (const [name, script] of Object.entries(programs)) {
    await Deno.writeTextFile(`${directory}/bin/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  const made = await command([tool, "gitops", "init", "homelab-apps"], {
    cwd: directory,
    env: environmentOf(home),
  });
  assert.equal(made.code, 0, made.stderr);
}

export function machineEnvironment(
  directory: string,
  { compiled, kubeconfig }: Pick<Installed, "compiled"> & { readonly kubeconfig: string },
): Record<string, string> {
  return {
    ...environmentOf(directory),
    DENO_DIR: compiled,
    PATH: `${directory}/bin:${Deno.env.get("PATH")}`,
    TAILNET: `${directory}/tailnet.json`,
    KUBECONFIG: kubeconfig,
  };
}

/** Does the work for all, a few at a time. */
export async function atOnce<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const left = items.entries();
  const worker = async () => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
