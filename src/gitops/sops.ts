/**
 * Secrets encrypted by SOPS (github.com/getsops/sops), which Flux decrypts in the cluster.
 *
 * @module
 */

import { missingError, usageError } from "../errors/user_error.ts";
import { ProgramNotFoundError } from "../process/runner.ts";
import type { System } from "../process/system.ts";
import { isObject } from "./manifest.ts";

/** Limit for one file, in milliseconds; encrypting for an age recipient takes no network. */
const TIMEOUT_MS = 60_000;

const HOW_TO_GET = "Get it from https://github.com/getsops/sops/releases, or with mise: " +
  "mise use -g sops; then run the same command again.";

/** What SOPS does to one value. */
const ENCRYPTED = /^ENC\[AES256_GCM,data:.*\]$/s;

/** True where SOPS has encrypted an object; its metadata stand under `sops`. */
export function isEncrypted(object: Readonly<Record<string, unknown>>): boolean {
  return isObject(object.sops) && typeof object.sops.mac === "string";
}

/** The age recipients an object is encrypted for. */
export function recipientsOf(object: Readonly<Record<string, unknown>>): readonly string[] {
  const age = isObject(object.sops) ? object.sops.age : undefined;
  if (!Array.isArray(age)) return [];
  return age.flatMap((each) =>
    isObject(each) && typeof each.recipient === "string" ? [each.recipient] : []
  );
}

/** Keys of a Secret whose values stand in clear text. */
export function clearKeys(secret: Readonly<Record<string, unknown>>): readonly string[] {
  return ["data", "stringData"].flatMap((member) => {
    const values = secret[member];
    if (!isObject(values)) return [];
    return Object.entries(values)
      .filter(([, value]) => value !== null && value !== "")
      .filter(([, value]) => !isEncrypted(secret) || !ENCRYPTED.test(String(value)))
      .map(([key]) => `${member}.${key}`);
  });
}

/**
 * The object as the cluster gets it, as far as it is known without the key: without SOPS' own
 * metadata, encrypted values empty.
 */
export function withoutEncryption(
  object: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  if (!isEncrypted(object)) return object;
  const { sops: _, ...rest } = object;
  return emptied(rest) as Record<string, unknown>;
}

function emptied(value: unknown): unknown {
  if (typeof value === "string") return ENCRYPTED.test(value) ? "" : value;
  if (Array.isArray(value)) return value.map(emptied);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, emptied(each)]));
}

/** @throws {UserError} exit code 3 where `sops` is not on PATH */
export async function requireSops({ runner, signal }: System): Promise<void> {
  try {
    const argv = ["sops", "--disable-version-check", "--version"];
    await runner.run(argv, { signal, timeoutMs: TIMEOUT_MS });
  } catch (error) {
    throw missing(error);
  }
}

/**
 * Encrypts a manifest by the rules of the repository's `.sops.yaml`. The clear text travels on
 * stdin: it is in no argument and in no file.
 *
 * @param text the manifest in clear text
 * @param options.path where it will stand, relative to `root`; rules go by it
 * @throws {UserError} exit code 3 where `sops` is not on PATH, 2 where no rule fits
 */
export async function encryptManifest(
  { runner, signal }: System,
  text: string,
  { root, path }: { readonly root: string; readonly path: string },
): Promise<string> {
  const argv = ["sops", "--config", `${root}/.sops.yaml`, "encrypt", "--filename-override", path];
  const result = await runner.run([...argv, "--input-type", "yaml", "--output-type", "yaml"], {
    cwd: root,
    stdin: text,
    signal,
    timeoutMs: TIMEOUT_MS,
  }).catch((error) => {
    throw missing(error);
  });
  if (result.code !== 0) {
    const said = result.stderr.trim().split("\n").at(-1) ?? "";
    throw usageError(`sops could not encrypt ${path}: ${said}; nothing was written`, {
      hint: "Look at creation_rules in .sops.yaml; k3s-tool gitops init writes one.",
    });
  }
  return result.stdout;
}

function missing(error: unknown): unknown {
  if (!(error instanceof ProgramNotFoundError)) return error;
  return missingError("sops is not installed; it encrypts what is secret", { hint: HOW_TO_GET });
}
