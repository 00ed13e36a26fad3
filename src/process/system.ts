/**
 * The machine the tool runs on, as the rest of the program may see it.
 *
 * @module
 */

import type { Runner } from "./runner.ts";

/** Where the tool keeps its own files (XDG Base Directory Specification 0.8); absolute paths. */
export interface Directories {
  readonly home: string;
  /** Settings of the person, `$XDG_CONFIG_HOME/k3s-tool`. */
  readonly config: string;
  /** Extracted assets, the private Ansible, `$XDG_CACHE_HOME/k3s-tool`. */
  readonly cache: string;
  /** Run history, known hosts, `$XDG_STATE_HOME/k3s-tool`. */
  readonly state: string;
}

/** Time as the program sees it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Settles after `ms` milliseconds, or rejects when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** What an action may use of the machine. Tests give a made-up one. */
export interface System {
  readonly runner: Runner;
  readonly clock: Clock;
  readonly directories: Directories;
  /** Working directory, absolute. */
  readonly cwd: string;
  /** A variable of the environment; undefined where it is not set or empty. */
  env(name: string): string | undefined;
  /** Aborted when the person ends the program. */
  readonly signal: AbortSignal;
}

/**
 * The tool's directories from the environment.
 *
 * @param databaseHome the home where HOME names none (a system service)
 */
export function directoriesFrom(
  env: (name: string) => string | undefined,
  databaseHome: () => string = userHome,
): Directories {
  // The specification: a relative path in these variables is invalid and ignored.
  const absolute = (name: string) => env(name)?.startsWith("/") ? env(name) : undefined;
  const home = absolute("HOME") ?? databaseHome();
  const base = (name: string, fallback: string) =>
    `${absolute(name) ?? `${home}/${fallback}`}/k3s-tool`;
  return {
    home,
    config: base("XDG_CONFIG_HOME", ".config"),
    cache: base("XDG_CACHE_HOME", ".cache"),
    state: base("XDG_STATE_HOME", ".local/state"),
  };
}

/** The home of this user in the user database; for one who is not in it a place that nobody has. */
function userHome(): string {
  try {
    // Loaded only here: it would cost every start some milliseconds.
    return process.getBuiltinModule("node:os").userInfo().homedir;
  } catch {
    return "/nonexistent";
  }
}

/** A moment for people: `2026-11-23 11:48 UTC`; `at` is ISO 8601, or milliseconds since the epoch. */
export function shownTime(at: string | number): string {
  const ms = new Date(at).getTime();
  return Number.isNaN(ms)
    ? String(at)
    : `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** The clock of the machine. */
export const machineClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", onAbort, { once: true });
    }),
};
