/**
 * What a directory of the repository stands for: the kustomizations that are read, the files they
 * name, and the objects in them.
 *
 * @module
 */

import { posix } from "node:path";
import type { Place, Problem } from "../errors/user_error.ts";
import {
  isRemote,
  type Kustomization,
  KUSTOMIZATION_NAMES,
  readKustomization,
  type Reference,
  referencesOf,
} from "./kustomization_file.ts";
import { type Manifest, type ManifestFile, readManifests } from "./manifest.ts";
import type { RepositoryFiles } from "./repository_files.ts";

/** An object with the names it gets from the kustomizations above it. */
export interface TreeObject {
  readonly manifest: Manifest;
  /** Set by a kustomization; the object's own `metadata.namespace` counts where it is undefined. */
  readonly namespace: string | undefined;
  readonly namePrefix: string;
  readonly nameSuffix: string;
}

/** What was found below a directory. */
export interface ResourceTree {
  readonly objects: readonly TreeObject[];
  /** Remote resources, which nobody looked at. */
  readonly remote: readonly { readonly target: string; readonly where: Place }[];
  /** Every file that was read or named on the way. */
  readonly files: ReadonlySet<string>;
}

interface Names {
  readonly namespace: string | undefined;
  readonly namePrefix: string;
  readonly nameSuffix: string;
}

/** Reads trees of one repository; each file is read, and complained about, once. */
export class ResourceTrees {
  readonly #files: RepositoryFiles;
  readonly #known: ReadonlySet<string>;
  readonly #manifests = new Map<string, Promise<ManifestFile>>();
  /** Problems by what they say, so that a base of two overlays is reported once. */
  readonly #problems = new Map<string, Problem>();
  /** Files some kustomization names, or that are read because no kustomization is there. */
  readonly used = new Set<string>();
  /** True where a kustomization could not be read, so that what it names is not known. */
  incomplete = false;

  constructor(files: RepositoryFiles) {
    this.#files = files;
    this.#known = new Set(files.paths);
  }

  /** What was wrong with the files read so far. */
  get problems(): readonly Problem[] {
    return [...this.#problems.values()];
  }

  /** Notes a problem; the same one twice counts once. */
  report(problem: Problem): void {
    this.#problems.set(JSON.stringify(problem), problem);
  }

  /** The file kustomize would read in a directory. */
  kustomizationOf(directory: string): string | undefined {
    return KUSTOMIZATION_NAMES.map((name) => posix.join(directory, name))
      .find((path) => this.#known.has(path));
  }

  /** True where the repository has such a directory. */
  hasDirectory(directory: string): boolean {
    return directory === "." || directory === "" ||
      this.#files.paths.some((path) => path.startsWith(`${directory}/`));
  }

  /** The documents of a file. */
  manifestsOf(file: string): Promise<ManifestFile> {
    let read = this.#manifests.get(file);
    if (read === undefined) {
      read = this.#files.read(file).then((text) =>
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
   * @param options.namespace what Flux sets for all of it (`spec.targetNamespace`)
   */
  async read(
    directory: string,
    { namespace }: { readonly namespace?: string | undefined } = {},
  ): Promise<ResourceTree> {
    const objects: TreeObject[] = [];
    const remote: { target: string; where: Place }[] = [];
    const files = new Set<string>();
    await this.#directory(posix.normalize(directory), {
      names: { namespace, namePrefix: "", nameSuffix: "" },
      above: [],
      found: { objects, remote, files },
    });
    return { objects, remote, files };
  }

  async #directory(directory: string, walk: Walk): Promise<void> {
    const file = this.kustomizationOf(directory);
    if (file !== undefined) return await this.#kustomization(file, walk);
    const prefix = directory === "." ? "" : `${directory}/`;
    const inside = this.#files.paths.filter((path) => path.startsWith(prefix));
    const taken: string[] = [];
    for (const path of inside) {
      if (taken.some((each) => path.startsWith(`${each}/`))) continue;
      const nested = this.#outermostKustomization(prefix, path);
      if (nested !== undefined) {
        taken.push(nested);
        await this.#directory(nested, walk);
      } else if (/\.ya?ml$/.test(path)) {
        await this.#resourceFile(path, walk);
      }
    }
  }

  /** The first directory on the way from `prefix` to a file that has a kustomization. */
  #outermostKustomization(prefix: string, path: string): string | undefined {
    const parts = posix.dirname(path.slice(prefix.length)).split("/");
    return parts.map((_, at) => prefix + parts.slice(0, at + 1).join("/"))
      .find((directory) => this.kustomizationOf(directory) !== undefined);
  }

  async #kustomization(file: string, walk: Walk): Promise<void> {
    this.#use(file, walk);
    if (walk.above.includes(file)) {
      return this.report({ message: "this kustomization includes itself", where: { file } });
    }
    const { manifests, problems } = await this.manifestsOf(file);
    problems.forEach((problem) => this.report(problem));
    const [manifest, second] = manifests;
    if (second !== undefined) {
      const where = second.place([]);
      this.report({ message: "a kustomization file holds one document", where });
    }
    if (manifest === undefined) {
      this.incomplete = true;
      if (problems.length === 0) this.report({ message: "is empty", where: { file } });
      return;
    }
    const { kustomization, problems: wrong } = readKustomization(manifest);
    wrong.forEach((problem) => this.report(problem));
    if (kustomization === undefined) {
      this.incomplete = true;
      return;
    }
    this.#refuseClearSecrets(kustomization, manifest);
    const inner = {
      ...walk,
      above: [...walk.above, file],
      names: within(walk.names, kustomization),
    };
    for (const reference of referencesOf(kustomization)) {
      await this.#reference(reference, { manifest, walk: inner });
    }
  }

  async #reference(
    { target, kind, at }: Reference,
    { manifest, walk }: { readonly manifest: Manifest; readonly walk: Walk },
  ): Promise<void> {
    const where = manifest.place(at);
    if (isRemote(target)) return void walk.found.remote.push({ target, where });
    const path = posix.join(posix.dirname(manifest.file), target);
    if (path.startsWith("..") || target.startsWith("/")) {
      const message = `${target} lies outside the repository`;
      return this.report({ message, where });
    }
    if (this.#known.has(path)) {
      this.#use(path, walk);
      if (kind === "resource") await this.#resourceFile(path, walk);
      return;
    }
    if (kind !== "resource" || !this.hasDirectory(path)) {
      return this.report({ message: `${target} does not exist`, where });
    }
    if (this.kustomizationOf(path) === undefined) {
      const message = `the directory ${target} has no kustomization.yaml`;
      return this.report({ message, where });
    }
    await this.#directory(path, walk);
  }

  #use(file: string, { found }: Walk): void {
    this.used.add(file);
    found.files.add(file);
  }

  async #resourceFile(path: string, walk: Walk): Promise<void> {
    const { names, found } = walk;
    this.#use(path, walk);
    const { manifests, problems } = await this.manifestsOf(path);
    problems.forEach((problem) => this.report(problem));
    for (const manifest of manifests) found.objects.push({ manifest, ...names });
  }

  /** A generator's literals, and files that are read as they are, end up in Git as clear text. */
  #refuseClearSecrets({ secretGenerator = [] }: Kustomization, manifest: Manifest): void {
    secretGenerator.forEach(({ literals = [], files = [], envs = [], env }, index) => {
      const inClear = [...files, ...envs, ...(env === undefined ? [] : [env])]
        .filter((file) => !/\.sops\.|\.enc(?:rypted)?(?:\.|$)/.test(file));
      if (literals.length + inClear.length === 0) return;
      this.report({
        message: "secretGenerator makes a Secret from clear text in the repository; " +
          "encrypt it with sops instead",
        where: manifest.place(["secretGenerator", index]),
      });
    });
  }
}

interface Walk {
  readonly names: Names;
  /** Kustomizations this one is included by. */
  readonly above: readonly string[];
  readonly found: {
    readonly objects: TreeObject[];
    readonly remote: { target: string; where: Place }[];
    readonly files: Set<string>;
  };
}

/** The outermost namespace wins; prefixes of outer kustomizations come first. */
function within(names: Names, { namespace, namePrefix, nameSuffix }: Kustomization): Names {
  return {
    namespace: names.namespace ?? namespace,
    namePrefix: names.namePrefix + (namePrefix ?? ""),
    nameSuffix: (nameSuffix ?? "") + names.nameSuffix,
  };
}
