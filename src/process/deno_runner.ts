/**
 * The only place that starts programs.
 *
 * @module
 */

import { Children, signalGroup } from "./children.ts";
import { LineSplitter } from "./line_splitter.ts";
import {
  type AttachOptions,
  ProgramNotFoundError,
  type Runner,
  type RunningProcess,
  type RunOptions,
  type RunResult,
  type StartOptions,
} from "./runner.ts";

/** How long a program that was asked to stop may take before it is killed, in milliseconds. */
const GRACE_MS = 10_000;

/** Runs programs with `Deno.Command`. */
export class DenoRunner implements Runner {
  /** @param children told of every program that outlives a single call */
  constructor(private readonly children: Children = new Children()) {}

  async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    options.signal?.throwIfAborted();
    const given = options.input ?? options.stdin;
    const child = spawn(argv, options);
    const exit = child.status;
    this.children.add(child.pid, exit);
    let timedOut = false;
    // A program of its own session (ssh's connection master) may hold the pipes open for ever.
    const cut = new AbortController();
    const end = () => {
      signalGroup(child.pid, "SIGKILL");
      cut.abort();
    };
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(() => {
      timedOut = true;
      end();
    }, options.timeoutMs);
    options.signal?.addEventListener("abort", end, { once: true });
    try {
      const [status, stdout, stderr] = await Promise.all([
        exit,
        outputOf(child.stdout, options, cut.signal),
        textOf(child.stderr, cut.signal),
        given === undefined ? undefined : feed(child, given, exit),
      ]);
      options.signal?.throwIfAborted();
      return { code: status.code, stdout, stderr, timedOut };
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", end);
    }
  }

  async attach(
    [program = "", ...args]: readonly string[],
    { signal, ownsKeys = false }: AttachOptions = {},
  ): Promise<number> {
    signal?.throwIfAborted();
    await using _keys = ownsKeys ? await this.#givingKeys() : undefined;
    try {
      const stdio = { stdin: "inherit", stdout: "inherit", stderr: "inherit" } as const;
      // In the process group of the terminal, and not detached: it reads the keys.
      const child = new Deno.Command(program, {
        args,
        ...stdio,
        ...signal === undefined ? {} : { signal },
      }).spawn();
      const { code } = await child.status;
      signal?.throwIfAborted();
      return code;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) throw new ProgramNotFoundError(program);
      throw error;
    }
  }

  /** As shells do while a program is in the foreground, and system(3) with SIGINT and SIGQUIT. */
  async #givingKeys(): Promise<AsyncDisposable> {
    const before = await stty("-g");
    const ignore = () => {};
    Deno.addSignalListener("SIGQUIT", ignore);
    this.children.haveKeys = true;
    return {
      [Symbol.asyncDispose]: async () => {
        this.children.haveKeys = false;
        Deno.removeSignalListener("SIGQUIT", ignore);
        // A program that was killed has not put back what it had set.
        if (before !== undefined) await stty(before);
      },
    };
  }

  start(argv: readonly string[], options: StartOptions): RunningProcess {
    const log = Deno.openSync(options.logFile, { create: true, append: true, mode: 0o600 });
    let child: Deno.ChildProcess;
    try {
      child = spawn(argv, options);
    } catch (error) {
      log.close();
      throw error;
    }
    const writer = new LogWriter(log);
    const logged = Promise.all([
      writer.drain(child.stdout),
      writer.drain(child.stderr),
      options.stdin === undefined ? undefined : feed(child, options.stdin, child.status),
    ])
      .finally(() => log.close());
    const exit = child.status.then(async (status) => {
      await logged;
      return status.code;
    });
    this.children.add(child.pid, exit);
    return {
      exit,
      stop: async ({ graceMs = GRACE_MS } = {}) => {
        signalGroup(child.pid, "SIGINT");
        const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), graceMs);
        try {
          await exit;
        } finally {
          clearTimeout(timer);
        }
      },
    };
  }
}

/** Asks or sets the settings of the terminal; undefined where that cannot be done. */
async function stty(argument: string): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command("stty", {
      args: [argument],
      stdin: "inherit",
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined; // not installed
  }
}

/** Starts a program as the leader of a process group. */
function spawn(
  argv: readonly string[],
  { env = {}, without, cwd, stdin, input }: Pick<
    RunOptions,
    "env" | "without" | "cwd" | "stdin" | "input"
  >,
): Deno.ChildProcess {
  const [program, ...args] = argv;
  if (program === undefined) throw new TypeError("Cannot run a program: argv is empty");
  const inherited = without === undefined ? {} : Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => !without.test(name)),
  );
  try {
    return new Deno.Command(program, {
      args,
      stdin: (input ?? stdin) === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      detached: true,
      env: { ...inherited, ...env },
      clearEnv: without !== undefined,
      ...(cwd === undefined ? {} : { cwd }),
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new ProgramNotFoundError(program);
    throw error;
  }
}

async function feed(
  child: Deno.ChildProcess,
  given: string | ReadableStream<Uint8Array>,
  exit: Promise<unknown>,
): Promise<void> {
  const stream = typeof given === "string" ? ReadableStream.from([encoded(given)]) : given;
  const ended = new AbortController();
  exit.then(() => ended.abort(), () => {});
  try {
    await stream.pipeTo(child.stdin, { signal: ended.signal });
  } catch (error) {
    // A program may end without reading what it was given; its exit code tells the story.
    if (error !== ended.signal.reason && !(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

async function outputOf(
  stream: ReadableStream<Uint8Array>,
  { onLine, onBytes }: RunOptions,
  cut: AbortSignal,
): Promise<string> {
  if (onLine !== undefined) return await linesOf(stream, onLine, cut);
  if (onBytes === undefined) return await textOf(stream, cut);
  for await (const chunk of chunksOf(stream, cut)) await onBytes(chunk);
  return "";
}

/** A stream to its end, or what had come when `cut` was aborted. */
async function* chunksOf(
  stream: ReadableStream<Uint8Array>,
  cut: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const reader = stream.getReader();
  const stop = () => void reader.cancel().catch(() => {});
  if (cut.aborted) stop();
  cut.addEventListener("abort", stop, { once: true });
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    cut.removeEventListener("abort", stop);
    stop(); // where it is not read to its end
  }
}

/** All of a stream as text. */
async function textOf(stream: ReadableStream<Uint8Array>, cut: AbortSignal): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunksOf(stream, cut)) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

/** Hands out the lines of a stream; nothing is left over. */
async function linesOf(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
  cut: AbortSignal,
): Promise<string> {
  const lines = new LineSplitter();
  for await (const chunk of chunksOf(stream, cut)) lines.push(chunk).forEach(onLine);
  if (lines.rest !== "") onLine(lines.rest);
  return "";
}

/**
 * Writes streams into a log as far as the disk has room: a full disk must not stop the program
 * whose output is logged.
 */
class LogWriter {
  #full = false;

  constructor(private readonly file: Deno.FsFile) {}

  /** Reads a stream to its end. */
  async drain(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const chunk of stream) {
      if (this.#full) continue;
      try {
        for (let sent = 0; sent < chunk.length;) {
          sent += await this.file.write(chunk.subarray(sent));
        }
      } catch {
        this.#full = true;
      }
    }
  }
}
