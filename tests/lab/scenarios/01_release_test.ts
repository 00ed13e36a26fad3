/**
 * Files of a real release of k3s in the stand-in's place: what is missing is said before anything boots. No hosts.
 *
 * @module
 */

import { match, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { buildMirror } from "../build/mirror.ts";
import { readRelease } from "../build/release.ts";
import { attempt } from "../cli/command.ts";
import { labSource } from "../paths.ts";
import { RequirementError } from "../cli/requirements.ts";

const archive = "k3s-airgap-images-amd64.tar.zst";
const k3s = "#!/bin/sh\necho 'k3s version v1.99.1+k3s1 (abcdef12)'\n";
const images = "not really images";
const sum = (text: string) => createHash("sha256").update(text).digest("hex");
const sums = `${sum(k3s)}  k3s\n${sum("arm")}  k3s-arm64\n${sum(images)}  ${archive}\n`;

/** A directory with these files. */
async function directory(files: Record<string, string>): Promise<string> {
  const dir = await Deno.makeTempDir();
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(dir, name), text, { mode: 0o755 });
  }
  return dir;
}

const complete = { k3s, [archive]: images, "sha256sum-amd64.txt": sums };

for (
  const [what, files, said] of [
    ["no files", {}, /has no archive of images: k3s-airgap-images-amd64\.tar\.zst or /],
    ["no program", { [archive]: images, "sha256sum-amd64.txt": sums }, /has no file k3s/],
    ["no sums", { k3s, [archive]: images }, /has no file sha256sum-amd64\.txt/],
    [
      "sums without the archive",
      { ...complete, "sha256sum-amd64.txt": `${sum(k3s)}  k3s\n` },
      /has no sum of k3s-airgap/,
    ],
    [
      "another program",
      { ...complete, k3s: `${k3s}#` },
      /has another k3s than sha256sum-amd64\.txt lists/,
    ],
  ] as const
) {
  Deno.test(`a k3s release with ${what} is refused, and the reason is said`, async () => {
    const dir = await directory(files);
    await rejects(readRelease(dir), (error: Error) => {
      match(error.message, said);
      return error instanceof RequirementError;
    });
    await Deno.remove(dir, { recursive: true });
  });
}

Deno.test("a k3s release says its version itself, and the mirror has its files alone", async () => {
  const dir = await directory(complete);
  const release = await readRelease(dir);
  strictEqual(release.version, "v1.99.1+k3s1");
  const mirror = await buildMirror([release]);
  const offered = join(mirror.path, "v1.99.1+k3s1");
  strictEqual(mirror.k3s, join(offered, "k3s"));
  strictEqual(
    await Deno.readTextFile(join(offered, "sha256sum-amd64.txt")),
    `${sum(k3s)}  k3s\n${sum(images)}  ${archive}\n`,
  );
  strictEqual(await Deno.readTextFile(join(offered, archive)), images);
  await Deno.remove(mirror.path, { recursive: true });
  await Deno.remove(dir, { recursive: true });
});

Deno.test("lab up --k3s-release with a directory that is not there says so", async () => {
  const lab = [Deno.execPath(), "run", "-A", `${labSource}cli/main.ts`, "up"];
  const { code, stderr } = await attempt([...lab, "--k3s-release", "/nowhere"]);
  strictEqual(code, 1);
  match(stderr, /^lab: the k3s release in \/nowhere cannot be read/);
});
