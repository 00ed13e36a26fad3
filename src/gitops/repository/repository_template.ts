/**
 * The tree a repository starts from, as it lies under gitops/, filled in for a cluster.
 *
 * @module
 */

import type { AssetSource } from "../../assets/source.ts";

/** What differs between repositories. */
export interface TemplateValues {
  readonly cluster: string;
  readonly fluxNamespace: string;
  /** Public age key; without it nothing is said of encryption. */
  readonly recipient: string | undefined;
}

const FOLDER = "gitops/";

/** The lines that tell Flux to decrypt, in `spec` of a Kustomization. */
const DECRYPTION = `  decryption:
    provider: sops
    secretRef:
      name: sops-age`;

/** Every file by its path in the repository, sorted. */
export async function repositoryTemplate(
  assets: AssetSource,
  values: TemplateValues,
): Promise<ReadonlyMap<string, string>> {
  const decoder = new TextDecoder();
  const files = new Map<string, string>();
  for (const asset of await assets.list()) {
    if (!asset.startsWith(FOLDER)) continue;
    const path = pathOf(asset, values.cluster);
    if (path === ".sops.yaml" && values.recipient === undefined) continue;
    files.set(path, filledIn(decoder.decode(await assets.read(asset)), values));
  }
  return files;
}

/** npm leaves `.gitignore` out of packages, so that dots at the start are written `dot.`. */
function pathOf(asset: string, cluster: string): string {
  return asset.slice(FOLDER.length).replace(/^dot\./, ".")
    .replace(/^clusters\/cluster\//, `clusters/${cluster}/`);
}

function filledIn(text: string, { cluster, fluxNamespace, recipient }: TemplateValues): string {
  return text
    .replace(/^\{\{decryption\}\}\n/m, recipient === undefined ? "" : `${DECRYPTION}\n`)
    .replaceAll("{{cluster}}", cluster)
    .replaceAll("{{flux_namespace}}", fluxNamespace)
    .replaceAll("{{recipient}}", recipient ?? "");
}
