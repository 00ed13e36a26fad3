/**
 * `deno task test:lab`: builds the lab where needed, then runs the scenarios one after another, each on
 * hosts of its own, and ends what it started.
 *
 * @module
 */

import { join } from "node:path";
import { runToEnd } from "../../tasks/run_to_end.ts";
import { makeStage, ROOT } from "../../tasks/stage.ts";
import { ansibleOnPath } from "./ansible.ts";
import { buildLab } from "./build/build.ts";
import { cached, hashTexts, hashTree } from "./build/content_hash.ts";
import { goVersion } from "./build/go_programs.ts";
import { releasesFromEnvironment } from "./build/release.ts";
import { say } from "./cli/progress.ts";
import { down } from "./lab.ts";
import { cacheDir } from "./paths.ts";

const scenarios = Deno.args.length > 0 ? Deno.args : ["tests/lab/"];

/** Parts of the lab that have tests of their own. */
const GO_PARTS = ["k3s", "tailnet", "images", "git", "gpu-plugin", "local-path"];

try {
  await buildLab(releasesFromEnvironment());
  await ansibleOnPath();
  for (const part of GO_PARTS) await testPart(part);
  await makeStage();
  await down(); // an earlier run that was cut short
  const test = [Deno.execPath(), "test", "-A", "--quiet", "--no-check"]; // `ok` has checked the types
  await runToEnd([...test, ...scenarios], { cwd: ROOT });
} finally {
  await down();
}

/** Runs a part's tests unless this very part has passed them: Go knows its own results only in the same checkout. */
async function testPart(part: string): Promise<void> {
  const cwd = `${ROOT}/tests/lab/parts/${part}`;
  const key = hashTexts(part, await hashTree(cwd), await goVersion());
  // With the flags of the build, so that Kubernetes is not compiled a second time.
  const test = ["go", "test", "-trimpath", "-buildvcs=false", "./..."];
  const { made } = await cached(
    join(cacheDir, "tested", key),
    () => runToEnd(test, { cwd, env: { CGO_ENABLED: "0" } }),
  );
  if (!made) say(`lab: ${part} has passed its tests before`);
}
