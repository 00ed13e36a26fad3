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

const Resources = part({ requests: texts, limits: texts });

const ContainerSpec = part({
  name: text,
  image: text,
  restartPolicy: text,
  ports: list(part({ containerPort: scalar, protocol: text, name: text })),
  resources: Resources,
});

/** One container as it is wanted. */
export type ContainerSpec = z.infer<typeof ContainerSpec>;

const Terminated = optionalPart({
  reason: text,
  message: text,
  exitCode: number,
  signal: number,
  startedAt: text,
  finishedAt: text,
});

const State = part({
  running: optionalPart({ startedAt: text }),
  waiting: optionalPart({ reason: text, message: text }),
  terminated: Terminated,
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

const Volume = z.looseObject({ name: text });

/** `spec` of a pod or of a template. */
export const PodSpec = part({
  nodeName: text,
  serviceAccountName: text,
  priorityClassName: text,
  restartPolicy: text,
  containers: list(ContainerSpec),
  initContainers: list(ContainerSpec),
  volumes: list(Volume),
});

/** A pod. */
export const PodObject = part({
  metadata: part({ name: text, labels: texts, deletionTimestamp: text, creationTimestamp: text }),
  spec: PodSpec,
  status: part({
    phase: text,
    reason: text,
    message: text,
    qosClass: text,
    hostIP: text,
    podIP: text,
    podIPs: list(part({ ip: text })),
    startTime: text,
    conditions: list(Condition),
    containerStatuses: list(ContainerStatus),
    initContainerStatuses: list(ContainerStatus),
  }),
});

/** A workload: what it wants, how far it is, and the template of its pods. */
export const WorkloadObject = part({
  spec: part({
    replicas: number,
    paused: truth,
    suspend: truth,
    schedule: text,
    timeZone: text,
    concurrencyPolicy: text,
    parallelism: number,
    completions: number,
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
    active: z.union([z.number(), z.array(z.unknown()).transform((jobs) => jobs.length)])
      .optional().catch(undefined),
    succeeded: number,
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
    loadBalancerIP: text,
    sessionAffinity: text,
    externalTrafficPolicy: text,
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
