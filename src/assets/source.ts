/**
 * Where the embedded files (ansible/, gitops/, examples/) are read from: the folder the program was
 * started from, which is the checkout, the npm package, or the file system inside the compiled
 * executable.
 *
 * @module
 */

/** Read access to the embedded files; paths are relative, with `/`. */
export interface AssetSource {
  /** Every file, sorted: `ansible/ansible.cfg`, … */
  list(): Promise<readonly string[]>;
  read(path: string): Promise<Uint8Array>;
}

/** The top-level folders that are embedded into the executable and the npm package. */
const ASSET_FOLDERS = ["ansible", "gitops", "examples"] as const;

/** Build products of Python and Ansible that may lie in a checkout and are never embedded. */
const NOT_EMBEDDED = /(^|\/)(__pycache__|\.ansible)(\/|$)|\.pyc$/;

/** Reads `ansible/`, `gitops/` and `examples/` below a root. */
export class FolderAssets implements AssetSource {
  constructor(private readonly root: string) {}

  async list(): Promise<readonly string[]> {
    const paths: string[] = [];
    for (const folder of ASSET_FOLDERS) await walk(this.root, folder, paths);
    return paths.sort();
  }

  read(path: string): Promise<Uint8Array> {
    return Deno.readFile(`${this.root}/${path}`);
  }
}

async function walk(root: string, folder: string, into: string[]): Promise<void> {
  try {
    for await (const entry of Deno.readDir(`${root}/${folder}`)) {
      const path = `${folder}/${entry.name}`;
      if (NOT_EMBEDDED.test(path)) continue;
      if (entry.isDirectory) await walk(root, path, into);
      else if (entry.isFile) into.push(path);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
