/**
 * What is around the cluster of the made-up home: its inventory, its tailnet and what is measured.
 *
 * @module
 */

import type { Metrics } from "../cluster/watch/cluster_state.ts";
import type { Inventory } from "../inventory/model.ts";
import type { Peer, Tailnet } from "../tailscale/peer.ts";
import { drift } from "./chance.ts";
import type { Home } from "./home.ts";
import { iso } from "./objects.ts";
import { K3S_VERSION, MACHINES, REPOSITORY } from "./tables.ts";

/** Where the inventory seems to lie; there is no such file. */
const FILE = "(simulated)/inventory/hosts.yml";

/** The inventory: all machines but the last, which somebody joined by hand. */
export const inventory: Inventory = {
  file: FILE,
  hosts: MACHINES.slice(0, -1).map(({ name, ip, ...machine }, index) => ({
    ...{ name, nodeName: name, tailscaleIp: ip, ansibleHost: ip, vars: new Map() },
    ...{ role: machine.isServer ? "control-plane" : "worker", gpu: machine.gpus > 0 },
    groups: [machine.isServer ? "control_plane" : "workers"],
    ...{ labels: machine.labels, taints: machine.taints },
    reservedCpu: `${machine.reservedCpu}`,
    reservedMemory: `${machine.reservedMemory}Gi`,
    where: { file: FILE, line: index + 10 },
  })),
  cluster: {
    ...{ clusterName: "demo", k3sVersion: K3S_VERSION, tailscaleNetwork: "100.64.0.0/10" },
    ...{ gitRepoUrl: REPOSITORY, gitBranch: "main", fluxNamespace: "flux-system" },
    vars: new Map(),
  },
  roleGroups: { "control-plane": ["control_plane"], worker: ["workers"] },
  warnings: [],
};

/** Days until the Tailscale key of a machine ends; those of the others do not. */
const KEY_DAYS: Readonly<Record<string, number>> = { desktop: 6, dgx: 121 };

/** The tailnet; a laptop is where all this is looked at. */
export function tailnetOf({ away, start }: Home): Tailnet {
  const machines = MACHINES.toSorted((one, other) => one.name < other.name ? -1 : 1);
  const peers = [{ name: "laptop", ip: "100.64.0.20" }, ...machines].map(({ name, ip }): Peer => {
    const [since, days] = [away.get(name), KEY_DAYS[name]];
    return {
      ...{ id: name, hostname: name, name, dnsName: `${name}.demo.ts.net`, ipv4: ip },
      ...{ ipv6: undefined, os: "linux", expired: false, sshHostKeys: [], shared: false },
      ...{ isSelf: name === "laptop", online: since === undefined },
      lastSeen: since === undefined ? undefined : iso(since),
      tags: days === undefined ? ["tag:server"] : [],
      owner: days === undefined ? "tagged-devices" : "ada@example.com",
      keyExpiry: days === undefined ? undefined : iso(start + (days + 0.5) * 86_400_000),
    };
  });
  return { peers, suffix: "demo.ts.net", exitNodesLeftOut: 0, gaps: [] };
}

/** Use of every node that can be asked: it wanders, and never leaves what a machine has. */
export function metricsOf({ seed, now, start, nodes, pods, away }: Home): Metrics {
  const asked = [...nodes.values()].filter(({ machine }) => !away.has(machine.name));
  const used = asked.map(({ machine: { name, own, allocatable, ...machine } }) => {
    let cpu = machine.cpu * own * (0.3 + 1.4 * drift(seed, `cpu ${name}`, now, 60_000));
    let mib = machine.memory * 1024 * own * (0.8 + 0.4 * drift(seed, name, now, 300_000));
    for (const { uid, node, stage, app } of pods.values()) {
      if (node !== name || stage !== "running") continue;
      cpu += app.cpu * (0.1 + 1.1 * drift(seed, `cpu ${uid}`, now, 45_000) ** 2);
      mib += app.mib * (0.55 + 0.4 * drift(seed, uid, now, 240_000));
    }
    // Files come, and are cleaned up now and then.
    const full = machine.full + ((now - start) / 1000 % 900) * 0.000_01;
    const disk = { used: full * machine.disk * 2 ** 30, capacity: machine.disk * 2 ** 30 };
    const memory = Math.min(mib, allocatable.mib * 0.98) * 2 ** 20;
    return [name, { cpu: Math.min(cpu, allocatable.cpu * 0.98), memory, disk }] as const;
  });
  return { known: true, nodes: new Map(used) };
}
