/**
 * Real files for programs that need them (ansible-playbook): the embedded tree, extracted to the
 * cache under the hash of its content.
 *
 * @module
 */

import type { AssetSource } from "./source.ts";

/** An extracted tree nobody used for this long is removed, in milliseconds. */
const UNUSED_MS = 30 * 24 * 60 * 60 * 1000;

/** The embedded tree on disk. */
export interface ExtractedAssets {
  /** Folder that holds `ansible/`, `gitops/`, `examples/`; read it, never write to it. */
  readonly root: string;
  /** SHA-256 over all paths and contents, in hex. */
  readonly hash: string;
}

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
  return sha256(new TextEncoder().encode(lines.join("")));
}

/**
 * Extracts the embedded tree below `cache`, or finds it there whole.
 *
 * What is found is compared byte for byte; a tree that was cut short or changed is replaced. The
 * new tree appears by one rename, so that a second process never sees half of it.
 */
export async function extractAssets(
  source: AssetSource,
  { cache }: { readonly cache: string },
): Promise<ExtractedAssets> {
  const assets = await readAssets(source);
  const hash = await hashAssets(assets);
  const parent = `${cache}/assets`;
  const root = `${parent}/${hash.slice(0, 32)}`;
  await Deno.mkdir(parent, { recursive: true, mode: 0o700 });
  if (!await isWhole(root, assets)) {
    await withLock(`${parent}/.lock`, async () => {
      // Whoever held the lock before us may have extracted the same tree.
      if (!await isWhole(root, assets)) await replaceTree(root, assets);
    });
  }
  const now = new Date();
  await Deno.utime(root, now, now);
  await removeUnused(parent, { keep: root, before: now.getTime() - UNUSED_MS });
  return { root, hash };
}

async function isWhole(root: string, assets: readonly Asset[]): Promise<boolean> {
  const same = await Promise.all(assets.map(async ({ path, content }) => {
    const found = await Deno.readFile(`${root}/${path}`).catch(absent);
    return found !== undefined && found.length === content.length &&
      found.every((byte, index) => byte === content[index]);
  }));
  return same.every(Boolean) && await Deno.stat(root).then(() => true, () => false);
}

async function replaceTree(root: string, assets: readonly Asset[]): Promise<void> {
  const fresh = `${root}.${crypto.randomUUID()}`;
  try {
    await Deno.mkdir(fresh, { mode: 0o700 });
    for (const { path, content } of assets) {
      const file = `${fresh}/${path}`;
      await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      await Deno.writeFile(file, content);
    }
    await Deno.rename(root, `${fresh}.old`).catch(absent);
    await Deno.rename(fresh, root);
  } finally {
    await remove(fresh);
    await remove(`${fresh}.old`);
  }
}

/** Holds a lock that the operating system drops when the process dies, so that it is never stale. */
async function withLock(path: string, work: () => Promise<void>): Promise<void> {
  using file = await Deno.open(path, { create: true, write: true });
  await file.lock(true);
  await work();
}

async function removeUnused(
  parent: string,
  { keep, before }: { readonly keep: string; readonly before: number },
): Promise<void> {
  for await (const entry of Deno.readDir(parent)) {
    const path = `${parent}/${entry.name}`;
    if (path === keep || !entry.isDirectory) continue;
    const info = await Deno.stat(path).catch(absent);
    if ((info?.mtime?.getTime() ?? before) < before) await remove(path);
  }
}

async function remove(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch(absent);
}

function absent(error: unknown): undefined {
  if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return;
  throw error;
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as BufferSource);
  return new Uint8Array(digest).toHex();
}
