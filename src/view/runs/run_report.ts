/**
 * A run that is over: the table, the failures, the key line.
 *
 * @module
 */

import type { Failure, HostState, RunState } from "../../ansible/events/run_state.ts";
import { safeLines, safeText } from "../../errors/safe_text.ts";
import { ExitCode, interruptedError, UserError } from "../../errors/user_error.ts";
import { at, duration } from "./progress.ts";
import type { Column } from "../tables/table.ts";
import { inTone, type Toned } from "../words/tone.ts";

/** What of a run is said in words of its own by each command. */
export interface RunWords {
  /** What was tried: "Provisioning". */
  readonly what: string;
  /** The command that goes on: "k3s-tool provision". */
  readonly resume: string;
}

/** One row a host. */
export const RUN_COLUMNS: readonly Column<HostState>[] = [
  { header: "HOST", cell: ({ host }) => host },
  { header: "RESULT", cell: result },
  { header: "OK", align: "right", cell: ({ ok }) => String(ok) },
  { header: "CHANGED", align: "right", cell: ({ changed }) => String(changed) },
  { header: "SKIPPED", align: "right", wide: true, cell: ({ skipped }) => String(skipped) },
  { header: "FAILED", align: "right", cell: ({ failed }) => String(failed) },
  { header: "TIME", align: "right", cell: ({ seconds }) => duration(seconds) },
];

function result({ status, stage }: HostState): Toned {
  switch (status) {
    case "ok":
      return inTone("good", "done");
    case "failed":
      return inTone("bad", `failed (${stage})`);
    case "unreachable":
      return inTone("bad", "unreachable");
    case "running":
      return inTone("warn", `stopped (${stage})`);
    case "waiting":
      return inTone("muted", "not started");
  }
}

/**
 * Failures as blocks of lines: hosts, stage and task first, then what was said, the next step, the log.
 *
 * Hosts that failed at the same task with the same words share a block. A next step that names its host is
 * shown for each of them.
 */
export function failureBlocks(
  failures: readonly Failure[],
  log: string | undefined,
): readonly (readonly string[])[] {
  const alike = Map.groupBy(
    failures,
    ({ stage, task, message }) => JSON.stringify([stage, task, message]),
  );
  return [...alike.values()].map((group) => {
    const { stage, task, message } = group[0]!;
    const hosts = new Set(group.map(({ host }) => safeText(host)));
    const hints = new Set(group.map(({ hint }) => safeText(hint)));
    return [
      `${[...hosts].join(", ")} · ${at(stage, task)}`,
      ...safeLines(message).split("\n").map((line) => `  ${line}`),
      ...[...hints].map((hint) => `  Hint: ${hint}`),
      ...(log === undefined ? [] : [`  Log: ${safeText(log)}`]),
    ];
  });
}

/** The error a run ends with; undefined where every host did all it should. */
export function runError(
  state: RunState,
  { what, resume }: RunWords,
): UserError | undefined {
  const log = state.log === undefined ? "" : ` The log: ${state.log}`;
  const again = `Then ${state.check ? "check again" : "go on"} with: ${resume}`;
  const failed = (message: string, hint: string) =>
    new UserError(message, {
      exitCode: ExitCode.Failed,
      hint: hint + (log === "" ? "" : `\n     ${log}`),
    });
  switch (state.outcome) {
    case "ok":
      return undefined;
    case "failed": {
      const hosts = [...new Set(state.failures.map(({ host }) => host))];
      const [first] = state.failures;
      if (first !== undefined && hosts.length === 1) {
        const said = `${at(first.stage, first.task)}: ${first.message.split("\n")[0]}`;
        // A hint may end with a command, which has no full stop.
        const hint = /[.!?]$/.test(first.hint) ? first.hint : `${first.hint}.`;
        return failed(`${what} failed on ${first.host}: ${said}`, `${hint} ${again}`);
      }
      const some = `${hosts.length} of ${state.hosts.size} hosts (${hosts.join(", ")})`;
      return failed(`${what} failed on ${some}`, `See each host above. ${again}`);
    }
    case "interrupted":
      return state.check
        ? interruptedError(`${what} was interrupted; nothing was changed`, `${again}${log}`)
        : interruptedError(
          `${what} was interrupted; ${standing(state)}`,
          `Nothing is lost: ${resume} continues from there.${log}`,
        );
    case "error":
    case undefined: {
      const said = state.message ?? "ansible-playbook ended without a result";
      return state.hosts.size === 0
        ? failed(`${what} could not run: ${said}`, again)
        : failed(`${what} stopped early: ${said}; ${standing(state)}`, again);
    }
  }
}

/** In which state the hosts are, in a sentence. */
function standing({ hosts }: RunState): string {
  const all = [...hosts.values()];
  const begun = all.filter(({ status }) => status !== "waiting");
  if (begun.length === 0) return "no host was changed";
  const words = begun.map(({ host, status, changed, stage, task }) => {
    const place = at(stage, task);
    if (status === "failed" || status === "unreachable") return `${host} had failed at ${place}`;
    // The task in which it was interrupted may have changed something; the preflight changes nothing.
    const state = changed > 0
      ? "is partly set up"
      : stage === "Preflight"
      ? "is unchanged"
      : "may have been changed";
    return `${host} ${state} (at ${place})`;
  });
  const waiting = all.length - begun.length;
  if (waiting > 0) words.push(`${waiting} not started`);
  return words.join(", ");
}
