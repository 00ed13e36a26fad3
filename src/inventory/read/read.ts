/**
 * Inventories for the rest of the program.
 *
 * @module
 */

import { counted } from "../../errors/safe_text.ts";
import { resolve } from "node:path";
import { type Problem, usageError, UserError } from "../../errors/user_error.ts";
import { InventoryFiles } from "./inventory_files.ts";
import { type LoadedContent, loadInventory } from "./load.ts";
import { danglingLink } from "./locate.ts";
import type { Inventory } from "../model.ts";

/** How a file is read. */
export interface ReadOptions {
  /** Paths below it are shown without it. */
  readonly cwd?: string | undefined;
  /** Reads it through these; default: from disk. */
  readonly files?: InventoryFiles;
}

/**
 * Reads an inventory that must be right.
 *
 * @throws {UserError} exit code 2 with every problem, each with its place
 */
export async function readInventory(file: string, options: ReadOptions = {}): Promise<Inventory> {
  return (await readContent(file, options)).inventory;
}

/**
 * Like {@linkcode readInventory}, with the parts an explanation needs.
 *
 * @throws {UserError} exit code 2 with every problem, each with its place
 */
export async function readContent(file: string, options: ReadOptions = {}): Promise<LoadedContent> {
  const path = await resolveInventoryFile(file, options);
  const files = options.files ?? new InventoryFiles(options);
  const loaded = loadInventory(path, files);
  if (loaded.problems.length > 0 || loaded.content === undefined) {
    throw invalidInventory(files.show(path), loaded.problems);
  }
  return loaded.content;
}

/** Reads an inventory for a report of what is wrong with it. */
export async function checkInventory(
  file: string,
  options: ReadOptions = {},
) {
  const path = await resolveInventoryFile(file, options);
  const { content, problems, warnings } = loadInventory(path, new InventoryFiles(options));
  return { ...(content === undefined ? {} : { inventory: content.inventory }), problems, warnings };
}

/** The error for an inventory with problems. */
export function invalidInventory(file: string, problems: readonly Problem[]): UserError {
  const count = counted(problems.length, "problem");
  return usageError(`${file} is not a valid inventory: ${count}`, {
    problems,
    hint: "Correct the places above; nothing was changed.",
  });
}

/**
 * Refuses an inventory nothing can be provisioned from.
 *
 * @throws {UserError} exit code 2: no control plane, or no k3s_version
 */
export function requireProvisionable(inventory: Inventory): void {
  const where = { file: inventory.file };
  if (!inventory.hosts.some((host) => host.role === "control-plane")) {
    throw usageError("The inventory has no host in the control plane", {
      where,
      hint: "Add one: k3s-tool node add HOST ADDRESS --role control-plane",
    });
  }
  const unversioned = inventory.hosts.find((host) => !host.vars.has("k3s_version"));
  if (unversioned !== undefined) {
    throw usageError(`The inventory says no k3s_version for ${unversioned.name}`, {
      where: unversioned.where,
      hint: "Say which release to install: k3s-tool config set k3s_version v1.36.3+k3s1",
    });
  }
}

/**
 * The absolute path of the inventory file a person named.
 *
 * @throws {UserError} exit code 2 where it is no YAML inventory file
 */
export async function resolveInventoryFile(
  file: string,
  { cwd }: ReadOptions = {},
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
        `${shown} cannot be read: ${files.show(link)} is a symbolic link that leads nowhere`,
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
    throw unreadable(shown, error);
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
    throw usageError(`${shown} is no regular file`, {
      hint: "k3s-tool reads an inventory more than once and edits it in place: give it a file.",
    });
  }
  try {
    const handle = await Deno.open(path);
    using _ = handle;
    await refuseIni(handle, { path, shown });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw unreadable(shown, error);
  }
  return path;
}

/** An INI inventory begins with a section or with `host key=value`; YAML never does. */
async function refuseIni(
  handle: Deno.FsFile,
  { path, shown }: { readonly path: string; readonly shown: string },
): Promise<void> {
  const buffer = new Uint8Array(4096);
  const length = await handle.read(buffer) ?? 0;
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

function unreadable(shown: string, cause: unknown): UserError {
  const why = cause instanceof Deno.errors.PermissionDenied
    ? "permission denied"
    : (cause as Error).message;
  return usageError(`Cannot read ${shown}: ${why}`, { cause });
}
