/**
 * The peer of `bench start`: upstream's kubectl, built from the Go module proxy, so that it is the same one on
 * every machine (some distributions wrap theirs).
 *
 * @module
 */

import { runToEnd } from "../../tasks/run_to_end.ts";
import { ROOT } from "../../tasks/stage.ts";

/** Path of a kubectl, built where it is not yet (a minute). */
export async function buildKubectl(): Promise<string> {
  const cache = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME")}/.cache`;
  const binary = `${cache}/k3s-tool-lab/bench/kubectl`;
  // The lab's module already pins Kubernetes with all of its replacements.
  await runToEnd(
    ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "k8s.io/kubernetes/cmd/kubectl"],
    { cwd: `${ROOT}/tests/lab/parts/k3s`, env: { CGO_ENABLED: "0" } },
  );
  return binary;
}
