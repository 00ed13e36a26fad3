/**
 * Which backups are kept. Pure.
 *
 * @module
 */

/** How many of the latest days, weeks and months that have a backup keep their newest one. */
export interface Retention {
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
}

/**
 * Divides backups into those that stay and those that go; the newest of all always stays.
 *
 * Days are UTC's, weeks begin on Monday. Only periods that have a backup count, so that a machine that was
 * off for a month does not lose its backups when it is on again.
 */
export function divideBackups<B extends { readonly time: number }>(
  backups: readonly B[],
  retention: Retention,
): { readonly keep: readonly B[]; readonly remove: readonly B[] } {
  const newestFirst = [...backups].sort((a, b) => b.time - a.time);
  const kept = new Set(newestFirst.slice(0, 1));
  const rules = [[retention.daily, day], [retention.weekly, week], [retention.monthly, month]];
  for (const [count, period] of rules as [number, (time: number) => string | number][]) {
    const seen = new Set<string | number>();
    for (const backup of newestFirst) {
      const name = period(backup.time);
      if (seen.size >= count) break;
      if (seen.has(name)) continue;
      seen.add(name);
      kept.add(backup);
    }
  }
  return {
    keep: newestFirst.filter((backup) => kept.has(backup)),
    remove: newestFirst.filter((backup) => !kept.has(backup)),
  };
}

const DAY_MS = 24 * 60 * 60 * 1000;

function day(time: number): number {
  return Math.floor(time / DAY_MS);
}

/** 1970-01-01 was a Thursday. */
function week(time: number): number {
  return Math.floor((day(time) + 3) / 7);
}

function month(time: number): string {
  return new Date(time).toISOString().slice(0, 7);
}
