/**
 * Programs that run on a server as root without Ansible: of the modules that Ansible's modules share.
 *
 * @module
 */

import { DISK_FULL } from "../../errors/refusal.ts";
import { notReached, SSH_FAILED } from "../../ansible/run/ssh.ts";
import { lastLine } from "../../errors/safe_text.ts";
import { shellWord } from "../../errors/shell_word.ts";
import { UserError } from "../../errors/user_error.ts";
import type { InventoryHost } from "../../inventory/model.ts";
import type { ActionSystem } from "../action_system.ts";

/** The exit code where it refuses to do what it is for. */
const REFUSED = 3;

/** The exit code where there is nothing of k3s. */
const ABSENT = 4;

/** Python that runs as many bytes of its stdin as the first line says; the program reads on from there. */
export const LOADER =
  "import sys; i = sys.stdin.buffer; exec(i.read(int(i.readline())).decode(), {'__name__': '__main__'})";

/** A command line as root. With a password on stdin its line is taken away where sudo does not ask. */
export function asRoot(command: string, password: boolean): string {
  const words = password
    ? `if [ "$(id -u)" = 0 ]; then IFS= read -r _; exec ${command}; fi; ` +
      `if sudo -n true 2>/dev/null; then IFS= read -r _; exec sudo -n ${command}; fi; ` +
      `exec sudo -S -p "" ${command}`
    : `if [ "$(id -u)" = 0 ]; then exec ${command}; fi; exec sudo -n ${command}`;
  return `exec sh -c ${shellWord(words)}`;
}

/**
 * One Python program.
 *
 * @param modules files of `ansible/plugins/module_utils/k3s_tool`, each before those that use it
 * @param call what is called; it knows the last module by its name, and `request`
 */
export async function hostProgram(
  { assets }: ActionSystem,
  modules: readonly string[],
  call: string,
  request: unknown,
): Promise<string> {
  const sources: [string, string][] = [];
  for (const name of modules) {
    const path = `ansible/plugins/module_utils/k3s_tool/${name}.py`;
    sources.push([name, new TextDecoder().decode(await assets.read(path))]);
  }
  // JSON in JSON: a JSON text is a Python string literal, but not always a Python value.
  const literal = (value: unknown) => JSON.stringify(JSON.stringify(value));
  const last = modules.at(-1);
  return [
    "import json, os, sys, types",
    "for name in ('ansible', 'ansible.module_utils', 'ansible.module_utils.k3s_tool'):",
    "    sys.modules[name] = types.ModuleType(name)",
    "refusals, absent = (), ()",
    `for name, source in json.loads(${literal(sources)}):`,
    "    module = sys.modules['ansible.module_utils.k3s_tool.' + name] = types.ModuleType(name)",
    "    exec(compile(source, name + '.py', 'exec'), vars(module))",
    "    refusals += tuple(vars(module)[each] for each in ('Refused', 'Failed') if each in vars(module))",
    "    absent += (module.Absent,) if hasattr(module, 'Absent') else ()",
    `request, ${last} = json.loads(${literal(request)}), module`,
    "try:",
    `    ${call}`,
    "    sys.stdout.buffer.flush()",
    "except refusals as error:",
    "    print(error, file=sys.stderr)",
    `    sys.exit(${ABSENT} if isinstance(error, absent) else ${REFUSED})`,
    "except OSError as error:",
    "    print(error, file=sys.stderr)",
    "    os._exit(1)  # and no words about a closed pipe",
    "",
  ].join("\n");
}

/** What a program that failed said, as the error of a host. @param hint where it refuses by its own rules */
export function refusedBy(
  host: InventoryHost,
  { code, stderr }: { readonly code: number; readonly stderr: string },
  { what, hint }: { readonly what: string; readonly hint?: string | undefined },
): UserError {
  if (code === SSH_FAILED) return notReached(host, stderr);
  const said = lastLine(stderr) || `exit code ${code}`;
  return new UserError(`${what}: ${said}`, { hint: hintFor(host, { code, said, hint }) });
}

function hintFor(
  { name }: InventoryHost,
  { code, said, hint }: {
    readonly code: number;
    readonly said: string;
    readonly hint: string | undefined;
  },
): string {
  if (DISK_FULL.test(said)) return `Free space on that disk of ${name}, then try again.`;
  if (/sudo|password is required/i.test(said)) {
    return "sudo wants a password there: use --ask-become-pass.";
  }
  if (code === ABSENT) return "Is the cluster provisioned? See: k3s-tool status";
  const refused = code === REFUSED ? hint : undefined;
  return refused ?? `See what is wrong there: k3s-tool logs ${shellWord(name)}`;
}
