/**
 * What objects of the API have in common.
 *
 * @module
 */

import type { App } from "./apps.ts";
import type { SimEvent } from "./model.ts";

/** A moment as the API writes it. */
export function iso(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

/** `metadata` but for labels. */
export function metadata(
  { name, namespace, uid }: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
  },
  { bornAt }: { readonly bornAt: number },
) {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    uid,
    creationTimestamp: iso(bornAt),
  };
}

/** Labels by which pods are found. */
export function selectorOf({ name }: Pick<App, "name">): Record<string, string> {
  return { "app.kubernetes.io/name": name };
}

/** The container of an app, in a pod or a template. */
export function containerJson(app: App, image: string) {
  const amounts = { cpu: `${Math.round(app.cpu * 1000)}m`, memory: `${app.memory}Mi` };
  const gpu = app.gpu ? { "nvidia.com/gpu": "1" } : {};
  return {
    name: app.name,
    image,
    imagePullPolicy: "IfNotPresent",
    ...(app.port === undefined ? {} : {
      ports: [{ name: "main", containerPort: app.port, protocol: "TCP" }],
      readinessProbe: { tcpSocket: { port: app.port }, periodSeconds: 10 },
    }),
    resources: {
      requests: { ...amounts, ...gpu },
      limits: { memory: `${app.memory * 2}Mi`, ...gpu },
    },
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
  };
}

/** `spec` of a pod, as it stands in templates too. */
export function podSpecJson(app: App, image: string) {
  const once = app.behaviour === "finish";
  return {
    containers: [containerJson(app, image)],
    volumes: [{ name: "tmp", emptyDir: {} }],
    restartPolicy: once ? "Never" : "Always",
    terminationGracePeriodSeconds: 30,
    serviceAccountName: "default",
    ...(app.onlyOn === undefined ? {} : { nodeSelector: { [app.onlyOn]: "true" } }),
    tolerations: [
      ...(app.kind === "DaemonSet" ? [{ operator: "Exists" }] : []),
      ...(app.gpu ? [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }] : []),
    ],
  };
}

/** A Service (core/v1) of an app. */
export function serviceJson(
  app: App,
  { uid, address, bornAt }: {
    readonly uid: string;
    readonly address: string;
    readonly bornAt: number;
  },
): Record<string, unknown> {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      ...metadata({ ...app, uid }, { bornAt }),
      labels: selectorOf(app),
    },
    spec: {
      type: app.service,
      clusterIP: app.kind === "StatefulSet" ? "None" : address,
      selector: selectorOf(app),
      ports: [{
        name: "main",
        port: app.port,
        targetPort: "main",
        protocol: "TCP",
        ...(app.service === "ClusterIP" ? {} : { nodePort: 30_000 + (app.port ?? 0) % 2768 }),
      }],
    },
    status: {},
  };
}

/** An Event (core/v1). */
export function eventJson(event: SimEvent): Record<string, unknown> {
  const { about, warning, reason, message, count } = event;
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: metadata(event, { bornAt: event.firstAt }),
    involvedObject: about,
    type: warning ? "Warning" : "Normal",
    reason,
    message,
    count,
    firstTimestamp: iso(event.firstAt),
    lastTimestamp: iso(event.lastAt),
    source: { component: about.kind === "Pod" ? "kubelet" : "controllermanager" },
  };
}
