import { join } from "node:path";
import { run } from "../cli/command.ts";
import { BuildError } from "./go_programs.ts";

/** Where the manifests of one of Flux's controllers come from. */
export interface ControllerSource {
  /** Such as source-controller. */
  name: string;
  /** Such as v1.9.3. */
  version: string;
  /** The files of its Go module. */
  dir: string;
}

/** What the manifest is made with. */
export interface ManifestTools {
  /** Path of kustomize. */
  kustomize: string;
  /** Directory to work in; what is made there is removed. */
  work: string;
}

/**
 * Makes the install manifest as Flux's release does: with its kustomizations, in which the files that it downloads
 * from the controllers' releases come from the controllers' modules, and without the controllers that the lab has not.
 */
export async function installManifest(
  flux: string,
  sources: readonly ControllerSource[],
  { kustomize, work }: ManifestTools,
): Promise<string> {
  const root = join(work, "manifests");
  await run(["cp", "-r", "--no-preserve=mode", join(flux, "manifests"), root]);
  const all = await Array.fromAsync(Deno.readDir(join(root, "bases")));
  const absent = all.filter((entry) => entry.isDirectory).map(({ name }) => name)
    .filter((name) => !sources.some((source) => source.name === name));
  await edit(
    join(root, "install", "kustomization.yaml"),
    (text) =>
      text.split("\n").filter((line) => !absent.some((name) => line.endsWith(`/bases/${name}`)))
        .join("\n"),
  );
  for (const { name, version, dir } of sources) {
    const base = join(root, "bases", name);
    for (const [file, config] of [["crds", "crd"], ["deployment", "manager"]]) {
      const local = `${name}.${file}.yaml`;
      const built = await run([kustomize, "build", join(dir, "config", config as string)]);
      await Deno.writeTextFile(join(base, local), built);
      const url = `https://github.com/fluxcd/${name}/releases/download/${version}/${local}`;
      await edit(join(base, "kustomization.yaml"), (text) => replaced(text, url, local));
    }
    // As `flux install` does where there is no notification-controller to tell of events.
    await edit(
      join(base, "patch.yaml"),
      (text) => text.replace(/--events-addr=\S*/, "--events-addr="),
    );
  }
  const manifest = await run([kustomize, "build", join(root, "install")]);
  await Deno.remove(root, { recursive: true });
  return manifest;
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  await Deno.writeTextFile(path, change(await Deno.readTextFile(path)));
}

function replaced(text: string, old: string, by: string): string {
  if (!text.includes(old)) {
    throw new BuildError(
      `this release of Flux does not use ${old}: its version and that of ${
        by.split(".")[0]
      } do not go together`,
    );
  }
  return text.replace(old, by);
}
