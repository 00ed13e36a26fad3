/**
 * Workloads as an API server sends them.
 *
 * @module
 */

import { appOf } from "./apps.ts";
import { imageOf } from "./kubelets.ts";
import type { SimWorkload } from "./model.ts";
import { uid } from "./noise.ts";
import { iso, metadata, podSpecJson, selectorOf } from "./object_json.ts";

const RESTARTED_AT = "kubectl.kubernetes.io/restartedAt";

/** A Deployment, StatefulSet, DaemonSet, Job or CronJob. Follows from the record alone. */
export function workloadJson(
  workload: SimWorkload,
  { seed }: { readonly seed: number },
): Record<string, unknown> {
  const { kind, generation, owner } = workload;
  const batch = kind === "Job" || kind === "CronJob";
  return {
    apiVersion: batch ? "batch/v1" : "apps/v1",
    kind,
    metadata: {
      ...metadata(workload, { bornAt: workload.bornAt }),
      generation,
      labels: selectorOf(appOf(workload.app)),
      ...(owner === undefined ? {} : {
        ownerReferences: [{
          apiVersion: "batch/v1",
          kind: "CronJob",
          name: owner,
          uid: uid(seed, `owner ${workload.app}`),
          controller: true,
        }],
      }),
    },
    ...parts(workload),
  };
}

function parts(workload: SimWorkload) {
  const { status, replicas, generation } = workload;
  const selector = { matchLabels: selectorOf(appOf(workload.app)) };
  const observed = { observedGeneration: status.generation };
  const rolling = {
    ...observed,
    replicas: status.pods,
    updatedReplicas: status.updated,
    readyReplicas: status.ready,
    availableReplicas: status.ready,
  };
  switch (workload.kind) {
    case "Deployment":
      return {
        spec: { replicas, selector, template: template(workload), strategy: STRATEGY },
        status: { ...rolling, conditions: deploymentConditions(workload) },
      };
    case "StatefulSet": {
      const revision = (number: number) => `${workload.name}-${number}`;
      return {
        spec: {
          replicas,
          selector,
          serviceName: workload.name,
          template: template(workload),
          updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
        },
        status: {
          ...rolling,
          updateRevision: revision(workload.revision),
          currentRevision: revision(
            status.updated < replicas ? workload.revision - 1 : workload.revision,
          ),
        },
      };
    }
    case "DaemonSet":
      return {
        spec: { selector, template: template(workload), updateStrategy: { type: "RollingUpdate" } },
        status: {
          ...observed,
          desiredNumberScheduled: status.wanted,
          currentNumberScheduled: status.pods,
          updatedNumberScheduled: status.updated,
          numberReady: status.ready,
          numberAvailable: status.ready,
          numberMisscheduled: 0,
        },
      };
    case "Job":
      return { spec: { ...JOB, template: template(workload) }, status: jobStatus(workload) };
    case "CronJob":
      return {
        spec: {
          schedule: "* * * * *",
          concurrencyPolicy: "Forbid",
          successfulJobsHistoryLimit: 3,
          suspend: false,
          jobTemplate: { spec: { ...JOB, template: template(workload) } },
        },
        status: {
          ...(status.wanted === 0 ? {} : {
            active: Array.from({ length: status.wanted }, () => ({ kind: "Job" })),
          }),
          ...(workload.doneAt === undefined ? {} : { lastScheduleTime: iso(workload.doneAt) }),
          observedGeneration: generation,
        },
      };
  }
}

const STRATEGY = { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
const JOB = { parallelism: 1, completions: 1, backoffLimit: 6 };

function template({ app: id, release, restartedAt }: SimWorkload) {
  const app = appOf(id);
  return {
    metadata: {
      labels: selectorOf(app),
      ...(restartedAt === undefined ? {} : { annotations: { [RESTARTED_AT]: restartedAt } }),
    },
    spec: podSpecJson(app, imageOf({ app: id, release })),
  };
}

function deploymentConditions({ status, replicas, name }: SimWorkload) {
  const available = status.ready >= replicas;
  const done = status.updated >= replicas && status.pods <= status.updated && available;
  return [
    {
      type: "Available",
      status: available ? "True" : "False",
      reason: available ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
      message: available
        ? "Deployment has minimum availability."
        : "Deployment does not have minimum availability.",
    },
    {
      type: "Progressing",
      status: "True",
      reason: done ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
      message: done
        ? `Deployment "${name}" has successfully progressed.`
        : `Deployment "${name}" is progressing.`,
    },
  ];
}

function jobStatus({ bornAt, doneAt, status }: SimWorkload) {
  return doneAt === undefined ? { active: status.pods, ready: 0, startTime: iso(bornAt) } : {
    succeeded: 1,
    startTime: iso(bornAt),
    completionTime: iso(doneAt),
    conditions: [{ type: "Complete", status: "True", reason: "CompletionsReached" }],
  };
}
