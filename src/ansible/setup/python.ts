/**
 * Finds a Python that ansible-core runs on.
 *
 * @module
 */

import { ProgramNotFoundError } from "../../process/runner.ts";
import type { System } from "../../process/system.ts";

/** The Pythons that ansible-core 2.19 and the hashes in requirements.txt are for. */
const OLDEST = 11;
const NEWEST = 13;

/** Names tried in turn; plain `python3` first, because it has the distribution's venv with it. */
const NAMES = ["python3", "python3.13", "python3.12", "python3.11"] as const;

/** A Python on PATH. */
export interface Python {
  readonly program: string;
  /** `3.11`. */
  readonly version: string;
  /** False where the standard modules `venv` and `ensurepip` are missing (Debian splits them off). */
  readonly venv: boolean;
}

/** All that was found: the one to use, or what is there instead. */
export interface PythonSearch {
  readonly python: Python | undefined;
  /** Versions found that are too old or too new. */
  readonly others: readonly string[];
}

const PROBE = "import sys,importlib.util as u;" +
  "print('%d.%d'%sys.version_info[:2]," +
  "int(all(u.find_spec(m) is not None for m in ('venv','ensurepip'))))";

/** Looks for Python 3.11 to 3.13, one that can make virtual environments first. */
export async function findPython(
  { runner, signal }: Pick<System, "runner" | "signal">,
): Promise<PythonSearch> {
  const others = new Set<string>();
  let incomplete: Python | undefined;
  for (const program of NAMES) {
    const python = await probe(program);
    if (python === undefined) continue;
    const minor = Number(/^3\.(\d+)$/.exec(python.version)?.[1] ?? -1);
    if (minor < OLDEST || minor > NEWEST) others.add(python.version);
    else if (python.venv) return { python, others: [...others] };
    else incomplete ??= python;
  }
  return { python: incomplete, others: [...others] };

  async function probe(program: string): Promise<Python | undefined> {
    try {
      const { code, stdout } = await runner.run([program, "-I", "-c", PROBE], {
        signal,
        timeoutMs: 30_000,
      });
      const found = code === 0 ? /^(\d+\.\d+) ([01])\s*$/.exec(stdout) : null;
      if (found === null) return undefined;
      return { program, version: found[1] ?? "", venv: found[2] === "1" };
    } catch (error) {
      if (error instanceof ProgramNotFoundError) return undefined;
      throw error;
    }
  }
}
