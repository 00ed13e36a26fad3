/**
 * A run of provisioning: one line a host while it goes on, then what failed and what to do.
 *
 * @module
 */

import { safeText } from "../errors/safe_text.ts";
import { progressLines } from "../view/progress.ts";
import { failureBlocks, runError } from "../view/run_report.ts";
import type { Run } from "./changes.ts";
import type { Model } from "./model.ts";
import { EMPTY_LINE, plain, type TextLine, toned } from "./text_line.ts";

/** The command that goes on after a run that was not finished. */
const WORDS = { what: "Provisioning", resume: "k3s-tool provision" };

/** The lines of the latest run. */
export function runLines({ run, now }: Model, width: number): readonly TextLine[] {
  if (run === undefined) return [toned("muted", "Nothing was provisioned from here.")];
  const { state } = run;
  const hosts = progressLines(state, {
    columns: width,
    now,
    // No animation: the sign of a host at work turns with each task it comes to.
    frame: tasksDone(run),
  }).map(plain);
  const warnings = state.warnings.map(({ host, message }) =>
    toned("warn", `! ${host === undefined ? "" : `${safeText(host)}: `}${safeText(message)}`)
  );
  const failures = failureBlocks(state.failures, state.log).flatMap(([head = "", ...rest]) => [
    EMPTY_LINE,
    toned("bad", `✗ ${head}`),
    ...rest.map(plain),
  ]);
  return [
    ...hosts.length === 0 && !run.ended
      ? [toned("muted", "Looking at the inventory and the tailnet…")]
      : hosts,
    ...warnings.length === 0 ? [] : [EMPTY_LINE, ...warnings],
    ...failures,
    ...endLines(run),
  ];
}

function tasksDone({ state }: Run): number {
  return [...state.hosts.values()].reduce((sum, { ok, skipped }) => sum + ok + skipped, 0);
}

function endLines({ state, ended, problem }: Run): readonly TextLine[] {
  if (!ended) return [];
  const error = problem ?? runError(state, WORDS);
  if (error === undefined) {
    const changed = [...state.hosts.values()].reduce((sum, host) => sum + host.changed, 0);
    const words = changed === 0 ? "Everything was as it should be." : `Done; ${changed} changes.`;
    return [EMPTY_LINE, toned("good", `✓ ${words}`)];
  }
  return [
    EMPTY_LINE,
    ...error.message.split("\n").map((line) => toned("bad", `✗ ${line}`)),
    ...(error.hint ?? "").split("\n").filter((line) => line !== "").map(plain),
  ];
}
