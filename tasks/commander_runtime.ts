/**
 * What commander needs of Node in this program, in place of six of Node's modules.
 *
 * It reaches for processes, files, paths and signals only to run subcommands that are programs of their own,
 * to read `process.argv` and to end the process: here subcommands are functions, the arguments are handed
 * over and `exitOverride` is set. Should a new version import anything else by name, bundling fails.
 *
 * @module
 */

type Listener = (...values: unknown[]) => void;

/** Node's, as far as commander calls it. */
export class EventEmitter {
  readonly #listeners = new Map<string, Listener[]>();

  on(name: string, listener: Listener): this {
    this.#listeners.set(name, [...this.#listeners.get(name) ?? [], listener]);
    return this;
  }

  emit(name: string, ...values: unknown[]): boolean {
    const listeners = this.#listeners.get(name) ?? [];
    for (const listener of listeners) listener.apply(this, values);
    return listeners.length > 0;
  }

  listenerCount(name: string): number {
    return this.#listeners.get(name)?.length ?? 0;
  }
}

/** Help is written without colours (`getOutHasColors`), so there are no codes to take out. */
export const stripVTControlCharacters = (text: string): string => text;

/** `process`, as far as `help()` reads it; and nothing of `fs`, `path` and `child_process`. */
export default { env: {}, exitCode: 0 };
