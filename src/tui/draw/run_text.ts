/**
 * A run of Ansible: one line a host while it goes on, then what failed and what to do.
 *
 * @module
 */

import { counted, safeText } from "../../errors/safe_text.ts";
import { progressLines } from "../../view/runs/progress.ts";
import { failureBlocks, runError, type RunWords } from "../../view/runs/run_report.ts";
import { inTone, type TextLine, type Tone } from "../../view/words/tone.ts";
import type { Model } from "../state/model.ts";
import type { Run } from "../state/runs.ts";
import { EMPTY_LINE, plain, toned } from "./text_line.ts";

/** What the playbooks do, by their file names, and the command that goes on after each. */
const PLAYBOOKS: Readonly<Record<string, RunWords>> = {
  "preflight.yml": { what: "The check of the hosts", resume: "k3s-tool provision" },
  "detect.yml": { what: "Looking at the machines", resume: "k3s-tool node detect" },
  "kubeconfig.yml": { what: "Fetching the kubeconfig", resume: "k3s-tool kubeconfig" },
  "upgrade.yml": { what: "The upgrade", resume: "k3s-tool upgrade" },
  "remove_node.yml": { what: "The removal of a node", resume: "k3s-tool node remove" },
  "reset.yml": { what: "The reset", resume: "k3s-tool reset" },
};

function wordsOf({ playbook = "", state }: Run): RunWords {
  const named = PLAYBOOKS[playbook];
  if (named !== undefined) return named;
  return state.check
    ? { what: "The check", resume: "k3s-tool provision --check" }
    : { what: "Provisioning", resume: "k3s-tool provision" };
}

/** The title of a run. */
export function runTitle(run: Run | undefined): string {
  if (run === undefined) return "Provisioning";
  return wordsOf(run).what + (run.own ? "" : " (another terminal)");
}

/** What is said when a run of another terminal begins or ends. */
export function newsOfRun(run: Run): [text: string, tone: Tone] {
  const words = wordsOf(run);
  if (!run.ended) {
    return ["A run on the hosts is in progress in another terminal; v shows it.", "accent"];
  }
  return run.state.outcome === "ok"
    ? [`✓ ${words.what} in another terminal is done: ${changes(run)}.`, "good"]
    : [`✗ ${words.what} in another terminal failed; v shows why.`, "bad"];
}

/** The lines of the latest run. */
export function runLines({ run, now }: Model, width: number): readonly TextLine[] {
  if (run === undefined) return [toned("muted", "Nothing has been provisioned yet.")];
  const { state } = run;
  const hosts = progressLines(state, {
    columns: width,
    now,
    // No animation: the sign of a host at work turns with each task it comes to.
    frame: tasksDone(run),
  }).map(hostLine);
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

const SIGNS: Readonly<Record<string, Tone>> = { "✓": "good", "✗": "bad", "·": "muted" };

/** The line of a host, its sign in the tone it means. */
function hostLine(line: string): TextLine {
  const [sign = ""] = line;
  return {
    segments: [
      inTone(SIGNS[sign] ?? "accent", sign),
      inTone("plain", line.slice(sign.length)),
    ],
  };
}

function tasksDone({ state }: Run): number {
  return [...state.hosts.values()].reduce((sum, { ok, skipped }) => sum + ok + skipped, 0);
}

function endLines(run: Run): readonly TextLine[] {
  const { state, ended, problem } = run;
  if (!ended) return [];
  const error = problem ?? runError(state, wordsOf(run));
  if (error === undefined) return [EMPTY_LINE, toned("good", `✓ Done: ${changes(run)}.`)];
  return [
    EMPTY_LINE,
    ...error.message.split("\n").map((line) => toned("bad", `✗ ${line}`)),
    ...(error.hint ?? "").split("\n").map((line) => line.trim()).filter((line) => line !== "")
      .map(plain),
  ];
}

function changes({ state }: Run): string {
  const changed = [...state.hosts.values()].reduce((sum, host) => sum + host.changed, 0);
  if (changed === 0) return "everything was as it should be";
  return counted(changed, "change");
}
