/**
 * Nodes as an API server sends them.
 *
 * @module
 */

import { K3S_VERSION, machine } from "./machines.ts";
import type { SimNode } from "./model.ts";
import { iso, metadata } from "./object_json.ts";
import { allocatable } from "./scheduler.ts";

/** A Node (core/v1). */
export function nodeJson(node: SimNode): Record<string, unknown> {
  const own = machine(node.name);
  const { name, role, ip, architecture } = own;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      ...metadata(node, { bornAt: node.joinedAt }),
      labels: {
        "kubernetes.io/arch": architecture,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": "k3s",
        ...(role === "control-plane" ? { "node-role.kubernetes.io/control-plane": "true" } : {}),
        ...own.labels,
      },
      annotations: { "k3s.io/internal-ip": ip, "k3s.io/hostname": name },
    },
    spec: {
      podCIDR: `10.42.${Number(ip.split(".").at(-1)) - 1}.0/24`,
      providerID: `k3s://${name}`,
      ...(node.cordoned ? { unschedulable: true } : {}),
      taints: [
        ...own.taints,
        ...(node.cordoned
          ? [{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }]
          : []),
        ...(node.ready ? [] : [{ key: "node.kubernetes.io/unreachable", effect: "NoSchedule" }]),
      ],
    },
    status: {
      addresses: [{ type: "InternalIP", address: ip }, { type: "Hostname", address: name }],
      ...amounts(node),
      conditions: conditions(node),
      nodeInfo: {
        architecture,
        containerRuntimeVersion: "containerd://2.2.1-k3s1",
        kernelVersion: own.kernel,
        kubeletVersion: K3S_VERSION,
        operatingSystem: "linux",
        osImage: own.osImage,
      },
    },
  };
}

function amounts({ name }: SimNode) {
  const { cpu, memory, disk, gpus } = machine(name);
  const room = allocatable(name);
  const both = { pods: "110", ...(gpus > 0 ? { "nvidia.com/gpu": String(gpus) } : {}) };
  return {
    capacity: {
      cpu: String(cpu),
      memory: `${memory}Gi`,
      "ephemeral-storage": `${disk}Gi`,
      ...both,
    },
    allocatable: {
      cpu: String(room.cpu),
      memory: `${room.memory}Mi`,
      "ephemeral-storage": `${Math.floor(disk * 0.95)}Gi`,
      ...both,
    },
  };
}

function conditions({ ready, readySince, joinedAt }: SimNode) {
  const silent = {
    status: "Unknown",
    reason: "NodeStatusUnknown",
    message: "Kubelet stopped posting node status.",
    lastTransitionTime: iso(readySince),
  };
  const calm = (type: string, reason: string, message: string) => ({
    type,
    ...(ready ? { status: "False", reason, message, lastTransitionTime: iso(joinedAt) } : silent),
  });
  return [
    calm("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    calm("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    calm("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    {
      type: "Ready",
      ...(ready
        ? {
          status: "True",
          reason: "KubeletReady",
          message: "kubelet is posting ready status",
          lastTransitionTime: iso(readySince),
        }
        : silent),
    },
  ];
}
