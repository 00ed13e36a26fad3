/**
 * The port through which everything runs other programs: argument vectors only, never a shell.
 *
 * @module
 */

/** How a program is run. */
export interface RunOptions {
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Which variables of this process it does not get. */
  readonly without?: RegExp;
  /** Working directory. */
  readonly cwd?: string;
  /** Written to its standard input, which is then closed; without it stdin is empty. */
  readonly stdin?: string | undefined;
  /** Written to its standard input as it comes, in place of `stdin`; where it fails the run does. */
  readonly input?: ReadableStream<Uint8Array>;
  /** Milliseconds after which it is ended; without it there is no limit. */
  readonly timeoutMs?: number;
  /** Ends it when aborted. */
  readonly signal?: AbortSignal;
  /** Hears each line of its standard output as soon as it is whole; `stdout` stays empty then. */
  readonly onLine?: (line: string) => void;
  /** Gets its standard output as it comes, and holds it up until it is taken; `stdout` stays empty then. */
  readonly onBytes?: (bytes: Uint8Array) => Promise<void>;
}

/** What a finished program left. */
export interface RunResult {
  /** Exit code; 128 + n where signal n ended it, as shells say it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** True where `timeoutMs` ran out and the program was ended for it. */
  readonly timedOut: boolean;
}

/** How a long-running program is started. */
export interface StartOptions extends Pick<RunOptions, "env" | "without" | "cwd" | "stdin"> {
  /** Its standard output and error, interleaved, are appended to this file (created 0600). */
  readonly logFile: string;
}

/** How a program is run on the terminal. */
export interface AttachOptions extends Pick<RunOptions, "signal"> {
  readonly ownsKeys?: boolean;
}

/** A program that is running. */
export interface RunningProcess {
  /** Settles with the exit code when it has ended. */
  readonly exit: Promise<number>;
  /** Asks it and all of its children to stop (SIGINT); after `graceMs` they are killed. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
}

/** Runs programs. The real one is `DenoRunner`; tests use a matcher-style fake. */
export interface Runner {
  /**
   * Runs a program to its end.
   *
   * @throws {ProgramNotFoundError} where `argv[0]` is not on PATH
   */
  run(argv: readonly string[], options?: RunOptions): Promise<RunResult>;

  /**
   * Runs a program on this process' own terminal, to its end, or until the signal is aborted.
   *
   * @param options.ownsKeys Ctrl-C and Ctrl-\\ are the program's alone meanwhile, and the terminal's
   *   settings are as before when it has ended, however that came
   * @returns its exit code, as in {@linkcode RunResult}
   * @throws {ProgramNotFoundError} where `argv[0]` is not on PATH
   */
  attach(argv: readonly string[], options?: AttachOptions): Promise<number>;

  /**
   * Starts a program in a process group of its own and returns at once.
   *
   * @throws {ProgramNotFoundError} where `argv[0]` is not on PATH
   */
  start(argv: readonly string[], options: StartOptions): RunningProcess;
}

/** A program that is not installed; whoever needs it says how to get it. */
export class ProgramNotFoundError extends Error {
  override readonly name = "ProgramNotFoundError";

  constructor(readonly program: string) {
    super(`${program} was not found on PATH`);
  }
}

/** What a program left, or undefined where it is not installed. */
export async function ifInstalled<T>(run: Promise<T>): Promise<T | undefined> {
  try {
    return await run;
  } catch (error) {
    if (error instanceof ProgramNotFoundError) return undefined;
    throw error;
  }
}
