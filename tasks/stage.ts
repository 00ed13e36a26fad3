/**
 * What both artefacts, the executable and the npm package, are made of: the bundled program with
 * the embedded folders beside it.
 *
 * @module
 */

import { FolderAssets } from "../src/assets/source.ts";
import { bundle } from "./bundle.ts";

/** Root of the checkout. */
export const ROOT = new URL("../", import.meta.url).pathname.replace(/\/$/, "");

/**
 * Flags of V8 for the program, measured with `node list` of 100 hosts: with a young generation of 16 MiB a
 * short command ends before the first collection (12 ms), and functions that are compiled at once are in
 * deno's code cache from the second run on (8 ms).
 */
export const V8_FLAGS = "--v8-flags=--min-semi-space-size=16,--no-lazy";

/** How the staged program is run by a `deno`: as it is, no project of the current directory counts. */
export const RUN_FLAGS = ["run", "--quiet", V8_FLAGS, "--no-config", "--no-lock", "--allow-all"];

/** Where the stage is made. */
export const STAGE = `${ROOT}/dist/stage`;

/**
 * Bundles and minifies the program, split where it imports lazily, and copies the assets.
 *
 * @returns the stage's files, relative and sorted
 */
export async function makeStage(): Promise<readonly string[]> {
  await Deno.remove(STAGE, { recursive: true }).catch(() => {});
  await Deno.mkdir(STAGE, { recursive: true });
  await bundle(`${ROOT}/main.ts`, { outdir: STAGE });
  const assets = new FolderAssets(ROOT);
  for (const path of await assets.list()) {
    const file = `${STAGE}/${path}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(`${ROOT}/${path}`, file);
  }
  return await filesBelow(STAGE);
}

/** Every file below a folder, relative and sorted. */
export async function filesBelow(folder: string, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(`${folder}/${prefix}`)) {
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory) found.push(...await filesBelow(folder, `${path}/`));
    else found.push(path);
  }
  return found.sort();
}
