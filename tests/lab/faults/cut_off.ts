/**
 * Starts a command and cuts it off.
 *
 * @module
 */

import { powerOff, powerOn } from "../hosts/faults.ts";
import type { RunEvent } from "../run_events.ts";
import { projectDir, toolArgv } from "../tool.ts";
import { waitFor } from "../wait.ts";
import type { Kind, Moment } from "./moments.ts";

/** How far an undisturbed command goes. */
export interface Extent {
  /** Task results; none where a command does without Ansible. */
  readonly results: number;
  readonly seconds: number;
}

/** How a command that was to be cut off ended. */
export interface CutOff {
  /** What was killed; undefined where the command ended before. */
  readonly killed: Kind | undefined;
  /** Where: the last result, and the host whose power was cut. */
  readonly place: string;
  readonly code: number;
  /** Until it was killed, or until its end. */
  readonly seconds: number;
  readonly results: number;
}

/** Seconds that a command may take to end by itself after something of it was killed. */
const END_SECONDS = 240;

/** Runs a command; at the moment something is killed. Without one it is left alone. */
export async function cutOff(
  args: readonly string[],
  moment?: { readonly of: Extent; readonly at: Moment; readonly host: string },
): Promise<CutOff> {
  const [program = "", ...rest] = await toolArgv([...args, "-o", "json"]);
  const began = performance.now();
  const child = new Deno.Command(program, {
    args: rest,
    cwd: projectDir,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let results = 0;
  let ended = false;
  let last: RunEvent | undefined;
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const threshold = moment === undefined ? 0 : Math.round(moment.at.depth * moment.of.results);
  const reading = (async () => {
    let text = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (text + chunk).split("\n");
      text = lines.pop() ?? "";
      for (const event of lines.map(parsed)) {
        if (event?.type !== "result" && event?.type !== "note") continue;
        last = event;
        if (event.type === "result") results++;
        if (results >= threshold && threshold > 0) reach();
      }
    }
  })();
  const status = child.status.finally(() => ended = true);
  let killed: Kind | undefined;
  let place = "";
  let at: Pick<CutOff, "seconds" | "results"> | undefined;
  const now = () => ({ seconds: (performance.now() - began) / 1000, results });
  let powered: Promise<void> | undefined;
  if (moment !== undefined) {
    const { at: when, of } = moment;
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    // A command without results is as deep as its time says.
    if (threshold > 0) await Promise.race([reached, status]);
    const wait = of.results > 0 ? when.later : when.depth * of.seconds * 1000;
    await Promise.race([pause(wait), status]);
    place = [last?.host, last?.task].filter((each) => each !== undefined).join(": ");
    if (!ended) {
      at = now();
      killed = when.kind;
      if (when.kind === "power") {
        const host = last?.host ?? moment.host;
        place += ` (${host} off${when.staysOff ? " until it ended" : ""})`;
        await powerOff(host);
        if (when.staysOff) await limited(status);
        powered = powerOn(host);
      } else if (when.kind === "tool") child.kill("SIGKILL");
      else if (!await killChild(child.pid, () => ended)) killed = undefined;
    }
  }
  const { code } = await limited(status);
  await powered;
  await reading;
  return { killed, place, code, ...at ?? now() };
}

async function limited<T>(ending: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`the command did not end within ${END_SECONDS} s`);
    timer = setTimeout(() => reject(error), END_SECONDS * 1000);
  });
  return await Promise.race([ending, late]).finally(() => clearTimeout(timer));
}

function parsed(line: string): RunEvent | undefined {
  try {
    return JSON.parse(line) as RunEvent;
  } catch {
    return undefined; // of a document, which has several lines
  }
}

/** Kills what the tool has started: ansible-playbook itself, or ssh. False where the tool ended first. */
async function killChild(tool: number, ended: () => boolean): Promise<boolean> {
  return await waitFor(async () => {
    if (ended()) return "ended";
    const [pid] = await childrenOf(tool);
    if (pid === undefined) return undefined;
    Deno.kill(pid, "SIGKILL");
    return "killed";
  }, { limit: END_SECONDS, what: "a program that the tool has started", interval: 20 }) ===
    "killed";
}

async function childrenOf(parent: number): Promise<number[]> {
  const found: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const status = await Deno.readTextFile(`/proc/${name}/status`).catch(() => "");
    if (new RegExp(`^PPid:\\s+${parent}$`, "m").test(status) && !/^State:\s+Z/m.test(status)) {
      found.push(Number(name));
    }
  }
  return found;
}
