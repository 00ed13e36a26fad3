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

/** `storage_paths` of a host; what is templated, or wrong, is left out. */
export function storagePathsOf(host: Pick<InventoryHost, "vars">): readonly StoragePath[] {
  const value = host.vars.get("storage_paths")?.value;
  return (Array.isArray(value) ? value : []).flatMap((each) => {
    const { data } = StoragePathSchema.safeParse(each);
    if (data === undefined) return [];
    return [{ ...data, default: data.default ?? false, reclaim: data.reclaim ?? "Delete" }];
  });
}
