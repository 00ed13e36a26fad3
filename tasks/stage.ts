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
 * Flags of V8 for the program. Measured with `node list` of 100 hosts: with a large young generation a short
 * command ends before the first collection (12 ms), and functions that are compiled at once are in deno's code
 * cache from the second run on (8 ms). Measured with `node add` to 1,000: optimizing a function costs more than
 * it saves unless it runs for longer than such a command does (V8's own limits are 400 and 3,000 calls).
 */
export const V8_FLAGS = "--v8-flags=--min-semi-space-size=32,--no-lazy," +
  "--invocation-count-for-maglev=2000,--invocation-count-for-turbofan=100000";

/** How the staged program is run by a `deno`: as it is, no project of the current directory counts. */
export const RUN_FLAGS = ["run", "--quiet", V8_FLAGS, "--no-config", "--no-lock", "--allow-all"];

/** Where the stage is made. */
export const STAGE = `${ROOT}/dist/stage`;

/**
 * Bundles and minifies the program, split where it imports lazily, and copies the assets.
 *
 * @param options.foreseen whether deno finds the files of lazy imports before it runs the program
 * @returns the stage's files, relative and sorted
 */
export async function makeStage({ foreseen = false } = {}): Promise<readonly string[]> {
  await Deno.remove(STAGE, { recursive: true }).catch(() => {});
  await Deno.mkdir(STAGE, { recursive: true });
  await bundle(`${ROOT}/main.ts`, { outdir: STAGE });
  for (const chunk of foreseen ? [] : await filesBelow(STAGE)) {
    const file = `${STAGE}/${chunk}`;
    await Deno.writeTextFile(file, lazily(await Deno.readTextFile(file)));
  }
  const assets = new FolderAssets(ROOT);
  for (const path of await assets.list()) {
    const file = `${STAGE}/${path}`;
    await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(`${ROOT}/${path}`, file);
  }
  return await filesBelow(STAGE);
}

/**
 * The code with lazy imports that deno cannot foresee: it reads and analyses every file whose name it
 * finds in an `import("…")` before it runs the first line (4 MB, a third of the time of `version`).
 */
function lazily(code: string): string {
  return code.replace(/\bimport\(("\.\/[\w-]+\.js")\)/g, "import(String($1))");
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
