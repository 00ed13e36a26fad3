/**
 * A run while it is under way: one line a host.
 *
 * @module
 */

import type { RunEvent } from "../../ansible/events/event.ts";
import type { HostState, RunState } from "../../ansible/events/run_state.ts";
import { counted, safeText } from "../../errors/safe_text.ts";
import { cellWidth, fit, padding } from "../words/cells.ts";
import { noPaint, type Paint, type Tone } from "../words/tone.ts";

/** Frames of the sign in front of a host that is at work. */
const SPINNER = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;

/** Names longer than this are cut, so that the task stays visible. */
const LONGEST_NAME = 24;

/** The most hosts shown at once: with the heading they fit a terminal of 24 lines. */
const MOST_HOSTS = 20;

/** How the lines are drawn. */
export interface ProgressView {
  /** Cells a line may take. */
  readonly columns: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Counts up from draw to draw. */
  readonly frame: number;
  readonly paint?: Paint;
}

/** The lines of a run that is under way; none before its first host is known. */
export function progressLines(state: RunState, view: ProgressView): readonly string[] {
  const all = [...state.hosts.values()];
  const shown = all.length <= MOST_HOSTS ? all : [...all]
    .sort((a, b) => urgency(a) - urgency(b))
    .slice(0, MOST_HOSTS - 1);
  const nameWidth = Math.min(
    LONGEST_NAME,
    Math.max(0, ...shown.map(({ host }) => cellWidth(safeText(host)))),
  );
  const lines = shown.map((host) => hostLine(host, { ...view, nameWidth }));
  const hidden = all.length - shown.length;
  if (hidden > 0) lines.push(fit(`  and ${hidden} more hosts`, view.columns));
  return lines;
}

/** Failed first, then those at work, then those that wait, then the rest. */
function urgency({ status }: HostState): number {
  return ["failed", "unreachable", "running", "waiting", "ok"].indexOf(status);
}

function hostLine(
  host: HostState,
  { columns, now, frame, nameWidth, paint = noPaint }: ProgressView & {
    readonly nameWidth: number;
  },
): string {
  const [sign, tone] = signOf(host, frame);
  const name = pad(fit(safeText(host.host), nameWidth), nameWidth);
  const counts = `${host.ok} ok  ${host.changed} changed  ${duration(elapsed(host, now))}`;
  const room = columns - cellWidth(`${sign} ${name}  `) - cellWidth(counts) - 2;
  // A terminal too narrow for all of it still shows who does what.
  if (room < 12) {
    const text = fit(doing(host), Math.max(0, columns - nameWidth - 4));
    return `${paint(tone, sign)} ${name}  ${text}`.trimEnd();
  }
  const text = pad(fit(doing(host), room), room);
  return `${paint(tone, sign)} ${name}  ${paint(tone === "bad" ? "bad" : "plain", text)}  ${
    paint("muted", counts)
  }`;
}

function signOf({ status }: HostState, frame: number): readonly [string, Tone] {
  switch (status) {
    case "running":
      return [SPINNER[frame % SPINNER.length] ?? SPINNER[0], "accent"];
    case "ok":
      return ["✓", "good"];
    case "waiting":
      return ["·", "muted"];
    case "failed":
    case "unreachable":
      return ["✗", "bad"];
  }
}

function doing(host: HostState): string {
  if (host.status === "waiting") return "waiting";
  const attempt = host.retry === undefined
    ? ""
    : ` (attempt ${host.retry.attempt} of ${host.retry.retries})`;
  const word = host.status === "failed"
    ? "failed: "
    : host.status === "unreachable"
    ? "unreachable: "
    : "";
  return `${word}${at(host.stage, host.task)}${attempt}`;
}

/** "Control plane · Start k3s", without what is not known. */
export function at(stage: string, task: string): string {
  return [stage, task].map(safeText).filter((part) => part !== "").join(" · ");
}

function elapsed(host: HostState, now: number): number {
  const running = host.since === undefined ? 0 : Math.max(0, now - host.since) / 1000;
  return host.seconds + running;
}

/** `4s`, `1m05s`: at most six cells for anything below 100 minutes. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, "0")}s`;
}

/**
 * An event as a line of its own that begins with the host, for a pipe; undefined where it says
 * nothing new.
 *
 * @param before the state before the event
 * @param options.verbose also tasks that changed nothing
 */
export function plainLine(
  before: RunState,
  event: RunEvent,
  { verbose = false }: { readonly verbose?: boolean } = {},
): string | undefined {
  switch (event.type) {
    case "play_start":
      // One stage may be several plays.
      if (event.play === before.stage) return undefined;
      return `all: ${safeText(event.play)} (${counted(event.hosts.length, "host")})`;
    case "result": {
      const silent = event.status === "ok" || event.status === "skipped";
      if (silent && !verbose) return undefined;
      const where = at(event.play || before.stage, event.task);
      const time = event.seconds === undefined ? "" : ` (${event.seconds.toFixed(1)}s)`;
      const said = event.status === "failed" || event.status === "unreachable"
        ? `: ${safeText((event.message ?? "").split("\n")[0] ?? "")}`
        : "";
      return `${safeText(event.host)}: ${event.status}: ${where}${time}${said}`;
    }
    case "retry":
      return verbose
        ? `${safeText(event.host)}: attempt ${event.attempt} of ${event.retries}: ${
          safeText(event.task)
        }`
        : undefined;
    default:
      return undefined;
  }
}

function pad(text: string, columns: number): string {
  return text + padding(cellWidth(text), columns);
}
