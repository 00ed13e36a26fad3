import { createHash } from "node:crypto";
import { join } from "node:path";
import { run } from "../cli/command.ts";
import { cacheDir, labSource } from "../paths.ts";
import { buildImageTool } from "./cluster_parts.ts";
import { cached, hashTexts } from "./content_hash.ts";
import { type ControllerSource, installManifest } from "./flux_manifest.ts";
import { buildGo, type GoBuild } from "./go_programs.ts";

/** What the lab has of a release of Flux. */
export interface FluxRelease {
  /** Such as v2.9.3. */
  version: string;
  /** Directory of install.yaml and flux_VERSION_checksums.txt, as the release's download page has them. */
  path: string;
  /** Archive of the controllers' images, for a host's /var/lib/rancher/k3s/agent/images. */
  images: string;
}

/** Flux's controllers that run in the lab: those that the tool's GitOps is made of. */
const controllers = ["source-controller", "kustomize-controller"] as const;

/** The user that Flux's own images run as, which their pods insist on. */
const user = "65534:65534";

const controllerBuilds: readonly GoBuild[] = controllers.map((name) => ({
  what: `Flux's ${name}`,
  firstTime: "4 min",
  part: name,
  packages: [`github.com/fluxcd/${name}`],
}));

/** Kustomize, which Flux's release manifests are made with and whose command people have. */
export const kustomizeBuild: GoBuild = {
  what: "kustomize",
  part: "kustomize",
  packages: ["sigs.k8s.io/kustomize/kustomize/v5"],
  output: "kustomize",
  ldflags: "-X sigs.k8s.io/kustomize/api/provenance.version=v5.8.1",
};

/** SOPS, which encrypts what is secret in a repository. */
export const sopsBuild: GoBuild = {
  what: "sops",
  firstTime: "2 min",
  part: "sops",
  packages: ["github.com/getsops/sops/v3/cmd/sops"],
};

/** Builds Flux's controllers and the manifest that installs them, unless the cache has them. */
export async function buildFlux(): Promise<FluxRelease> {
  const kustomize = join(await buildGo(kustomizeBuild), "kustomize");
  const labimage = await buildImageTool();
  const flux = await goModule("flux", "github.com/fluxcd/flux2/v2");
  const sources: (ControllerSource & { program: string })[] = [];
  for (const [i, name] of controllers.entries()) {
    const build = controllerBuilds[i] as GoBuild;
    const program = join(await buildGo(build), name);
    sources.push({ name, program, ...await goModule(name, `github.com/fluxcd/${name}`) });
  }
  const images = sources.map(({ name, version, program }) =>
    `ghcr.io/fluxcd/${name}:${version}=${program}`
  );
  const recipe = await Deno.readTextFile(new URL("flux_manifest.ts", import.meta.url));
  const hash = hashTexts(recipe, kustomize, labimage, flux.version, ...images);
  const archive = "flux-images-amd64.tar";
  const { path } = await cached(join(cacheDir, "flux", hash), async (dir) => {
    const manifest = await installManifest(flux.dir, sources, { kustomize, work: dir });
    await Deno.writeTextFile(join(dir, "install.yaml"), manifest);
    await Deno.writeTextFile(
      join(dir, `flux_${flux.version.slice(1)}_checksums.txt`), // `sha256sum` output, as GoReleaser writes it
      `${createHash("sha256").update(manifest).digest("hex")}  install.yaml\n`,
    );
    await Deno.mkdir(join(dir, "images"));
    await run([labimage, "-o", join(dir, "images", archive), "-user", user, ...images]);
  });
  return { version: flux.version, path, images: join(path, "images", archive) };
}

interface GoModule {
  version: string;
  /** Its files, in Go's module cache. */
  dir: string;
}

/** The files of a module that a part's go.mod pins, checked against its go.sum. */
async function goModule(part: string, path: string): Promise<GoModule> {
  const cwd = join(labSource, "parts", part);
  const text = await run(["go", "mod", "download", "-json", path], { cwd });
  const { Version: version, Dir: dir } = JSON.parse(text) as { Version: string; Dir: string };
  return { version, dir };
}
