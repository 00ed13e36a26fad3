/**
 * Objects of the API, as far as their details are shown.
 *
 * They may be of any version: a field of an unknown shape is left out, it never hides the others.
 *
 * @module
 */

import * as z from "zod";
import { safeText } from "../../errors/safe_text.ts";

/** One harmless line; empty where there is none. */
const text = z.string().transform(safeText).catch("");

/** A number, or a text that stands for one (ports, quantities), as text. */
const scalar = z.union([z.string(), z.number(), z.boolean()])
  .transform((value) => safeText(String(value))).catch("");

/** A number; undefined where there is none. */
const number = z.number().optional().catch(undefined);

/** Truth; undefined where nothing is said. */
const truth = z.boolean().optional().catch(undefined);

/** Texts by key. */
const texts = z.record(z.string(), scalar).transform((values) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [safeText(key), value]))
).catch({});

/** A list without what is not understood in it. */
function list<T extends z.ZodType>(item: T) {
  return z.array(z.unknown()).catch([]).transform((items) =>
    items.flatMap((each): z.output<T>[] => {
      const parsed = item.safeParse(each);
      return parsed.success ? [parsed.data] : [];
    })
  );
}

/** An object of tolerant parts; one without anything where there is none. */
function part<S extends z.ZodRawShape>(shape: S) {
  const schema = z.object(shape);
  return schema.catch(() => schema.parse({}));
}

/** An object of tolerant parts whose being there says something itself; null where there is none. */
function optionalPart<S extends z.ZodRawShape>(shape: S) {
  return z.object(shape).nullable().catch(null);
}

/** A condition, as every kind of object has them. */
export const Condition = part({
  type: text,
  status: text,
  reason: text,
  message: text,
  lastTransitionTime: text,
}).transform(({ lastTransitionTime, ...said }) => ({
  ...said,
  since: lastTransitionTime || undefined,
}));

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
const PodSpec = part({
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
