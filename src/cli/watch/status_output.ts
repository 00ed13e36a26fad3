/**
 * Prints the state of the cluster, in every format.
 *
 * @module
 */

import { safeLines } from "../../errors/safe_text.ts";
import { type Status, statusDocument, statusText, statusWords } from "../../view/tables/status.ts";
import type { Output } from "../output/output.ts";

/** Prints the data. */
export async function showStatus(status: Status, output: Output): Promise<void> {
  const { format, paint } = output;
  if (output.structured) return await output.document("Status", statusDocument(status));
  if (format === "name") return output.data(namesOf(status));
  if (status.nodes.length === 0) {
    output.note("There are no nodes in the inventory or the cluster.");
  }
  output.data(statusText(status, { wide: format === "wide", paint }));
}

/** Names of the nodes, each on a line. */
export function namesOf({ nodes }: Status): string {
  return nodes.map(({ name }) => `${safeLines(name)}\n`).join("");
}

/** Says what is missing, and what to look at. */
export function showWords(status: Status, output: Output): void {
  const { notes, warnings } = statusWords(status);
  for (const note of notes) output.note(note);
  for (const warning of warnings) output.warn(warning);
}
