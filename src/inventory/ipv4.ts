/**
 * IPv4 addresses and networks.
 *
 * @module
 */

/** An address as an unsigned 32-bit number; undefined where the text is no dotted quad. */
export function parseIpv4(text: string): number | undefined {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return undefined;
  let address = 0;
  for (const part of text.split(".")) {
    // Some programs read a leading zero as octal: refuse it.
    if (Number(part) > 255 || (part.length > 1 && part.startsWith("0"))) return undefined;
    address = address * 256 + Number(part);
  }
  return address;
}

/** A network in CIDR notation. */
export interface Network {
  readonly base: number;
  readonly bits: number;
}

/** `100.64.0.0/10` as a network; undefined where it is none, or has bits set behind the mask. */
export function parseNetwork(text: string): Network | undefined {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  const base = match === null ? undefined : parseIpv4(match[1]!);
  const bits = Number(match?.[2]);
  if (base === undefined || bits > 32) return undefined;
  return base % 2 ** (32 - bits) === 0 ? { base, bits } : undefined;
}

/** True where an address lies in a network. */
export function networkContains(network: Network, address: number): boolean {
  const size = 2 ** (32 - network.bits);
  return address >= network.base && address < network.base + size;
}

/** True where two networks have an address in common. */
export function networksOverlap(a: Network, b: Network): boolean {
  return networkContains(a, b.base) || networkContains(b, a.base);
}
