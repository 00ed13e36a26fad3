/**
 * Why a pod is not well.
 *
 * @module
 */

import * as z from "zod";
import { Condition, count, line, list, problemFrom, sentence, text } from "./object_fields.ts";
import type { Problem } from "./objects.ts";

const Ended = z.object({ exitCode: count, reason: text, message: text }).nullish();

/** `status.containerStatuses[]` as far as it is read. */
const ContainerStatus = z.object({
  name: text,
  ready: z.boolean().nullish(),
  restartCount: count,
  state: z.object({
    waiting: z.object({ reason: text, message: text }).nullish(),
    terminated: Ended,
  }).nullish(),
  lastState: z.object({ terminated: Ended }).nullish(),
});

/** `status` of a pod as far as it is read. */
export const PodStatus = z.object({
  phase: text,
  reason: text,
  message: text,
  conditions: list(Condition),
  containerStatuses: list(ContainerStatus),
  initContainerStatuses: list(ContainerStatus),
});

type Status = z.infer<typeof PodStatus>;
type Container = z.infer<typeof ContainerStatus>;

/** Whether a pod with this problem just needs a moment: it is told where nothing else is. */
export function isStarting({ reason }: Problem): boolean {
  return reason === "ContainerCreating" || reason === "PodInitializing";
}

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
  if (status.reason) return { reason: line(status.reason), message: sentence(status.message) };
  const containers = status.containerStatuses ?? [];
  const problems = [
    ...(status.initContainerStatuses ?? []).map((each) => ({
      each,
      who: `init container ${line(each.name)}`,
    })),
    ...containers.map((each) => ({ each, who: containers.length > 1 ? line(each.name) : "" })),
  ].flatMap(({ each, who }) => containerProblem(each, { who, ending }) ?? []);
  return problems.find((problem) => !isStarting(problem)) ?? unscheduled(status) ??
    problems[0];
}

function containerProblem(
  { state, lastState }: Container,
  { who, ending }: { readonly who: string; readonly ending: boolean },
): Problem | undefined {
  const told = (...parts: readonly string[]) => {
    const said = parts.filter((part) => part !== "").join("; ");
    return who === "" || said === "" ? said || who : `${who}: ${said}`;
  };
  if (state?.waiting?.reason) {
    const reason = line(state.waiting.reason);
    // `back-off 5m0s restarting failed container=web pod=web-1_default(UID)`: the rest is known.
    const [said = ""] = sentence(state.waiting.message).split(" container=", 1);
    return { reason, message: told(ended(lastState?.terminated), said) };
  }
  const { terminated } = state ?? {};
  if (ending || !terminated?.exitCode) return undefined;
  return { reason: line(terminated.reason) || "Error", message: told(ended(terminated)) };
}

/** How a container ended: `OOMKilled, exit code 137: …`; empty where it did not, or well. */
function ended(terminated: z.infer<typeof Ended>): string {
  if (!terminated?.exitCode) return "";
  const [reason, message] = [line(terminated.reason), sentence(terminated.message)];
  const code = `exit code ${terminated.exitCode}`;
  const said = reason === "" || reason === "Error" ? code : `${reason}, ${code}`;
  return message === "" ? said : `${said}: ${message}`;
}

function unscheduled({ conditions }: Status): Problem | undefined {
  return problemFrom(
    conditions?.find(({ type, status }) => type === "PodScheduled" && status === "False"),
    "Unschedulable",
  );
}
