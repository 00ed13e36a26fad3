/**
 * The files of a repository's work tree, as they are or as they would be.
 *
 * @module
 */

import { join, relative } from "node:path";
import { unreadable } from "../../errors/refusal.ts";
import { ifThere } from "../../process/small_file.ts";

/** Larger files are no manifests; Kubernetes takes objects up to 1.5 MiB (etcd's request limit). */
const LARGEST_BYTES = 1_500_000;

/** Folders whose content is nobody's manifest. */
const PASSED_OVER = new Set([".git", "node_modules"]);

/** What a tool that was ended left behind: temporary files of its own. */
const LEFT_BEHIND = /^\..+\.k3s-tool$/;

/** Read access to a work tree; paths are relative to its root, with `/`. */
export interface RepositoryFiles {
  /** Absolute path of the root: what paths in the repository count from. */
  readonly root: string;
  /** Every regular file, sorted; symbolic links are not followed. */
  readonly paths: readonly string[];
  /** What is no regular file, or is left out by Flux, and why it cannot be used. */
  readonly unusable: ReadonlyMap<string, string>;
  /** Addresses that Git knows the repository by. */
  readonly remotes: readonly string[];
  /** A file's text; undefined where there is none, or one too large for a manifest. */
  read(path: string): Promise<string | undefined>;
  has(path: string): boolean;
  hasDirectory(path: string): boolean;
  /** True for what is below the directory that was asked about. */
  readonly inScope: (path: string) => boolean;
}

/**
 * Lists a work tree.
 *
 * @param options.added files to be thought of as there, by path
 * @param options.scope absolute path of the part that is asked about; default: all of it
 * @throws {UserError} exit code 2 where the directory cannot be read
 */
export async function repositoryFiles(
  root: string,
  { added = new Map(), scope = root }: {
    readonly added?: ReadonlyMap<string, string>;
    readonly scope?: string;
  } = {},
): Promise<RepositoryFiles> {
  const found: string[] = [];
  const unusable = new Map<string, string>();
  const inside = relative(root, scope);
  // Without a .git above, only what was asked about belongs to the repository.
  const isGit = await Deno.stat(join(root, ".git")).then(() => true, () => false);
  await walk(root, isGit ? "" : inside, { found, unusable });
  const texts = new Map<string, Promise<string | undefined>>();
  const paths = [...new Set([...found, ...added.keys()])].sort();
  return {
    root,
    ...listed(paths),
    unusable,
    remotes: isGit ? await remotesOf(root) : [],
    inScope: (path) => inside === "" || path.startsWith(`${inside}/`),
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

/** What Flux has of it: without files that it leaves out. */
export function withoutLeftOut(
  files: RepositoryFiles,
  isLeftOut: (path: string) => boolean,
): RepositoryFiles {
  const out = files.paths.filter(isLeftOut);
  const why = out.map((path) =>
    [path, "is left out by Flux (.sourceignore, spec.ignore)"] as const
  );
  return {
    ...files,
    ...listed(files.paths.filter((path) => !isLeftOut(path))),
    unusable: new Map([...files.unusable, ...why]),
  };
}

function listed(paths: readonly string[]): Pick<RepositoryFiles, "paths" | "has" | "hasDirectory"> {
  const files = new Set(paths);
  const directories = new Set(paths.flatMap(parentsOf));
  return {
    paths,
    has: (path) => files.has(path),
    hasDirectory: (path) => path === "" || path === "." || directories.has(path),
  };
}

function parentsOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join("/"));
}

/** Addresses in `.git/config`; none where it is elsewhere, as in a linked work tree. */
async function remotesOf(root: string): Promise<readonly string[]> {
  const text = await Deno.readTextFile(join(root, ".git", "config")).catch(() => "");
  return [...text.matchAll(/^\s*url\s*=\s*(\S+)/gm)].map(([, url]) => url!);
}

async function walk(
  root: string,
  folder: string,
  into: { readonly found: string[]; readonly unusable: Map<string, string> },
): Promise<void> {
  try {
    for await (const entry of Deno.readDir(join(root, folder))) {
      if (LEFT_BEHIND.test(entry.name)) continue;
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory) {
        if (!PASSED_OVER.has(entry.name)) await walk(root, path, into);
      } else if (entry.isFile) into.found.push(path);
      else if (entry.isSymlink) {
        into.unusable.set(path, "is a symbolic link, which Flux leaves out");
      } else into.unusable.set(path, "is not a regular file"); // reading a pipe would not end
    }
  } catch (error) {
    if (folder === "" && error instanceof Deno.errors.NotFound) return;
    throw unreadable(join(root, folder))(error);
  }
}

async function readText(path: string): Promise<string | undefined> {
  const found = await Deno.lstat(path).catch(() => undefined);
  if (!found?.isFile || found.size > LARGEST_BYTES) return undefined;
  return await ifThere(Deno.readTextFile(path)).catch(unreadable(path));
}
