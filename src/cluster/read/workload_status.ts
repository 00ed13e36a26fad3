/**
 * How each kind of workload says how far it is, and what is wrong.
 *
 * @module
 */

import * as z from "zod";
import { Condition, count, labels, list, problemFrom, safeLabels } from "./object_fields.ts";
import type { Problem, Workload, WorkloadKind } from "./objects.ts";

const Template = z.object({ metadata: z.object({ labels }).nullish() }).nullish();

/** `spec` of any workload as far as it is read. */
export const WorkloadSpec = z.object({
  replicas: z.number().nullish(),
  completions: z.number().nullish(),
  suspend: z.boolean().nullish(),
  template: Template,
  jobTemplate: z.object({ spec: z.object({ template: Template }).nullish() }).nullish(),
});

/** `status` of any workload as far as it is read. */
export const WorkloadStatus = z.object({
  readyReplicas: count,
  numberReady: count,
  desiredNumberScheduled: count,
  succeeded: count,
  // Of a Job how many pods, of a CronJob which Jobs.
  active: z.union([z.number(), z.array(z.unknown())]).nullish(),
  conditions: list(Condition),
}).nullish();

type Spec = z.infer<typeof WorkloadSpec>;
type Status = z.infer<typeof WorkloadStatus>;

/** How a workload stands, from its spec and its controller's word. */
export function workloadStanding(
  kind: WorkloadKind,
  { spec, status }: { readonly spec: Spec; readonly status: Status },
): Pick<Workload, "ready" | "wanted" | "phase" | "podLabels" | "problem"> {
  const template = kind === "CronJob" ? spec.jobTemplate?.spec?.template : spec.template;
  const conditions = status?.conditions ?? [];
  const podLabels = safeLabels(template?.metadata?.labels);
  const standing = { podLabels, phase: undefined, problem: undefined };
  const active = typeof status?.active === "object" ? status.active?.length ?? 0 : 0;
  // The API server fills in one replica, or one completion, where none is given.
  const replicas = spec.replicas ?? 1;
  switch (kind) {
    case "Deployment": {
      const problem = deploymentProblem(conditions, { replicas });
      return { ...standing, ready: status?.readyReplicas ?? 0, wanted: replicas, problem };
    }
    case "StatefulSet":
      return { ...standing, ready: status?.readyReplicas ?? 0, wanted: replicas };
    case "DaemonSet":
      return {
        ...standing,
        ready: status?.numberReady ?? 0,
        wanted: status?.desiredNumberScheduled ?? 0,
      };
    case "Job":
      return {
        ...standing,
        ready: status?.succeeded ?? 0,
        wanted: spec.completions ?? 1,
        phase: jobPhase(conditions, { suspended: spec.suspend ?? false }),
        problem: problemFrom(holds(conditions, "Failed") ?? holds(conditions, "FailureTarget")),
      };
    case "CronJob":
      return {
        ...standing,
        ready: active,
        wanted: active,
        phase: spec.suspend ? "suspended" : active > 0 ? "running" : undefined,
      };
  }
}

type Conditions = readonly z.infer<typeof Condition>[];

function holds(conditions: Conditions, type: string, status = "True") {
  return conditions.find((each) => each.type === type && each.status === status);
}

/** The cause before its consequence: pods cannot be made, the rollout is stuck, too few are there. */
function deploymentProblem(
  conditions: Conditions,
  { replicas }: { readonly replicas: number },
): Problem | undefined {
  return problemFrom(
    holds(conditions, "ReplicaFailure") ?? holds(conditions, "Progressing", "False") ??
      (replicas === 0 ? undefined : holds(conditions, "Available", "False")),
  );
}

function jobPhase(
  conditions: Conditions,
  { suspended }: { readonly suspended: boolean },
): Workload["phase"] {
  if (holds(conditions, "Complete")) return "complete";
  if (holds(conditions, "Failed")) return "failed";
  return suspended ? "suspended" : "running";
}
