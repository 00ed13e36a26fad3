/**
 * Files and directories as the reading of an inventory looks at them.
 *
 * @module
 */

/** How a place is looked at, and its absolute path. */
export type Look = readonly [kind: "text" | "names" | "kind", path: string];

/** Bytes as text; undefined where they are not UTF-8. A byte order mark stays. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Names in a directory; empty where there is none. */
export function namesIn(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name);
  } catch (error) {
    const none = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (!none) throw error;
    return [];
  }
}

/** What a path leads to: a file, a directory, something else such as a pipe, or nothing. */
export type PathKind = "file" | "directory" | "other" | "nothing";

/** What a path leads to, links followed. @throws {Deno.errors} where it cannot be looked at */
export function kindAt(path: string): PathKind {
  try {
    const info = Deno.statSync(path);
    return info.isFile ? "file" : info.isDirectory ? "directory" : "other";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.FilesystemLoop) {
      return "nothing";
    }
    throw error;
  }
}

/** What is there to be seen, as one text. @throws {Deno.errors} where it cannot be looked at */
export function seen([kind, path]: Look): string {
  switch (kind) {
    case "text":
      // Never a pipe: it might not end.
      return Deno.statSync(path).isFile ? decodeUtf8(Deno.readFileSync(path)) ?? "" : "";
    case "names":
      return shownNames(namesIn(path));
    case "kind":
      return kindAt(path);
  }
}

/** Names as {@linkcode seen} shows them; no name holds a slash. */
export function shownNames(names: Iterable<string>): string {
  return [...names].sort().join("/");
}
