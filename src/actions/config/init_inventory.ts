/**
 * Writes a first inventory.
 *
 * @module
 */

import { dirname } from "node:path";
import { unreadable } from "../../errors/refusal.ts";
import { usageError, type UserError } from "../../errors/user_error.ts";
import { writeAtomically } from "../../process/atomic_write.ts";
import { withDirectoryLock } from "../../process/lock.ts";
import { ifThere } from "../../process/small_file.ts";
import { InventoryFiles } from "../../inventory/read/inventory_files.ts";
import { loadInventory } from "../../inventory/read/read.ts";
import { danglingLink } from "../../inventory/read/locate.ts";
import type { Inventory } from "../../inventory/model.ts";
import { describeHost, type HostDescription } from "../../inventory/edit/new_host.ts";
import { type NewInventory, newInventory } from "../../inventory/edit/new_inventory.ts";
import { holdsSecret } from "../../inventory/masked.ts";
import type { Change, ChangedFile } from "../../inventory/store.ts";
import type { YamlDocument } from "../../yaml/node.ts";
import type { System } from "../../process/system.ts";
import { warnOfReadable } from "./change_setting.ts";

/** The content of a first inventory. */
export type InitRequest = Omit<NewInventory, "hosts"> & {
  readonly hosts: readonly HostDescription[];
};

/** A new inventory, written or only planned. */
export interface InitOutcome extends Change {
  readonly inventory: Inventory;
}

/**
 * Writes the inventory to an absolute path.
 *
 * @throws {UserError} exit code 2 where it would not be valid, or where a file is there and
 *   `overwrite` is not set
 */
export async function initInventory(
  { cwd, clock, signal }: System,
  request: InitRequest,
  { file, overwrite, dryRun }: {
    readonly file: string;
    readonly overwrite: boolean;
    readonly dryRun: boolean;
  },
): Promise<InitOutcome> {
  const shown = new InventoryFiles({ cwd }).show(file);
  const document = documentFor(request, shown);
  const over = new InventoryFiles({ cwd, over: new Map([[file, document]]) });
  const { content, problems, warnings } = loadInventory(file, over);
  if (content === undefined || problems.length > 0) {
    throw usageError("The inventory would not be valid; nothing was written", {
      // Line numbers of a file that does not exist do not help.
      problems: problems.map(({ where: _, ...problem }) => problem),
    });
  }
  const before = await textOf(file);
  if (before !== undefined && !overwrite) throw existsError(shown);
  const after = document.text;
  const changed: ChangedFile = { path: file, shown, before: before ?? "", after };
  if (!dryRun) {
    const directory = await ensureDirectory(file);
    await withDirectoryLock(directory, { clock, signal }, async () => {
      if (!overwrite && await textOf(file) !== undefined) throw existsError(shown);
      await writeAtomically(file, after, { locked: directory });
    });
  }
  const secret = [request.vars, ...request.hosts.map((host) => host.vars ?? {})]
    .some((vars) => holdsSecret("", vars));
  const readable = secret ? await warnOfReadable([changed]) : [];
  return {
    inventory: content.inventory,
    files: [changed],
    notes: [],
    warnings: [...readable, ...warnings],
  };
}

/** True where something is at the path already. */
export async function inventoryExists(file: string): Promise<boolean> {
  return await textOf(file) !== undefined;
}

function documentFor(request: InitRequest, shown: string): YamlDocument {
  const described = request.hosts.map(describeHost);
  const problems = described.flatMap((each) => "problems" in each ? each.problems : []);
  const names = request.hosts.map(({ name }) => name);
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  problems.push(...twice.map((name) => ({ message: `${name} is in the list twice`, value: name })));
  if (problems.length > 0) {
    throw usageError("The inventory would not be valid; nothing was written", { problems });
  }
  const hosts = described.flatMap((each) => "host" in each ? [each.host] : []);
  return newInventory({ ...request, hosts }, shown);
}

async function ensureDirectory(file: string): Promise<string> {
  try {
    await Deno.mkdir(dirname(file), { recursive: true });
  } catch (error) {
    throw usageError(`Cannot create the directory ${dirname(file)}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return await Deno.realPath(dirname(file));
}

async function textOf(file: string): Promise<string | undefined> {
  const link = await danglingLink(file);
  if (link !== undefined) {
    throw usageError(`${link} is a broken symbolic link; nothing was written`, {
      hint: "Remove the link, or create its target.",
    });
  }
  const read = async () => {
    // Reading a pipe would not end.
    if (!(await Deno.stat(file)).isFile) throw new Error("it is not a regular file");
    return await Deno.readTextFile(file);
  };
  return await ifThere(read()).catch(unreadable(file));
}

/** The refusal to replace an inventory unasked: exit code 2. */
export function existsError(shown: string): UserError {
  return usageError(`${shown} already exists; nothing was written`, {
    hint: "Add machines with: k3s-tool node add; or replace the file with: k3s-tool init --force",
  });
}
