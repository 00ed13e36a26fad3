/**
 * Where the embedded files (ansible/, gitops/, examples/) are read from.
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
export const ASSET_FOLDERS = ["ansible", "gitops", "examples"] as const;
