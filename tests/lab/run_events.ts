/**
 * Runs of the tool as events, read from `-o json`.
 *
 * @module
 */

import { tryTool } from "./tool.ts";

/** What a scenario reads of an event. */
export interface RunEvent {
  readonly type: string;
  readonly host?: string;
  readonly task?: string;
  readonly play?: string;
  readonly status?: string;
  readonly message?: string;
  /** When it happened, ISO 8601. */
  readonly ts?: string;
  /** How long a result took. */
  readonly seconds?: number;
  readonly stats?: Readonly<Record<string, Stats>>;
}

/** Ansible's counts for a host. */
export interface Stats {
  readonly ok: number;
  readonly changed: number;
  readonly failures: number;
  readonly unreachable: number;
}

/** A run that is over. */
export interface Run {
  readonly code: number;
  readonly events: readonly RunEvent[];
  readonly stderr: string;
  readonly stdout: string;
  readonly seconds: number;
  readonly stats: Readonly<Record<string, Stats>>;
}

/** Runs a command of the tool that drives Ansible, whatever its exit code. */
export async function runWithEvents(...args: string[]): Promise<Run> {
  const began = performance.now();
  const { code, stdout, stderr } = await tryTool(...args, "-o", "json");
  const seconds = (performance.now() - began) / 1000;
  const events = stdout.trim().split("\n").filter((line) => line !== "").map((line) =>
    JSON.parse(line) as RunEvent
  );
  const stats = events.find(({ type }) => type === "run_end")?.stats ?? {};
  return { code, events, stderr, stdout, seconds, stats };
}

/** Provisions, and throws with what was said where that fails. */
export async function provision(...args: string[]): Promise<Run> {
  const run = await runWithEvents("provision", "--yes", ...args);
  if (run.code !== 0) throw new Error(`provision: exit code ${run.code}\n${run.stderr}`);
  return run;
}

/** Changed tasks of each host. */
export function changedTasks(run: Run): string[] {
  return run.events.filter(({ type, status }) => type === "result" && status === "changed")
    .map(({ host, task }) => `${host}: ${task}`);
}
