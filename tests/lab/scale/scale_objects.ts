/**
 * What the cluster without machines holds.
 *
 * @module
 */

/** How large it is. */
export interface ScaleSize {
  readonly nodes: number;
  readonly namespaces: number;
  /** Deployments, each with a Service. */
  readonly deployments: number;
  /** Pods of a Deployment. */
  readonly replicas: number;
}

/** 1,000 nodes and 10,000 pods. */
export const FULL_SIZE: ScaleSize = {
  nodes: 1_000,
  namespaces: 20,
  deployments: 500,
  replicas: 20,
};

/** Whose changes are timed: first by namespace and name in every list of pods. */
export const MARK = { namespace: "a-mark", pod: "a-mark" } as const;

/** An object and the collection it is posted to. */
export interface Posted {
  readonly path: string;
  readonly object: unknown;
}

/** Pods of all Deployments. */
export function podCount({ deployments, replicas }: ScaleSize): number {
  return deployments * replicas;
}

/** Namespaces of all that is made. */
export function namespaceNames({ namespaces }: ScaleSize): string[] {
  return ["default", MARK.namespace, ...numbered("team", namespaces)];
}

/** Namespaces that are not there by themselves; all else needs them. */
export function namespaces(size: ScaleSize): Posted[] {
  return namespaceNames(size).filter((name) => name !== "default").map((name) => ({
    path: "/api/v1/namespaces",
    object: { metadata: { name } },
  }));
}

/** Nodes that kwok keeps alive. */
export function nodes(size: ScaleSize): Posted[] {
  const amounts = { cpu: "8", memory: "32Gi", pods: "110", "ephemeral-storage": "200Gi" };
  return numbered("node", size.nodes).map((name) => ({
    path: "/api/v1/nodes",
    object: {
      metadata: {
        name,
        annotations: { "kwok.x-k8s.io/node": "fake" },
        labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" },
      },
      status: { allocatable: amounts, capacity: amounts },
    },
  }));
}

/** Deployments, round the namespaces. */
export function deployments(size: ScaleSize): Posted[] {
  return named(size).map(({ name, namespace, labels }) => ({
    path: `/apis/apps/v1/namespaces/${namespace}/deployments`,
    object: {
      metadata: { name, labels },
      spec: {
        replicas: size.replicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: podSpec(name) },
      },
    },
  }));
}

/** A Service for each Deployment. */
export function services(size: ScaleSize): Posted[] {
  return named(size).map(({ name, namespace, labels }) => ({
    path: `/api/v1/namespaces/${namespace}/services`,
    object: { metadata: { name, labels }, spec: { selector: labels, ports: [{ port: 80 }] } },
  }));
}

function named(size: ScaleSize) {
  const teams = numbered("team", size.namespaces);
  return numbered("app", size.deployments).map((name, i) => ({
    name,
    namespace: teams[i % teams.length]!,
    labels: { app: name },
  }));
}

/** The pod whose changes are timed; it has no owner, so that no controller answers them. */
export function markPod(): Posted {
  return {
    path: `/api/v1/namespaces/${MARK.namespace}/pods`,
    object: {
      metadata: { name: MARK.pod },
      spec: { nodeName: numbered("node", 1)[0], ...podSpec(MARK.pod) },
    },
  };
}

function podSpec(name: string) {
  return {
    containers: [{
      name,
      image: "docker.io/lab/hello:1",
      resources: {
        requests: { cpu: "100m", memory: "64Mi" },
        limits: { memory: "128Mi" },
      },
      ports: [{ containerPort: 8080 }],
    }],
  };
}

/** `team-0000`, `team-0001`, …: as long as each other, so that lists sort as one expects. */
function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-${String(i).padStart(4, "0")}`);
}
