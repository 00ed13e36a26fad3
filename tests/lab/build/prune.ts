import { join } from "node:path";
import { cacheDir } from "../paths.ts";

/** Kinds of cache entries that come in versions. */
const kinds = ["base", "bin", "flux", "images", "layer", "mirror", "scale", "tested"];

/** Days after which something that no build has used is removed. */
const keepDays = 7;

/** Removes what has not been used for a week: every change of a part's sources leaves its old build behind. */
export async function pruneCache(): Promise<void> {
  const oldest = Date.now() - keepDays * 86_400_000;
  for (const kind of kinds) {
    for (const name of await entries(join(cacheDir, kind))) {
      const path = join(cacheDir, kind, name);
      const { mtime } = await Deno.stat(path);
      if (mtime !== null && mtime.getTime() < oldest) await Deno.remove(path, { recursive: true });
    }
  }
}

async function entries(dir: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
