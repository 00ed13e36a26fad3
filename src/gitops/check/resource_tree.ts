/**
 * What a directory of the repository stands for: the kustomizations that are read, the files they
 * name, and the objects in them.
 *
 * @module
 */

import { posix } from "node:path";
import type { Place, Problem } from "../../errors/user_error.ts";
import {
  changedKinds,
  inlineYaml,
  isRemote,
  KUSTOMIZATION_NAMES,
  kustomizationProblems,
  looksRemote,
  type Reference,
  referencesOf,
  withFluxFields,
} from "./kustomization_file.ts";
import {
  type Manifest,
  type ManifestFile,
  metadataOf,
  readManifests,
  textOf,
  textsAt,
} from "./manifest.ts";
import type { RepositoryFiles } from "../repository/repository_files.ts";

/** An object as it is applied. */
export interface AppliedObject {
  /** Its value as built, or as the file has it; its places are in the file. */
  readonly manifest: Manifest;
  /** What it was read from; undefined for what a generator made. */
  readonly source: Manifest | undefined;
  readonly namespace: string | undefined;
  readonly name: string;
  /** False where something that was not built may change it. */
  readonly certain: boolean;
  /** False where something that was not built may change its name or namespace too. */
  readonly named: boolean;
  /** The file that changed it last. */
  readonly changedIn: string;
}

/** What kustomizations do to what they list. */
interface Names {
  /** Set by a kustomization; the object's own `metadata.namespace` counts where it is undefined. */
  readonly namespace: string | undefined;
  /** Whose other fields only a build knows. */
  readonly changed: "none" | "any" | ReadonlySet<string>;
}

/** What was found below a directory. */
export interface ResourceTree {
  /** What is built, with what Flux adds to it; undefined where it cannot be read. */
  readonly kustomization: Manifest | undefined;
  /** As they would be without a build. */
  readonly objects: readonly AppliedObject[];
  /** What would be fetched, which nobody looks at. */
  readonly remote: readonly { readonly target: string; readonly where: Place }[];
  /** Every file that was read or named on the way. */
  readonly files: ReadonlySet<string>;
  /** True where kustomize may read all of it: nothing grows without limit, or is elsewhere. */
  readonly safe: boolean;
}

/** A problem, and whether it stands though kustomize may have built the file it is in. */
interface ReadProblem {
  readonly problem: Problem;
  readonly certain: boolean;
}

/** Reads trees of one repository; each file is read, and complained about, once. */
export class ResourceTrees {
  readonly #manifests = new Map<string, Promise<ManifestFile>>();
  /** Problems by what they say, so that a base of two overlays is reported once. */
  readonly #problems = new Map<string, ReadProblem>();
  /** Files some kustomization names, or that are read because no kustomization is there. */
  readonly used = new Set<string>();
  /** Kustomizations that were read. */
  readonly kustomizations = new Set<string>();

  constructor(readonly files: RepositoryFiles) {}

  /** What was wrong with the files read so far. */
  get problems(): readonly ReadProblem[] {
    return [...this.#problems.values()];
  }

  /**
   * Notes a problem; the same one twice counts once.
   *
   * @param options.certain true where it is wrong even if kustomize builds the file
   */
  report(problem: Problem, { certain = false } = {}): void {
    this.#problems.set(JSON.stringify(problem), { problem, certain });
  }

  /** The file kustomize would read in a directory. */
  kustomizationOf(directory: string): string | undefined {
    return KUSTOMIZATION_NAMES.map((name) => posix.join(directory, name))
      .find((path) => this.files.has(path));
  }

  /** Why Flux does not have what is there; undefined where it has it, or nothing is there. */
  unusable(path: string): string | undefined {
    if (this.files.has(path) || this.files.hasDirectory(path)) return undefined;
    for (let at = path; at !== "." && at !== "/"; at = posix.dirname(at)) {
      const why = this.files.unusable.get(at);
      if (why !== undefined) return why;
    }
    return this.files.unusable.entries().find(([each]) => each.startsWith(`${path}/`))?.[1];
  }

  /** The documents of a file. */
  manifestsOf(file: string): Promise<ManifestFile> {
    let read = this.#manifests.get(file);
    if (read === undefined) {
      read = this.files.read(file).then((text) =>
        text === undefined
          ? { manifests: [], problems: [{ message: "cannot be read", where: { file } }] }
          : readManifests(file, text)
      );
      this.#manifests.set(file, read);
    }
    return read;
  }

  /**
   * The objects a directory stands for, as Flux and kustomize understand it: its kustomization, or
   * where it has none every YAML file below, a sub-directory with a kustomization counting as one.
   *
   * @param options.by the Kustomization of Flux that applies it, which adds to its kustomization
   * @param options.only the files to read; default: what Flux finds in the directory
   */
  async read(
    directory: string,
    { by, only }: {
      readonly by?: Manifest | undefined;
      readonly only?: readonly string[] | undefined;
    } = {},
  ): Promise<ResourceTree> {
    const found: Walk["found"] = { objects: [], remote: [], files: new Set(), safe: true };
    const walk: Walk = { names: { namespace: undefined, changed: "none" }, above: [], found };
    const at = posix.normalize(directory);
    const asFluxBuilds = (own: Manifest) =>
      withFluxFields(own, { by, exists: (path) => this.files.hasDirectory(posix.join(at, path)) });
    const file = only === undefined ? this.kustomizationOf(at) : undefined;
    if (file !== undefined) {
      return { kustomization: await this.#kustomization(file, walk, asFluxBuilds), ...found };
    }
    const kustomization = asFluxBuilds({
      file: posix.join(at, KUSTOMIZATION_NAMES[0]!),
      value: { resources: (only ?? this.entriesBelow(at)).map((path) => posix.relative(at, path)) },
      place: () => by?.place(["spec", "path"]) ?? { file: at },
    });
    await this.#contents(kustomization, walk);
    return { kustomization, ...found };
  }

  /** What Flux finds in a directory that has no kustomization. */
  entriesBelow(directory: string): readonly string[] {
    const prefix = directory === "." ? "" : `${directory}/`;
    const entries = new Set<string>();
    for (const path of this.files.paths) {
      if (!path.startsWith(prefix)) continue;
      if (path === this.kustomizationOf(directory)) continue;
      const nested = this.#outermostKustomization(prefix, path);
      if (nested !== undefined) entries.add(nested);
      else if (/\.ya?ml$/.test(path)) entries.add(path);
    }
    return [...entries];
  }

  /** The first directory on the way from `prefix` to a file that has a kustomization. */
  #outermostKustomization(prefix: string, path: string): string | undefined {
    const parts = path.slice(prefix.length).split("/").slice(0, -1);
    return parts.map((_, at) => prefix + parts.slice(0, at + 1).join("/"))
      .find((directory) => this.kustomizationOf(directory) !== undefined);
  }

  /** Reads a kustomization. @param complete adds what Flux does @returns it, where it is one */
  async #kustomization(
    file: string,
    walk: Walk,
    complete: (own: Manifest) => Manifest = (own) => own,
  ): Promise<Manifest | undefined> {
    const { found } = walk;
    this.#use(file, walk);
    this.kustomizations.add(file);
    if (walk.above.includes(file)) {
      found.safe = false;
      this.report({ message: "this kustomization includes itself", where: { file } });
      return undefined;
    }
    const { manifests: [own, second], problems } = await this.#documents(file, found);
    problems.forEach((problem) => this.report(problem));
    if (second !== undefined) {
      this.report({ message: "a kustomization file holds one document", where: second.place([]) });
    }
    if (own === undefined) {
      found.safe = false;
      if (problems.length === 0) this.report({ message: "is empty", where: { file } });
      return undefined;
    }
    kustomizationProblems(own).forEach((problem) => this.report(problem));
    const manifest = complete(own);
    await this.#contents(manifest, walk);
    return manifest;
  }

  /** Everything a kustomization names. */
  async #contents(manifest: Manifest, walk: Walk): Promise<void> {
    const { file, value } = manifest;
    for (const text of inlineYaml(manifest)) {
      const { manifests } = this.#safe(readManifests(file, text), walk.found);
      const plugins = manifests.filter(({ value }) => value.apiVersion === "builtin");
      walk.found.remote.push(...plugins.flatMap(({ value }) => remoteIn(value, { file })));
    }
    // Unpacked by kustomize only where it is told to.
    for (const field of ["helmCharts", "helmChartInflationGenerator"]) {
      if (value[field] === undefined) continue;
      walk.found.remote.push({ target: "a Helm chart", where: manifest.place([field]) });
    }
    const inner = {
      ...walk,
      above: [...walk.above, file],
      names: within(walk.names, manifest),
    };
    for (const reference of referencesOf(manifest)) {
      await this.#reference(reference, { manifest, walk: inner });
    }
  }

  async #reference(
    { target, kind, at }: Reference,
    { manifest, walk }: { readonly manifest: Manifest; readonly walk: Walk },
  ): Promise<void> {
    const where = manifest.place(at);
    const { found } = walk;
    // What Flux names: no build of the file that it is named in knows of it.
    const byFlux = where.file !== manifest.file;
    const refuse = (message: string, { certain = byFlux } = {}) => {
      if (certain) found.safe = false;
      this.report({ message, where }, { certain });
    };
    if (isRemote(target)) return void found.remote.push({ target, where });
    const path = posix.join(posix.dirname(manifest.file), target).replace(/\/+$/, "");
    if (path.startsWith("..") || target.startsWith("/")) {
      found.safe = false;
      return refuse(`${target} is outside the repository`);
    }
    if (this.files.has(path)) {
      this.#use(path, walk);
      if (kind === "text" || kind !== "resource" && !/\.(?:ya?ml|json)$/.test(path)) return;
      // A patch may be a list of operations, which is no object: only what unfolds is refused.
      const { manifests, problems } = await this.#documents(path, found);
      if (kind === "resource") {
        problems.forEach((problem) => this.report(problem));
        found.objects.push(...manifests.map((each) => writtenObject(each, walk.names)));
      } else if (kind === "plugin") {
        // kustomize may fetch what its settings name.
        found.remote.push(...manifests.flatMap(({ value }) => remoteIn(value, where)));
      }
      return;
    }
    const why = this.unusable(path);
    if (why !== undefined) return refuse(`${target} ${why}`, { certain: true });
    if (kind === "file" || kind === "text" || !this.files.hasDirectory(path)) {
      if (looksRemote(target)) return void found.remote.push({ target, where });
      return refuse(`${target} does not exist`);
    }
    const file = this.kustomizationOf(path);
    if (file === undefined) return refuse(`the directory ${target} has no kustomization.yaml`);
    await this.#kustomization(file, walk);
  }

  async #documents(file: string, found: Walk["found"]): Promise<ManifestFile> {
    return this.#safe(await this.manifestsOf(file), found);
  }

  /** What grows without limit when it is read is given to no other program. */
  #safe(read: ManifestFile, found: Walk["found"]): ManifestFile {
    for (const problem of read.problems.filter(({ message }) => /alias count/.test(message))) {
      found.safe = false;
      this.report(problem);
    }
    return read;
  }

  #use(file: string, { found }: Walk): void {
    this.used.add(file);
    found.files.add(file);
  }
}

interface Walk {
  readonly names: Names;
  /** Kustomizations this one is included by. */
  readonly above: readonly string[];
  readonly found: {
    readonly objects: AppliedObject[];
    readonly remote: { target: string; where: Place }[];
    readonly files: Set<string>;
    safe: boolean;
  };
}

function writtenObject(source: Manifest, { namespace, changed }: Names): AppliedObject {
  const { file, value, place } = source;
  const { kind } = value;
  const metadata = metadataOf(value);
  // `namespace:` of a kustomization names Namespaces too (kustomize
  // `api/internal/konfig/builtinpluginconsts/namespace.go`).
  const given = kind === "Namespace" ? namespace : undefined;
  const renamed = { file, value: { ...value, metadata: { ...metadata, name: given } }, place };
  return {
    manifest: given === undefined ? source : renamed,
    source,
    namespace: namespace ?? textOf(metadata.namespace),
    name: given ?? String(metadata.name),
    named: changed !== "any",
    certain: changed === "none" || changed !== "any" && !changed.has(String(kind)),
    changedIn: file,
  };
}

/** The outermost namespace wins. */
function within({ namespace, changed: a }: Names, manifest: Manifest): Names {
  const b = changedKinds(manifest);
  const changed = a === "none" || b === "any" ? b : b === "none" || a === "any" ? a : a.union(b);
  return { namespace: namespace ?? textOf(manifest.value.namespace), changed };
}

function remoteIn(value: unknown, where: Place) {
  return textsAt(value).filter(({ text }) => isRemote(text))
    .map(({ text }) => ({ target: text, where }));
}
