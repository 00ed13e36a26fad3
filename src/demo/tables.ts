/**
 * The machines of the made-up home and what runs on them: tables, and nothing that changes.
 *
 * @module
 */

import type { WorkloadKind } from "../cluster/read/objects.ts";
import type { Taint } from "../inventory/model.ts";

/** What all nodes run. */
export const K3S_VERSION = "v1.36.3+k3s1";

/** Where the home's repository seems to lie. */
export const REPOSITORY = "https://git.demo.example/home.git";

/** The machine that is in the inventory, and becomes a node only when it is provisioned. */
export const NEWCOMER = "pi5";

const GPU: Taint = { key: "nvidia.com/gpu", value: "true", effect: "NoSchedule" };

/** Every machine, in the order of the inventory. */
export const MACHINES = `
nuc | 4 16 460 | 0 0 | 0.12 0.31 | Debian GNU/Linux 13 (trixie) | 6.12.48+deb13-amd64 | amd64
desktop | 16 64 1860 | 4 16 | 0.22 0.64 | Ubuntu 26.04 LTS | 7.0.0-14-generic | amd64
dgx | 20 128 3720 | 4 32 | 0.18 0.47 | Ubuntu 24.04.4 LTS | 6.14.0-1015-nvidia | arm64
pi4 | 4 4 58 | 0 0 | 0.15 0.72 | Debian GNU/Linux 13 (trixie) | 6.12.47+rpt-rpi-v8 | arm64
pi5 | 4 8 117 | 0 0 | 0.08 0.12 | Debian GNU/Linux 13 (trixie) | 6.12.47+rpt-rpi-v8 | arm64
attic-nas | 4 8 240 | 0 0 | 0.2 0.55 | Debian GNU/Linux 12 (bookworm) | 6.1.0-40-amd64 | amd64
`.trim().split("\n").map((row, index) => {
  const [name = "", size = "", kept = "", shares = "", ...system] = row.split(" | ");
  // Cores, GiB of memory and of disk.
  const [cpu = 0, memory = 0, disk = 0] = size.split(" ").map(Number);
  // What is kept for who sits at it. Beside that the kubelet keeps 100 MiB before it evicts.
  const [reservedCpu = 0, reservedMemory = 0] = kept.split(" ").map(Number);
  const allocatable = { cpu: cpu - reservedCpu, mib: (memory - reservedMemory) * 1024 - 100 };
  // The share that its own programs take, and that of its disk that is full.
  const [own = 0, full = 0] = shares.split(" ").map(Number);
  const gpus = name === "dgx" ? 4 : 0;
  const label = gpus > 0 ? "nvidia.com/gpu.present" : "home/media";
  const [osImage = "", kernel = "", architecture = ""] = system;
  return {
    ...{ name, ip: `100.64.0.${index + 1}`, cpu, memory, disk, allocatable, own, full, gpus },
    ...{ osImage, kernel, architecture, reservedCpu, reservedMemory },
    labels: (reservedCpu > 0 ? { [label]: "true" } : {}) as Readonly<Record<string, string>>,
    taints: gpus > 0 ? [GPU] : [],
    isServer: name === "nuc",
  };
});

/** A machine. */
export type Machine = Readonly<typeof MACHINES[number]>;

/**
 * Everything that runs from the start: what it is, its image, cores and MiB that it asks for, its
 * Service, what it does, on which nodes, since how many days, and the label that a node must have.
 */
export const APPS = `
Deployment kube-system/coredns rancher/mirrored-coredns-coredns:1.13.1 0.1 70 ClusterIP:53 controls nuc 41
Deployment kube-system/local-path-provisioner rancher/local-path-provisioner:v0.0.32 0.1 64 - rests nuc 41
Deployment kube-system/metrics-server rancher/mirrored-metrics-server:v0.8.0 0.1 70 ClusterIP:443 controls attic-nas 41
Deployment kube-system/traefik rancher/mirrored-library-traefik:3.6.2 0.1 64 LoadBalancer:443 serves nuc 41
DaemonSet kube-system/svclb-traefik rancher/klipper-lb:v0.4.13 0.01 10 - rests nuc,desktop,dgx,pi4,attic-nas 41
Deployment flux-system/source-controller ghcr.io/fluxcd/source-controller:v1.8.0 0.1 64 ClusterIP:80 controls attic-nas 41
Deployment flux-system/kustomize-controller ghcr.io/fluxcd/kustomize-controller:v1.8.0 0.1 64 - controls pi4 41
Deployment photos/web ghcr.io/example/photos-web:1.4.0 0.25 256 NodePort:8080 serves desktop,desktop,nuc 12
StatefulSet photos/db docker.io/library/postgres:18.1 0.5 1024 ClusterIP:5432 stores desktop 12
Job photos/migrate-12 ghcr.io/example/photos-web:1.2.0 0.1 64 - rests desktop 2
StatefulSet home/assistant ghcr.io/home-assistant/home-assistant:2026.11.2 0.4 768 NodePort:8123 controls desktop 41
Deployment home/mqtt docker.io/library/eclipse-mosquitto:2.0.22 0.1 32 ClusterIP:1883 controls pi4 41
Deployment home/mqtt-bridge ghcr.io/example/mqtt-bridge:0.9.2 0.1 48 - crashes desktop 1
StatefulSet media/jellyfin docker.io/jellyfin/jellyfin:10.12.0 2 4096 NodePort:8096 serves desktop 41 home/media
Deployment media/transcoder ghcr.io/example/transcoder:nightly 1 512 - lacks-image desktop 3
Deployment ai/ollama docker.io/ollama/ollama:0.14.2 4 24576 ClusterIP:11434 infers dgx 20 nvidia.com/gpu.present
Deployment ai/chat-ui ghcr.io/open-webui/open-webui:0.7.1 0.2 512 ClusterIP:8080 serves desktop,attic-nas 20
StatefulSet monitoring/prometheus quay.io/prometheus/prometheus:v3.8.1 0.5 1536 ClusterIP:9090 controls desktop 41
Deployment monitoring/grafana docker.io/grafana/grafana:12.3.1 0.1 200 NodePort:3000 serves attic-nas 41
DaemonSet monitoring/node-exporter quay.io/prometheus/node-exporter:v1.10.2 0.05 40 ClusterIP:9100 rests nuc,desktop,dgx,pi4,attic-nas 41
CronJob backup/snapshot ghcr.io/example/restic:0.18.1 0.3 128 - rests - 30
Job backup/snapshot-29912940 ghcr.io/example/restic:0.18.1 0.3 128 - rests attic-nas 1.4
Job backup/snapshot-29914380 ghcr.io/example/restic:0.18.1 0.3 128 - rests attic-nas 0.4
Pod default/toolbox docker.io/library/debian:13 0.1 64 - rests desktop 5
`.trim().split("\n").map((row) => {
  const [kind, path, image = "", cpu, mib, service, does = "", at, days, needs] = row.split(" ");
  const [namespace = "", name = ""] = path!.split("/");
  const [type, port] = service!.split(":");
  return {
    ...{ kind: kind as WorkloadKind | "Pod", namespace, name, image, does },
    ...{ cpu: Number(cpu), mib: Number(mib), days: Number(days), needs },
    ...{
      service: port ? { type, port: Number(port) } : undefined,
      nodes: at === "-" ? [] : at!.split(","),
    },
  };
});

/** A program and what keeps it running. */
export type App = Readonly<typeof APPS[number]>;
