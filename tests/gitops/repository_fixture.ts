/**
 * A repository below a temporary directory, made by the commands themselves, and a made-up sops.
 *
 * @module
 */

import { dirname } from "node:path";
import { parse, stringify } from "yaml";
import { type CommandResult, runCommand } from "../cli/fake_context.ts";
import { type Call, FakeRunner } from "../process/fake_runner.ts";

/** A directory with `repo` (a repository for the cluster homelab) and a HOME. */
export interface TemporaryRepository extends AsyncDisposable {
  /** HOME and working directory. */
  readonly home: string;
  readonly root: string;
  readonly runner: FakeRunner;
  run(argv: readonly string[], options?: { readonly stdin?: string }): Promise<CommandResult>;
  read(path: string): string;
  write(path: string, text: string): void;
  /** Replaces text that must be there. */
  replace(path: string, from: string, to: string): void;
  /** `where: message` of what `gitops validate` says. */
  problems(): Promise<readonly string[]>;
  /** What it warns of, in the same form. */
  warnings(): Promise<readonly string[]>;
  /** Every file by its path, with its text. */
  files(): ReadonlyMap<string, string>;
}

/** Makes it. @param options.init arguments of `gitops init`; undefined: it is not run */
export async function temporaryRepository(
  { init = ["repo"], runner = fakeSops(new FakeRunner()).on("git init") }: {
    readonly init?: readonly string[] | undefined;
    readonly runner?: FakeRunner;
  } = {},
): Promise<TemporaryRepository> {
  const home = await Deno.realPath(await Deno.makeTempDir());
  const root = `${home}/repo`;
  const run: TemporaryRepository["run"] = (argv, options = {}) =>
    runCommand(argv, { directory: home, runner, ...options });
  const write = (path: string, text: string) => {
    Deno.mkdirSync(dirname(`${root}/${path}`), { recursive: true });
    Deno.writeTextFileSync(`${root}/${path}`, text);
  };
  const read = (path: string) => Deno.readTextFileSync(`${root}/${path}`);
  if (init.length > 0) {
    const { code, stderr } = await run(["gitops", "init", ...init]);
    if (code !== 0) throw new Error(stderr);
  }
  return {
    home,
    root,
    runner,
    run,
    read,
    write,
    replace: (path, from, to) => {
      const text = read(path);
      if (!text.includes(from)) throw new Error(`${path} does not hold ${from}`);
      write(path, text.replace(from, to));
    },
    problems: async () => (await validated(run)).problems.map(told),
    warnings: async () => (await validated(run)).warnings.map(told),
    files: () => {
      const found = new Map<string, string>();
      const walk = (folder: string) => {
        for (const { name, isDirectory } of Deno.readDirSync(`${root}/${folder}`)) {
          const path = folder === "" ? name : `${folder}/${name}`;
          if (isDirectory) walk(path);
          else found.set(path, read(path));
        }
      };
      walk("");
      return found;
    },
    [Symbol.asyncDispose]: () => Deno.remove(home, { recursive: true }),
  };
}

interface Told {
  readonly message: string;
  readonly where: { readonly file: string; readonly line?: number };
}

async function validated(run: TemporaryRepository["run"]) {
  const { stdout } = await run(["gitops", "validate", "repo", "-o", "json"]);
  return JSON.parse(stdout) as { problems: readonly Told[]; warnings: readonly Told[] };
}

function told({ message, where: { file, line } }: Told): string {
  return `${file}${line === undefined ? "" : `:${line}`}: ${message}`;
}

/** Answers as sops 3.11 does, with a cipher that is none. */
export function fakeSops(runner: FakeRunner): FakeRunner {
  return runner.on("sops --disable-version-check", { stdout: "sops 3.11.0" }).on(
    /^sops .*encrypt/,
    ({ options: { stdin = "" } }: Call) => {
      const object = parse(stdin);
      const sealed = Object.keys(object.stringData).map((key) => [
        key,
        "ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]",
      ]);
      return {
        stdout: stringify({
          ...object,
          stringData: Object.fromEntries(sealed),
          sops: { mac: "ENC[AES256_GCM,data:AAAA]", age: [], version: "3.11.0" },
        }),
      };
    },
  );
}

/** The arguments of a web app with everything. */
export const FULL_APP = [
  ...["gitops", "new-app", "blog", "--dir", "repo", "--image", "ghcr.io/me/blog:1.10"],
  ...["--port", "8080", "--host", "blog.example.com", "--health-path", "/healthz"],
  ...["--replicas", "2", "--config", "LOG=no", "--volume", "5Gi", "--gpu"],
];
