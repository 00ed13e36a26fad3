/**
 * The context of a real run: this process, this machine.
 *
 * @module
 */

import { FolderAssets } from "../assets/folder_assets.ts";
import { interruptedError } from "../errors/user_error.ts";
import { Children } from "../process/children.ts";
import { DenoRunner } from "../process/deno_runner.ts";
import { directoriesFrom, machineClock } from "../process/system.ts";
import type { Context, OutputStream } from "./context.ts";

/**
 * Makes the context of this process and has it end its children when it is told to end.
 *
 * @param root folder that holds `ansible/`, `gitops/` and `examples/`
 */
export function realContext(root: string): Context {
  const children = new Children();
  const env = (name: string) => Deno.env.get(name) || undefined;
  return {
    runner: new DenoRunner(children),
    clock: machineClock,
    directories: directoriesFrom(env),
    cwd: Deno.cwd(),
    env,
    signal: interruptSignal(children),
    stdout: outputStream(Deno.stdout),
    stderr: outputStream(Deno.stderr),
    stdin: {
      isTerminal: Deno.stdin.isTerminal(),
      readAll: () => new Response(Deno.stdin.readable).text(),
    },
    assets: new FolderAssets(root),
  };
}

/**
 * Aborted by the first SIGINT, SIGTERM or SIGHUP, so that the command can end what it began and
 * say how things stand. A second one ends the children at once.
 */
function interruptSignal(children: Children): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => {
      if (controller.signal.aborted) children.signalAll("SIGKILL");
      controller.abort(interruptedError());
    });
  }
  return controller.signal;
}

function outputStream(
  stream: { writeSync(bytes: Uint8Array): number; isTerminal(): boolean },
): OutputStream {
  const encoder = new TextEncoder();
  return {
    write(text) {
      const bytes = encoder.encode(text);
      try {
        for (let sent = 0; sent < bytes.length;) sent += stream.writeSync(bytes.subarray(sent));
      } catch (error) {
        // `k3s-tool … | head` closes the pipe: the reader has what it wanted.
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      }
    },
    isTerminal: stream.isTerminal(),
    columns() {
      if (!stream.isTerminal()) return undefined;
      try {
        return Deno.consoleSize().columns;
      } catch {
        return undefined; // no console behind it (a serial line)
      }
    },
  };
}
