import { join } from "node:path";
import { run } from "../cli/command.ts";
import { cacheDir, labSource } from "../paths.ts";
import { say, step } from "../cli/progress.ts";
import { cached, hashTexts, hashTree } from "./content_hash.ts";

/** A set of Go programs that are built together. */
export interface GoBuild {
  /** What it is, for people. */
  what: string;
  /** About how long it takes where Go has compiled none of it before, if that is long. */
  firstTime?: string;
  /** Directory below parts/ with the go.mod. */
  part: string;
  /** Files of the part that the result depends on; all of them without it. */
  inputs?: readonly string[];
  /** Packages to build. */
  packages: readonly string[];
  /** File name of the result where there is one package; its own name without it. */
  output?: string;
  ldflags?: string;
  env?: Record<string, string>;
}

/** Tailscale's own programs, with the version stamp that its release builds have. */
export const tailscaleBuild: GoBuild = {
  what: "tailscale and tailscaled v1.100.0",
  firstTime: "2 min",
  part: "tailnet",
  inputs: ["go.mod", "go.sum"],
  packages: ["tailscale.com/cmd/tailscale", "tailscale.com/cmd/tailscaled"],
  ldflags:
    "-X tailscale.com/version.shortStamp=1.100.0 -X tailscale.com/version.longStamp=1.100.0-lab",
};

/** The lab's control server, relay and mirror. */
export const labnetBuild: GoBuild = {
  what: "control server and mirror",
  part: "tailnet",
  packages: ["."],
  output: "labnet",
};

/** The lab's Git server. */
export const gitBuild: GoBuild = {
  what: "Git server",
  part: "git",
  packages: ["."],
  output: "labgit",
};

/** An S3 server that people use: it checks signatures and checksums. */
export const s3Build: GoBuild = {
  what: "S3 server",
  firstTime: "1 min",
  part: "s3",
  packages: ["github.com/versity/versitygw/cmd/versitygw"],
};

/** Builds Go programs unless the cache has them; returns the directory they are in. */
export async function buildGo(build: GoBuild): Promise<string> {
  const hash = await inputHash(build);
  const { path } = await cached(join(cacheDir, "bin", hash), async (dir) => {
    const patience = build.firstTime === undefined
      ? ""
      : ` (the first time about ${build.firstTime})`;
    say(`lab: building ${build.what}${patience}`);
    await step(`${build.what} built`, () => goBuild(build, dir));
    if (await inputHash(build) !== hash) {
      throw new BuildError(`the sources of ${build.what} changed during the build; run it again`);
    }
  });
  return path;
}

/** Thrown where what was built cannot be kept. */
export class BuildError extends Error {
  override name = "BuildError";
}

function sourceOf(build: GoBuild): string {
  return join(labSource, "parts", build.part);
}

async function inputHash(build: GoBuild): Promise<string> {
  const source = sourceOf(build);
  const contents = build.inputs === undefined
    ? await hashTree(source, /(_test\.go|\.md)$|(^|\/)testdata\//)
    : hashTexts(...await Promise.all(build.inputs.map((f) => Deno.readTextFile(join(source, f)))));
  const settings = JSON.stringify([build.packages, build.output, build.ldflags, build.env]);
  return hashTexts(contents, settings, await goVersion());
}

async function goBuild(build: GoBuild, dir: string): Promise<void> {
  await run([
    "nice",
    "go",
    "build",
    "-trimpath",
    "-buildvcs=false",
    "-ldflags",
    `-s -w ${build.ldflags ?? ""}`,
    "-o",
    build.output === undefined ? `${dir}/` : join(dir, build.output),
    ...build.packages,
  ], { cwd: sourceOf(build), env: { CGO_ENABLED: "0", ...build.env } });
}

let version: Promise<string> | undefined;

/** Which Go there is, as it says it. */
export function goVersion(): Promise<string> {
  version ??= run(["go", "version"]);
  return version;
}
