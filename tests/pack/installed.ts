/**
 * The artefact as a user gets it: `deno task pack`, `npm install` of the file into an empty
 * directory with an empty HOME, commands run from there.
 *
 * @module
 */

import assert from "node:assert/strict";
import { PROJECT_ROOT } from "../cli/fake_context.ts";

/** What a command left. */
export interface Left {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where and with what a command is run; variables are added to those of this process. */
export interface Where {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The installed package. */
export interface Installed {
  /** Folder that is removed at the end; for files of the test. */
  readonly directory: string;
  /** HOME of somebody who has never run anything; empty, and there. */
  readonly home: string;
  /** The command that npm made. */
  readonly tool: string;
  /** DENO_DIR where what was compiled once is kept for all homes: else that is two thirds of a command's time. */
  readonly compiled: string;
}

/** Runs a program to its end, with nothing on its stdin. */
export async function command(argv: readonly string[], { cwd, env = {} }: Where): Promise<Left> {
  const [program = "", ...args] = argv;
  const output = await new Deno.Command(program, { args, cwd, env, stdin: "null" }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: output.code, stdout: decode(output.stdout), stderr: decode(output.stderr) };
}

/** Packs the checkout and installs the package into a new folder. */
export async function installPackage(): Promise<Installed> {
  const directory = await Deno.makeTempDir({ prefix: "k3s-tool-pack-" });
  const home = `${directory}/home`;
  await Deno.mkdir(home);
  await Deno.mkdir(`${directory}/app`);
  const made = await command([Deno.execPath(), "task", "--quiet", "pack"], { cwd: PROJECT_ROOT });
  assert.equal(made.code, 0, made.stderr);
  const files = [...Deno.readDirSync(`${PROJECT_ROOT}/dist/npm`)].map(({ name }) => name);
  const tarball = files.find((name) => name.endsWith(".tgz"));
  assert.ok(tarball, files.join(" "));
  const install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", "."];
  const installed = await command([...install, `${PROJECT_ROOT}/dist/npm/${tarball}`], {
    cwd: `${directory}/app`,
  });
  assert.equal(installed.code, 0, installed.stderr);
  const tool = `${directory}/app/node_modules/.bin/k3s-tool`;
  return { directory, home, tool, compiled: `${directory}/deno` };
}

/** The environment of that somebody; only PATH is theirs. */
export function environmentOf(home: string): Readonly<Record<string, string>> {
  return { HOME: home, XDG_CACHE_HOME: "", XDG_STATE_HOME: "", XDG_CONFIG_HOME: "" };
}
