/**
 * What the API server says, asked on a server host itself, so that nothing of the tool is between.
 *
 * @module
 */

import { CommandError, type CommandResult } from "./cli/command.ts";
import { onHost, tryOnHost } from "./hosts/on_host.ts";
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

/** What kubectl says where the API server is away, as after each start of k3s and while etcd elects. */
const AWAY =
  /connection re(?:fused|set)|etcdserver: |ServiceUnavailable|currently unable|TLS handshake timeout|i\/o timeout|\bEOF\b|connection lost|Unable to connect/i;

/** Runs kubectl on a server, again while the API server is away, and returns all there is to know of it. */
async function tryKubectl(server: Host, args: string, stdin?: string): Promise<CommandResult> {
  let result: CommandResult | undefined;
  await waitFor(async () => {
    result = await tryOnHost(server, `k3s kubectl ${args}`, stdin === undefined ? {} : { stdin });
    return result.code === 0 || !AWAY.test(result.stderr);
  }, { what: `the API on ${server.name}`, interval: 500 })
    .catch(() => {}); // kubectl has said more of it
  return result!;
}

/** Runs kubectl on a server and returns its stdout. */
export async function kubectl(server: Host, args: string, stdin?: string): Promise<string> {
  const result = await tryKubectl(server, args, stdin);
  if (result.code !== 0) throw new CommandError([`kubectl on ${server.name}:`, args], result);
  return result.stdout;
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

/**
 * Waits until all these hosts are Ready nodes as they run now: for 40 seconds after a host went off, the API server takes
 * its node to be as it was.
 */
export async function waitUntilReady(
  server: Host,
  hosts: readonly Host[],
  limit = 120,
): Promise<void> {
  await waitFor(async () => {
    const found = await nodes(server);
    if (!hosts.every(({ name }) => isReady(found.get(name)))) return false;
    const boots = await Promise.all(
      hosts.map((host) => onHost(host, "cat /proc/sys/kernel/random/boot_id")),
    );
    return hosts.every(({ name }, at) =>
      found.get(name)?.status.nodeInfo.bootID === boots[at]!.trim()
    );
  }, { limit, what: `${hosts.map(({ name }) => name).join(", ")} to be Ready`, interval: 500 });
}

/** Whether an object exists. */
export async function exists(server: Host, object: string): Promise<boolean> {
  const result = await tryKubectl(server, `get ${object}`);
  if (result.code === 0) return true;
  if (/NotFound|doesn't have a resource type/.test(result.stderr)) return false;
  throw new CommandError([`kubectl on ${server.name}:`, "get", object], result);
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
