import { join } from "node:path";
import { run } from "../cli/command.ts";
import { cacheDir } from "../paths.ts";
import { cached, hashTexts } from "./content_hash.ts";
import { buildGo, type GoBuild } from "./go_programs.ts";

/** Name of the archive of container images, as k3s releases call it. */
export const imageArchive = "k3s-airgap-images-amd64.tar";

/** The k3s stand-in with a release's version stamp; `version` is such as v1.36.3+k3s1. */
export function k3sBuild(version: string): GoBuild {
  const [, major, minor] = version.match(/^v(\d+)\.(\d+)\./) ?? [];
  if (major === undefined || minor === undefined) throw new Error(`not a version: ${version}`);
  const stamp = "k8s.io/component-base/version";
  return {
    what: `k3s stand-in ${version}`,
    firstTime: "6 min",
    part: "k3s",
    packages: ["."],
    output: "k3s",
    ldflags: [
      `-X ${stamp}.gitVersion=${version}`,
      `-X ${stamp}.gitMajor=${major}`,
      `-X ${stamp}.gitMinor=${minor}`,
      "-X main.commit=abcdef12",
    ].join(" "),
  };
}

const imagesBuild: GoBuild = {
  what: "programs of the container images",
  part: "images",
  packages: ["./cmd/..."],
};

const corednsBuild: GoBuild = {
  what: "CoreDNS",
  firstTime: "2 min",
  part: "coredns",
  packages: ["github.com/coredns/coredns"],
};

const metricsServerBuild: GoBuild = {
  what: "metrics-server",
  firstTime: "2 min",
  part: "metrics-server",
  packages: ["sigs.k8s.io/metrics-server/cmd/metrics-server"],
};

const localPathBuild: GoBuild = {
  what: "stand-in for local-path-provisioner",
  part: "local-path",
  packages: ["./cmd/..."],
};

/** A device plugin in place of NVIDIA's, which needs a card. */
const gpuPluginBuild: GoBuild = {
  what: "device plugin",
  part: "gpu-plugin",
  packages: ["."],
  output: "gpu-plugin",
};

/** Builds the program that writes archives of container images; returns its path. */
export async function buildImageTool(): Promise<string> {
  return join(await buildGo(imagesBuild), "labimage");
}

/** Builds the archive of container images that a cluster starts with; returns its directory. */
export async function buildImages(): Promise<string> {
  const programs = await buildGo(imagesBuild);
  const coredns = await buildGo(corednsBuild);
  const metricsServer = await buildGo(metricsServerBuild);
  const images = [
    `docker.io/rancher/mirrored-pause:3.6=${join(programs, "pause")}`,
    `docker.io/lab/hello:1=${join(programs, "hello")}`,
    `docker.io/rancher/mirrored-coredns-coredns:1.14.1=${join(coredns, "coredns")}`,
    `docker.io/rancher/mirrored-metrics-server:v0.7.2=${join(metricsServer, "metrics-server")}`,
  ];
  const { path } = await cached(
    join(cacheDir, "images", hashTexts(imageArchive, ...images)),
    async (dir) => {
      await run([join(programs, "labimage"), "-o", join(dir, imageArchive), ...images]);
    },
  );
  return path;
}

/** Builds an archive with the image of the lab's device plugin; returns its path. */
export async function buildGpuPluginImage(name: string): Promise<string> {
  const programs = await buildGo(imagesBuild);
  const image = `${name}=${join(await buildGo(gpuPluginBuild), "gpu-plugin")}`;
  const archive = "gpu-plugin-images-amd64.tar";
  // As NVIDIA's image has it: their runtime gives cards to containers with this variable alone.
  const env = "NVIDIA_VISIBLE_DEVICES=all";
  const { path } = await cached(
    join(cacheDir, "images", hashTexts(archive, env, image)),
    async (dir) => {
      await run([join(programs, "labimage"), "-o", join(dir, archive), "-env", env, image]);
    },
  );
  return join(path, archive);
}

/** Builds an archive of `hello` with a variable of its own; returns its directory. */
export async function buildExampleImage(
  name: string,
  env: { readonly PORT: string },
  archive = "example-images-amd64.tar",
): Promise<string> {
  const programs = await buildGo(imagesBuild);
  const variable = `PORT=${env.PORT}`;
  const image = `${name}=${join(programs, "hello")}`;
  const { path } = await cached(
    join(cacheDir, "images", hashTexts(archive, variable, image)),
    async (dir) => {
      await run([join(programs, "labimage"), "-o", join(dir, archive), "-env", variable, image]);
    },
  );
  return path;
}

/** Images of a local-path-provisioner and of its helper pod, as the role `storage` names them. */
export const STORAGE_IMAGES = {
  provisioner: "docker.io/rancher/local-path-provisioner:v0.0.36",
  shell: "docker.io/rancher/mirrored-library-busybox:1.37.0",
} as const;

/** Builds the archive of images that storage classes need; returns its path. */
export async function buildStorageImages(archive = "storage-images-amd64.tar"): Promise<string> {
  const labimage = await buildImageTool();
  const programs = await buildGo(localPathBuild);
  const images = [
    `${STORAGE_IMAGES.provisioner}=${join(programs, "local-path-provisioner")}`,
    `${STORAGE_IMAGES.shell}=${join(programs, "sh")}`,
  ];
  const { path } = await cached(
    join(cacheDir, "images", hashTexts(archive, labimage, ...images)),
    async (dir) => {
      await run([labimage, "-o", join(dir, archive), "-in", "bin", ...images]);
    },
  );
  return join(path, archive);
}
