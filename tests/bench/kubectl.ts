/**
 * The peer of `bench start`: the kubectl on PATH, or upstream's own, built from the Go module proxy.
 *
 * @module
 */

import { runToEnd } from "../../tasks/run_to_end.ts";
import { ROOT } from "../../tasks/stage.ts";

/** Path of a kubectl. */
export async function locateKubectl(): Promise<string> {
  const onPath = await new Deno.Command("sh", { args: ["-c", "command -v kubectl"] }).output();
  if (onPath.success) return new TextDecoder().decode(onPath.stdout).trim();
  const cache = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME")}/.cache`;
  const binary = `${cache}/k3s-tool-lab/bench/kubectl`;
  // The lab's module already pins Kubernetes with all of its replacements.
  await runToEnd(
    ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "k8s.io/kubernetes/cmd/kubectl"],
    { cwd: `${ROOT}/tests/lab/parts/k3s`, env: { CGO_ENABLED: "0" } },
  );
  return binary;
}
