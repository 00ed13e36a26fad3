/**
 * The content of a backup: a gzip'd tar, its manifest first. Read as it comes, and checked against the
 * manifest to the last byte; nothing of it is written.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import * as z from "zod";
import { safeText } from "../../errors/safe_text.ts";
import { UserError } from "../../errors/user_error.ts";
import { DATASTORES } from "./backup_name.ts";

/** The version of what is in a backup; `ansible/plugins/module_utils/k3s_tool/backup.py` writes it. */
const FORMAT = 1;

const MANIFEST_FILE = "manifest.json";
const LONGEST_MANIFEST = 16 * 1024 * 1024;

/** Whoever knows a recipient can make a backup: names are shown before anything else is said of it. */
const NAME = z.string().refine((text) => safeText(text) === text);

/** What a backup says of itself. */
export const Manifest = z.object({
  format: z.literal(FORMAT),
  cluster: NAME,
  /** Name in the inventory of the server it was made on, of its node, and its machine's own. */
  host: NAME,
  node: NAME,
  machine: NAME,
  time: z.iso.datetime(),
  k3s: z.string().regex(/^v\d[\w.+-]*$/),
  datastore: z.enum(DATASTORES),
  /** Not in the backup; null where the API did not answer. */
  volumes: z.nullable(z.array(z.object({ name: NAME, claim: z.nullable(NAME) }))),
  parts: z.array(
    z.object({ path: z.string(), bytes: z.int(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
});

/** See {@linkcode Manifest}. */
export type Manifest = z.infer<typeof Manifest>;

/**
 * Reads all of a backup's content and compares every part with the manifest.
 *
 * @throws {UserError} exit code 1 where it is cut off, changed, or of a newer format
 */
export async function inspectContent(stream: ReadableStream<Uint8Array>): Promise<Manifest> {
  let bytes: Bytes | undefined;
  try {
    bytes = new Bytes(unpacked(stream));
    const head = await readHeader(bytes);
    if (head?.name !== MANIFEST_FILE || head.size > LONGEST_MANIFEST) throw damaged("no manifest");
    let text = "";
    const decoder = new TextDecoder();
    await readPart(bytes, head.size, (chunk) => text += decoder.decode(chunk, { stream: true }));
    const manifest = parseManifest(text);
    for (const part of manifest.parts) {
      const found = await readHeader(bytes);
      if (found?.name !== part.path || found.size !== part.bytes) {
        throw damaged(`${part.path} is missing or has another size`);
      }
      const hash = createHash("sha256");
      await readPart(bytes, part.bytes, (chunk) => hash.update(chunk));
      if (hash.digest("hex") !== part.sha256) throw damaged(`${part.path} was changed`);
    }
    if (await readHeader(bytes) !== undefined) throw damaged("it has more than its manifest lists");
    await bytes.end();
    return manifest;
  } catch (error) {
    if (error instanceof UserError || (error as Error)?.name === "AbortError") throw error;
    throw damaged((error as Error).message, error);
  } finally {
    // Whoever writes into the stream must not wait for ever.
    await bytes?.cancel();
  }
}

function parseManifest(text: string): Manifest {
  const read = z.object({ format: z.int() }).loose().safeParse(JSON.parse(text));
  if (read.success && read.data.format > FORMAT) {
    throw new UserError("The backup was made by a newer k3s-tool", {
      hint: "Use the k3s-tool that made it, or a newer one.",
    });
  }
  const parsed = Manifest.safeParse(JSON.parse(text));
  if (!parsed.success) throw damaged("its manifest cannot be read");
  return parsed.data;
}

function unpacked(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  return stream.pipeThrough(
    new DecompressionStream("gzip") as unknown as ReadableWritablePair<Uint8Array, Uint8Array>,
  );
}

const unreadable = () => damaged("a part has no readable header");

const BLOCK = 512;
const LONGEST_RECORDS = 64 * 1024;

/** An entry of a tar. */
interface Header {
  readonly name: string;
  readonly size: number;
}

/** The header of the next entry of a tar (POSIX pax); undefined at the tar's end. */
async function readHeader(bytes: Bytes): Promise<Header | undefined> {
  const found = await readBlock(bytes);
  if (found?.type !== "x") return found;
  // What does not fit into the next header, such as a long name.
  if (found.size > LONGEST_RECORDS) throw unreadable();
  const chunks: Uint8Array[] = [];
  await readPart(bytes, found.size, (chunk) => chunks.push(chunk));
  const records = recordsIn(Buffer.concat(chunks));
  const next = await readBlock(bytes);
  if (next === undefined || next.type === "x") throw unreadable();
  const size = Number(records.get("size") ?? next.size);
  if (!Number.isSafeInteger(size) || size < 0) throw unreadable();
  return { name: records.get("path") ?? next.name, size };
}

async function readBlock(bytes: Bytes): Promise<Header & { readonly type: string } | undefined> {
  const block = await bytes.take(BLOCK);
  if (block.every((byte) => byte === 0)) return undefined;
  const text = (from: number, length: number) =>
    new TextDecoder().decode(block.subarray(from, from + length)).replace(/\0.*$/s, "");
  const prefix = text(345, 155);
  const size = parseInt(text(124, 12).trim(), 8);
  if (text(257, 5) !== "ustar" || !Number.isSafeInteger(size) || size < 0) {
    throw unreadable();
  }
  const name = `${prefix === "" ? "" : `${prefix}/`}${text(0, 100)}`;
  return { name, size, type: text(156, 1) };
}

/** Records of pax: each `LENGTH KEY=VALUE` and a line break, the length in bytes and of all of it. */
function recordsIn(bytes: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const [head = "", length = ""] =
      /^([1-9]\d{0,4}) /.exec(bytes.toString("latin1", at, at + 6)) ??
        [];
    const end = at + Number(length);
    const record = bytes.toString("utf8", at + head.length, end);
    const [, key = "", value = ""] = /^([^=]+)=(.*)\n$/s.exec(record) ?? [];
    if (key === "" || end > bytes.length) throw unreadable();
    records.set(key, value);
    at = end;
  }
  return records;
}

/** The bytes of an entry, without what fills up its last block. */
async function readPart(
  bytes: Bytes,
  size: number,
  hear: (chunk: Uint8Array) => void,
): Promise<void> {
  for (let left = size; left > 0;) {
    const chunk = await bytes.takeUpTo(left);
    hear(chunk);
    left -= chunk.length;
  }
  await bytes.take((BLOCK - size % BLOCK) % BLOCK);
}

/** A stream read in the pieces that are asked for. */
class Bytes {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #held: Uint8Array = new Uint8Array();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** At least one byte, and at most so many. */
  async takeUpTo(size: number): Promise<Uint8Array> {
    while (this.#held.length === 0) {
      const { done, value } = await this.#reader.read();
      if (done) throw damaged("it is cut off");
      this.#held = value;
    }
    const taken = this.#held.subarray(0, size);
    this.#held = this.#held.subarray(size);
    return taken;
  }

  /** So many bytes. */
  async take(size: number): Promise<Uint8Array> {
    const all = new Uint8Array(size);
    for (let filled = 0; filled < size;) {
      const chunk = await this.takeUpTo(size - filled);
      all.set(chunk, filled);
      filled += chunk.length;
    }
    return all;
  }

  /** Reads to the end: only there do gzip and age tell that nothing is missing. */
  async end(): Promise<void> {
    for (let next = await this.#reader.read(); !next.done;) next = await this.#reader.read();
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }
}

function damaged(why: string, cause?: unknown): UserError {
  return new UserError(`The backup is damaged: ${why}`, { cause });
}
