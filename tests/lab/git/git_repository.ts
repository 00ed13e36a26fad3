/**
 * Repositories of the lab's Git server, and commits to them as if somebody had pushed.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { run } from "../cli/command.ts";
import { changeAccess, gitServer } from "./git_server.ts";
import { runDir } from "../paths.ts";

/** The branch that is meant where none is named. */
const defaultBranch = "main";

/** Git without the settings of whoever runs the lab. */
const env = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@lab.example",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@lab.example",
};

/** Makes an empty repository with the branch `main`. */
export async function createRepository(
  name: string,
  options: { readonly public?: boolean } = {},
): Promise<void> {
  const bare = barePath(name);
  await run(["git", "init", "--quiet", "--bare", `--initial-branch=${defaultBranch}`, bare], {
    env,
  });
  await changeAccess(name, (access) => ({ ...access, public: options.public ?? false }));
}

/** Files of a commit by their path: their text, or null where a file or directory is to go. */
export type Changes = Readonly<Record<string, string | null>>;

/**
 * Commits changes on top of what the repository has and returns the commit's id. It does not go through the server,
 * so that it also works while that is away.
 */
export async function commit(name: string, changes: Changes, message: string): Promise<string> {
  const work = await workTree(name);
  for (const [path, content] of Object.entries(changes)) {
    const target = join(work, path);
    if (content === null) {
      await Deno.remove(target, { recursive: true });
    } else {
      await Deno.mkdir(dirname(target), { recursive: true });
      await Deno.writeTextFile(target, content);
    }
  }
  return await publish(work, { message });
}

/** Copies a directory's files but not its own history. */
const copyFiles = 'tar -C "$1" --exclude=./.git -c . | tar -C "$2" -x';

/** What is committed to which branch. */
export interface Commit {
  readonly message: string;
  /** Begins at `main` where there is none of this name; `main` without it. */
  readonly branch?: string | undefined;
}

/** Commits all files of a directory, in place of what the repository has. */
export async function commitTree(
  name: string,
  from: string,
  { message, branch }: Commit,
): Promise<string> {
  const work = await workTree(name, branch);
  await git(work, "rm", "-r", "--quiet", "--ignore-unmatch", ".");
  await run(["sh", "-euc", copyFiles, "sh", from, work]);
  return await publish(work, { message, branch });
}

/** All that the repository ever held, in clear: to look for secrets in it. */
export function history(name: string): Promise<string> {
  return run(["git", "-C", barePath(name), "log", "--all", "--patch", "--format=fuller"], { env });
}

/** A work tree at what a branch of the repository has now, or at `main` where there is no such branch. */
async function workTree(name: string, branch = defaultBranch): Promise<string> {
  const work = join(runDir, "git", "work", name);
  await run(["rm", "-rf", work]);
  await run(["git", "clone", "--quiet", barePath(name), work], { env });
  const found = await git(work, "branch", "--remotes", "--list", `origin/${branch}`);
  if (found !== "") await git(work, "checkout", "--quiet", branch);
  return work;
}

/** Commits a work tree as it is, pushes, and returns the commit's id. */
async function publish(
  work: string,
  { message, branch = defaultBranch }: Commit,
): Promise<string> {
  await git(work, "add", "--all");
  await git(work, "commit", "--quiet", `--message=${message}`);
  await git(work, "push", "--quiet", "origin", `HEAD:refs/heads/${branch}`);
  return (await git(work, "rev-parse", "HEAD")).trim();
}

function git(work: string, ...args: string[]): Promise<string> {
  return run(["git", "-C", work, ...args], { env });
}

function barePath(name: string): string {
  return join(gitServer.repositories, `${name}.git`);
}
