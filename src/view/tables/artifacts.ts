/**
 * Files of releases as rows.
 *
 * @module
 */

import type { Artifact } from "../../actions/upkeep/artifacts.ts";
import { safeText } from "../../errors/safe_text.ts";
import { hideSecrets } from "../../errors/secrets.ts";
import { bytes } from "../words/amounts.ts";
import { inTone } from "../words/tone.ts";
import type { Column } from "./table.ts";

/** The files. */
export const ARTIFACT_COLUMNS: readonly Column<Artifact>[] = [
  { header: "FILE", cell: ({ path }) => path },
  { header: "SIZE", align: "right", cell: (row) => bytes(row.bytes) },
  { header: "STATE", cell: ({ state }) => inTone(state === "missing" ? "warn" : "good", state) },
  { header: "URL", wide: true, cell: ({ url }) => safeText(hideSecrets(url)) },
  { header: "SHA-256", wide: true, cell: ({ sha256 }) => sha256 },
];

/** A file as documents have it. */
export function artifactItem({ path, url, sha256, bytes, state }: Artifact) {
  return { path, url: safeText(hideSecrets(url)), sha256, bytes: bytes ?? null, state };
}
