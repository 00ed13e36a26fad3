/**
 * `deno task build`: the executable, dist/k3s-tool, with the assets inside.
 *
 * `deno compile` appends the bundle to `denort`, which it downloads unless DENORT_BIN names a
 * local one. `--target TRIPLE` builds for another platform; `--list` prints what would be embedded.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { runToEnd } from "./run_to_end.ts";
import { makeStage, ROOT, STAGE, V8_FLAGS } from "./stage.ts";

/** What is asked of a build. */
interface BuildRequest {
  /** The platform; undefined: the one of this machine. */
  readonly target: string | undefined;
  /** Prints what would be embedded, and builds nothing. */
  readonly list: boolean;
}

/** @throws {Error} where the request cannot be met as it is said */
function buildRequest(args: string[], denort: string | undefined): BuildRequest {
  const { values: { target, list = false } } = parseArgs({
    args,
    options: { target: { type: "string" }, list: { type: "boolean" } },
  });
  if (target === "") throw new Error("--target needs a platform, as x86_64-unknown-linux-gnu");
  // Deno takes that file for every platform, so the result would run here under another's name.
  if (target !== undefined && denort) {
    throw new Error(
      `DENORT_BIN names one denort, and --target ${target} needs that platform's: ` +
        "unset DENORT_BIN, or leave --target out",
    );
  }
  return { target, list };
}

async function build({ target, list }: BuildRequest): Promise<void> {
  const stage = await makeStage({ foreseen: true });
  if (list) {
    await Deno.stdout.write(new TextEncoder().encode(stage.join("\n") + "\n"));
    return;
  }
  const includes = stage.filter((file) => file !== "main.js").flatMap((file) => [
    "--include",
    `${STAGE}/${file}`,
  ]);
  await runToEnd([
    Deno.execPath(),
    "compile",
    "--quiet",
    "--no-config",
    "--no-lock",
    "--allow-all",
    V8_FLAGS,
    ...(target === undefined ? [] : ["--target", target]),
    ...includes,
    "--output",
    `${ROOT}/dist/k3s-tool${target === undefined ? "" : `-${target}`}`,
    `${STAGE}/main.js`,
  ], { cwd: ROOT });
}

let request: BuildRequest | undefined;
try {
  request = buildRequest(Deno.args, Deno.env.get("DENORT_BIN"));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  await Deno.stderr.write(new TextEncoder().encode(`Error: ${message}\n`));
  Deno.exitCode = 2;
}
if (request !== undefined) await build(request);
