/**
 * When what is killed: ever deeper in a command, a random time after a result, kinds in turn.
 *
 * @module
 */

/** What ends without warning: the tool, what it has started, the machine that it works on. */
export const KINDS = ["tool", "playbook", "power"] as const;

/** One of them. */
export type Kind = typeof KINDS[number];

/** When and how a command is cut off. */
export interface Moment {
  /** Counted from 1. */
  readonly number: number;
  readonly kind: Kind;
  /** How much of an undisturbed command is over, 0 to 1. */
  readonly depth: number;
  /** A random time later, in milliseconds, as most of the work lies between two results. */
  readonly later: number;
  /** For a power cut: the machine is off until the tool has ended by itself. */
  readonly staysOff: boolean;
}

/** So many moments of a command; the same seed gives the same ones, each for itself. */
export function momentsOf(seed: number, command: string, count: number): readonly Moment[] {
  return Array.from({ length: count }, (_, i) => {
    const random = randomNumbers(`${seed} ${command} ${i}`);
    return {
      number: i + 1,
      kind: KINDS[i % KINDS.length]!,
      depth: (i + random()) / count,
      later: Math.round(random() * 1500),
      staysOff: random() < 0.5,
    };
  });
}

/** Numbers from 0 to 1 that follow from a text (FNV-1a, then mulberry32). */
function randomNumbers(text: string): () => number {
  let state = 2166136261;
  for (const each of text) state = Math.imul(state ^ each.codePointAt(0)!, 16777619);
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}
