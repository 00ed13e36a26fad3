/**
 * The machines of the made-up home and what runs on them, and what is around its cluster: inventory,
 * tailnet and use.
 *
 * @module
 */

import type { WorkloadKind } from "../cluster/read/objects.ts";
import type { Metrics } from "../cluster/watch/cluster_state.ts";
import type { Inventory, Taint } from "../inventory/model.ts";
import type { Tailnet } from "../tailscale/peer.ts";
import { tailnetOf as readTailnet } from "../tailscale/status.ts";
import type { Home } from "./home.ts";

/** What all nodes run. */
export const K3S_VERSION = "v1.36.3+k3s1";

/** Where the home's repository seems to lie. */
export const REPOSITORY = "https://git.demo.example/home.git";

/** The machine that is in the inventory, and becomes a node only when it is provisioned. */
export const NEWCOMER = "pi5";

const GPU: Taint = { key: "nvidia.com/gpu", value: "true", effect: "NoSchedule" };

/** Rows of cells, each an object: first columns of words, then of numbers. */
export function table<Word extends string, Amount extends string>(
  words: readonly Word[],
  amounts: readonly Amount[],
  rows: string,
) {
  return rows.replace(/^\n|\n$/g, "").split("\n").map((row) => {
    const cells = row.split(" | ");
    const named = [...words, ...amounts].map((
      column,
      index,
    ) => [column, index < words.length ? cells[index] ?? "" : Number(cells[index])]);
    return Object.fromEntries(named) as Record<Word, string> & Record<Amount, number>;
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
).map((machine, index) => {
  const { osImage, kernelVersion, architecture, ...sizes } = machine;
  const { name, cpu, memory, reservedCpu, reservedMemory } = sizes;
  const software = {
    kubeletVersion: K3S_VERSION,
    containerRuntimeVersion: "containerd://2.2.1-k3s1",
  };
  const gpus = name === "dgx" ? 4 : 0;
  const label = gpus > 0 ? "nvidia.com/gpu.present" : "home/media";
  return {
    ...sizes,
    nodeInfo: { osImage, kernelVersion, architecture, ...software },
    ip: `100.64.0.${index + 1}`,
    subnet: `10.42.${index}`,
    isServer: name === "nuc",
    // Beside what is reserved the kubelet keeps 100 MiB before it evicts.
    allocatable: { cpu: cpu - reservedCpu, mib: (memory - reservedMemory) * 1024 - 100 },
    gpus,
    labels: (reservedCpu > 0 ? { [label]: "true" } : {}) as Readonly<Record<string, string>>,
    taints: gpus > 0 ? [GPU] : [],
  };
});

/** A machine. */
export type Machine = Readonly<typeof MACHINES[number]>;

/**
 * Everything that runs from the start: what it is, its Service, what it does, on which nodes, the
 * label that a node must have; cores and MiB that it asks for, and since how many days it is there.
 */
export const APPS = table(
  ["kind", "namespace", "name", "image", "service", "does", "at", "needs"],
  ["cpu", "mib", "days"],
  `
Deployment | kube-system | coredns | rancher/mirrored-coredns-coredns:1.13.1 | ClusterIP:53 | controls | nuc | - | 0.1 | 70 | 41
Deployment | kube-system | local-path-provisioner | rancher/local-path-provisioner:v0.0.32 | - | rests | nuc | - | 0.1 | 64 | 41
Deployment | kube-system | metrics-server | rancher/mirrored-metrics-server:v0.8.0 | ClusterIP:443 | controls | attic-nas | - | 0.1 | 70 | 41
Deployment | kube-system | traefik | rancher/mirrored-library-traefik:3.6.2 | LoadBalancer:443 | serves | nuc | - | 0.1 | 64 | 41
DaemonSet | kube-system | svclb-traefik | rancher/klipper-lb:v0.4.13 | - | rests | nuc,desktop,dgx,pi4,attic-nas | - | 0.01 | 10 | 41
Deployment | flux-system | source-controller | ghcr.io/fluxcd/source-controller:v1.8.0 | ClusterIP:80 | controls | attic-nas | - | 0.1 | 64 | 41
Deployment | flux-system | kustomize-controller | ghcr.io/fluxcd/kustomize-controller:v1.8.0 | - | controls | pi4 | - | 0.1 | 64 | 41
Deployment | photos | web | ghcr.io/example/photos-web:1.4.0 | NodePort:8080 | serves | desktop,desktop,nuc | - | 0.25 | 256 | 12
StatefulSet | photos | db | docker.io/library/postgres:18.1 | ClusterIP:5432 | stores | desktop | - | 0.5 | 1024 | 12
Job | photos | migrate-12 | ghcr.io/example/photos-web:1.2.0 | - | rests | desktop | - | 0.1 | 64 | 2
StatefulSet | home | assistant | ghcr.io/home-assistant/home-assistant:2026.11.2 | NodePort:8123 | controls | desktop | - | 0.4 | 768 | 41
Deployment | home | mqtt | docker.io/library/eclipse-mosquitto:2.0.22 | ClusterIP:1883 | controls | pi4 | - | 0.1 | 32 | 41
Deployment | home | mqtt-bridge | ghcr.io/example/mqtt-bridge:0.9.2 | - | crashes | desktop | - | 0.1 | 48 | 1
StatefulSet | media | jellyfin | docker.io/jellyfin/jellyfin:10.12.0 | NodePort:8096 | serves | desktop | home/media | 2 | 4096 | 41
Deployment | media | transcoder | ghcr.io/example/transcoder:nightly | - | lacks-image | desktop | - | 1 | 512 | 3
Deployment | ai | ollama | docker.io/ollama/ollama:0.14.2 | ClusterIP:11434 | infers | dgx | nvidia.com/gpu.present | 4 | 24576 | 20
Deployment | ai | chat-ui | ghcr.io/open-webui/open-webui:0.7.1 | ClusterIP:8080 | serves | desktop,attic-nas | - | 0.2 | 512 | 20
StatefulSet | monitoring | prometheus | quay.io/prometheus/prometheus:v3.8.1 | ClusterIP:9090 | controls | desktop | - | 0.5 | 1536 | 41
Deployment | monitoring | grafana | docker.io/grafana/grafana:12.3.1 | NodePort:3000 | serves | attic-nas | - | 0.1 | 200 | 41
DaemonSet | monitoring | node-exporter | quay.io/prometheus/node-exporter:v1.10.2 | ClusterIP:9100 | rests | nuc,desktop,dgx,pi4,attic-nas | - | 0.05 | 40 | 41
CronJob | backup | snapshot | ghcr.io/example/restic:0.18.1 | - | rests | - | - | 0.3 | 128 | 30
Job | backup | snapshot-29912940 | ghcr.io/example/restic:0.18.1 | - | rests | attic-nas | - | 0.3 | 128 | 1.4
Job | backup | snapshot-29914380 | ghcr.io/example/restic:0.18.1 | - | rests | attic-nas | - | 0.3 | 128 | 0.4
Pod | default | toolbox | docker.io/library/debian:13 | - | rests | desktop | - | 0.1 | 64 | 5
`,
).map((app) => {
  const [type, port] = app.service.split(":");
  return {
    ...app,
    kind: app.kind as WorkloadKind | "Pod",
    service: port ? { type, port: Number(port) } : undefined,
    nodes: app.at === "-" ? [] : app.at.split(","),
  };
});

/** A program and what keeps it running. */
export type App = Readonly<typeof APPS[number]>;

/** Where the inventory seems to lie; there is no such file. */
const FILE = "(simulated)/inventory/hosts.yml";

/** The inventory: all machines but the last, which somebody joined by hand. */
export const inventory: Inventory = {
  file: FILE,
  hosts: MACHINES.slice(0, -1).map(({ name, ip, ...machine }, index) => ({
    name,
    nodeName: name,
    tailscaleIp: ip,
    ansibleHost: ip,
    vars: new Map(),
    role: machine.isServer ? "control-plane" : "worker",
    groups: [machine.isServer ? "control_plane" : "workers"],
    gpu: machine.gpus > 0,
    labels: machine.labels,
    taints: machine.taints,
    reservedCpu: `${machine.reservedCpu}`,
    reservedMemory: `${machine.reservedMemory}Gi`,
    where: { file: FILE, line: index + 10 },
  })),
  cluster: {
    clusterName: "demo",
    k3sVersion: K3S_VERSION,
    tailscaleNetwork: "100.64.0.0/10",
    gitRepoUrl: REPOSITORY,
    gitBranch: "main",
    fluxNamespace: "flux-system",
    vars: new Map(),
  },
  roleGroups: { "control-plane": ["control_plane"], worker: ["workers"] },
  warnings: [],
};

/** Days until the Tailscale key of a machine ends; those of the others do not. */
const KEY_DAYS: Readonly<Record<string, number>> = { desktop: 6, dgx: 121 };

/** The tailnet; a laptop is where all this is looked at. */
export function tailnetOf({ away, start }: Home): Tailnet {
  const time = (at: number) => new Date(at).toISOString();
  const [Self, ...peers] = [{ name: "laptop", ip: "100.64.0.20" }, ...MACHINES].map((machine) => {
    const { name, ip } = machine;
    const [since, days] = [away.get(name), KEY_DAYS[name]];
    const own = { ID: name, HostName: name, DNSName: `${name}.demo.ts.net.`, OS: "linux" };
    const seen = since ? { Online: false, LastSeen: time(since) } : { Online: true };
    const key = days && { UserID: 1, KeyExpiry: time(start + (days + 0.5) * 86_400_000) };
    return { ...own, TailscaleIPs: [ip], ...seen, ...key || { Tags: ["tag:server"] } };
  });
  return readTailnet({
    BackendState: "Running",
    Self,
    Peer: Object.fromEntries(peers.map((peer) => [peer.ID, peer])),
    User: { 1: { LoginName: "ada@example.com" } },
    MagicDNSSuffix: "demo.ts.net",
  });
}

/** Use of every node that can be asked: it wanders, and never leaves what a machine has. */
export function metricsOf({ seed, now, start, nodes, pods, away }: Home): Metrics {
  const asked = [...nodes.values()].filter(({ machine }) => !away.has(machine.name));
  const used = asked.map(({ machine: { name, own, full, allocatable, ...size } }) => {
    let cpu = size.cpu * own * (0.3 + 1.4 * drift(seed, `cpu ${name}`, now, 60_000));
    let mib = size.memory * 1024 * own * (0.8 + 0.4 * drift(seed, name, now, 300_000));
    for (const { uid, node, stage, app } of pods.values()) {
      if (node !== name || !["running", "ready"].includes(stage)) continue;
      cpu += app.cpu * (0.1 + 1.1 * drift(seed, `cpu ${uid}`, now, 45_000) ** 2);
      mib += app.mib * (0.55 + 0.4 * drift(seed, uid, now, 240_000));
    }
    // Files come, and are cleaned up now and then.
    const capacity = size.disk * 2 ** 30;
    const disk = { used: (full + ((now - start) / 1000 % 900) * 0.000_01) * capacity, capacity };
    const memory = Math.min(mib, allocatable.mib * 0.98) * 2 ** 20;
    return [name, { cpu: Math.min(cpu, allocatable.cpu * 0.98), memory, disk }] as const;
  });
  return { known: true, nodes: new Map(used) };
}

/** A number from 0 up to 1 (FNV-1a, then the finaliser of MurmurHash3). */
export function fraction(seed: number, key: string): number {
  let value = 0x811c9dc5 ^ seed;
  for (let at = 0; at < key.length; at++) value = Math.imul(value ^ key.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ value >>> 16, 0x85ebca6b);
  value = Math.imul(value ^ value >>> 13, 0xc2b2ae35);
  return ((value ^ value >>> 16) >>> 0) / 2 ** 32;
}

/** A number from 0 to 1 that wanders as time goes on: there and back in about `period` ms. */
function drift(seed: number, key: string, now: number, period: number): number {
  const wave = (rate: number) =>
    Math.sin(2 * Math.PI * (rate * now / period + fraction(seed, key)));
  return 0.5 + 0.3 * wave(1) + 0.2 * wave(2.7);
}

/** A word of some letters: those of Kubernetes' names form no word (`rand.go`). */
export function suffix(seed: number, key: string, length = 5, set = "bcdfghjklmnpqrstvwxz2456789") {
  const letter = (_: unknown, index: number) =>
    set[fraction(seed, `${key} ${index}`) * 2 ** 32 % set.length];
  return Array.from({ length }, letter).join("");
}

/** A UID as the API server makes them. */
export function uid(seed: number, key: string): string {
  return suffix(seed, key, 32, HEX)
    .replace(/^(.{8})(.{4}).(.{3}).(.{3})/, "$1-$2-4$3-a$4-");
}

const HEX = "0123456789abcdef";

/** What is pushed at a moment. */
export function revisionOf(seed: number, now: number): string {
  return `main@sha1:${suffix(seed, `push at ${now}`, 40, HEX)}`;
}
