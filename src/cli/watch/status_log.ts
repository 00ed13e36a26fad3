/**
 * The state of the cluster in every format, data to stdout and messages to stderr: once, or with
 * `--watch` on a pipe or in a file each one that differs, in full.
 *
 * @module
 */

import { safeLines, safeText } from "../../errors/safe_text.ts";
import { isHeard, type LiveState } from "../../live/live_state.ts";
import {
  type Status,
  statusDocument,
  statusOf,
  statusText,
  statusWords,
} from "../../view/tables/status.ts";
import { newMemo, nodeRows } from "../../view/lists/live_rows.ts";
import { problemsOf } from "../../view/words/problems.ts";
import type { Output } from "../output/output.ts";
import type { StatusView } from "./status_watch.ts";

/** Prints the data. */
export async function showStatus(status: Status, output: Output): Promise<void> {
  const { format, paint } = output;
  if (output.structured) return await output.document("Status", statusDocument(status));
  if (format === "name") {
    return output.data(status.nodes.map(({ name }) => `${safeLines(name)}\n`).join(""));
  }
  if (status.nodes.length === 0) {
    output.note(
      status.missing === undefined
        ? "There are no nodes in the inventory or the cluster."
        : `${safeText(status.missing)} is not in the inventory, and the cluster cannot be read.`,
    );
  }
  output.data(statusText(status, { wide: format === "wide", paint }));
}

/** Says what is missing, and what to look at. */
export function showWords(status: Status, output: Output): void {
  const { notes, warnings } = statusWords(status);
  for (const note of notes) output.note(note);
  for (const warning of warnings) output.warn(warning);
}

/** Prints what is wrong, one problem a line, and returns how much that is. */
export async function showProblems(status: Status, output: Output): Promise<number> {
  const { connection } = status.live;
  const reachable = connection.state === "live";
  const shown = new Set(status.nodes.map(({ name }) => name));
  const named = shown.size < nodeRows(status).length;
  const problems = problemsOf(status).filter(({ object }) => !named || shown.has(object));
  if (output.structured) {
    await output.document("StatusCheck", { reachable, items: problems });
  } else {
    for (const { object, message } of problems) output.data(`${object}: ${message}\n`);
  }
  const { notes, warnings } = statusWords(status);
  for (const note of notes) output.note(note);
  if (reachable && problems.length === 0) output.note("No problems.");
  for (const warning of reachable ? [] : warnings) output.warn(warning);
  return problems.length;
}

/** Node keys expire without an event. */
const AGAIN_MS = 60_000;

/** Prints states; ages alone are no difference. */
export class StatusLog implements StatusView {
  readonly paceMs = 1_000;
  readonly #memo = newMemo();
  #printed = "";
  #notes = new Set<string>();
  #warnings = new Set<string>();
  #wasLost = false;
  #isReady = false;

  constructor(private readonly output: Output, private readonly names: readonly string[] = []) {}

  /** What is first printed is complete, or says why it is not. */
  isReady(state: LiveState): boolean {
    this.#isReady ||= isHeard(state);
    return this.#isReady;
  }

  async show(state: LiveState, now: number): Promise<number> {
    const status = statusOf({ live: state, now, memo: this.#memo }, this.names);
    await this.#data(status);
    if (!this.output.structured) this.#words(status);
    return AGAIN_MS;
  }

  async #data(status: Status): Promise<void> {
    const output = this.output;
    const document = statusDocument(status);
    // In text formats these are messages.
    const { connection: _, reachable: __, gaps: ___, warnings: ____, ...data } = document;
    const printed = JSON.stringify(
      output.structured
        ? document
        : output.format === "name"
        ? status.nodes.map(({ name }) => name)
        : data,
    );
    if (printed === this.#printed) return;
    const isFirst = this.#printed === "";
    this.#printed = printed;
    if (output.format === "json") return output.event("Status", document);
    if (!isFirst) output.data(output.format === "yaml" ? "---\n" : "\n");
    await showStatus(status, output);
  }

  /** Says what was not said before. */
  #words(status: Status): void {
    const output = this.output;
    const { notes, warnings } = statusWords(status);
    for (const note of notes) if (!this.#notes.has(note)) output.note(note);
    for (const warning of warnings) if (!this.#warnings.has(warning)) output.warn(warning);
    this.#notes = new Set(notes);
    this.#warnings = new Set(warnings);
    const { state } = status.live.connection;
    if (this.#wasLost && state === "live") output.note("The cluster is reachable again.");
    this.#wasLost = state === "lost" || (this.#wasLost && state !== "live");
  }
}
