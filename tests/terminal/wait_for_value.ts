/** Milliseconds between two looks. */
const INTERVAL = 20;

/** Seconds that a machine may take which does much else: who waits for what comes loses nothing by it. */
const LIMIT = 60;

/** Asks again and again until there is a value; undefined where there is none within `limit` seconds. */
export async function waitForValue<T>(
  ask: () => Promise<T | undefined>,
  { limit = LIMIT }: { readonly limit?: number | undefined } = {},
): Promise<T | undefined> {
  const end = performance.now() + limit * 1000;
  while (true) {
    const value = await ask();
    if (value !== undefined || performance.now() >= end) return value;
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
  }
}
