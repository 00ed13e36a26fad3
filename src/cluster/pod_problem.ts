/**
 * Why a pod is not well.
 *
 * @module
 */

import * as z from "zod";
import { Condition, count, list, message, text } from "./object_fields.ts";
import type { Problem } from "./objects.ts";

const Ended = z.object({ exitCode: count, reason: text, message }).nullish();

/** `status.containerStatuses[]` as far as it is read. */
const ContainerStatus = z.object({
  name: text,
  ready: z.boolean().nullish(),
  restartCount: count,
  state: z.object({
    waiting: z.object({ reason: text, message }).nullish(),
    terminated: Ended,
  }).nullish(),
  lastState: z.object({ terminated: Ended }).nullish(),
});

/** `status` of a pod as far as it is read. */
export const PodStatus = z.object({
  phase: text,
  reason: text,
  message,
  conditions: list(Condition),
  containerStatuses: list(ContainerStatus),
  initContainerStatuses: list(ContainerStatus),
});

type Status = z.infer<typeof PodStatus>;
type Container = z.infer<typeof ContainerStatus>;

/** A container waits for these while all goes well; they are told where nothing else is. */
const ON_ITS_WAY = new Set(["ContainerCreating", "PodInitializing"]);

/**
 * Why a pod waits or fails, in the API's own words; undefined where all is well.
 *
 * @param options.ending its containers are being ended, so that their exit codes say nothing
 */
export function podProblem(
  status: Status,
  { ending }: { readonly ending: boolean },
): Problem | undefined {
  if (status.phase === "Succeeded") return undefined;
  if (status.reason !== "") return { reason: status.reason, message: status.message };
  const problems = [
    ...status.initContainerStatuses.map((each) => ({ each, who: `init container ${each.name}` })),
    ...status.containerStatuses.map((each) => ({
      each,
      who: status.containerStatuses.length > 1 ? each.name : "",
    })),
  ].flatMap(({ each, who }) => containerProblem(each, { who, ending }) ?? []);
  return problems.find(({ reason }) => !ON_ITS_WAY.has(reason)) ?? unscheduled(status) ??
    problems[0];
}

function containerProblem(
  { state, lastState }: Container,
  { who, ending }: { readonly who: string; readonly ending: boolean },
): Problem | undefined {
  const sentence = (...parts: readonly string[]) => {
    const said = parts.filter((part) => part !== "").join("; ");
    return who === "" || said === "" ? said || who : `${who}: ${said}`;
  };
  if (state?.waiting?.reason) {
    const { reason, message } = state.waiting;
    // `back-off 5m0s restarting failed container=web pod=web-1_default(UID)`: the rest is known.
    const [said = ""] = message.split(" container=", 1);
    return { reason, message: sentence(ended(lastState?.terminated), said) };
  }
  const { terminated } = state ?? {};
  if (ending || !terminated || terminated.exitCode === 0) return undefined;
  return { reason: terminated.reason || "Error", message: sentence(ended(terminated)) };
}

/** How a container ended: `OOMKilled, exit code 137: …`; empty where it did not, or well. */
function ended(terminated: z.infer<typeof Ended>): string {
  if (!terminated || terminated.exitCode === 0) return "";
  const { exitCode, reason, message } = terminated;
  const code = `exit code ${exitCode}`;
  const said = reason === "" || reason === "Error" ? code : `${reason}, ${code}`;
  return message === "" ? said : `${said}: ${message}`;
}

function unscheduled({ conditions }: Status): Problem | undefined {
  const found = conditions.find(({ type, status }) =>
    type === "PodScheduled" && status === "False"
  );
  return found && { reason: found.reason || "Unschedulable", message: found.message };
}
