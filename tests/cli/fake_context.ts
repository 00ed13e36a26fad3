/**
 * A context for whole commands in process: real files below a temporary directory, everything
 * else made up and recorded.
 *
 * @module
 */

import { type AssetSource, FolderAssets } from "../../src/assets/source.ts";
import type { Context, OutputStream } from "../../src/cli/program/context.ts";
import { run } from "../../src/cli/program/program.ts";
import type { Runner } from "../../src/process/runner.ts";
import { ProgramNotFoundError } from "../../src/process/runner.ts";
import { directoriesFrom, machineClock } from "../../src/process/system.ts";

/** The root of the checkout. */
export const PROJECT_ROOT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** What the person's machine is like. */
export interface FakeOptions {
  /** Working directory and HOME; default: neither is used. */
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly runner?: Runner;
  readonly assets?: AssetSource;
  readonly stdin?: string;
  readonly signal?: AbortSignal;
  /** Overrides of the context itself. */
  readonly context?: Partial<Context>;
}

/** What a command left. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A stream whose text goes to `write`: a pipe, or a terminal of this size. */
export function recordedStream(
  write: (text: string) => void,
  size?: { readonly columns: number; readonly rows: number },
): OutputStream {
  return {
    write,
    isTerminal: size !== undefined,
    columns: () => size?.columns,
    rows: () => size?.rows,
    isOpen: () => true,
  };
}

/** A runner on a machine where no program is installed. */
export const emptyMachine: Runner = {
  run: (argv) => Promise.reject(new ProgramNotFoundError(argv[0] ?? "")),
  attach: (argv) => Promise.reject(new ProgramNotFoundError(argv[0] ?? "")),
  start: (argv) => {
    throw new ProgramNotFoundError(argv[0] ?? "");
  },
};

/** Runs a command line in process, with stdout and stderr on pipes, and returns what it left. */
export async function runCommand(
  argv: readonly string[],
  options: FakeOptions = {},
): Promise<CommandResult> {
  let stdout = "";
  let stderr = "";
  const directory = options.directory ?? "/proc/nonexistent";
  const variables: Record<string, string | undefined> = { HOME: directory, ...options.env };
  const env = (name: string) => variables[name];
  const context: Context = {
    runner: options.runner ?? emptyMachine,
    clock: machineClock,
    directories: directoriesFrom(env),
    cwd: directory,
    env,
    signal: options.signal ?? new AbortController().signal,
    stdout: recordedStream((text) => stdout += text),
    stderr: recordedStream((text) => stderr += text),
    stdin: { isTerminal: false, readAll: () => Promise.resolve(options.stdin ?? "") },
    assets: options.assets ?? new FolderAssets(PROJECT_ROOT),
    ...options.context,
  };
  const code = await run(argv, context);
  return { code, stdout, stderr };
}
