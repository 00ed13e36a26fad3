/**
 * A pod, and the pods a workload makes, as far as their details are shown.
 *
 * @module
 */

import * as z from "zod";
import {
  Condition,
  list,
  number,
  optionalPart,
  part,
  scalar,
  text,
  texts,
  truth,
} from "./tolerant.ts";

const ContainerSpec = part({
  name: text,
  image: text,
  ports: list(part({ containerPort: scalar, protocol: text, name: text })),
  resources: part({ requests: texts, limits: texts }),
});

/** One container as it is wanted. */
export type ContainerSpec = z.infer<typeof ContainerSpec>;

const State = part({
  running: optionalPart({ startedAt: text }),
  waiting: optionalPart({ reason: text, message: text }),
  terminated: optionalPart({
    reason: text,
    message: text,
    exitCode: number,
    signal: number,
    finishedAt: text,
  }),
});

const ContainerStatus = part({
  name: text,
  image: text,
  ready: truth,
  restartCount: number,
  state: State,
  lastState: State,
});

/** One container as it stands. */
export type ContainerStatus = z.infer<typeof ContainerStatus>;

/** `spec` of a pod or of a template. */
export const PodSpec = part({
  nodeName: text,
  serviceAccountName: text,
  priorityClassName: text,
  containers: list(ContainerSpec),
  initContainers: list(ContainerSpec),
  volumes: list(z.looseObject({ name: text })),
});

/** A pod. */
export const PodObject = part({
  metadata: part({ name: text, labels: texts }),
  spec: PodSpec,
  status: part({
    phase: text,
    reason: text,
    message: text,
    qosClass: text,
    hostIP: text,
    podIP: text,
    podIPs: list(part({ ip: text })),
    conditions: list(Condition),
    containerStatuses: list(ContainerStatus),
    initContainerStatuses: list(ContainerStatus),
  }),
});

/** A workload: what it wants, how far it is, and the template of its pods. */
export const WorkloadObject = part({
  spec: part({
    paused: truth,
    suspend: truth,
    schedule: text,
    timeZone: text,
    concurrencyPolicy: text,
    parallelism: number,
    backoffLimit: number,
    serviceName: text,
    strategy: part({ type: text }),
    updateStrategy: part({ type: text }),
    selector: part({ matchLabels: texts }),
    template: part({ spec: PodSpec }),
    jobTemplate: part({ spec: part({ template: part({ spec: PodSpec }) }) }),
  }),
  status: part({
    updatedReplicas: number,
    updatedNumberScheduled: number,
    availableReplicas: number,
    numberAvailable: number,
    failed: number,
    startTime: text,
    completionTime: text,
    lastScheduleTime: text,
    lastSuccessfulTime: text,
    conditions: list(Condition),
  }),
});

/** A Service. */
export const ServiceObject = part({
  spec: part({
    type: text,
    clusterIPs: list(text),
    externalIPs: list(text),
    externalName: text,
    sessionAffinity: text,
    selector: texts,
    ports: list(part({
      name: text,
      protocol: text,
      port: scalar,
      targetPort: scalar,
      nodePort: scalar,
    })),
  }),
  status: part({
    loadBalancer: part({ ingress: list(part({ ip: text, hostname: text })) }),
  }),
});
