/**
 * The events of a run: what the callback plugin writes, and what the tool itself has to say.
 *
 * The plugin (`ansible/plugins/callback/k3s_tool_events.py`) writes one JSON object a line. Unknown
 * types are left out and unknown members dropped, so that an older tool reads a newer tree.
 *
 * @module
 */

import { z } from "zod";

// A detail of a wrong type is dropped rather than the event: a failure must not get lost over it.
const text = z.string().optional().catch(undefined);
const name = z.string().min(1);
const ts = z.string().optional().catch(undefined).describe("When it happened: UTC, ISO 8601");
const role = z.string().nullish().catch(undefined);

const diffSchema = z.object({
  header: text,
  before: text,
  after: text,
});

const statsSchema = z.object({
  ok: z.number().default(0),
  changed: z.number().default(0),
  failures: z.number().default(0),
  unreachable: z.number().default(0),
  skipped: z.number().default(0),
  rescued: z.number().default(0),
  ignored: z.number().default(0),
});

const runStart = z.object({
  type: z.literal("run_start"),
  ts,
  playbook: z.string(),
  check: z.boolean().default(false),
});
const playStart = z.object({
  type: z.literal("play_start"),
  ts,
  play: name,
  hosts: z.array(name),
});
const taskStart = z.object({
  type: z.literal("task_start"),
  ts,
  play: z.string().optional(),
  task: z.string(),
  role,
  action: z.string().optional(),
});
const hostStart = z.object({
  type: z.literal("host_start"),
  ts,
  host: name,
  task: z.string(),
  role,
});
const result = z.object({
  type: z.literal("result"),
  ts,
  host: name,
  play: z.string().optional(),
  task: z.string(),
  role,
  status: z.enum(["ok", "changed", "skipped", "failed", "unreachable", "ignored"]),
  seconds: z.number().nonnegative().optional().catch(undefined),
  message: text,
  rc: z.number().int().optional().catch(undefined),
  stderr: text,
  diff: z.array(diffSchema).optional().catch(undefined),
  censored: z.boolean().optional().catch(undefined),
});
const retry = z.object({
  type: z.literal("retry"),
  ts,
  host: name,
  task: z.string(),
  attempt: z.number().int(),
  retries: z.number().int(),
});
const warning = z.object({
  type: z.literal("warning"),
  ts,
  host: name.nullish(),
  message: z.string(),
});
const runEnd = z.object({
  type: z.literal("run_end"),
  ts,
  stats: z.record(z.string(), statsSchema),
});

/** How a run ended. */
export const OUTCOMES = ["ok", "failed", "error", "interrupted"] as const;

/**
 * How a run ended: every host did all it should; some host did not; ansible-playbook itself could
 * not do its work; the person ended it.
 */
export type Outcome = typeof OUTCOMES[number];

const started = z.object({
  type: z.literal("started"),
  ts,
  directory: z.string().describe("Where this run is kept"),
  log: z.string().describe("What ansible-playbook printed"),
});
const note = z.object({ type: z.literal("note"), ts, message: z.string() });
const end = z.object({
  type: z.literal("end"),
  ts,
  outcome: z.enum(OUTCOMES),
  rc: z.number().int().describe("Exit code of ansible-playbook"),
  directory: z.string(),
  log: z.string(),
  message: z.string().optional().describe("What ansible-playbook said where it could not work"),
});

const ansibleEventSchema = z.discriminatedUnion("type", [
  runStart,
  playStart,
  taskStart,
  hostStart,
  result,
  retry,
  warning,
  runEnd,
]);

/** One event of a run, as `provision -o json` prints it. */
export const runEventSchema = z.discriminatedUnion("type", [
  runStart,
  playStart,
  taskStart,
  hostStart,
  result,
  retry,
  warning,
  runEnd,
  started,
  note,
  end,
]);

/** What the callback plugin writes. */
export type AnsibleEvent = z.infer<typeof ansibleEventSchema>;
/** Anything that happens in a run. */
export type RunEvent = z.infer<typeof runEventSchema>;
/** What a task came to on a host. */
export type TaskResult = z.infer<typeof result>;

/**
 * One line of the event file; undefined for what is no event this version knows (another type, a
 * line torn by a crash).
 */
export function parseEventLine(line: string): AnsibleEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = ansibleEventSchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
