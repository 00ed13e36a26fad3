import { createHash } from "node:crypto";
import { join } from "node:path";

/** Hashes texts in order; 16 hexadecimal digits, enough to name a cache entry. */
export function hashTexts(...texts: string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest("hex").slice(0, 16);
}

/**
 * Hashes names and contents of the files below a directory, in the order of their names. Files whose path
 * matches `except` do not count.
 */
export async function hashTree(root: string, except?: RegExp): Promise<string> {
  const hash = createHash("sha256");
  for (const path of await filesBelow(root)) {
    if (except?.test(path)) continue;
    const content = await Deno.readFile(join(root, path));
    hash.update(`${path.length}:${path}${content.length}:`).update(content);
  }
  return hash.digest("hex").slice(0, 16);
}

async function filesBelow(root: string, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(join(root, prefix))) {
    const path = join(prefix, entry.name);
    if (entry.isDirectory) found.push(...await filesBelow(root, path));
    else if (entry.isFile) found.push(path);
  }
  return found.sort();
}

/** Whether a path exists. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Makes a cache entry once: `make` fills a directory that takes its final name only when it is
 * complete, so an interrupted build is never taken for a finished one.
 */
export async function cached(
  path: string,
  make: (dir: string) => Promise<void>,
): Promise<{ path: string; made: boolean }> {
  if (await exists(path)) {
    const now = new Date();
    await Deno.utime(path, now, now); // what is in use is not pruned
    return { path, made: false };
  }
  const unfinished = `${path}.unfinished`;
  if (await exists(unfinished)) await Deno.remove(unfinished, { recursive: true });
  await Deno.mkdir(unfinished, { recursive: true });
  await make(unfinished);
  await Deno.rename(unfinished, path);
  return { path, made: true };
}
