/**
 * Runs on hosts that are kept, as a table and as items of a document.
 *
 * @module
 */

import type { NamedRun } from "../../actions/upkeep/past_runs.ts";
import { duration, NOTHING, since } from "../words/amounts.ts";
import { inTone, type Toned } from "../words/tone.ts";
import type { Column } from "./table.ts";

/** One row a run. */
export const runColumns = (now: number): readonly Column<NamedRun>[] => [
  { header: "NAME", cell: ({ name }) => name },
  { header: "AGE", cell: ({ startedAt }) => since(startedAt, now) },
  { header: "RESULT", cell: result },
  { header: "TIME", align: "right", cell: time },
  { header: "INVENTORY", cell: ({ inventory }) => inventory },
  { header: "DIRECTORY", wide: true, cell: ({ directory }) => directory },
];

function result({ result, check }: NamedRun): Toned {
  const words = check ? " (check)" : "";
  if (result === undefined) return inTone("warn", `unfinished${words}`);
  return inTone(result.outcome === "ok" ? "good" : "bad", `${result.outcome}${words}`);
}

function time({ result }: NamedRun): string {
  return result === undefined ? NOTHING : duration(result.seconds * 1000);
}

/** A run in the document `RunList`. */
export function runItem(run: NamedRun) {
  const { name, playbook, inventory, startedAt, check, directory } = run;
  const { outcome = null, seconds = null } = run.result ?? {};
  return { name, playbook, inventory, startedAt, check, outcome, seconds, directory };
}
