/**
 * Secrets encrypted by SOPS (github.com/getsops/sops), which Flux decrypts in the cluster.
 *
 * @module
 */

import { lastLine } from "../../errors/safe_text.ts";
import { missingError, usageError } from "../../errors/user_error.ts";
import { ifInstalled } from "../../process/runner.ts";
import type { System } from "../../process/system.ts";
import { isObject, listOf, textOf, valueAt } from "../check/manifest.ts";

/** Limit for one file, in milliseconds; encrypting for an age recipient takes no network. */
const TIMEOUT_MS = 60_000;

const HOW_TO_GET = "Get it from https://github.com/getsops/sops/releases, or with mise: " +
  "mise use -g sops; then run the same command again.";

/** What SOPS does to one value. */
const ENCRYPTED = /^ENC\[AES256_GCM,data:.*\]$/s;

/** True where SOPS has encrypted an object; its metadata stand under `sops`. */
export function isEncrypted(object: Readonly<Record<string, unknown>>): boolean {
  return typeof valueAt(object, ["sops", "mac"]) === "string";
}

/** The age recipients an object is encrypted for. */
export function recipientsOf(object: Readonly<Record<string, unknown>>): readonly string[] {
  return listOf(valueAt(object, ["sops", "age"]))
    .flatMap((each) => textOf(valueAt(each, ["recipient"])) ?? []);
}

/** Keys that stand in Secrets beside what is secret: where, and as whom, to log in. */
const NOT_SECRET =
  /(?:^|[-_.])(?:host(?:name)?|port|user(?:name)?|db(?:name)?|database|schema|endpoint|region|bucket|domain|type|ssl-?mode|id)$/i;

/** The same in one word: `identityId`. */
const NOT_SECRET_ID = /[a-z]I[dD]$/;

/** Keys of a Secret whose values stand in clear text. */
export function clearKeys(secret: Readonly<Record<string, unknown>>): readonly string[] {
  return ["data", "stringData"].flatMap((member) => {
    const values = secret[member];
    if (!isObject(values)) return [];
    return Object.entries(values)
      .filter(([key]) => !NOT_SECRET.test(key) && !NOT_SECRET_ID.test(key))
      .filter(([, value]) => value !== null && !isNoSecret(String(value)))
      .filter(([, value]) => member !== "data" || !isNoSecret(decoded(String(value))))
      .map(([key]) => `${member}.${key}`);
  });
}

/** Marks of tools that put a secret in the place of a text, in the cluster or before. */
const REFERENCES = [
  /^$/,
  ENCRYPTED,
  // What Flux, a shell or a template fills in: ${TOKEN}, $(TOKEN), {{ .token }}, <token>.
  /\$\{[^}]+\}|\$\(\w+\)|\{\{[^]*\}\}|^\$\w+$|^<[^<>\n]+>$/,
  // 1Password, vals, Bank-Vaults, External Secrets' and others' addresses of a secret.
  /^(?:op|bws|bw|doppler|infisical|passbolt|keeper|azurekv|awssm|awsssm|gcpsm|gsm|secretref|pass|gopass|akeyless|conjur):\/\/?/i,
  /^(?:ref\+|secretref\+)[\w+.-]+:\/\//i,
  /^(?:>>)?vault:\S+$|^(?:arn:aws:(?:secretsmanager|ssm):|projects\/[^/]+\/secrets\/)\S+$/,
  // Where something is, without a password: not on the web, where a path may be the secret.
  /^(?!.*[?&][^=&]*(?:pass|secret|token|key|auth)[^=&]*=[^/])(?:(?!https?:)[a-z][\w+.-]*:\/\/[^\s@/]+(?:\/[^\s@]*)?|https?:\/\/[^\s@/?#]+\/?)$/i,
  // Text that is encrypted by itself.
  /^\s*(?:-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)-----|\$ANSIBLE_VAULT;|ENC\[|age-encryption\.org\/)/,
  // What somebody is to fill in.
  /^(?:x+|\*+|\.\.\.|…|todo|tbd|(?:change|replace|fill)[-_ ]?(?:me|this|in)!?|placeholder|redacted|your[-_ ].*)$/i,
];

/** What gives a secret away in a longer text, such as a file of settings. */
const SECRET_INSIDE =
  /(?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key|private[-_]?key|credentials?|auth)["']?\s*[:=]\s*["']?([^\s"'][^\n]*)|:\/\/[^\s/:@]+:([^\s/@]+)@|(-----BEGIN [A-Z ]*PRIVATE KEY)/gi;

/** True for what stands for a secret without being one: nothing, a reference, or encrypted text. */
export function isNoSecret(text: string): boolean {
  const trimmed = text.trim();
  if (REFERENCES.some((each) => each.test(trimmed))) return true;
  if (!/\n[^]*[:=]/.test(trimmed)) return false;
  // A file of settings: Secrets are used for them too.
  return [...trimmed.matchAll(SECRET_INSIDE)].every(([, value, password, key]) => {
    const inside = (value ?? password ?? key ?? "").trim().replace(/["',]+$/, "");
    return key === undefined && REFERENCES.some((each) => each.test(inside));
  });
}

/** What base64 stands for; the text itself where it is none. */
function decoded(text: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0)));
  } catch {
    return text;
  }
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
  const argv = ["sops", "--disable-version-check", "--version"];
  const found = await ifInstalled(runner.run(argv, { signal, timeoutMs: TIMEOUT_MS }));
  if (found === undefined) throw missing();
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
  argv.push("--input-type", "yaml", "--output-type", "yaml");
  const options = { cwd: root, stdin: text, signal, timeoutMs: TIMEOUT_MS };
  const result = await ifInstalled(runner.run(argv, options));
  if (result === undefined) throw missing();
  if (result.code !== 0) {
    const said = lastLine(result.stderr);
    throw usageError(`sops could not encrypt ${path}: ${said}; nothing was written`, {
      hint: "Look at creation_rules in .sops.yaml; k3s-tool gitops init writes one.",
    });
  }
  return result.stdout;
}

function missing() {
  return missingError("sops is not installed; k3s-tool needs it to encrypt secrets", {
    hint: HOW_TO_GET,
  });
}
