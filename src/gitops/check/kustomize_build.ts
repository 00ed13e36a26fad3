/**
 * Builds a directory with kustomize, as Flux does in the cluster.
 *
 * @module
 */

import { join, relative } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { ProgramNotFoundError } from "../../process/runner.ts";
import type { System } from "../../process/system.ts";
import { makeTemporaryDirectory } from "../../process/temporary_directory.ts";
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
  | { readonly failure: string; readonly timedOut?: boolean };

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

/** What is built, as Flux would: a directory's kustomization, or files, with what Flux adds. */
export interface BuildRequest {
  /** Absolute path of the repository. */
  readonly root: string;
  /** Files and directories with a kustomization, relative to `root`. */
  readonly resources: readonly string[];
  readonly components?: readonly string[];
  /** Fields of a kustomization that Flux adds: `namespace`, `patches`, … */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Whatever is overlooked in a kustomization, kustomize reaches no server and runs no git for it. */
const OFFLINE = {
  GIT_ALLOW_PROTOCOL: "none",
  HTTP_PROXY: "http://127.0.0.1:9",
  HTTPS_PROXY: "http://127.0.0.1:9",
  NO_PROXY: "",
};

/**
 * Builds files and directories of the repository. Nothing is fetched: whoever calls makes sure that
 * no remote resource is named.
 */
export async function buildResources(
  { runner, signal }: System,
  kustomize: Kustomize,
  { root, resources, components = [], fields = {} }: BuildRequest,
): Promise<Build> {
  // Origins are asked for by a kustomization around it, as no option of the program does.
  const wrapper = await makeTemporaryDirectory("k3s-tool-build-");
  try {
    const inside = await Deno.realPath(wrapper);
    const realRoot = await Deno.realPath(root);
    const toInside = (path: string) => relative(inside, join(realRoot, path));
    await Deno.writeTextFile(
      join(inside, "kustomization.yaml"),
      JSON.stringify({
        apiVersion: "kustomize.config.k8s.io/v1beta1",
        kind: "Kustomization",
        resources: resources.map(toInside),
        ...(components.length === 0 ? {} : { components: components.map(toInside) }),
        ...fields,
        buildMetadata: ["originAnnotations", "transformerAnnotations"],
      }),
    );
    const argv = [...kustomize, "--load-restrictor", "LoadRestrictionsNone", inside];
    const options = { signal, timeoutMs: TIMEOUT_MS, env: OFFLINE };
    const { code, stdout, stderr, timedOut } = await runner.run(argv, options);
    const original = (path: string) => relative(realRoot, join(inside, path));
    if (timedOut) {
      return { failure: `kustomize took longer than ${TIMEOUT_MS / 1000} s`, timedOut };
    }
    if (code === 0) return { objects: builtObjects(stdout, original) };
    return { failure: failureOf(stderr, { root: realRoot, wrapper: inside, resources }) };
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
  { root, wrapper, resources }: {
    readonly root: string;
    readonly wrapper: string;
    readonly resources: readonly string[];
  },
): string {
  const text = withoutLog(stderr).replaceAll(`${root}/`, "")
    .replaceAll(`${relative(wrapper, root)}/`, "").replaceAll(root, ".");
  // It quotes what it was given, over many lines, between the beginning and the reason.
  const [first = "", ...rest] = text.split("\n").map((line) => line.trim()).filter(Boolean);
  const line = rest.length === 0 ? first : `${first} … ${rest.at(-1)}`;
  const [, path, cause] = /^.*recursed accumulation of path '([^']*)': (.+)$/.exec(line) ?? [];
  if (cause === undefined) return line || "kustomize build failed";
  return resources.includes(path ?? "") ? cause : `in ${path}: ${cause}`;
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
