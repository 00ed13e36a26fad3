/**
 * What runs in the simulated home.
 *
 * @module
 */

import type { WorkloadKind } from "../../cluster/read/objects.ts";

/** What a program prints. */
export type LogStyle =
  | "access"
  | "controller"
  | "database"
  | "bridge"
  | "backup"
  | "model"
  | "quiet";

/** What its containers do. */
export type Behaviour =
  /** They run until they are ended. */
  | "serve"
  /** They do their work and end well. */
  | "finish"
  /** They fail after a while, again and again. */
  | "crash"
  /** Their image does not exist. */
  | "no-image";

/** A program and what keeps it running; none of this changes. */
export interface App {
  /** Undefined: a pod of nobody. */
  readonly kind: WorkloadKind | undefined;
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
  /** Without a tag. */
  readonly image: string;
  /** The tag of a revision, counted from 1. */
  readonly tag: (revision: number) => string;
  /** Cores and MiB that are asked for. */
  readonly cpu: number;
  readonly memory: number;
  readonly gpu: boolean;
  readonly behaviour: Behaviour;
  /** Seconds from being placed to running, and from there to being ready. */
  readonly start: number;
  readonly warmUp: number;
  /** Seconds it works where it finishes or crashes. */
  readonly works: number;
  readonly log: LogStyle;
  /** Its Service; undefined where it has none. */
  readonly port: number | undefined;
  readonly service: "ClusterIP" | "NodePort" | "LoadBalancer";
  /** Label its node must have. */
  readonly onlyOn: string | undefined;
  /** Days ago it was put there. */
  readonly days: number;
  /** Gets a new revision every so many seconds. */
  readonly releasedEvery: number | undefined;
  /** Pods that must stay while others are evicted; undefined: no budget. */
  readonly keep: number | undefined;
}

const ORDINARY: Omit<App, "namespace" | "name" | "image"> = {
  kind: "Deployment",
  replicas: 1,
  tag: (revision) => `1.${revision + 3}.0`,
  cpu: 0.1,
  memory: 64,
  gpu: false,
  behaviour: "serve",
  start: 2,
  warmUp: 3,
  works: 0,
  log: "quiet",
  port: undefined,
  service: "ClusterIP",
  onlyOn: undefined,
  days: 41,
  releasedEvery: undefined,
  keep: undefined,
};

const app = (each: Partial<App> & Pick<App, "namespace" | "name" | "image">): App => ({
  ...ORDINARY,
  ...each,
});

/** Everything that runs from the start. */
export const APPS: readonly App[] = [
  app({
    namespace: "kube-system",
    name: "coredns",
    image: "rancher/mirrored-coredns-coredns",
    port: 53,
    log: "controller",
  }),
  app({ namespace: "kube-system", name: "local-path-provisioner", image: "rancher/local-path" }),
  app({
    namespace: "kube-system",
    name: "metrics-server",
    image: "rancher/mirrored-metrics-server",
    memory: 70,
    port: 443,
    log: "controller",
  }),
  app({
    namespace: "kube-system",
    name: "traefik",
    image: "rancher/mirrored-library-traefik",
    port: 443,
    service: "LoadBalancer",
    log: "access",
  }),
  app({
    kind: "DaemonSet",
    namespace: "kube-system",
    name: "svclb-traefik",
    image: "rancher/klipper-lb",
    cpu: 0.01,
    memory: 10,
  }),
  app({
    namespace: "flux-system",
    name: "source-controller",
    image: "ghcr.io/fluxcd/source-controller",
    log: "controller",
    port: 80,
  }),
  app({
    namespace: "flux-system",
    name: "kustomize-controller",
    image: "ghcr.io/fluxcd/kustomize-controller",
    log: "controller",
  }),
  app({
    namespace: "photos",
    name: "web",
    image: "ghcr.io/example/photos-web",
    replicas: 3,
    cpu: 0.25,
    memory: 256,
    log: "access",
    port: 8080,
    service: "NodePort",
    releasedEvery: 90,
    keep: 2,
    days: 12,
  }),
  app({
    kind: "StatefulSet",
    namespace: "photos",
    name: "db",
    image: "docker.io/library/postgres",
    tag: () => "18.1",
    cpu: 0.5,
    memory: 1024,
    warmUp: 6,
    log: "database",
    port: 5432,
    days: 12,
  }),
  app({
    kind: "Job",
    namespace: "photos",
    name: "migrate-12",
    image: "ghcr.io/example/photos-web",
    behaviour: "finish",
    works: 20,
    log: "backup",
    days: 2,
  }),
  app({
    kind: "StatefulSet",
    namespace: "home",
    name: "assistant",
    image: "ghcr.io/home-assistant/home-assistant",
    tag: () => "2026.11.2",
    cpu: 0.4,
    memory: 768,
    warmUp: 8,
    log: "controller",
    port: 8123,
    service: "NodePort",
  }),
  app({
    namespace: "home",
    name: "mqtt",
    image: "docker.io/library/eclipse-mosquitto",
    tag: () => "2.0.22",
    memory: 32,
    log: "controller",
    port: 1883,
  }),
  app({
    namespace: "home",
    name: "mqtt-bridge",
    image: "ghcr.io/example/mqtt-bridge",
    memory: 48,
    behaviour: "crash",
    works: 9,
    log: "bridge",
    days: 1,
  }),
  app({
    kind: "StatefulSet",
    namespace: "media",
    name: "jellyfin",
    image: "docker.io/jellyfin/jellyfin",
    tag: () => "10.12.0",
    cpu: 2,
    memory: 4096,
    warmUp: 7,
    log: "access",
    port: 8096,
    onlyOn: "home/media",
    service: "NodePort",
  }),
  app({
    namespace: "media",
    name: "transcoder",
    image: "ghcr.io/example/transcoder",
    tag: () => "nightly",
    cpu: 1,
    memory: 512,
    behaviour: "no-image",
    days: 3,
  }),
  app({
    namespace: "ai",
    name: "ollama",
    image: "docker.io/ollama/ollama",
    cpu: 4,
    memory: 24_576,
    gpu: true,
    warmUp: 9,
    log: "model",
    port: 11434,
    days: 20,
  }),
  app({
    namespace: "ai",
    name: "chat-ui",
    image: "ghcr.io/open-webui/open-webui",
    replicas: 2,
    cpu: 0.2,
    memory: 512,
    log: "access",
    port: 8080,
    days: 20,
  }),
  app({
    kind: "StatefulSet",
    namespace: "monitoring",
    name: "prometheus",
    image: "quay.io/prometheus/prometheus",
    tag: () => "v3.8.1",
    cpu: 0.5,
    memory: 1536,
    warmUp: 6,
    log: "controller",
    port: 9090,
  }),
  app({
    namespace: "monitoring",
    name: "grafana",
    image: "docker.io/grafana/grafana",
    tag: () => "12.3.1",
    memory: 200,
    log: "access",
    port: 3000,
    service: "NodePort",
  }),
  app({
    kind: "DaemonSet",
    namespace: "monitoring",
    name: "node-exporter",
    image: "quay.io/prometheus/node-exporter",
    cpu: 0.05,
    memory: 40,
    port: 9100,
  }),
  app({
    kind: "CronJob",
    namespace: "backup",
    name: "snapshot",
    image: "ghcr.io/example/restic",
    behaviour: "finish",
    works: 14,
    cpu: 0.3,
    memory: 128,
    log: "backup",
    days: 30,
  }),
  app({
    kind: undefined,
    namespace: "default",
    name: "toolbox",
    image: "docker.io/library/debian",
    tag: () => "13",
    days: 5,
  }),
];

/** How workloads and their pods are named in the model: `Deployment photos/web`. */
export function idOf(
  { kind, namespace, name }: {
    readonly kind: WorkloadKind | undefined;
    readonly namespace: string;
    readonly name: string;
  },
): string {
  return `${kind ?? "Pod"} ${namespace}/${name}`;
}

const BY_ID = new Map(APPS.map((each) => [idOf(each), each]));

/** The app of an id. */
export function appOf(id: string): App {
  const found = BY_ID.get(id);
  if (found === undefined) throw new RangeError(`nothing is called ${id}`);
  return found;
}
