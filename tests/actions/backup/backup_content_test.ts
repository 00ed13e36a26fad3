/**
 * Contents of backups that no k3s-tool has made.
 *
 * @module
 */

import assert from "node:assert/strict";
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

/** A tar of one file, gzip'd (POSIX ustar; its checksum is not read). */
function content(manifest: unknown): ReadableStream<Uint8Array> {
  const text = new TextEncoder().encode(JSON.stringify(manifest));
  const tar = new Uint8Array(512 + Math.ceil(text.length / 512) * 512 + 1024);
  const write = (at: number, words: string) => tar.set(new TextEncoder().encode(words), at);
  write(0, "manifest.json");
  write(124, text.length.toString(8).padStart(11, "0"));
  write(257, "ustar");
  tar.set(text, 512);
  return ReadableStream.from([tar]).pipeThrough(new CompressionStream("gzip"));
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
