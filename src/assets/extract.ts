/**
 * Real files for programs that need them (ansible-playbook): the embedded tree, extracted to the
 * cache under the hash of its content.
 *
 * @module
 */

import { sha256 } from "../process/digest.ts";
import { openLockable } from "../process/lock.ts";
import { isAbsent, isRefusal, refusalHint, refusalReason } from "../errors/refusal.ts";
import { UserError } from "../errors/user_error.ts";
import type { AssetSource } from "./source.ts";

/** An extracted tree nobody used for this long is removed, in milliseconds. */
const UNUSED_MS = 30 * 24 * 60 * 60 * 1000;

/** One embedded file, read. */
export interface Asset {
  readonly path: string;
  readonly content: Uint8Array;
}

/** Reads every embedded file. */
export async function readAssets(source: AssetSource): Promise<readonly Asset[]> {
  const paths = await source.list();
  return Promise.all(paths.map(async (path) => ({ path, content: await source.read(path) })));
}

/** SHA-256 over paths and contents of all files, in hex; independent of their order. */
export async function hashAssets(assets: readonly Asset[]): Promise<string> {
  const sorted = [...assets].sort((a, b) => a.path < b.path ? -1 : 1);
  const lines: string[] = [];
  for (const { path, content } of sorted) lines.push(`${await sha256(content)}  ${path}\n`);
  return sha256(lines.join(""));
}

/**
 * Extracts the embedded tree below `cache`, or finds it there whole.
 *
 * What is found is compared entry by entry and byte for byte; a tree that was cut short, changed or
 * added to is replaced, as Ansible reads what lies beside a playbook. The new tree appears by one
 * rename, so that a second process never sees half of it.
 *
 * @throws {UserError} where the system does not let it be written
 */
export async function extractAssets(
  source: AssetSource,
  { cache }: { readonly cache: string },
) {
  const assets = await readAssets(source);
  const hash = await hashAssets(assets);
  const parent = `${cache}/assets`;
  const root = `${parent}/${hash.slice(0, 32)}`;
  try {
    await Deno.mkdir(parent, { recursive: true, mode: 0o700 });
    if (!await isWhole(root, assets)) {
      await withLock(parent, async () => {
        // Whoever held the lock before us may have extracted the same tree.
        if (!await isWhole(root, assets)) await replaceTree(root, assets);
      });
    }
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new UserError(`The playbooks cannot be written to ${parent}: ${refusalReason(error)}`, {
      hint: refusalHint(error, { directory: parent, variable: "XDG_CACHE_HOME" }),
      cause: error,
    });
  }
  await tidy(parent, root);
  return { root, hash };
}

/** True where a directory holds the files with their content, and nothing else. */
async function isWhole(root: string, assets: readonly Asset[]): Promise<boolean> {
  const wanted = new Set(assets.map(({ path }) => path));
  const folders = new Set(assets.flatMap(({ path }) => foldersAbove(path)));
  const found = await Deno.lstat(root).catch(absent);
  if (found?.isDirectory !== true || !await holds("")) return false;
  const same = await Promise.all(assets.map(async ({ path, content }) => {
    // Each is a regular file, so that reading it ends.
    const found = await Deno.readFile(`${root}/${path}`).catch(absent);
    return found !== undefined && found.length === content.length &&
      found.every((byte, index) => byte === content[index]);
  }));
  return same.every(Boolean);

  /** True where a folder has what is wanted and nothing else, each as what it should be. */
  async function holds(folder: string): Promise<boolean> {
    for await (const { name, isFile, isDirectory } of Deno.readDir(`${root}/${folder}`)) {
      const path = `${folder}${name}`;
      if (isDirectory ? !folders.has(path) || !await holds(`${path}/`) : !isFile) return false;
      if (isFile && !wanted.has(path)) return false;
    }
    return true;
  }
}

/** `a/b` and `a` of `a/b/c`. */
function foldersAbove(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_part, index) => parts.slice(0, index + 1).join("/"));
}

/** A tree on its way in or out; while the lock is free nobody is at it. */
const UNFINISHED = /^[0-9a-f]{32}\./;

async function replaceTree(root: string, assets: readonly Asset[]): Promise<void> {
  const [fresh, old] = [`${root}.new`, `${root}.old`];
  try {
    await remove(fresh);
    await remove(old);
    await Deno.mkdir(fresh, { mode: 0o700 });
    for (const { path, content } of assets) {
      const file = `${fresh}/${path}`;
      await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      await Deno.writeFile(file, content);
    }
    await Deno.rename(root, old).catch(absent);
    await Deno.rename(fresh, root);
  } finally {
    await remove(fresh).catch(ignored);
    await remove(old).catch(ignored);
  }
}

/** Holds a lock that the operating system drops when the process dies, so that it is never stale. */
async function withLock(directory: string, work: () => Promise<void>): Promise<void> {
  using handle = await openLockable(directory);
  await handle.lock(true);
  await work();
}

/** Removes what killed extractions left and trees nobody used for long, as far as that is allowed. */
async function tidy(parent: string, keep: string): Promise<void> {
  const now = new Date();
  await Deno.utime(keep, now, now).catch(ignored);
  const before = now.getTime() - UNUSED_MS;
  const useless: string[] = [];
  for await (const { name } of Deno.readDir(parent)) {
    const path = `${parent}/${name}`;
    if (path === keep) continue;
    const info = await Deno.lstat(path).catch(ignored);
    const unused = (info?.mtime?.getTime() ?? before) < before;
    if (unused || UNFINISHED.test(name)) useless.push(path);
  }
  if (useless.length === 0) return;
  using handle = await openLockable(parent);
  if (await handle.tryLock(true).catch(ignored) !== true) return;
  for (const path of useless) await remove(path).catch(ignored);
}

async function remove(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch(absent);
}

function absent(error: unknown): undefined {
  if (!isAbsent(error)) throw error;
}

/** For what is tried in passing and is no reason to fail. */
function ignored(): void {}
