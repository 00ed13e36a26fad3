/**
 * Where a run stands: its events, folded into one value.
 *
 * @module
 */

import { lastLine } from "../../errors/safe_text.ts";
import type { Outcome, RunEvent, TaskResult } from "./event.ts";
import { failureHint } from "./failure_hint.ts";

/** What went wrong on a host. Host, task and message are never empty. */
export interface Failure {
  readonly host: string;
  /** Name of the play, as the person knows it: "Control plane". */
  readonly stage: string;
  readonly task: string;
  readonly message: string;
  readonly hint: string;
  /** Which failure it is, where the tool has an answer to it. */
  readonly code?: string;
  /** True where the host could not be reached at all. */
  readonly unreachable: boolean;
}

/** How a host stands. */
export type HostStatus = "waiting" | "running" | "ok" | "failed" | "unreachable";

/** One host in a run. */
export interface HostState {
  readonly host: string;
  readonly status: HostStatus;
  readonly stage: string;
  readonly task: string;
  readonly role?: string;
  /** Tasks by what they came to. */
  readonly ok: number;
  readonly changed: number;
  readonly skipped: number;
  readonly ignored: number;
  readonly failed: number;
  /** Seconds its tasks took. */
  readonly seconds: number;
  /** When the task that is running began, in milliseconds since the epoch. */
  readonly since?: number;
  readonly retry?: { readonly attempt: number; readonly retries: number };
}

/** A warning of a run. */
export interface RunWarning {
  readonly host?: string;
  readonly message: string;
}

/** Where a run stands. */
export interface RunState {
  readonly check: boolean;
  readonly stage: string;
  /** In the order in which they were first named. */
  readonly hosts: ReadonlyMap<string, HostState>;
  readonly failures: readonly Failure[];
  readonly warnings: readonly RunWarning[];
  /** Where the run is kept; unknown until it has started. */
  readonly directory?: string;
  readonly log?: string;
  readonly outcome?: Outcome;
  /** What ansible-playbook said where it could not work at all. */
  readonly message?: string;
}

/** Before anything has happened. */
export const INITIAL_RUN: RunState = {
  check: false,
  stage: "",
  hosts: new Map(),
  failures: [],
  warnings: [],
};

/**
 * The state after an event. Pure.
 *
 * @param now milliseconds since the epoch, for the time a task has been running
 */
export function reduceRun(state: RunState, event: RunEvent, now = 0): RunState {
  switch (event.type) {
    case "run_start":
      return { ...state, check: event.check };
    case "play_start":
      return { ...withHosts(state, event.hosts), stage: event.play };
    case "host_start":
      return withHost(state, event.host, (host) => {
        const { retry: _, role: __, ...rest } = host;
        return {
          ...rest,
          status: isFinal(host.status) ? host.status : "running",
          stage: state.stage,
          task: event.task,
          since: now,
          ...(event.role ? { role: event.role } : {}),
        };
      });
    case "retry":
      return withHost(state, event.host, (host) => ({
        ...host,
        retry: { attempt: event.attempt, retries: event.retries },
      }));
    case "result":
      return withResult(state, event);
    case "warning":
      return {
        ...state,
        warnings: [...state.warnings, {
          message: event.message,
          ...(event.host ? { host: event.host } : {}),
        }],
      };
    case "run_end":
      return withStats(state, event.stats);
    case "started":
      return { ...state, directory: event.directory, log: event.log };
    case "end":
      return {
        ...state,
        outcome: event.outcome,
        directory: event.directory,
        log: event.log,
        ...(event.message === undefined ? {} : { message: event.message }),
      };
    case "task_start":
    case "machine":
    case "present":
    case "note":
      return state;
  }
}

function newHost(host: string): HostState {
  return {
    host,
    status: "waiting",
    stage: "",
    task: "",
    ok: 0,
    changed: 0,
    skipped: 0,
    ignored: 0,
    failed: 0,
    seconds: 0,
  };
}

function isFinal(status: HostStatus): boolean {
  return status === "failed" || status === "unreachable";
}

function withHosts(state: RunState, names: readonly string[]): RunState {
  const added = names.filter((name) => !state.hosts.has(name));
  if (added.length === 0) return state;
  return {
    ...state,
    hosts: new Map([...state.hosts, ...added.map((name) => [name, newHost(name)] as const)]),
  };
}

function withHost(
  state: RunState,
  name: string,
  change: (host: HostState) => HostState,
): RunState {
  const hosts = new Map(state.hosts);
  hosts.set(name, change(hosts.get(name) ?? newHost(name)));
  return { ...state, hosts };
}

function withResult(state: RunState, event: TaskResult): RunState {
  const bad = event.status === "failed" || event.status === "unreachable";
  const next = withHost(state, event.host, (host) => {
    const { retry: _, since: __, ...rest } = host;
    return {
      ...rest,
      status: bad
        ? event.status as "failed" | "unreachable"
        : isFinal(host.status)
        ? host.status
        : "ok",
      stage: event.play || state.stage,
      task: event.task,
      seconds: host.seconds + (event.seconds ?? 0),
      // As in ansible's own recap: what changed is also ok.
      ok: host.ok + (event.status === "ok" || event.status === "changed" ? 1 : 0),
      changed: host.changed + (event.status === "changed" ? 1 : 0),
      skipped: host.skipped + (event.status === "skipped" ? 1 : 0),
      ignored: host.ignored + (event.status === "ignored" ? 1 : 0),
      failed: host.failed + (bad ? 1 : 0),
    };
  });
  if (!bad) return next;
  return { ...next, failures: [...state.failures, failureOf(event, event.play || state.stage)] };
}

function failureOf(event: TaskResult, stage: string): Failure {
  const unreachable = event.status === "unreachable";
  const [said, hint] = splitHint(event.message ?? "");
  const message = said || lastLine(event.stderr ?? "") ||
    (unreachable
      ? "The host could not be reached"
      : event.rc === undefined
      ? "The task failed and said nothing"
      : `The task failed with exit code ${event.rc} and said nothing`);
  return {
    host: event.host,
    stage: stage || "Start",
    task: event.task.trim() || "(unnamed task)",
    message,
    hint: hint ||
      failureHint(event.host, `${said}\n${event.stderr ?? ""}`, { connecting: unreachable }),
    unreachable,
    ...(event.code === undefined ? {} : { code: event.code }),
  };
}

/** Splits "what is wrong\nHint: what to do". */
function splitHint(message: string): [said: string, hint: string] {
  const at = message.search(/(?:^|\n)Hint: /);
  if (at < 0) return [message.trim(), ""];
  return [message.slice(0, at).trim(), message.slice(at).replace(/^\s*Hint: /, "").trim()];
}

/** Ansible's own recap has the last word: a host it counts as failed is reported as failed. */
function withStats(
  state: RunState,
  stats: Extract<RunEvent, { type: "run_end" }>["stats"],
): RunState {
  let next = state;
  for (const [name, counts] of Object.entries(stats)) {
    if (name === "" || counts.failures + counts.unreachable === 0) continue;
    const unreachable = counts.unreachable > 0;
    if (state.failures.some((failure) => failure.host === name)) continue;
    const host = state.hosts.get(name);
    const failure = failureOf({
      type: "result",
      host: name,
      play: host?.stage,
      task: host?.task ?? "",
      status: unreachable ? "unreachable" : "failed",
    }, state.stage);
    next = {
      ...withHost(next, name, (known) => ({
        ...known,
        status: unreachable ? "unreachable" : "failed",
        failed: known.failed + 1,
      })),
      failures: [...next.failures, failure],
    };
  }
  return next;
}
