/**
 * Finds an ansible-core that runs our playbooks (the person's own, else the private one), and a Python
 * that a private one runs on.
 *
 * @module
 */

import { ifInstalled, type RunResult } from "../../process/runner.ts";
import type { System } from "../../process/system.ts";
import { makeTemporaryDirectory } from "../../process/temporary_directory.ts";

/**
 * Variables of the person's environment that no Ansible of ours gets: each setting of Ansible can be
 * one (ansible-core `config/base.yml`) and would win over the tool's `ansible.cfg`, and Python's may
 * bring other modules. How one logs in and decrypts stays; `ANSIBLE_BECOME_PASSWORD_FILE` and
 * `ANSIBLE_VAULT_PASSWORD_FILE` arrive as options. docs/inventory.md lists these names.
 */
export const FOREIGN_VARIABLES =
  /^(?:_?ANSIBLE_(?!(?:PRIVATE_KEY_FILE|VAULT_IDENTITY_LIST)$)|PYTHON)/;

/** The oldest ansible-core the roles are written for. */
const OLDEST_ANSIBLE = [2, 16] as const;

/** How long a program may take to tell its version, in milliseconds. */
const VERSION_TIMEOUT_MS = 60_000;

/** An ansible-core that can be used. */
export interface Ansible {
  /** What `ansible-playbook` is called by. */
  readonly argv: readonly string[];
  /** `2.19.14`. */
  readonly version: string;
  /** The person's own on PATH, or the one this tool put into its cache. */
  readonly origin: "path" | "private";
}

/** What a search may use of the machine. */
type Machine = Pick<System, "runner" | "signal">;

/** What was found of ansible-core. */
export interface AnsibleSearch {
  /** The one to use; undefined where there is none. */
  readonly ansible: Ansible | undefined;
  /** Why the one on PATH is not used: too old, or it does not run. */
  readonly passedOver: string | undefined;
}

/**
 * Looks for ansible-core on PATH, then for the private one.
 *
 * @param privateDirectory virtual environment of {@linkcode installPrivateAnsible}
 */
export async function findAnsible(
  system: Machine,
  privateDirectory: string,
): Promise<AnsibleSearch> {
  const own = await askVersion(system, ["ansible-playbook"]);
  if (own.version !== undefined && isRecent(own.version)) {
    const ansible = { argv: ["ansible-playbook"], version: own.version, origin: "path" } as const;
    return { ansible, passedOver: undefined };
  }
  const oldest = OLDEST_ANSIBLE.join(".");
  const passedOver = own.version !== undefined
    ? `ansible-core ${own.version} on PATH is older than ${oldest}`
    : own.problem === undefined
    ? undefined
    : `ansible-playbook on PATH does not work: ${own.problem}`;
  return { ansible: await findPrivateAnsible(system, privateDirectory), passedOver };
}

/** The ansible-core in a private virtual environment; undefined where it is not there or broken. */
export async function findPrivateAnsible(
  system: Machine,
  directory: string,
): Promise<Ansible | undefined> {
  const argv = privateArgv(directory);
  const { version } = await askVersion(system, argv);
  return version === undefined ? undefined : { argv, version, origin: "private" };
}

/**
 * How the private ansible-playbook is called: with its Python, because a virtual environment that was
 * moved into place has scripts that name the old place; not as a module (`-m`), because modules are
 * looked for in the working directory first.
 */
function privateArgv(directory: string): readonly string[] {
  return [`${directory}/bin/python3`, `${directory}/bin/ansible-playbook`];
}

/** The version in `ansible-playbook [core 2.19.14]`; undefined for what is no such line. */
export function parseAnsibleVersion(stdout: string): string | undefined {
  return /^ansible(?:-playbook)? \[core (\d+\.\d+[\w.]*)/m.exec(stdout)?.[1];
}

/** Whether a version of ansible-core is one the roles are written for. */
export function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return major > OLDEST_ANSIBLE[0] || (major === OLDEST_ANSIBLE[0] && minor >= OLDEST_ANSIBLE[1]);
}

async function askVersion(
  { runner, signal }: Machine,
  argv: readonly string[],
): Promise<{ version?: string; problem?: string }> {
  let result: RunResult | undefined;
  // Also to tell its version it reads the person's ansible.cfg, makes its home and opens its log.
  const home = await makeTemporaryDirectory("k3s-tool-");
  try {
    await Deno.writeTextFile(`${home}/ansible.cfg`, "");
    result = await ifInstalled(runner.run([...argv, "--version"], {
      signal,
      timeoutMs: VERSION_TIMEOUT_MS,
      env: {
        ANSIBLE_CONFIG: `${home}/ansible.cfg`,
        ANSIBLE_HOME: home,
        ANSIBLE_LOCAL_TEMP: home,
        // Ansible refuses to start in a locale that is not UTF-8.
        LC_ALL: "C.UTF-8",
      },
      without: FOREIGN_VARIABLES,
    }));
  } finally {
    await Deno.remove(home, { recursive: true }).catch(() => {});
  }
  if (result === undefined) return {};
  const version = result.code === 0 ? parseAnsibleVersion(result.stdout) : undefined;
  if (version !== undefined) return { version };
  return { problem: problemOf(result) };
}

/** What a program said that did not do its work. */
function problemOf({ code, stdout, stderr, timedOut }: RunResult): string {
  if (timedOut) return `no answer within ${VERSION_TIMEOUT_MS / 1000} seconds`;
  const lines = (stderr.trim() || stdout.trim()).split("\n");
  // Python says first where it was and last what went wrong; others first what went wrong.
  const line = lines[0]?.startsWith("Traceback") ? lines.at(-1) : lines[0];
  return line?.trim() || `exit code ${code}`;
}

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
    const argv = [program, "-I", "-c", PROBE];
    const result = await ifInstalled(runner.run(argv, { signal, timeoutMs: 30_000 }));
    const found = result?.code === 0 ? /^(\d+\.\d+) ([01])\s*$/.exec(result.stdout) : null;
    if (found === null) return undefined;
    return { program, version: found[1] ?? "", venv: found[2] === "1" };
  }
}
