/**
 * How far a download or a copy is.
 *
 * @module
 */

/** Progress is said this often, in milliseconds. */
export const PROGRESS_MS = 2_000;

/** `12.0 MiB of 52.0 MiB` */
export function amount(bytes: number, all: number | undefined): string {
  const mib = (value: number) => `${(value / 2 ** 20).toFixed(1)} MiB`;
  if (all === undefined || all < bytes) return mib(bytes);
  return all === bytes ? mib(bytes) : `${mib(bytes)} of ${mib(all)}`;
}
