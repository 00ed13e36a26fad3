/**
 * Builds a directory with kustomize, as Flux does in the cluster.
 *
 * @module
 */

import { join, relative } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { ProgramNotFoundError } from "../process/runner.ts";
import type { System } from "../process/system.ts";
import { isObject, metadataOf } from "./manifest.ts";

/** Limit for one build, in milliseconds; it takes some tens of them. */
const TIMEOUT_MS = 60_000;

/** Where kustomize says an object comes from (kustomize's `buildMetadata`). */
const ORIGIN = "config.kubernetes.io/origin";
const TRANSFORMATIONS = "alpha.config.kubernetes.io/transformations";

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
  | { readonly failure: string };

/** The program that builds; undefined where neither is on PATH. */
export async function findKustomize({ runner, signal }: System): Promise<Kustomize | undefined> {
  const candidates: readonly { readonly program: Kustomize; readonly probe: readonly string[] }[] =
    [
      { program: ["kustomize", "build"], probe: ["kustomize", "version"] },
      { program: ["kubectl", "kustomize"], probe: ["kubectl", "kustomize", "--help"] },
    ];
  for (const { program, probe } of candidates) {
    try {
      const { code } = await runner.run(probe, { signal, timeoutMs: TIMEOUT_MS });
      if (code === 0) return program;
    } catch (error) {
      if (!(error instanceof ProgramNotFoundError)) throw error;
    }
  }
  return undefined;
}

/**
 * Builds a directory below `root` that has a kustomization. Nothing is fetched: whoever calls makes
 * sure that no remote resource is named.
 */
export async function buildDirectory(
  { runner, signal }: System,
  kustomize: Kustomize,
  { root, directory }: { readonly root: string; readonly directory: string },
): Promise<Build> {
  // Origins are asked for by a kustomization around it, as no option of the program does.
  const wrapper = await Deno.makeTempDir({ prefix: "k3s-tool-build-" });
  try {
    const inside = await Deno.realPath(wrapper);
    const realRoot = await Deno.realPath(root);
    const target = relative(inside, join(realRoot, directory));
    await Deno.writeTextFile(
      join(inside, "kustomization.yaml"),
      JSON.stringify({
        apiVersion: "kustomize.config.k8s.io/v1beta1",
        kind: "Kustomization",
        resources: [target],
        buildMetadata: ["originAnnotations", "transformerAnnotations"],
      }),
    );
    const argv = [...kustomize, "--load-restrictor", "LoadRestrictionsNone", inside];
    const { code, stdout, stderr } = await runner.run(argv, { signal, timeoutMs: TIMEOUT_MS });
    const original = (path: string) => relative(realRoot, join(inside, path));
    if (code === 0) return { objects: builtObjects(stdout, original) };
    return { failure: failureOf(stderr, { root: realRoot, wrapper: inside, directory }) };
  } finally {
    await Deno.remove(wrapper, { recursive: true });
  }
}

function builtObjects(text: string, place: (path: string) => string): BuiltObject[] {
  const documents = parseAllDocuments(text, { prettyErrors: false });
  return [...documents].flatMap((document) => {
    const value: unknown = document.toJS();
    if (!isObject(value)) return [];
    const { annotations, ...metadata } = metadataOf(value);
    const notes = isObject(annotations) ? annotations : {};
    const { [ORIGIN]: origin, [TRANSFORMATIONS]: changes, ...rest } = notes;
    const kept = Object.keys(rest).length === 0 ? metadata : { ...metadata, annotations: rest };
    const path = memberOf(origin, "path");
    return [{
      value: { ...value, metadata: kept },
      origin: typeof path === "string" ? place(path) : undefined,
      patchedIn: patchesOf(changes).map(place),
    }];
  });
}

function memberOf(text: unknown, member: string): unknown {
  const value: unknown = typeof text === "string" ? parse(text) : undefined;
  return isObject(value) ? value[member] : undefined;
}

function patchesOf(text: unknown): readonly string[] {
  const list: unknown = typeof text === "string" ? parse(text) : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap((each: unknown) =>
    isObject(each) && typeof each.configuredIn === "string" ? [each.configuredIn] : []
  );
}

/** The last part of kustomize's long chain of causes, paths as they are in the repository. */
function failureOf(
  stderr: string,
  { root, wrapper, directory }: {
    readonly root: string;
    readonly wrapper: string;
    readonly directory: string;
  },
): string {
  const text = stderr.trim().replace(/^Error: /, "").replaceAll(`${root}/`, "")
    .replaceAll(`${relative(wrapper, root)}/`, "").replaceAll(root, ".");
  // It quotes what it was given, over many lines, between the beginning and the reason.
  const [first = "", ...rest] = text.split("\n").map((line) => line.trim()).filter(Boolean);
  const line = rest.length === 0 ? first : `${first} … ${rest.at(-1)}`;
  const [, path, cause] = /^.*recursed accumulation of path '([^']*)': (.+)$/.exec(line) ?? [];
  if (cause === undefined) return line || "kustomize build failed";
  return path === directory ? cause : `in ${path}: ${cause}`;
}
