const encoder = new TextEncoder();

/** Writes one line of progress to standard error. */
export function say(line: string): void {
  Deno.stderr.writeSync(encoder.encode(`${line}\n`));
}

/** Seconds since a time of `performance.now()`, as shown to people. */
export function secondsSince(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

/** Does something that takes a while: says what it is, and how long it took. */
export async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  say(`lab: ${what} (${secondsSince(start)})`);
  return result;
}
