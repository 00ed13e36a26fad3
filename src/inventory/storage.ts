/**
 * The directories of a host in which volumes may be, as the inventory names them.
 *
 * @module
 */

import type { InventoryHost } from "./model.ts";
import { StoragePathSchema } from "./schema.ts";

/** One directory for volumes, and the storage class whose volumes are there. */
export interface StoragePath {
  readonly path: string;
  readonly class: string;
  readonly default: boolean;
  /** What happens to a volume whose claim is deleted. */
  readonly reclaim: "Delete" | "Retain";
}

/** Whether one of two directories is inside the other, or they are the same. */
export function overlap(one: string, other: string): boolean {
  return `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`);
}

/** `storage_paths` of a host; what is templated, or wrong, is left out. */
export function storagePathsOf(host: Pick<InventoryHost, "vars">): readonly StoragePath[] {
  const value = host.vars.get("storage_paths")?.value;
  return (Array.isArray(value) ? value : []).flatMap((each) => {
    const { data } = StoragePathSchema.safeParse(each);
    if (data === undefined) return [];
    return [{ ...data, default: data.default ?? false, reclaim: data.reclaim ?? "Delete" }];
  });
}
