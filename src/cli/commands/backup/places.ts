/**
 * Where the backup commands look for backups: a directory of this machine, and the place for copies.
 *
 * @module
 */

import type { CopyPlace } from "../../../actions/backup/copy_place.ts";
import type { Inventory } from "../../../inventory/model.ts";
import type { GlobalOptions } from "../../program/command.ts";
import { option } from "../../program/command.ts";
import type { Context } from "../../program/context.ts";

/** `--directory` */
export const DIRECTORY = option.text(
  "--directory <dir>",
  "where the backups are (default: backup_dir of the inventory, else the tool's state directory)",
  { completes: "file" },
);

/** `--local` */
export const LOCAL = option.flag(
  "--local",
  "only this machine: leave out the copies that backup_copy sets",
);

/** `--copy` */
export const COPY = option.flag(
  "--copy",
  "take the copy that backup_copy sets, even if the file is on this machine",
);

/** A path that a person gave, absolute. */
export function absolute({ cwd }: Context, path: string): string;
export function absolute(context: Context, path: string | undefined): string | undefined;
export function absolute({ cwd }: Context, path: string | undefined): string | undefined {
  return path === undefined || path.startsWith("/") ? path : `${cwd}/${path}`;
}

/** The directory that a person gave, else the inventory's. */
export async function directoryOf(
  context: Context,
  given: string | undefined,
  globals: GlobalOptions,
): Promise<string> {
  if (given !== undefined) return absolute(context, given);
  const { backupDirectory } = await import("../../../actions/backup/backup_file.ts");
  const { openInventory } = await import("../../../inventory/read/read.ts");
  const { inventory } = await openInventory(context, globals.inventory);
  return backupDirectory(context, inventory);
}

/** Runs `work` with the place for copies; with undefined where none is set, or none is wanted. */
export async function withCopyPlace<T>(
  context: Context,
  { inventory, local }: { readonly inventory: Inventory | undefined; readonly local: boolean },
  work: (place: CopyPlace | undefined) => Promise<T>,
): Promise<T> {
  if (local || inventory === undefined) return await work(undefined);
  const { openCopyPlace } = await import("../../../actions/backup/copy_place.ts");
  const place = await openCopyPlace(context, inventory);
  try {
    return await work(place);
  } finally {
    await place?.close();
  }
}

/** The inventory, if there is one. */
export async function inventoryIfAny(
  context: Context,
  globals: GlobalOptions,
): Promise<Inventory | undefined> {
  const { locateInventoryIfAny } = await import("../../../inventory/read/locate.ts");
  const { readInventory } = await import("../../../inventory/read/read.ts");
  const file = await locateInventoryIfAny(context, globals.inventory);
  return file === undefined ? undefined : await readInventory(file, { cwd: context.cwd });
}
