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
  switch (state.outcome) {
    case "ok":
      return undefined;
    case "failed": {
      const hosts = [...new Set(state.failures.map(({ host }) => host))];
      const first = state.failures[0];
      const said = first === undefined
        ? ""
        : hosts.length === 1
        ? `: ${at(first.stage, first.task)}: ${first.message.split("\n")[0]}`
        : "";
      const some = hosts.length === 1
        ? hosts[0]
        : `${hosts.length} of ${state.hosts.size} hosts (${hosts.join(", ")})`;
      const hint = hosts.length === 1 && first !== undefined ? first.hint : "See each host above.";
      return new UserError(`${what} failed on ${some}${said}`, {
        exitCode: ExitCode.Failed,
        hint: `${hint} ${again}${log === "" ? "" : `\n     ${log}`}`,
      });
    }
    case "interrupted":
      return state.check
        ? interruptedError(`${what} was interrupted; nothing was changed`, `${again}${log}`)
        : interruptedError(
          `${what} was interrupted; ${standing(state)}`,
          `Nothing is lost: ${resume} goes on from there.${log}`,
        );
    case "error":
    case undefined: {
      const said = state.message ?? "ansible-playbook ended early";
      return new UserError(
        state.hosts.size === 0
          ? `${what} could not run: ${said}`
          : `${what} broke off: ${said}; ${standing(state)}`,
        { exitCode: ExitCode.Failed, hint: `${again}${log === "" ? "" : `\n     ${log}`}` },
      );
    }
  }
}

/** In which state the hosts are, in a sentence. */
function standing({ hosts }: RunState): string {
  const all = [...hosts.values()];
  const begun = all.filter(({ status }) => status !== "waiting");
  if (begun.length === 0) return "no host was changed";
  const words = begun.map((host) =>
    host.status === "failed" || host.status === "unreachable"
      ? `${host.host} had failed at ${at(host.stage, host.task)}`
      : host.changed === 0
      ? `${host.host} is unchanged (at ${at(host.stage, host.task)})`
      : `${host.host} is partly set up (at ${at(host.stage, host.task)})`
  );
  const waiting = all.length - begun.length;
  if (waiting > 0) words.push(`${waiting} not started`);
  return words.join(", ");
}
