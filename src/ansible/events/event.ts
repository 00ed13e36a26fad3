/**
 * The events of a run: what the callback plugin writes, and what the tool itself has to say.
 *
 * The plugin (`ansible/plugins/callback/k3s_tool_events.py`) writes one JSON object a line. Unknown
 * types are left out and unknown members dropped, so that an older tool reads a newer tree.
 *
 * @module
 */

import * as z from "zod/mini";
import { parseJson } from "../../process/json.ts";
import { MachineFacts } from "./machine.ts";
import { PresentFacts } from "./present.ts";

// A detail of a wrong type is dropped rather than the event: a failure must not get lost over it.
const text = z.catch(z.optional(z.string()), undefined);
const name = z.string().check(z.minLength(1));
const play = z.optional(z.string());
const role = z.catch(z.nullish(z.string()), undefined);
const count = z._default(z.number(), 0);

/** An event of a type; `ts` is when it happened: UTC, ISO 8601. */
function event<const T extends string, S extends Record<string, z.ZodMiniType>>(type: T, shape: S) {
  return z.object({ type: z.literal(type), ts: text, ...shape });
}

const diffSchema = z.object({ header: text, before: text, after: text });

const statsSchema = z.object({
  ok: count,
  changed: count,
  failures: count,
  unreachable: count,
  skipped: count,
  rescued: count,
  ignored: count,
});

/** How a run ended. */
export const OUTCOMES = ["ok", "failed", "error", "interrupted"] as const;

/**
 * How a run ended: every host did all it should; some host did not; ansible-playbook itself could
 * not do its work; the person ended it.
 */
export type Outcome = typeof OUTCOMES[number];

const ANSIBLE_EVENTS = [
  event("run_start", { playbook: z.string(), check: z._default(z.boolean(), false) }),
  event("play_start", { play: name, hosts: z.array(name) }),
  event("task_start", { play, task: z.string(), role, action: text }),
  event("host_start", { host: name, task: z.string(), role }),
  event("result", {
    host: name,
    play,
    task: z.string(),
    role,
    status: z.enum(["ok", "changed", "skipped", "failed", "unreachable", "ignored"]),
    seconds: z.catch(z.optional(z.number().check(z.nonnegative())), undefined),
    message: text,
    /** Which failure it is, where the tool has an answer to it: "node_password_rejected". */
    code: text,
    rc: z.catch(z.optional(z.int()), undefined),
    stderr: text,
    diff: z.catch(z.optional(z.array(diffSchema)), undefined),
    censored: z.catch(z.optional(z.boolean()), undefined),
  }),
  event("retry", { host: name, task: z.string(), attempt: z.int(), retries: z.int() }),
  event("warning", { host: z.nullish(name), message: z.string() }),
  event("machine", { host: name, facts: MachineFacts }),
  event("present", { host: name, facts: PresentFacts }),
  /** What the tool itself did between playbooks. */
  event("note", { message: z.string() }),
  event("run_end", { stats: z.record(z.string(), statsSchema) }),
] as const;

/** Every event of a run, as `provision -o json` prints them. */
export const RUN_EVENTS = [
  ...ANSIBLE_EVENTS,
  event("started", {
    /** Where this run is kept. */
    directory: z.string(),
    /** What ansible-playbook printed. */
    log: z.string(),
  }),
  event("end", {
    outcome: z.enum(OUTCOMES),
    /** Exit code of ansible-playbook. */
    rc: z.int(),
    directory: z.string(),
    log: z.string(),
    /** What ansible-playbook said where it could not work. */
    message: text,
  }),
] as const;

const ansibleEventSchema = z.discriminatedUnion("type", ANSIBLE_EVENTS);

/** What the callback plugin writes. */
export type AnsibleEvent = z.infer<typeof ansibleEventSchema>;
/** Anything that happens in a run. */
export type RunEvent = z.infer<typeof RUN_EVENTS[number]>;
/** What a task came to on a host. */
export type TaskResult = Extract<AnsibleEvent, { type: "result" }>;

/**
 * One line of the event file; undefined for what is no event this version knows (another type, a
 * line torn by a crash).
 */
export function parseEventLine(line: string): AnsibleEvent | undefined {
  return parseJson(ansibleEventSchema, line);
}
