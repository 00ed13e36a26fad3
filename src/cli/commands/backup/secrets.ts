/**
 * Passwords, passphrases and keys that the backup commands are given: by a file or at the terminal.
 *
 * @module
 */

import type { Secret } from "../../../actions/backup/backup_file.ts";
import { unreadable } from "../../../errors/refusal.ts";
import { usageError } from "../../../errors/user_error.ts";
import { readSmallText } from "../../../process/small_file.ts";
import { Prompter } from "../../output/prompt.ts";
import { type GlobalOptions, option } from "../../program/command.ts";
import type { Context } from "../../program/context.ts";
import { PASSWORD_OPTIONS } from "../../program/options.ts";
import { absolute } from "./places.ts";

/** `--passphrase-file` */
export const PASSPHRASE_FILE = option.text(
  "--passphrase-file <file>",
  "file whose first line is the passphrase",
  { completes: "file" },
);

/** `--identity` */
export const IDENTITY = option.text("--identity <file>", "file with the private age key", {
  completes: "file",
});

/** How sudo on a server is given its password. */
export const SUDO_OPTIONS = {
  askBecomePass: PASSWORD_OPTIONS.askBecomePass,
  becomePasswordFile: PASSWORD_OPTIONS.becomePasswordFile,
};

/** The password of sudo on hosts; undefined where none is given. @throws {UserError} exit code 2 */
export async function sudoPassword(
  { askBecomePass, becomePasswordFile }: {
    readonly askBecomePass: boolean;
    readonly becomePasswordFile: string | undefined;
  },
  context: Context,
  globals: GlobalOptions,
): Promise<string | undefined> {
  if (!askBecomePass) return await firstLine(context, becomePasswordFile);
  return await new Prompter(globals, context).secret({
    message: "Sudo password for the hosts",
    flag: "--become-password-file FILE",
  });
}

/** The secret in the first line of a file; undefined where no file is given. @throws {UserError} exit code 2 */
export async function firstLine(
  context: Context,
  file: string | undefined,
): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const line = (await textOf(context, file)).split(/\r?\n/)[0] ?? "";
  if (line === "") throw usageError(`The first line of ${file} is empty`);
  return line;
}

async function textOf(context: Context, file: string): Promise<string> {
  return await readSmallText(absolute(context, file)).catch(unreadable(file));
}

/** What a new backup is encrypted to. @throws {UserError} exit code 2 */
export async function secretToSeal(
  { recipient, passphraseFile }: {
    readonly recipient: readonly string[];
    readonly passphraseFile: string | undefined;
  },
  context: Context,
  globals: GlobalOptions,
): Promise<Secret> {
  if (recipient.length > 0) {
    if (passphraseFile === undefined) return { recipients: recipient };
    throw usageError("A backup is encrypted to a passphrase or to recipients, not to both");
  }
  const passphrase = await firstLine(context, passphraseFile);
  if (passphrase !== undefined) return { passphrase };
  const prompter = new Prompter(globals, context);
  const flag = "--recipient KEY or --passphrase-file FILE";
  const typed = await prompter.secret({ message: "Passphrase of the backup", flag });
  if (await prompter.secret({ message: "The same again", flag }) !== typed) {
    throw usageError("The two passphrases differ; nothing was saved");
  }
  return { passphrase: typed };
}

/** What a backup is opened with. @throws {UserError} exit code 2 */
export async function secretToOpen(
  { identity, passphraseFile }: {
    readonly identity: string | undefined;
    readonly passphraseFile: string | undefined;
  },
  context: Context,
  globals: GlobalOptions,
): Promise<Secret> {
  if (identity !== undefined) {
    if (passphraseFile === undefined) return { identities: await textOf(context, identity) };
    throw usageError("A backup is opened with --identity or with --passphrase-file, not with both");
  }
  const flag = "--passphrase-file FILE or --identity FILE";
  return {
    passphrase: await firstLine(context, passphraseFile) ??
      await new Prompter(globals, context).secret({ message: "Passphrase of the backup", flag }),
  };
}
