/**
 * `deno task test:lab`: builds the lab where needed, then runs the scenarios one after another, each on
 * hosts of its own, and ends what it started.
 *
 * @module
 */

import { runToEnd } from "../../tasks/run_to_end.ts";
import { makeStage, ROOT } from "../../tasks/stage.ts";
import { ansibleOnPath } from "./ansible.ts";
import { buildLab } from "./build/build.ts";
import { releasesFromEnvironment } from "./build/release.ts";
import { down } from "./lab.ts";

const scenarios = Deno.args.length > 0 ? Deno.args : ["tests/lab/"];

/** Parts of the lab that have tests of their own. */
const GO_PARTS = ["k3s", "tailnet", "images", "git", "gpu-plugin", "local-path"];

try {
  await buildLab(releasesFromEnvironment());
  await ansibleOnPath();
  // With the flags of the build, so that Kubernetes is not compiled a second time.
  for (const part of GO_PARTS) {
    await runToEnd(["go", "test", "-trimpath", "-buildvcs=false", "./..."], {
      cwd: `${ROOT}/tests/lab/parts/${part}`,
      env: { CGO_ENABLED: "0" },
    });
  }
  await makeStage();
  await down(); // an earlier run that was cut short
  const test = [Deno.execPath(), "test", "-A", "--quiet", "--no-check"]; // `ok` has checked the types
  await runToEnd([...test, ...scenarios], { cwd: ROOT });
} finally {
  await down();
}
