/**
 * Host names that stand for several: `node[1:3]`, `node[01:10:2]`, `rack-[a:c]`.
 *
 * Source: ansible-core 2.16 `lib/ansible/plugins/inventory/__init__.py`, `expand_hostname_range`.
 *
 * @module
 */

const RANGE = /\[(\w*):(\w+)(?::(\d+))?\]/;
/** More than this from one pattern is a slip of the finger, not a homelab. */
const MAX_HOSTS = 10_000;

/** A pattern that Ansible would refuse too; the message says what is wrong. */
export class HostRangeError extends Error {
  override readonly name = "HostRangeError";
}

/** True where a host's key stands for several hosts. */
export function isHostRange(pattern: string): boolean {
  return RANGE.test(pattern);
}

/** The names a key stands for; the key itself where it is no range. @throws {HostRangeError} */
export function expandHostRange(pattern: string): string[] {
  const match = RANGE.exec(pattern);
  if (match === null) return [pattern];
  const before = pattern.slice(0, match.index);
  const after = pattern.slice(match.index + match[0].length);
  const steps = rangeSteps(match[1]!, match[2]!, Number(match[3] ?? "1"));
  const tails = expandHostRange(after);
  if (steps.length * tails.length > MAX_HOSTS) {
    throw new HostRangeError(`it expands to more than ${MAX_HOSTS} hosts`);
  }
  // The leftmost range varies slowest, as Ansible orders them.
  return steps.flatMap((step) => tails.map((tail) => before + step + tail));
}

function rangeSteps(begin: string, end: string, step: number): string[] {
  const first = begin === "" ? "0" : begin;
  if (step === 0) throw new HostRangeError("its step is 0");
  if (/^\d+$/.test(first) && /^\d+$/.test(end)) {
    if (first.length > 1 && first.startsWith("0") && first.length !== end.length) {
      throw new HostRangeError("with leading zeros both ends need the same number of digits");
    }
    const width = first.startsWith("0") ? first.length : 0;
    return counted(Number(first), Number(end), step)
      .map((value) => String(value).padStart(width, "0"));
  }
  const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const from = letters.indexOf(first);
  const to = letters.indexOf(end);
  if (first.length !== 1 || end.length !== 1 || from === -1 || to === -1) {
    throw new HostRangeError("its ends are neither two numbers nor two letters");
  }
  return counted(from, to, step).map((index) => letters[index]!);
}

function counted(from: number, to: number, step: number): number[] {
  if (from > to) throw new HostRangeError("it ends before it begins");
  if ((to - from) / step > MAX_HOSTS) {
    throw new HostRangeError(`it expands to more than ${MAX_HOSTS} hosts`);
  }
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => from + at * step);
}
