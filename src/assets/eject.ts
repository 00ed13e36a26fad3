/**
 * Copies embedded files out of the tool, so that a person can read and change them.
 *
 * @module
 */

import { counted } from "../errors/safe_text.ts";
import { usageError } from "../errors/user_error.ts";
import { writeAtomically } from "../process/atomic_write.ts";
import { ifThere } from "../process/small_file.ts";
import { type Asset, readAssets } from "./extract.ts";
import type { AssetSource } from "./source.ts";

/** What an eject will do, or did, to one file. */
export interface EjectedFile {
  readonly path: string;
  /** `kept`: the file there is equal already. */
  readonly change: "created" | "overwritten" | "kept";
}

/**
 * Plans, and unless `dryRun` writes, the embedded files whose path begins with one of `prefixes`.
 *
 * @throws {UserError} where nothing matches, or a file there differs and `force` is not set; then
 * nothing was written
 */
export async function ejectAssets(
  source: AssetSource,
  { into, prefixes, force, dryRun }: {
    readonly into: string;
    readonly prefixes: readonly string[];
    readonly force: boolean;
    readonly dryRun: boolean;
  },
): Promise<readonly EjectedFile[]> {
  const chosen = (await readAssets(source)).filter(({ path }) => matches(path, prefixes));
  if (chosen.length === 0) {
    throw usageError(`No embedded file matches ${prefixes.join(", ")}`, {
      hint: "k3s-tool assets list shows what there is.",
    });
  }
  const plan = await Promise.all(chosen.map(async (asset) => ({
    asset,
    change: await plannedChange(asset, into),
  })));
  const differing = plan.filter(({ change }) => change === "overwritten");
  if (differing.length > 0 && !force) {
    const count = counted(differing.length, "file");
    throw usageError(`${count} in ${into} would be overwritten with different content`, {
      hint: "Choose another directory, or overwrite them with --force.",
      problems: differing.map(({ asset }) => ({
        message: "this file would be overwritten",
        where: { file: `${into}/${asset.path}` },
      })),
    });
  }
  if (!dryRun) {
    for (const { asset: { path, content }, change } of plan) {
      if (change === "kept") continue;
      await writeAtomically(
        `${into}/${path}`,
        new TextDecoder("utf-8", { ignoreBOM: true }).decode(content),
      );
    }
  }
  return plan.map(({ asset, change }) => ({ path: asset.path, change }));
}

/** True where a path is one of the prefixes or lies below one; with no prefix, always. */
export function matches(path: string, prefixes: readonly string[]): boolean {
  return prefixes.length === 0 || prefixes.some((given) => {
    const prefix = given.replace(/\/+$/, "");
    return path === prefix || path.startsWith(`${prefix}/`);
  });
}

async function plannedChange(asset: Asset, into: string): Promise<EjectedFile["change"]> {
  const file = `${into}/${asset.path}`;
  const info = await ifThere(Deno.stat(file));
  if (info === undefined) return "created";
  if (!info.isFile) {
    throw usageError(`${file} exists and is not a regular file`, {
      hint: "Choose another directory, or move it away.",
    });
  }
  const found = await Deno.readFile(file);
  const equal = found.length === asset.content.length &&
    found.every((byte, index) => byte === asset.content[index]);
  return equal ? "kept" : "overwritten";
}
