/**
 * Which variables hold secrets, by their names.
 *
 * @module
 */

const SECRET = /token|passw(?:or)?d|passphrase|secret|private_?key|api_?key|become_pass/i;
/** Names that speak of a secret without holding one. */
const HARMLESS = /(?:_file|_path|_name|_namespace)$/i;

/** Shown instead of a secret. */
export const MASK = "********";

/** True where a variable of this name should not be shown unless asked for. */
export function isSecretName(name: string): boolean {
  return SECRET.test(name) && !HARMLESS.test(name);
}
