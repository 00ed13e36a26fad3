/**
 * A value of a YAML file. No library here, so that anything may import it at no cost.
 *
 * @module
 */

/** A value as it is written in a file; `VaultValue` where it is encrypted. */
export type YamlValue =
  | null
  | boolean
  | number
  | string
  | VaultValue
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue };

/** A value under `!vault`, or any other tag that only Ansible understands: left alone. */
export class VaultValue {
  constructor(
    /** As written: `"!vault"`. */
    readonly tag: string,
    /** The text under the tag, still encrypted. */
    readonly text: string,
  ) {}

  /** What JSON documents and tables show of it. */
  toJSON(): string {
    return `(${this.tag.replace(/^!+/, "")})`;
  }
}

/** A map of the members that have a value. */
export function defined(
  members: Readonly<Record<string, YamlValue | undefined>>,
): Record<string, YamlValue> {
  const known = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as Record<string, YamlValue>;
}
