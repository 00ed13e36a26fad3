/**
 * The files of a repository's work tree, as they are or as they would be.
 *
 * @module
 */

import { join } from "node:path";
import { usageError } from "../errors/user_error.ts";

/** Larger files are no manifests; Kubernetes takes objects up to 1.5 MiB (etcd's request limit). */
const LARGEST_BYTES = 1_500_000;

/** Folders whose content is nobody's manifest. */
const PASSED_OVER = new Set([".git", "node_modules"]);

/** What a tool that was ended left behind: temporary files of its own. */
const LEFT_BEHIND = /^\..+\.k3s-tool$/;

/** Read access to a work tree; paths are relative to its root, with `/`. */
export interface RepositoryFiles {
  /** Absolute path of the root. */
  readonly root: string;
  /** Every regular file, sorted; symbolic links are not followed. */
  readonly paths: readonly string[];
  /** A file's text; undefined where there is none, or one too large for a manifest. */
  read(path: string): Promise<string | undefined>;
}

/**
 * Lists a work tree.
 *
 * @param options.added files to be thought of as there, by path
 * @throws {UserError} exit code 2 where the directory cannot be read
 */
export async function repositoryFiles(
  root: string,
  { added = new Map() }: { readonly added?: ReadonlyMap<string, string> } = {},
): Promise<RepositoryFiles> {
  const found: string[] = [];
  await walk(root, "", found);
  const texts = new Map<string, Promise<string | undefined>>();
  return {
    root,
    paths: [...new Set([...found, ...added.keys()])].sort(),
    read(path) {
      let text = texts.get(path);
      if (text === undefined) {
        text = added.has(path) ? Promise.resolve(added.get(path)) : readText(join(root, path));
        texts.set(path, text);
      }
      return text;
    },
  };
}

async function walk(root: string, folder: string, into: string[]): Promise<void> {
  try {
    for await (const entry of Deno.readDir(join(root, folder))) {
      if (LEFT_BEHIND.test(entry.name)) continue;
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory && !PASSED_OVER.has(entry.name)) await walk(root, path, into);
      else if (entry.isFile) into.push(path);
    }
  } catch (error) {
    if (folder === "" && error instanceof Deno.errors.NotFound) return;
    throw usageError(`Cannot read ${join(root, folder)}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    const { isFile, size } = await Deno.lstat(path);
    return isFile && size <= LARGEST_BYTES ? await Deno.readTextFile(path) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw usageError(`Cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}
