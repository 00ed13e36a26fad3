/**
 * Contents of backups that no k3s-tool has made.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { inspectContent } from "../../../src/actions/backup/backup_content.ts";

const MANIFEST = {
  format: 1,
  cluster: "home",
  host: "nuc",
  node: "nuc",
  machine: "nuc",
  time: "2026-11-27T09:30:00Z",
  k3s: "v1.36.3+k3s1",
  datastore: "sqlite",
  volumes: [{ name: "pvc-1", claim: "web/data" }],
  parts: [],
};

const BLOCK = 512;

/** An entry of a tar (POSIX pax; its checksum is not read). */
function entry(name: string, text: string, type = "0"): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(text);
  const made = new Uint8Array(BLOCK + Math.ceil(body.length / BLOCK) * BLOCK);
  const write = (at: number, words: string) => made.set(new TextEncoder().encode(words), at);
  write(0, name);
  write(124, body.length.toString(8).padStart(11, "0"));
  write(156, type);
  write(257, "ustar");
  made.set(body, BLOCK);
  return made;
}

/** A tar of a manifest and what follows it, gzip'd. */
function content(
  manifest: unknown,
  ...rest: readonly Uint8Array<ArrayBuffer>[]
): ReadableStream<Uint8Array> {
  const entries = [entry("manifest.json", JSON.stringify(manifest)), ...rest];
  return ReadableStream.from([...entries, new Uint8Array(2 * BLOCK)])
    .pipeThrough(new CompressionStream("gzip"));
}

Deno.test("a backup's manifest has no names that could pass for lines of the tool or steer a terminal", async () => {
  assert.equal((await inspectContent(content(MANIFEST))).cluster, "home");
  for (const evil of ["a\nError: forged", "\u001b[31m", "\u009b2J", "a\u202eb", "a\rb"]) {
    const manifests = [
      ...(["cluster", "host", "node", "machine"] as const).map((key) => ({
        ...MANIFEST,
        [key]: evil,
      })),
      { ...MANIFEST, volumes: [{ name: evil, claim: null }] },
      { ...MANIFEST, volumes: [{ name: "pvc-1", claim: evil }] },
    ];
    for (const manifest of manifests) {
      await assert.rejects(
        inspectContent(content(manifest)),
        { message: "The backup is damaged: its manifest cannot be read" },
      );
    }
  }
});

Deno.test("a name that is too long for a header is read, and what is no record of pax is damage", async () => {
  const path = `manifests/${"é".repeat(120)}\n.yaml`;
  const sha256 = createHash("sha256").update("x").digest("hex");
  const manifest = { ...MANIFEST, parts: [{ path, bytes: 1, sha256 }] };
  const part = entry("cut off", "x");
  const bytes = new TextEncoder().encode(` path=${path}\n`).length + 3;
  const record = `${bytes} path=${path}\n`;
  await inspectContent(content(manifest, entry("x", record + "13 mtime=1.5\n", "x"), part));
  const wrong = [
    "0 path=a\n",
    "99999 path=a\n",
    "path=a\n",
    "8 path=a",
    "7 pa=b\n\n",
    `${record}9 =value\n`,
  ];
  for (const text of wrong) {
    await assert.rejects(
      inspectContent(content(manifest, entry("x", text, "x"), part)),
      { message: "The backup is damaged: a part has no readable header" },
      text,
    );
  }
  const records = entry("x", record, "x");
  for (
    const rest of [[records], [records, records, part], [entry("x", " ".repeat(1 << 17), "x")]]
  ) {
    await assert.rejects(inspectContent(content(manifest, ...rest)), /The backup is damaged/);
  }
});
