/**
 * A private ansible-core in a virtual environment of the tool's own, every file pinned by hash.
 *
 * @module
 */

import { sha256 } from "../../process/digest.ts";
import { openLockable } from "../../process/lock.ts";
import { ifThere } from "../../process/small_file.ts";
import { DISK_FULL, isRefusal, refusalHint, refusalReason } from "../../errors/refusal.ts";
import { missingError, UserError } from "../../errors/user_error.ts";
import type { System } from "../../process/system.ts";
import { type Ansible, findPrivateAnsible, findPython, type Python } from "./locate.ts";

/** Begins the names of directories in which an installation is built. */
const UNFINISHED = "building-";

/** How long downloading and unpacking may take, in milliseconds. */
const INSTALL_TIMEOUT_MS = 15 * 60_000;

/**
 * Where the private ansible-core for these requirements lies; other requirements, another place.
 *
 * @param requirements text of `ansible/requirements.txt`
 */
export async function privateDirectory(
  { directories }: Pick<System, "directories">,
  requirements: string,
): Promise<string> {
  return `${directories.cache}/ansible/${(await sha256(requirements)).slice(0, 16)}`;
}

/**
 * Installs ansible-core below the cache, or finds it there.
 *
 * It is built aside and appears by one rename: neither an interruption nor a second process leaves
 * half of it. Nothing outside the cache is touched.
 *
 * @throws {UserError} exit code 3 where Python or its venv module is missing; 1 where pip fails
 */
export async function installPrivateAnsible(
  system: System,
  requirements: string,
): Promise<Ansible> {
  const target = await privateDirectory(system, requirements);
  const found = await findPrivateAnsible(system, target);
  if (found !== undefined) return found;
  const python = await requirePython(system);
  try {
    await build(system, { python, requirements, target });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new UserError(`ansible-core cannot be put into ${target}: ${refusalReason(error)}`, {
      hint: refusalHint(error, { directory: target, variable: "XDG_CACHE_HOME" }),
      cause: error,
    });
  }
  const installed = await findPrivateAnsible(system, target);
  if (installed === undefined) {
    throw new UserError(`The private ansible-core in ${target} does not start`, {
      hint: "Install ansible-core 2.16 or newer yourself: pipx install ansible-core",
    });
  }
  return installed;
}

async function build(
  system: System,
  { python, requirements, target }: {
    readonly python: Python;
    readonly requirements: string;
    readonly target: string;
  },
): Promise<void> {
  const parent = target.slice(0, target.lastIndexOf("/"));
  await Deno.mkdir(parent, { recursive: true, mode: 0o700 });
  const { fresh, held } = await makeFresh(parent);
  using _held = held;
  try {
    await Deno.writeTextFile(`${fresh}/requirements.txt`, requirements);
    await step(system, "Making a Python virtual environment", [
      python.program,
      "-m",
      "venv",
      `${fresh}/venv`,
    ]);
    await step(system, "Downloading ansible-core", [
      `${fresh}/venv/bin/python3`,
      "-m",
      "pip",
      "install",
      "--require-hashes",
      "--disable-pip-version-check",
      "--no-input",
      "--quiet",
      "-r",
      `${fresh}/requirements.txt`,
    ]);
    await moveIntoPlace(system, `${fresh}/venv`, target);
  } finally {
    await Deno.remove(fresh, { recursive: true }).catch(() => {});
  }
}

/** A directory to build in, locked before another process may take it for one that was left. */
async function makeFresh(parent: string): Promise<{ fresh: string; held: Deno.FsFile }> {
  using whole = await openLockable(parent);
  await whole.lock(true);
  await removeUnfinished(parent);
  const fresh = await Deno.makeTempDir({ dir: parent, prefix: UNFINISHED });
  const held = await openLockable(fresh);
  await held.lock(true);
  return { fresh, held };
}

/** Removes what killed installations left; one that is at work holds the lock of its directory. */
async function removeUnfinished(parent: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(parent)) {
    if (!isDirectory || !name.startsWith(UNFINISHED)) continue;
    using held = await ifThere(openLockable(`${parent}/${name}`));
    if (!await held?.tryLock(true)) continue;
    await Deno.remove(`${parent}/${name}`, { recursive: true }).catch(() => {});
  }
}

async function requirePython(system: System): Promise<Python> {
  const { python, others } = await findPython(system);
  if (python?.venv) return python;
  if (python !== undefined) {
    throw missingError(`Python ${python.version} here cannot make virtual environments`, {
      hint: "Install what is missing, on Debian and Ubuntu: sudo apt install python3-venv",
    });
  }
  const found = others.length === 0 ? "" : ` (found ${others.join(", ")})`;
  throw missingError(`Ansible needs Python 3.11, 3.12 or 3.13${found}`, {
    hint: "Install it, on Debian and Ubuntu: sudo apt install python3 python3-venv",
  });
}

async function step(system: System, what: string, argv: readonly string[]): Promise<void> {
  const result = await system.runner.run(argv, {
    signal: system.signal,
    timeoutMs: INSTALL_TIMEOUT_MS,
  });
  if (result.code === 0) return;
  const said = `${result.stdout}\n${result.stderr}`.trim();
  if (result.timedOut) {
    throw new UserError(`${what} took longer than ${INSTALL_TIMEOUT_MS / 60_000} minutes`, {
      hint: "Check the connection to the Python package index, then run it again.",
    });
  }
  if (/ensurepip is not|python3[\d.]*-venv/.test(said)) {
    throw missingError("Python here cannot make virtual environments", {
      hint: "Install what is missing, on Debian and Ubuntu: sudo apt install python3-venv",
      cause: said,
    });
  }
  if (DISK_FULL.test(said)) {
    throw new UserError(`${what} failed: the disk is full`, {
      hint: `Make room on the disk of ${system.directories.cache}, or point XDG_CACHE_HOME to ` +
        "another place.",
      cause: said,
    });
  }
  const line = said.split("\n").findLast((text) => /error/i.test(text)) ?? said.split("\n").at(-1);
  throw new UserError(`${what} failed: ${line || `exit code ${result.code}`}`, {
    hint: /THESE PACKAGES DO NOT MATCH THE HASHES/.test(said)
      ? "The package index serves files that do not match the pinned checksums. Do not use it."
      : "Check the connection to the Python package index (pip's own settings apply), or install " +
        "ansible-core yourself: pipx install ansible-core",
    cause: said,
  });
}

async function moveIntoPlace(system: System, from: string, target: string): Promise<void> {
  try {
    await Deno.rename(from, target);
  } catch (error) {
    // Another process was faster, or something broken lies there.
    if (await findPrivateAnsible(system, target) !== undefined) return;
    const stat = await Deno.lstat(target).catch(() => undefined);
    if (stat === undefined) throw error;
    await Deno.remove(target, { recursive: true });
    await Deno.rename(from, target);
  }
}
