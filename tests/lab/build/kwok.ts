import { join } from "node:path";
import { run } from "../cli/command.ts";
import { labSource } from "../paths.ts";
import { buildGo, type GoBuild } from "./go_programs.ts";

const part = "kwok";
const module = "sigs.k8s.io/kwok";

const kwokBuild: GoBuild = {
  what: "kwok",
  firstTime: "1 min",
  part,
  packages: [`${module}/cmd/kwok`],
};

/** What nodes and pods do, from kwok's own module: Ready at once, leases renewed, pods Running. */
const stageFiles = [
  "node/fast/node-initialize.yaml",
  "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
  "pod/fast/pod-ready.yaml",
  "pod/fast/pod-complete.yaml",
  "pod/fast/pod-delete.yaml",
];

/** kwok and the files that its `--config` takes. */
export interface Kwok {
  readonly program: string;
  readonly stages: readonly string[];
}

/** Builds kwok unless the cache has it. */
export async function buildKwok(): Promise<Kwok> {
  const program = join(await buildGo(kwokBuild), "kwok");
  const cwd = join(labSource, "parts", part);
  // Not `go list`: it does not fetch a module that is no longer in Go's cache.
  const { Dir }: { Dir: string } = JSON.parse(
    await run(["go", "mod", "download", "-json", module], { cwd }),
  );
  return { program, stages: stageFiles.map((file) => join(Dir, "kustomize", "stage", file)) };
}
