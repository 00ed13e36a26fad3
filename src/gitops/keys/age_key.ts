/**
 * The age key secrets are encrypted for: the public part stands in `.sops.yaml`, the private part
 * on this machine and in the cluster.
 *
 * The file is the one `age-keygen` writes (github.com/FiloSottile/age). X25519 keys, as sops 3.11
 * knows no others.
 *
 * @module
 */

import { dirname } from "node:path";
import { unreadable } from "../../errors/refusal.ts";
import { usageError } from "../../errors/user_error.ts";
import { ifThere, readSmallText } from "../../process/small_file.ts";

/** An identity of age in a file; only the public part of it is ever held. */
export interface AgeKey {
  readonly file: string;
  /** `age1…` */
  readonly recipient: string;
}

/**
 * Reads the recipient of a key file.
 *
 * @returns undefined where there is no such file
 * @throws {UserError} exit code 2 where it holds no key, or others can read it
 */
export async function readAgeKey(file: string): Promise<AgeKey | undefined> {
  const found = await ifThere(Deno.stat(file)).catch(unreadable(file));
  if (found === undefined) return undefined;
  if (!found.isFile) throw usageError(`${file} is not a file`);
  if (((found.mode ?? 0) & 0o077) !== 0) {
    throw usageError(`${file} can be read by others, and it decrypts every secret of the cluster`, {
      hint: `Correct it: chmod 600 ${file}`,
    });
  }
  const text = await readSmallText(file).catch(unreadable(file));
  const identity = text.split(/\r?\n/).find((line) => line.startsWith("AGE-SECRET-KEY-1"));
  const recipient = identity === undefined ? undefined : await recipientOf(identity.trim());
  if (recipient === undefined) {
    throw usageError(`${file} holds no private age key`, {
      hint: "Name another file with --age-key-file, or move this file away to create a new key.",
    });
  }
  return { file, recipient };
}

/**
 * Makes a key file that only its owner can read; one that is there is never replaced.
 *
 * @param options.now milliseconds since the epoch, for the comment `age-keygen` writes too
 */
export async function makeAgeKey(
  file: string,
  { now }: { readonly now: number },
): Promise<AgeKey> {
  const { generateX25519Identity } = await import("age-encryption");
  const identity = await generateX25519Identity();
  const recipient = await recipientOf(identity);
  if (recipient === undefined) throw new TypeError("age-encryption refuses its own identity");
  const created = new Date(now).toISOString().replace(/\.\d+Z$/, "Z");
  const text = `# created: ${created}\n# public key: ${recipient}\n${identity}\n`;
  try {
    await createWhole(file, text);
  } catch (error) {
    throw usageError(`Cannot write ${file}: ${(error as Error).message}; nothing was written`, {
      cause: error,
    });
  }
  return { file, recipient };
}

async function recipientOf(identity: string): Promise<string | undefined> {
  const { identityToRecipient } = await import("age-encryption");
  try {
    return await identityToRecipient(identity);
  } catch {
    return undefined; // the text is no key; it is not shown
  }
}

/** Makes a file that is whole or not there at all; one that is there stays, and it throws. */
async function createWhole(file: string, text: string): Promise<void> {
  const directory = dirname(file);
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = await Deno.makeTempFile({ dir: directory, prefix: ".age-" }); // 0600
  try {
    await Deno.writeTextFile(temporary, text);
    using written = await Deno.open(temporary);
    await written.sync();
    // A rename would take the place of a key that came up meanwhile.
    await Deno.link(temporary, file);
  } finally {
    await Deno.remove(temporary);
  }
  using entry = await Deno.open(directory);
  await entry.sync();
}
