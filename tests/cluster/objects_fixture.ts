/**
 * Objects as an API server sends them.
 *
 * @module
 */

/** A node; `ready` is the status of its Ready condition. */
export function nodeObject(name: string, {
  ready = "True",
  since = "2026-11-20T10:00:00Z",
  ip = "100.64.0.1",
  controlPlane = false,
  cordoned = false,
}: {
  readonly ready?: "True" | "False" | "Unknown";
  readonly since?: string;
  readonly ip?: string;
  readonly controlPlane?: boolean;
  readonly cordoned?: boolean;
} = {}) {
  return {
    metadata: {
      uid: `node-${name}`,
      name,
      creationTimestamp: "2026-11-13T10:00:00Z",
      labels: {
        "kubernetes.io/hostname": name,
        ...(controlPlane ? { "node-role.kubernetes.io/control-plane": "true" } : {}),
      },
      managedFields: [{ manager: "k3s" }],
    },
    spec: {
      ...(cordoned ? { unschedulable: true } : {}),
      taints: [{ key: "nvidia.com/gpu", value: "true", effect: "NoSchedule" }],
    },
    status: {
      capacity: { cpu: "4", memory: "8Gi", pods: "110", "ephemeral-storage": "100Gi" },
      allocatable: {
        cpu: "3500m",
        memory: "7Gi",
        pods: "110",
        "ephemeral-storage": "107374182400",
      },
      conditions: [
        { type: "MemoryPressure", status: "False", reason: "KubeletHasSufficientMemory" },
        {
          type: "Ready",
          status: ready,
          reason: ready === "Unknown" ? "NodeStatusUnknown" : "KubeletReady",
          message: ready === "Unknown" ? "Kubelet stopped posting node status." : "ok",
          lastTransitionTime: since,
        },
      ],
      addresses: [{ type: "InternalIP", address: ip }, { type: "Hostname", address: name }],
      nodeInfo: {
        kubeletVersion: "v1.35.6+k3s1",
        osImage: "Debian GNU/Linux 12",
        kernelVersion: "6.1.0",
        architecture: "amd64",
        containerRuntimeVersion: "containerd://2.1.0",
      },
    },
  };
}

/** A pod; its labels are those given. */
export function podObject(name: string, {
  namespace = "default",
  node = "nuc",
  phase = "Running",
  ready = true,
  labels = {},
  waiting,
}: {
  readonly namespace?: string;
  readonly node?: string;
  readonly phase?: string;
  readonly ready?: boolean;
  readonly labels?: Record<string, string>;
  readonly waiting?: string;
} = {}) {
  return {
    metadata: { uid: `pod-${namespace}-${name}`, name, namespace, labels },
    spec: {
      nodeName: node,
      containers: [
        { name: "a", resources: { requests: { cpu: "100m", memory: "64Mi" } } },
        { name: "b", resources: {} },
      ],
    },
    status: {
      phase,
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
      containerStatuses: [
        { restartCount: 2, state: waiting ? { waiting: { reason: waiting } } : { running: {} } },
      ],
    },
  };
}

/** A Deployment whose pods carry `app: NAME`. */
export function deploymentObject(
  name: string,
  { namespace = "default", ready = 1, wanted = 1 } = {},
) {
  return {
    metadata: { uid: `deployment-${namespace}-${name}`, name, namespace },
    spec: { replicas: wanted, template: { metadata: { labels: { app: name } } } },
    status: { ...(ready > 0 ? { readyReplicas: ready } : {}) },
  };
}

/** A Service that selects `app: NAME`. */
export function serviceObject(name: string, {
  namespace = "default",
  selector = { app: name } as Record<string, string> | null,
  type = "ClusterIP",
} = {}) {
  return {
    metadata: { uid: `service-${namespace}-${name}`, name, namespace },
    spec: {
      type,
      clusterIP: "10.43.0.7",
      ports: [{ port: 80, protocol: "TCP", targetPort: "http" }],
      ...(selector === null ? {} : { selector }),
    },
  };
}
