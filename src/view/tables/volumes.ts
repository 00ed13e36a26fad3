/**
 * Volumes of a node as rows and documents.
 *
 * @module
 */

import type { NodeVolume } from "../../cluster/read/read_volumes.ts";
import { bytes, NOTHING } from "../words/amounts.ts";
import type { Column } from "./table.ts";

/** Columns of the volumes in `node show`. */
export const VOLUME_COLUMNS: readonly Column<NodeVolume>[] = [
  { header: "VOLUME", cell: ({ name }) => name },
  { header: "CLAIM", cell: ({ claim }) => claim || NOTHING },
  { header: "CLASS", cell: (volume) => volume.class || NOTHING },
  { header: "SIZE", align: "right", cell: ({ size }) => bytes(size) },
  { header: "STATUS", cell: ({ phase }) => phase || NOTHING },
  { header: "PATH", cell: ({ path }) => path },
];

/** A volume in JSON documents. */
export function volumeItem({ node: _, size, ...volume }: NodeVolume): Record<string, unknown> {
  return { ...volume, size: size ?? null };
}
