/**
 * Values that are kept while they are true.
 *
 * @module
 */

/** Keeps the latest value for as long as its inputs are the very same. */
export function latest<T>(): (...inputs: readonly unknown[]) => (make: () => T) => T {
  let kept: { readonly inputs: readonly unknown[]; readonly value: T } | undefined;
  return (...inputs) => (make) => {
    if (kept === undefined || inputs.some((input, index) => input !== kept?.inputs[index])) {
      kept = { inputs, value: make() };
    }
    return kept.value;
  };
}
