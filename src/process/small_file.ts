/**
 * Small files that a person names: a password, a key, an address; and files that need not be there.
 *
 * @module
 */

/** No such file is larger, in bytes. */
const LIMIT = 1 << 20;

/**
 * The bytes of a file, which may be a pipe, such as `<(pass show backup)` of a shell; a device that never
 * ends is not read for ever.
 *
 * @throws {RangeError} where it is larger than 1 MiB, else what the system says
 */
export async function readSmallFile(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(LIMIT + 1);
  let filled = 0;
  while (filled <= LIMIT) {
    const read = await file.read(bytes.subarray(filled));
    if (read === null) return bytes.slice(0, filled);
    filled += read;
  }
  throw new RangeError("it is larger than 1 MiB");
}

/** The same as text. */
export async function readSmallText(path: string): Promise<string> {
  return new TextDecoder().decode(await readSmallFile(path));
}

/** What is at a path, or undefined where nothing is. */
export async function ifThere<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
