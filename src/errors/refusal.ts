/**
 * What the operating system refuses for reasons of its own (errno.h), in the words of a person.
 *
 * @module
 */

/** Why something was refused, and what to do about it. */
interface Refusal {
  readonly why: string;
  /** What to do, about a directory. */
  readonly advice: (directory: string) => string;
}

const FULL: Refusal = {
  why: "the disk is full",
  advice: (directory) => `Make room on the disk of ${directory}`,
};
const DENIED: Refusal = {
  why: "permission denied",
  advice: (directory) => `Make ${directory} yours`,
};
const IN_THE_WAY: Refusal = {
  why: "a file is where a directory is needed",
  advice: (directory) =>
    `Move away what is in the place of ${directory} or of a directory above it`,
};

function other(why: string): Refusal {
  return { why, advice: (directory) => `Look at ${directory} and at its disk` };
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: {
    why: "the file system is read-only",
    advice: (directory) => `Make ${directory} writable`,
  },
  ENOSPC: FULL,
  EDQUOT: { ...FULL, why: "your quota on the disk is used up" },
  ENOTDIR: IN_THE_WAY,
  EEXIST: IN_THE_WAY,
  EIO: other("the disk reports an error"),
  EISDIR: other("a directory is where a file is needed"),
  ENOTEMPTY: other("a directory that is not empty is in the way"),
  ENAMETOOLONG: other("the path is too long"),
  ELOOP: other("its symbolic links lead in a circle"),
  EMFILE: other("too many files are open"),
  ENFILE: other("too many files are open on this machine"),
  ENOLCK: other("its file system has no locks"),
  EOPNOTSUPP: other("its file system cannot do that"),
  ENOMEM: other("the memory is used up"),
};

/** True for what the operating system refused, and the program cannot help. */
export function isRefusal(error: unknown): error is Error {
  return refusalOf(error) !== undefined;
}

/** Why the system refused it; the system's own words where it is not known. */
export function refusalReason(error: unknown): string {
  return refusalOf(error)?.why ?? (error instanceof Error ? error.message : String(error));
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
  return `${advice}, or point ${variable} to a directory that you can write to.`;
}

function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return REFUSALS[String(error.code)];
}
