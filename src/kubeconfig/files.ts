/**
 * A person's kubeconfig files as kubectl sees them together.
 *
 * @module
 */

import { refusalReason } from "../errors/refusal.ts";
import { delimiter, dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { usageError } from "../errors/user_error.ts";
import { ifThere } from "../process/small_file.ts";
import type { Directories } from "../process/system.ts";

const fields = z.record(z.string(), z.unknown()).nullish();
/** What is read of a kubeconfig. */
export const Kubeconfig = z.object({
  "current-context": z.string().nullish(),
  clusters: z.array(z.looseObject({ name: z.string(), cluster: fields })).nullish(),
  users: z.array(z.looseObject({ name: z.string(), user: fields })).nullish(),
  contexts: z.array(z.looseObject({ name: z.string(), context: fields })).nullish(),
});

/** A cluster, user or context, with the file that it is in. */
export interface KubeconfigItem {
  readonly file: string;
  readonly name: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** All files in one; of items with the same name the first is kept. */
export interface Kubeconfigs {
  /** Those of the files that exist. */
  readonly files: readonly string[];
  readonly clusters: readonly KubeconfigItem[];
  readonly users: readonly KubeconfigItem[];
  readonly contexts: readonly KubeconfigItem[];
  /** What the first file that names one says, whether there is such a context or not. */
  readonly current: string | undefined;
}

/** Fields that name files, relative to the file they are in (client-go `clientcmd/loader.go`). */
const PATHS = ["certificate-authority", "client-certificate", "client-key", "tokenFile"];

/**
 * Reads them by kubectl's rules (client-go `clientcmd/loader.go`): an item or the current context is
 * what the first file that has it says, and the parts of a context may be in several files.
 *
 * @throws {UserError} exit code 2 where a file is not understood or cannot be read
 */
export async function readKubeconfigs(files: readonly string[]): Promise<Kubeconfigs> {
  const found: { readonly file: string; readonly config: z.infer<typeof Kubeconfig> }[] = [];
  for (const file of files) {
    const text = await readIfAny(file);
    if (text !== undefined) found.push({ file, config: parsed(text, file) });
  }
  const all = <K extends "cluster" | "user" | "context">(kind: K) =>
    firstOfEach(
      found.flatMap(({ file, config }) =>
        (config[`${kind}s`] ?? []).map((each) => item(file, each, kind))
      ),
    );
  return {
    files: found.map(({ file }) => file),
    clusters: all("cluster"),
    users: all("user"),
    contexts: all("context"),
    current: found.map(({ config }) => config["current-context"]).find(Boolean) ?? undefined,
  };
}

/** All of it as the text of one file. */
export function kubeconfigText({ clusters, users, contexts }: Kubeconfigs): string {
  const list = (items: readonly KubeconfigItem[], key: string) =>
    items.map(({ name, fields }) => ({ name, [key]: fields }));
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: list(clusters, "cluster"),
    users: list(users, "user"),
    contexts: list(contexts, "context"),
  });
}

function item(
  file: string,
  { name, ...named }: { readonly name: string; readonly [kind: string]: unknown },
  kind: string,
): KubeconfigItem {
  const absolute = Object.entries(named[kind] ?? {}).map(([key, value]) => [
    key,
    PATHS.includes(key) && typeof value === "string" && value !== ""
      ? resolve(dirname(file), value)
      : value,
  ]);
  return { file, name, fields: Object.fromEntries(absolute) };
}

function firstOfEach(items: readonly KubeconfigItem[]): readonly KubeconfigItem[] {
  const kept = new Map<string, KubeconfigItem>();
  for (const each of items) if (!kept.has(each.name)) kept.set(each.name, each);
  return [...kept.values()];
}

function parsed(text: string, file: string): z.infer<typeof Kubeconfig> {
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw usageError("The kubeconfig is not YAML", { where: { file }, cause });
  }
  const result = Kubeconfig.safeParse(value ?? {});
  if (result.success) return result.data;
  throw usageError("The kubeconfig cannot be parsed", {
    where: { file },
    hint: "Look at it with: kubectl config view",
    cause: result.error,
  });
}

async function readIfAny(file: string): Promise<string | undefined> {
  try {
    return await ifThere(Deno.readTextFile(file));
  } catch (cause) {
    const why = cause instanceof Deno.errors.IsADirectory
      ? "it is a directory"
      : refusalReason(cause);
    throw usageError(`The kubeconfig cannot be read: ${why}`, { where: { file }, cause });
  }
}

/** What is known of the machine here; a `System` is one. */
export interface KubeconfigPlace {
  readonly directories: Directories;
  readonly cwd: string;
  env(name: string): string | undefined;
}

/**
 * The person's kubeconfig files, as kubectl finds them: the one named, else `KUBECONFIG` (which
 * may list several), else `~/.kube/config`. At least one; whether they exist is not looked at.
 */
export function kubeconfigFiles(
  { directories, cwd, env }: KubeconfigPlace,
  named: string | undefined,
): readonly [string, ...string[]] {
  if (named !== undefined) return [resolve(cwd, named)];
  const [first, ...more] = (env("KUBECONFIG") ?? "").split(delimiter).filter((path) => path !== "");
  return first === undefined
    ? [join(directories.home, ".kube", "config")]
    : [resolve(cwd, first), ...more.map((path) => resolve(cwd, path))];
}
