/**
 * The world a command runs in. `real_context.ts` makes the real one, tests make their own.
 *
 * @module
 */

import type { AssetSource } from "../../assets/source.ts";
import type { System } from "../../process/system.ts";

/** Somewhere words or data are written. */
export interface OutputStream {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Width in cells; undefined where it is not a terminal. */
  columns(): number | undefined;
  /** Height in lines; undefined where it is not a terminal. */
  rows(): number | undefined;
  /** False once the reader is known to be gone. */
  isOpen(): boolean;
}

/** Where a person's answers come from. */
export interface InputStream {
  readonly isTerminal: boolean;
  /** All of it, for secrets and documents given on a pipe. */
  readAll(): Promise<string>;
}

/** Everything of the outside a command may touch. */
export interface Context extends System {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly stdin: InputStream;
  readonly assets: AssetSource;
}
