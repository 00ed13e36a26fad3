/**
 * The values of an app's secrets: asked for without echo, from a file, or from stdin. Never from an
 * argument, which every user of the machine could read.
 *
 * @module
 */

import { resolve } from "node:path";
import { usageError } from "../../errors/user_error.ts";
import { readSmallFile } from "../../process/small_file.ts";
import type { Context } from "../program/context.ts";
import type { Prompter } from "./prompt.ts";

/** A key and where its value comes from: a path, `-` for stdin, or undefined: it is asked for. */
export interface SecretSource {
  readonly key: string;
  readonly file: string | undefined;
}

/** Reads `--secret KEY` and `--secret-file KEY=FILE`. @throws {UserError} exit code 2 */
export function secretSources(
  { keys, files }: { readonly keys: readonly string[]; readonly files: readonly string[] },
): readonly SecretSource[] {
  const named = files.map((entry) => {
    const at = entry.indexOf("=");
    if (at < 1 || at === entry.length - 1) {
      throw usageError("--secret-file takes KEY=FILE, or KEY=- for stdin", {
        hint: "Example: --secret-file TOKEN=./token.txt",
      });
    }
    return { key: entry.slice(0, at), file: entry.slice(at + 1) };
  });
  if (named.filter(({ file }) => file === "-").length > 1) {
    throw usageError("Only one secret can be read from stdin");
  }
  return [...keys.map((key) => ({ key, file: undefined })), ...named];
}

/** The values. @throws {UserError} exit code 2 where one cannot be had */
export async function secretValues(
  { stdin, cwd }: Pick<Context, "stdin" | "cwd">,
  sources: readonly SecretSource[],
  prompter: Pick<Prompter, "secret">,
): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  for (const { key, file } of sources) {
    values.set(key, await valueOf(key, file));
  }
  return values;

  async function valueOf(key: string, file: string | undefined): Promise<string> {
    if (file === undefined) {
      const flag = `--secret-file ${key}=FILE (or ${key}=- for stdin)`;
      return await prompter.secret({ message: `Value of ${key}`, flag });
    }
    const text = file === "-" ? await stdin.readAll() : await readText(resolve(cwd, file));
    const value = withoutLastBreak(text);
    if (value === "") throw usageError(`The secret ${key} is empty`);
    if (value.includes("\0")) {
      throw usageError(
        `The secret ${key} contains a zero byte, which an environment variable cannot hold`,
      );
    }
    return value;
  }
}

/** An editor ends a password with a line break that is not part of it; a key of many lines keeps it. */
function withoutLastBreak(text: string): string {
  const line = text.replace(/\r?\n$/, "");
  return line.includes("\n") ? text : line;
}

async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readSmallFile(path));
  } catch (error) {
    const why = error instanceof TypeError ? "it is not UTF-8 text" : (error as Error).message;
    throw usageError(`Cannot use ${path}: ${why}`, { cause: error });
  }
}
