/**
 * A work tree on the disk: where it really lies, and that nothing is written outside of it.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { usageError } from "../../errors/user_error.ts";

/**
 * Where a path really lies, symbolic links followed, be it there or yet to be made.
 *
 * @throws {UserError} exit code 2 where a link on the way is broken
 */
export async function realPlace(path: string): Promise<string> {
  for (let above = path;; above = dirname(above)) {
    const found = await Deno.lstat(above).catch(() => undefined);
    if (found === undefined && above !== dirname(above)) continue;
    const real = await Deno.realPath(above).catch((error) => {
      const message = found?.isSymlink
        ? `${above} is a broken symbolic link`
        : `Cannot use ${above}: ${(error as Error).message}`;
      throw usageError(message, { cause: error });
    });
    return join(real, path.slice(above.length));
  }
}

/** True where a path is a directory or lies in it; both as {@linkcode realPlace} gives them. */
export function liesIn(path: string, directory: string): boolean {
  return path === directory ||
    path.startsWith(directory.endsWith("/") ? directory : `${directory}/`);
}

/**
 * Makes sure that a file of a work tree can be written, and that it is in the work tree.
 *
 * @param path relative to `root`
 * @throws {UserError} exit code 2 where it is a directory, lies below a file, or a symbolic link
 *   leads out of the work tree
 */
export async function checkTarget(root: string, path: string): Promise<void> {
  const real = await realPlace(join(root, path));
  if (!liesIn(real, await realPlace(root))) {
    const message = `${
      join(root, path)
    } is behind a symbolic link that points outside the repository`;
    throw usageError(message, {
      hint: `It would be written to ${real}. Remove the link, or choose another directory.`,
    });
  }
  if ((await Deno.stat(real).catch(() => undefined))?.isDirectory) {
    throw usageError(`${join(root, path)} is a directory, but must be a file`);
  }
  await checkDirectory(dirname(real));
}

/** @throws {UserError} exit code 2 where something else than a directory is on the way to a path */
export async function checkDirectory(path: string): Promise<void> {
  for (let above = path;; above = dirname(above)) {
    const found = await Deno.stat(above).catch(() => undefined);
    if (found?.isDirectory || above === dirname(above)) return;
    if (found !== undefined) {
      throw usageError(`${above} is a file, but must be a directory`, {
        hint: "Move it away, or choose another directory.",
      });
    }
  }
}

/** The root of the Git repository a path lies in; undefined outside of one. */
export async function repositoryAround(path: string): Promise<string | undefined> {
  for (let directory = path;; directory = dirname(directory)) {
    // A file in linked work trees and submodules.
    if (await Deno.stat(join(directory, ".git")).then(() => true, () => false)) return directory;
    if (directory === dirname(directory)) return undefined;
  }
}

/** True for an empty directory, and for one that is yet to be made. */
export async function isEmptyDirectory(directory: string): Promise<boolean> {
  try {
    for await (const _ of Deno.readDir(directory)) return false;
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw usageError(`Cannot use ${directory}: ${(error as Error).message}`, { cause: error });
  }
}
