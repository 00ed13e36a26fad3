/**
 * What the API server says, asked on a server host itself, so that nothing of the tool is between.
 *
 * @module
 */

import { ssh, trySsh } from "./hosts/ssh.ts";
import type { Host } from "./state.ts";
import { waitFor } from "./wait.ts";

/** A Node as far as the scenarios read it. */
export interface KubeNode {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly taints?: readonly { key: string; value?: string; effect: string }[];
    readonly unschedulable?: boolean;
  };
  readonly status: {
    readonly addresses: readonly { type: string; address: string }[];
    readonly allocatable: Readonly<Record<string, string>>;
    readonly capacity: Readonly<Record<string, string>>;
    readonly conditions: readonly { type: string; status: string }[];
    readonly nodeInfo: { readonly kubeletVersion: string; readonly bootID: string };
  };
}

/** Runs kubectl on a server and returns its stdout. */
export function kubectl(server: Host, args: string, stdin?: string): Promise<string> {
  return ssh(server, `k3s kubectl ${args}`, stdin === undefined ? {} : { stdin });
}

/** All nodes by name. */
export async function nodes(server: Host): Promise<Map<string, KubeNode>> {
  const { items } = JSON.parse(await kubectl(server, "get nodes -o json")) as { items: KubeNode[] };
  return new Map(items.map((node) => [node.metadata.name, node]));
}

/** Whether a node's Ready condition is True. */
export function isReady(node: KubeNode | undefined): boolean {
  return node?.status.conditions.some(({ type, status }) =>
    type === "Ready" && status === "True"
  ) ?? false;
}

/** A node's InternalIP. */
export function internalIp(node: KubeNode | undefined): string | undefined {
  return node?.status.addresses.find(({ type }) => type === "InternalIP")?.address;
}

/** Waits until all these hosts are Ready nodes. */
export async function waitUntilReady(
  server: Host,
  hosts: readonly Host[],
  limit = 120,
): Promise<void> {
  await waitFor(async () => {
    const found = await nodes(server);
    return hosts.every(({ name }) => isReady(found.get(name)));
  }, { limit, what: `${hosts.map(({ name }) => name).join(", ")} to be Ready`, interval: 500 });
}

/** Whether an object exists. */
export async function exists(server: Host, object: string): Promise<boolean> {
  return (await trySsh(server, `k3s kubectl get ${object}`)).code === 0;
}

/** Manifests of the lab's hello server: a Deployment of `replicas` spread over hosts, a Service. */
export function helloManifests(
  name: string,
  { replicas, nodePort, preStopSeconds = 0 }: {
    readonly replicas: number;
    readonly nodePort: number;
    /** How long a pod that is deleted goes on answering, beyond the program's own three seconds. */
    readonly preStopSeconds?: number;
  },
): string {
  const labels = { app: name };
  const spread = {
    maxSkew: 1,
    topologyKey: "kubernetes.io/hostname",
    whenUnsatisfiable: "DoNotSchedule",
    labelSelector: { matchLabels: labels },
  };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "List",
    items: [{
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            topologySpreadConstraints: [spread],
            containers: [{
              name: "hello",
              image: "docker.io/lab/hello:1",
              imagePullPolicy: "Never",
              ports: [{ containerPort: 8080 }],
              env: [{ name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
              readinessProbe: { httpGet: { path: "/readyz", port: 8080 }, periodSeconds: 1 },
              ...preStopSeconds > 0 &&
                { lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } } },
            }],
          },
        },
      },
    }, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name },
      spec: {
        type: "NodePort",
        selector: labels,
        ports: [{ port: 80, targetPort: 8080, nodePort }],
      },
    }],
  });
}
