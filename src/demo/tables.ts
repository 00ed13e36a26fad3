/**
 * The machines of the made-up home and what runs on them, and what is around its cluster: inventory,
 * tailnet and use.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { WorkloadKind } from "../cluster/read/objects.ts";
import type { Metrics } from "../cluster/watch/cluster_state.ts";
import type { Inventory, Taint } from "../inventory/model.ts";
import type { Tailnet } from "../tailscale/peer.ts";
import { tailnetOf as readTailnet } from "../tailscale/status.ts";
import type { Home } from "./home.ts";
import { iso } from "./objects.ts";

/** What all nodes run. */
export const K3S_VERSION = "v1.36.3+k3s1";

/** The machine that is in the inventory, and becomes a node only when it is provisioned. */
export const NEWCOMER = "pi5";

export const DAY_MS = 86_400_000;

const GPU: Taint = { key: "nvidia.com/gpu", value: "true", effect: "NoSchedule" };

/** Rows of cells, each an object: first columns of words, then of numbers. */
export function table<Word extends string, Amount extends string>(
  words: readonly Word[],
  amounts: readonly Amount[],
  rows: string,
) {
  const columns = [...words, ...amounts];
  return rows.trim().split("\n").map((row) => {
    const cells = row.split(" | ").map((cell, index) => [
      columns[index],
      index < words.length ? cell : Number(cell),
    ]);
    return Object.fromEntries(cells) as Record<Word, string> & Record<Amount, number>;
  });
}

/**
 * Every machine, in the order of the inventory: cores, GiB of memory and of disk; cores and GiB kept
 * for who sits at it; the share that its own programs take, and that of its disk that is full.
 */
export const MACHINES = table(
  ["name", "osImage", "kernelVersion", "architecture"],
  ["cpu", "memory", "disk", "reservedCpu", "reservedMemory", "own", "full"],
  `
nuc | Debian GNU/Linux 13 (trixie) | 6.12.48+deb13-amd64 | amd64 | 4 | 16 | 460 | 0 | 0 | 0.12 | 0.31
desktop | Ubuntu 26.04 LTS | 7.0.0-14-generic | amd64 | 16 | 64 | 1860 | 4 | 16 | 0.22 | 0.64
dgx | Ubuntu 24.04.4 LTS | 6.14.0-1015-nvidia | arm64 | 20 | 128 | 3720 | 4 | 32 | 0.18 | 0.47
pi4 | Debian GNU/Linux 13 (trixie) | 6.12.47+rpt-rpi-v8 | arm64 | 4 | 4 | 58 | 0 | 0 | 0.15 | 0.72
pi5 | Debian GNU/Linux 13 (trixie) | 6.12.47+rpt-rpi-v8 | arm64 | 4 | 8 | 117 | 0 | 0 | 0.08 | 0.12
attic-nas | Debian GNU/Linux 12 (bookworm) | 6.1.0-40-amd64 | amd64 | 4 | 8 | 240 | 0 | 0 | 0.2 | 0.55
`,
).map(({ osImage, kernelVersion, architecture, reservedCpu, reservedMemory, ...sizes }, index) => {
  const { name, cpu, memory } = sizes;
  const gpus = name === "dgx" ? 4 : 0;
  const label = gpus > 0
    ? "k3s-tool.io/gpu-replicas"
    : name === "desktop"
    ? "home/media"
    : undefined;
  const software = { kubeletVersion: K3S_VERSION, containerRuntimeVersion: "containerd://2.2.1" };
  return {
    ...sizes,
    nodeInfo: { osImage, kernelVersion, architecture, ...software },
    ip: `100.64.0.${index + 1}`,
    isServer: name === "nuc",
    // Beside what is reserved the kubelet keeps 100 MiB before it evicts.
    allocatable: { cpu: cpu - reservedCpu, mib: (memory - reservedMemory) * 1024 - 100 },
    gpus,
    labels: (label ? { [label]: gpus > 0 ? `${gpus}` : "true" } : {}) as Readonly<
      Record<string, string>
    >,
    taints: gpus > 0 ? [GPU] : [],
  };
});

/** A machine. */
export type Machine = Readonly<typeof MACHINES[number]>;

/**
 * Everything that runs from the start: what it is, its Service, what it does, on which nodes, the
 * label that a node must have; cores and MiB that it asks for, since how many days it is there, and
 * its port.
 */
export const APPS = table(
  ["kind", "namespace", "name", "image", "service", "does", "at", "needs"],
  ["cpu", "mib", "days", "port"],
  `
Deployment | kube-system | coredns | rancher/mirrored-coredns-coredns:1.13.1 | ClusterIP | controls | nuc | - | 0.1 | 70 | 41 | 53
Deployment | kube-system | local-path-provisioner | rancher/local-path-provisioner:v0.0.32 | - | rests | nuc | - | 0.1 | 64 | 41 | 0
Deployment | kube-system | metrics-server | rancher/mirrored-metrics-server:v0.8.0 | ClusterIP | controls | attic-nas | - | 0.1 | 70 | 41 | 443
Deployment | kube-system | traefik | rancher/mirrored-library-traefik:3.6.2 | LoadBalancer | serves | nuc | - | 0.1 | 64 | 41 | 443
DaemonSet | kube-system | svclb-traefik | rancher/klipper-lb:v0.4.13 | - | rests | nuc,desktop,dgx,pi4,attic-nas | - | 0.01 | 10 | 41 | 0
Deployment | flux-system | source-controller | ghcr.io/fluxcd/source-controller:v1.8.0 | ClusterIP | controls | attic-nas | - | 0.1 | 64 | 41 | 80
Deployment | flux-system | kustomize-controller | ghcr.io/fluxcd/kustomize-controller:v1.8.0 | - | controls | pi4 | - | 0.1 | 64 | 41 | 0
Deployment | photos | web | ghcr.io/example/photos-web:1.4.0 | NodePort | serves | desktop,desktop,nuc | - | 0.25 | 256 | 12 | 8080
StatefulSet | photos | db | docker.io/library/postgres:18.1 | ClusterIP | stores | desktop | - | 0.5 | 1024 | 12 | 5432
Job | photos | migrate-12 | ghcr.io/example/photos-web:1.2.0 | - | rests | desktop | - | 0.1 | 64 | 2 | 0
StatefulSet | home | assistant | ghcr.io/home-assistant/home-assistant:2026.11.2 | NodePort | controls | desktop | - | 0.4 | 768 | 41 | 8123
Deployment | home | mqtt | docker.io/library/eclipse-mosquitto:2.0.22 | ClusterIP | controls | pi4 | - | 0.1 | 32 | 41 | 1883
Deployment | home | mqtt-bridge | ghcr.io/example/mqtt-bridge:0.9.2 | - | crashes | desktop | - | 0.1 | 48 | 0.15 | 0
StatefulSet | media | jellyfin | docker.io/jellyfin/jellyfin:10.12.0 | NodePort | serves | desktop | home/media | 2 | 4096 | 41 | 8096
Deployment | media | transcoder | ghcr.io/example/transcoder:nightly | - | lacks-image | desktop | - | 1 | 512 | 3 | 0
Deployment | ai | ollama | docker.io/ollama/ollama:0.14.2 | ClusterIP | infers | dgx | k3s-tool.io/gpu-replicas | 4 | 24576 | 20 | 11434
Deployment | ai | chat-ui | ghcr.io/open-webui/open-webui:0.7.1 | ClusterIP | serves | desktop,attic-nas | - | 0.2 | 512 | 20 | 8080
StatefulSet | monitoring | prometheus | quay.io/prometheus/prometheus:v3.8.1 | ClusterIP | controls | desktop | - | 0.5 | 1536 | 41 | 9090
Deployment | monitoring | grafana | docker.io/grafana/grafana:12.3.1 | NodePort | serves | attic-nas | - | 0.1 | 200 | 41 | 3000
DaemonSet | monitoring | node-exporter | quay.io/prometheus/node-exporter:v1.10.2 | ClusterIP | rests | nuc,desktop,dgx,pi4,attic-nas | - | 0.05 | 40 | 41 | 9100
CronJob | backup | snapshot | ghcr.io/example/restic:0.18.1 | - | rests | - | - | 0.3 | 128 | 30 | 0
Job | backup | snapshot-29912940 | ghcr.io/example/restic:0.18.1 | - | rests | attic-nas | - | 0.3 | 128 | 1.4 | 0
Job | backup | snapshot-29914380 | ghcr.io/example/restic:0.18.1 | - | rests | attic-nas | - | 0.3 | 128 | 0.4 | 0
Pod | default | toolbox | docker.io/library/debian:13 | - | rests | desktop | - | 0.1 | 64 | 5 | 0
`,
).map((app) => ({
  ...app,
  kind: app.kind as WorkloadKind | "Pod",
  nodes: app.at === "-" ? [] : app.at.split(","),
}));

/** A program and what keeps it running. */
export type App = Readonly<typeof APPS[number]>;

/** Where the inventory seems to lie; there is no such file. */
const FILE = "(simulated)/inventory/hosts.yml";

/** The inventory: all machines but the last, which somebody joined by hand. */
export const inventory: Inventory = {
  file: FILE,
  hosts: MACHINES.slice(0, -1).map(({ name, ip, isServer, labels, taints }) => ({
    name,
    nodeName: name,
    role: isServer ? "control-plane" : "worker",
    groups: [isServer ? "control_plane" : "workers"],
    tailscaleIp: ip,
    labels,
    taints,
    vars: new Map(),
    where: { file: FILE },
  })),
  cluster: {
    clusterName: "demo",
    tailscaleNetwork: "100.64.0.0/10",
    gitBranch: "main",
    fluxNamespace: "flux-system",
    vars: new Map(),
  },
  roleGroups: { "control-plane": ["control_plane"], worker: ["workers"] },
  warnings: [],
};

/** The tailnet; a laptop is where all this is looked at. The key of one machine ends. */
export function tailnetOf({ away, start }: Home): Tailnet {
  const machines = [{ name: "laptop", ip: "100.64.0.20" }, ...MACHINES];
  const [Self, ...peers] = machines.map(({ name, ip }) => ({
    DNSName: `${name}.demo.ts.net.`,
    TailscaleIPs: [ip],
    Online: name !== away?.name,
    LastSeen: away && iso(away.since),
    KeyExpiry: name === "desktop" ? iso(start + 6.5 * DAY_MS) : undefined,
  }));
  const Peer = { ...peers };
  return readTailnet({ BackendState: "Running", Self, Peer, MagicDNSSuffix: "demo.ts.net" });
}

/** Use of every node that can be asked: it wanders, and never leaves what a machine has. */
export function metricsOf(home: Home): Metrics {
  const { seed, now, nodes, pods, away } = home;
  const wander = (key: string) => {
    const own = fraction(seed, key);
    return 0.5 + 0.5 * Math.sin(now / (10_000 + 20_000 * own) + 10 * own);
  };
  const asked = [...nodes.values()].filter(({ name }) => name !== away?.name);
  const used = asked.map(({ name, own, full, allocatable, ...size }) => {
    let cpu = size.cpu * own * (0.5 + wander(`cpu ${name}`));
    let mib = size.memory * 1024 * own * (0.8 + 0.4 * wander(name));
    for (const pod of pods) {
      if (pod.node !== name || !home.isUp(pod)) continue;
      const { uid, app } = pod;
      cpu += app.cpu * (0.1 + wander(`cpu ${uid}`));
      mib += app.mib * (0.5 + 0.5 * wander(uid));
    }
    const capacity = size.disk * 2 ** 30;
    const disk = { used: (full + 0.005 * wander(`disk ${name}`)) * capacity, capacity };
    const memory = Math.min(mib, allocatable.mib * 0.98) * 2 ** 20;
    // Directories on that disk, which is what a kubelet measures.
    const volumes = pods.filter((pod) => pod.node === name && pod.app.kind === "StatefulSet")
      .map(({ app }) => ({ claim: `${app.namespace}/data-${app.name}-0`, ...disk }));
    const usage = { cpu: Math.min(cpu, allocatable.cpu * 0.98), memory, disk };
    return [name, { ...usage, ...volumes.length > 0 && { volumes } }] as const;
  });
  return { known: true, nodes: new Map(used) };
}

/** What chance makes of a key in a home: forty hexadecimal digits. */
export function digest(seed: number, key: string): string {
  return createHash("sha1").update(`${seed} ${key}`).digest("hex");
}

/** The same as a number from 0 up to 1. */
export function fraction(seed: number, key: string): number {
  return parseInt(digest(seed, key).slice(0, 8), 16) / 2 ** 32;
}
