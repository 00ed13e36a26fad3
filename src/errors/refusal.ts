/**
 * Errors of the operating system (errno.h), in plain words.
 *
 * @module
 */

import { ExitCode, UserError } from "./user_error.ts";

/** Why something was refused, and what to do about it. */
interface Refusal {
  readonly why: string;
  /** What to do, about a directory. */
  readonly advice: (directory: string) => string;
}

/** How the system, SQLite and k3s say on any machine that a disk is full, and the tool's own modules. */
export const DISK_FULL = /disk\b.* is full|no space left on device|disk quota exceeded/i;

const FULL: Refusal = {
  why: "the disk is full",
  advice: (directory) => `Free space on the disk of ${directory}`,
};
const DENIED: Refusal = {
  why: "permission denied",
  advice: (directory) => `Give your user write access to ${directory}`,
};
const IN_THE_WAY: Refusal = {
  why: "a file is where a directory is needed",
  advice: (directory) => `Move the file that is in the place of ${directory} or one of its parents`,
};

function other(why: string): Refusal {
  return { why, advice: (directory) => `Check ${directory} and its disk` };
}

const NO_DIRECTORIES = other("its file system does not allow new directories");

const REFUSALS: Readonly<Record<string, Refusal>> = {
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: {
    why: "the file system is read-only",
    advice: (directory) => `Make ${directory} writable`,
  },
  ENOSPC: FULL,
  EDQUOT: { ...FULL, why: "your disk quota is exceeded" },
  ENOTDIR: IN_THE_WAY,
  EEXIST: IN_THE_WAY,
  EIO: other("the disk reports an error"),
  EISDIR: other("a directory is where a file is needed"),
  ENOTEMPTY: other("a directory that is not empty is in the way"),
  ENAMETOOLONG: other("the path is too long"),
  ELOOP: other("its symbolic links form a loop"),
  EMFILE: other("too many files are open"),
  ENFILE: other("too many files are open on this machine"),
  ENOLCK: other("its file system does not support locks"),
  EOPNOTSUPP: other("its file system does not support this"),
  ENOMEM: other("out of memory"),
};

/** True for errors of the operating system that the program cannot fix. */
export function isRefusal(error: unknown): error is Error {
  return refusalOf(error) !== undefined;
}

/** Why the system refused it; the system's own words where it is not known. */
export function refusalReason(error: unknown): string {
  const known = refusalOf(error)?.why;
  if (known !== undefined) return known;
  if (error instanceof Deno.errors.NotFound) return "it does not exist";
  return error instanceof Error ? error.message : String(error);
}

/**
 * What the system refused, in a sentence, and what to do; undefined for errors of another kind. Deno names the
 * operation and the path at the end of its message.
 */
export function refusalWords(
  error: unknown,
): { readonly message: string; readonly hint: string } | undefined {
  const refusal = refusalOf(error);
  if (refusal === undefined) return undefined;
  const said = (error as Error).message;
  const [, operation = "", path] = /\(os error \d+\): (\w+) '([^]+)'$/.exec(said) ?? [];
  if (path === undefined) {
    return {
      message: refusal.why[0]!.toUpperCase() + refusal.why.slice(1),
      hint: "Check the disk and the permissions of what this writes to.",
    };
  }
  const parent = path.slice(0, path.lastIndexOf("/")) || "/";
  const advice = refusal === DENIED ? `Check the permissions of ${path}` : refusal.advice(parent);
  const own = operation === "mkdir" || path.includes("/k3s-tool/")
    ? " XDG_CACHE_HOME and XDG_STATE_HOME set where k3s-tool keeps its files."
    : "";
  return { message: `Cannot use ${path}: ${refusal.why}`, hint: `${advice}.${own}` };
}

/** True where there is nothing at a path, as one of its parents is missing or a file. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

/** For `catch` where a file is read. @throws {UserError} exit code 2, unless another is given */
export function unreadable(file: string, exitCode: ExitCode = ExitCode.Usage) {
  return (cause: unknown): never => {
    throw new UserError(`Cannot read ${file}: ${refusalReason(cause)}`, { exitCode, cause });
  };
}

/**
 * What to do about a refusal.
 *
 * @param directory where the tool wanted to write
 * @param variable environment variable that names another place for it
 */
export function refusalHint(
  error: unknown,
  { directory, variable }: { readonly directory: string; readonly variable: string },
): string {
  const advice = (refusalOf(error) ?? other("")).advice(directory);
  return `${advice}, or set ${variable} to a directory that you can write to.`;
}

function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  // With its parents made first, only a file system that takes no directories says that (such as /proc).
  if (error.code === "ENOENT" && /: mkdir '/.test(error.message)) return NO_DIRECTORIES;
  return REFUSALS[String(error.code)];
}
