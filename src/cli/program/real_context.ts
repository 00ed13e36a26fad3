/**
 * The context of a real run: this process, this machine.
 *
 * @module
 */

import { FolderAssets } from "../../assets/source.ts";
import { ExitCode, usageError } from "../../errors/user_error.ts";
import { Children } from "../../process/children.ts";
import { DenoRunner } from "../../process/deno_runner.ts";
import { directoriesFrom, machineClock } from "../../process/system.ts";
import type { Context, OutputStream } from "./context.ts";

/**
 * How long a command may take to end after it was asked to, in milliseconds; more than ending a run
 * of Ansible takes. Who asks twice waits no longer than the second.
 */
const PATIENCE = { first: 30_000, second: 2_000 };

/**
 * Makes the context of this process and has it end its children when it is told to end.
 *
 * @param root folder that holds `ansible/`, `gitops/` and `examples/`
 */
export function realContext(root: string, { patience = PATIENCE } = {}): Context {
  const children = new Children();
  const env = (name: string) => Deno.env.get(name) || undefined;
  const signal = interruptSignal(children, patience);
  return {
    runner: new DenoRunner(children),
    clock: machineClock,
    directories: directoriesFrom(env),
    cwd: Deno.cwd(),
    env,
    signal,
    stdout: outputStream(Deno.stdout),
    stderr: outputStream(Deno.stderr),
    stdin: {
      isTerminal: Deno.stdin.isTerminal(),
      readAll: () => readText(Deno.stdin.readable, signal),
    },
    assets: new FolderAssets(root),
  };
}

/** Everything on a pipe. What is not UTF-8 is refused: a password would be changed on the way. */
async function readText(pipe: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<string> {
  const all = new Response(pipe.pipeThrough(new TransformStream(), { signal }));
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await all.bytes());
  } catch (cause) {
    if (!(cause instanceof TypeError) || signal.aborted) throw cause;
    throw usageError("stdin is not UTF-8 text; nothing was written", { cause });
  }
}

/**
 * Aborted by the first SIGINT, SIGTERM or SIGHUP, so that the command can end what it began and
 * say how things stand. A second one ends the children at once. A command that does not end by
 * itself (something waits that cannot be told) is ended then: nobody should need SIGKILL.
 */
function interruptSignal(children: Children, patience: typeof PATIENCE): AbortSignal {
  const controller = new AbortController();
  const leave = () => Deno.exit(ExitCode.Interrupted);
  const leaveWithoutChildren = () => {
    if (children.size === 0) leave();
    else after(patience.first, leaveWithoutChildren);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => {
      if (signal === "SIGINT" && children.haveKeys) return;
      if (controller.signal.aborted) {
        children.signalAll("SIGKILL");
        after(patience.second, leave);
      } else {
        after(patience.first, leaveWithoutChildren);
        // No UserError: whoever goes on without Tailscale or a cluster shall not go on after this.
        controller.abort();
      }
    });
  }
  return controller.signal;
}

/** Does it later, if the process still lives then. */
function after(ms: number, action: () => void): void {
  Deno.unrefTimer(setTimeout(action, ms));
}

function outputStream(
  stream: { writeSync(bytes: Uint8Array): number; isTerminal(): boolean },
): OutputStream {
  const encoder = new TextEncoder();
  let open = true;
  return {
    write(text) {
      const bytes = encoder.encode(text);
      try {
        for (let sent = 0; sent < bytes.length;) sent += stream.writeSync(bytes.subarray(sent));
      } catch (error) {
        if (!isGone(error)) throw error;
        open = false;
      }
    },
    isTerminal: stream.isTerminal(),
    isOpen: () => open,
    columns: () => consoleSize(stream)?.columns || undefined, // 0: a terminal that does not know
    rows: () => consoleSize(stream)?.rows || undefined,
  };
}

function consoleSize(
  stream: { isTerminal(): boolean },
): { columns: number; rows: number } | undefined {
  if (!stream.isTerminal()) return undefined;
  try {
    return Deno.consoleSize();
  } catch {
    return undefined; // no console behind it (a serial line)
  }
}

/**
 * True where nobody reads any more: `k3s-tool … | head` has what it wanted, or the terminal was
 * closed (EIO) and the command still has something to put in order.
 */
function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe ||
    (error instanceof Error && /\(os error 5\)|EIO/.test(error.message));
}
