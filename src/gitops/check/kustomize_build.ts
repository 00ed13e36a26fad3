/**
 * Builds a directory with kustomize, as Flux does in the cluster.
 *
 * @module
 */

import { join, posix } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { ifInstalled } from "../../process/runner.ts";
import type { System } from "../../process/system.ts";
import { makeTemporaryDirectory } from "../../process/temporary_directory.ts";
import { KUSTOMIZATION_NAMES } from "./kustomization_file.ts";
import { isObject, listOf, type Manifest, metadataOf, textOf, valueAt } from "./manifest.ts";

/** Limit for one build, in milliseconds; it takes some tens of them. */
const TIMEOUT_MS = 60_000;

/** Where kustomize says an object comes from (kustomize's `buildMetadata`). */
const ORIGIN = "config.kubernetes.io/origin";
const TRANSFORMATIONS = "alpha.config.kubernetes.io/transformations";

type Programs = Pick<System, "runner" | "signal">;

/** Builds with `kustomize`, or with the one inside `kubectl`. */
export type Kustomize = readonly string[];

/** One object of a build. */
export interface BuiltObject {
  readonly value: Readonly<Record<string, unknown>>;
  /** The file it was read from; undefined for what a generator made. */
  readonly origin: string | undefined;
  /** Kustomizations whose patches changed it, the last one last. */
  readonly patchedIn: readonly string[];
}

/** What a build led to. */
export type Build =
  | { readonly objects: readonly BuiltObject[] }
  | { readonly failure: string; readonly timedOut?: boolean };

/** The program that builds; undefined where neither is on PATH. */
export async function findKustomize({ runner, signal }: Programs): Promise<Kustomize | undefined> {
  const candidates = [
    [["kustomize", "build"], ["kustomize", "version"]],
    [["kubectl", "kustomize"], ["kubectl", "kustomize", "--help"]],
  ] as const;
  for (const [program, probe] of candidates) {
    const found = await ifInstalled(runner.run(probe, { signal, timeoutMs: TIMEOUT_MS }));
    if (found?.code === 0) return program;
  }
  return undefined;
}

/** Whatever is overlooked in a kustomization, kustomize reaches no server and runs no git for it. */
const OFFLINE = {
  GIT_ALLOW_PROTOCOL: "none",
  HTTP_PROXY: "http://127.0.0.1:9",
  HTTPS_PROXY: "http://127.0.0.1:9",
  NO_PROXY: "",
};

/**
 * Builds a kustomization in its place in the repository: the file that is there, or what Flux
 * makes of it. Nothing is fetched: whoever calls makes sure that no remote resource is named.
 *
 * @param root absolute path of the repository
 */
export async function buildKustomization(
  { runner, signal }: Programs,
  kustomize: Kustomize,
  root: string,
  { file, value }: Pick<Manifest, "file" | "value">,
): Promise<Build> {
  const temporary = await makeTemporaryDirectory("k3s-tool-build-");
  try {
    const [tree, realRoot] = await Promise.all(
      [temporary, root].map((each) => Deno.realPath(each)),
    );
    const directory = posix.dirname(file);
    await linkAround(directory, { from: realRoot!, to: tree! });
    const annotations = ["originAnnotations", "transformerAnnotations"];
    const buildMetadata = [...listOf(value.buildMetadata), ...annotations];
    await Deno.writeTextFile(join(tree!, file), JSON.stringify({ ...value, buildMetadata }));
    const argv = [
      ...kustomize,
      "--load-restrictor",
      "LoadRestrictionsNone",
      join(tree!, directory),
    ];
    const options = { signal, timeoutMs: TIMEOUT_MS, env: OFFLINE };
    const { code, stdout, stderr, timedOut } = await runner.run(argv, options);
    if (timedOut) {
      return { failure: `kustomize took longer than ${TIMEOUT_MS / 1000} s`, timedOut };
    }
    if (code === 0) return { objects: builtObjects(stdout, directory) };
    return { failure: failureOf(stderr, [tree!, realRoot!]) };
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

/** A tree of links to all of a repository but the kustomization of one directory. */
async function linkAround(
  directory: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  const [next, ...rest] = directory === "." ? [] : directory.split("/");
  const own = next === undefined ? KUSTOMIZATION_NAMES : [next];
  for await (const { name } of Deno.readDir(from)) {
    if (!own.includes(name)) await Deno.symlink(join(from, name), join(to, name));
  }
  if (next === undefined) return;
  await Deno.mkdir(join(to, next));
  const below = { from: join(from, next), to: join(to, next) };
  await linkAround(rest.join("/") || ".", below);
}

function builtObjects(text: string, directory: string): BuiltObject[] {
  const place = (path: string) => posix.join(directory, path);
  const documents = parseAllDocuments(text, { prettyErrors: false });
  return [...documents].flatMap((document) => {
    const value: unknown = document.toJS();
    if (!isObject(value)) return [];
    const { annotations, ...metadata } = metadataOf(value);
    const notes = isObject(annotations) ? annotations : {};
    const { [ORIGIN]: origin, [TRANSFORMATIONS]: changes, ...rest } = notes;
    const kept = Object.keys(rest).length === 0 ? metadata : { ...metadata, annotations: rest };
    const read = (text: unknown): unknown => typeof text === "string" ? parse(text) : undefined;
    const path = textOf(valueAt(read(origin), ["path"]));
    return [{
      value: { ...value, metadata: kept },
      origin: path === undefined ? undefined : place(path),
      patchedIn: listOf(read(changes))
        .flatMap((each) => textOf(valueAt(each, ["configuredIn"])) ?? []).map(place),
    }];
  });
}

/** The last part of kustomize's long chain of causes, paths as they are in the repository. */
function failureOf(stderr: string, roots: readonly string[]): string {
  const text = roots.reduce(
    (said, root) => said.replaceAll(`${root}/`, "").replaceAll(root, "."),
    withoutLog(stderr),
  );
  // It quotes what it was given, over many lines, between the beginning and the reason.
  const [first = "", ...rest] = text.split("\n").map((line) => line.trim()).filter(Boolean);
  const line = rest.length === 0 ? first : `${first} … ${rest.at(-1)}`;
  const [, path, cause] = /^.*recursed accumulation of path '([^']*)': (.+)$/.exec(line) ?? [];
  return cause === undefined ? line || "kustomize build failed" : `in ${path}: ${cause}`;
}

/**
 * The error alone, without warnings and without what a `kubectl` that logs puts around it:
 * `E… run.go:72] "command failed" err=…`, quoted, or as lines between `<` and `>`.
 *
 * Source: k8s.io/klog/v2/internal/serialize (KVFormat).
 */
function withoutLog(stderr: string): string {
  const text = stderr.split("\n").filter((line) => !/^(?:# )?Warning: /.test(line)).join("\n")
    .trim();
  const logged = /^[EF]\d{4} [^\n]*\] "command failed" err=([^]*)$/m.exec(text)?.[1]?.trim();
  if (logged === undefined) return text.replace(/^Error: /, "");
  const lines = /^<\n([^]*)\n\s*>$/.exec(logged)?.[1];
  if (lines !== undefined) return lines.replace(/^\t/gm, "");
  try {
    return String(JSON.parse(logged));
  } catch {
    return logged;
  }
}
