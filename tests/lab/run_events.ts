/**
 * Runs of the tool as events, read from `-o json`.
 *
 * @module
 */

import { projectDir, toolArgv, tryTool } from "./tool.ts";

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

/** Starts a command that drives Ansible and sends it a signal at an event; how it ended. */
export async function signalAt(
  signal: Deno.Signal,
  args: readonly string[],
  when: (event: RunEvent) => boolean,
): Promise<{ sent: boolean; code: number; signal: Deno.Signal | null }> {
  const [program = "", ...rest] = await toolArgv([...args, "-o", "json"]);
  const child = new Deno.Command(program, {
    args: rest,
    cwd: projectDir,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let sent = false;
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (text + chunk).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      if (sent || !when(JSON.parse(line) as RunEvent)) continue;
      sent = true;
      child.kill(signal); // ip, sh and env have become the tool by exec
    }
  }
  const status = await child.status;
  return { sent, code: status.code, signal: status.signal };
}
