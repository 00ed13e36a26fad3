/**
 * `deno task build`: the executable, dist/k3s-tool, with the assets inside.
 *
 * `deno compile` appends the bundle to `denort`, which it downloads unless DENORT_BIN names a
 * local one. `--target TRIPLE` builds for another platform; `--list` prints what would be embedded.
 *
 * @module
 */

import { runToEnd } from "./run_to_end.ts";
import { makeStage, ROOT, STAGE, V8_FLAGS } from "./stage.ts";

const stage = await makeStage();
if (Deno.args.includes("--list")) {
  await Deno.stdout.write(new TextEncoder().encode(stage.join("\n") + "\n"));
} else {
  const target = Deno.args[Deno.args.indexOf("--target") + 1];
  const cross = Deno.args.includes("--target") && target !== undefined;
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
    ...(cross ? ["--target", target] : []),
    ...includes,
    "--output",
    `${ROOT}/dist/k3s-tool${cross ? `-${target}` : ""}`,
    `${STAGE}/main.js`,
  ], { cwd: ROOT });
}
