/**
 * Which inventory a command works on, and that it is one that can be read.
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { isAbsent, unreadable } from "../../errors/refusal.ts";
import { missingError, usageError } from "../../errors/user_error.ts";
import { InventoryFiles } from "./inventory_files.ts";

/** Looked for in each directory from the current one upwards, in this order. */
const INVENTORY_NAMES = [
  "inventory/hosts.yml",
  "ansible/inventory/hosts.yml",
  "hosts.yml",
];

/** Where `init` puts a new inventory, below the current directory. */
export const NEW_INVENTORY = INVENTORY_NAMES[0]!;

/** The inventory named (`-i`, `K3S_TOOL_INVENTORY`), else the nearest; undefined where there is none. */
export async function locateInventoryIfAny(
  { cwd }: { readonly cwd: string },
  named: string | undefined,
): Promise<string | undefined> {
  if (named !== undefined) return resolve(cwd, named);
  for (let directory = resolve(cwd);; directory = dirname(directory)) {
    for (const name of INVENTORY_NAMES) {
      const path = join(directory, name);
      // Also what cannot be read: going on upwards would find somebody else's.
      if (await isThere(path)) return path;
    }
    if (directory === dirname(directory)) return undefined;
  }
}

/**
 * Like {@linkcode locateInventoryIfAny}, where there must be one.
 *
 * @throws {UserError} exit code 3: there is none
 */
export async function locateInventory(
  system: { readonly cwd: string },
  named: string | undefined,
): Promise<string> {
  const found = await locateInventoryIfAny(system, named);
  if (found !== undefined) return found;
  throw missingError(`There is no inventory in ${system.cwd} or above it`, {
    hint: "Make one with: k3s-tool init; or name one with -i FILE or K3S_TOOL_INVENTORY. " +
      `Looked for: ${INVENTORY_NAMES.join(", ")}.`,
  });
}

/** True where something has the name, or a link on the way to it leads nowhere. */
async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    // Not ours to look at: reading it says so.
    return !isAbsent(error) || await danglingLink(path) !== undefined;
  }
}

/** The link that leads nowhere: the path itself, or the directory it is in. */
export async function danglingLink(path: string): Promise<string | undefined> {
  for (const each of [path, dirname(path)]) {
    const info = await Deno.lstat(each).catch(() => undefined);
    if (info?.isSymlink && await Deno.stat(each).then(() => false, () => true)) return each;
  }
  return undefined;
}

/**
 * The absolute path of the inventory file a person named.
 *
 * @throws {UserError} exit code 2 where it is no YAML inventory file
 */
export async function resolveInventoryFile(
  file: string,
  { cwd }: { readonly cwd?: string | undefined } = {},
): Promise<string> {
  // Not the real path: Ansible looks for group_vars/ beside a symbolic link, not behind it.
  const path = resolve(cwd ?? Deno.cwd(), file);
  const files = new InventoryFiles({ cwd });
  const shown = files.show(path);
  let info: Deno.FileInfo;
  try {
    info = await Deno.stat(path);
  } catch (error) {
    const link = await danglingLink(path);
    if (link !== undefined) {
      throw usageError(
        `${shown} cannot be read: ${files.show(link)} is a broken symbolic link`,
        {
          hint: "Point the link to the inventory, or name another inventory with -i.",
          cause: error,
        },
      );
    }
    if (error instanceof Deno.errors.NotFound) {
      throw usageError(`There is no inventory at ${shown}`, {
        hint: "Make one with: k3s-tool init; or name another with -i.",
        cause: error,
      });
    }
    throw unreadable(shown)(error);
  }
  if (info.isDirectory) {
    throw usageError(`${shown} is a directory`, {
      hint: "k3s-tool works on one YAML file: name it with -i, for example " +
        `-i ${
          shown.replace(/\/$/, "")
        }/hosts.yml. group_vars/ and host_vars/ beside it are read too.`,
    });
  }
  // A pipe would give its text once only, and might never end.
  if (!info.isFile) {
    throw usageError(`${shown} is not a regular file`, {
      hint: "k3s-tool reads an inventory more than once and edits it in place: give it a file.",
    });
  }
  using handle = await Deno.open(path).catch(unreadable(shown));
  await refuseIni(handle, { path, shown });
  return path;
}

/** An INI inventory begins with a section or with `host key=value`; YAML never does. */
async function refuseIni(
  handle: Deno.FsFile,
  { path, shown }: { readonly path: string; readonly shown: string },
): Promise<void> {
  const buffer = new Uint8Array(4096);
  const length = await handle.read(buffer).catch(unreadable(shown)) ?? 0;
  const text = new TextDecoder().decode(buffer.subarray(0, length));
  const lines = text.split(/\r?\n/).filter((line) => /^\s*[^\s#;]/.test(line));
  const [first = ""] = lines;
  const section = /^\[[\w.-]+(?::(?:vars|children|hosts))?\]\s*(?:[#;].*)?$/;
  const ini = /^[\w.-]+(?:\[[^\]]*\])?(?:\s+\w+=\S*)+\s*$/.test(first) ||
    // Hosts of no group may come first.
    !first.includes(": ") && !first.endsWith(":") && lines.some((line) => section.test(line)) ||
    path.endsWith(".ini");
  if (!ini) return;
  throw usageError(`${shown} is an INI inventory`, {
    hint: "k3s-tool reads YAML. Convert it, then use the new file: " +
      `ansible-inventory -i ${shown} --list --yaml --export --output hosts.yml`,
  });
}
