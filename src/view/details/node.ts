/**
 * The details of a node.
 *
 * @module
 */

import { goodStatus, type NodeReport } from "../../reports/node_report.ts";
import { podIndex } from "../../reports/pod_index.ts";
import type { ClusterNode } from "../../cluster/read/objects.ts";
import type { LiveView } from "../lists/live_rows.ts";
import { bytes, cores, NOTHING, since } from "../words/amounts.ts";
import { bar, barTone } from "../words/bar.ts";
import { statusCell } from "../tables/nodes.ts";
import { keyCell } from "../tables/peers.ts";
import { inTone } from "../words/tone.ts";
import { conditionSection, eventSection, pairSection, podSection } from "./related.ts";
import { fieldSection, line, type Row, rows, type Section, section } from "./section.ts";

/** Cells of a bar with its number. */
const BAR = 15;

/** All that is known of a node, or of a host that is none yet. */
export function nodeDetails(view: LiveView, report: NodeReport): readonly Section[] {
  const { node, host } = report;
  const { pods } = view.live.cluster;
  const about = [statusSection(report, view.now), tailscaleSection(view, report)] as const;
  if (node === undefined) return [...about, pairSection("Labels it will have", host?.labels ?? {})];
  const [status, tailscale] = about;
  return [
    status,
    resourceSection(report, node),
    ...volumeSection(view, report),
    conditionSection(view, node.conditions, goodStatus),
    tailscale,
    eventSection(view, ({ kind, name }) => kind === "Node" && name === node.name),
    podSection(view, pods && podIndex(pods).onNode(node.name), { onNode: true }),
    systemSection(node),
    section("Taints", node.taints.map((taint) => line(taint))),
    pairSection("Labels", node.labels),
  ];
}

function statusSection(report: NodeReport, now: number): Section {
  const { node, host, inInventory, reason, role, pressures, source } = report;
  const known = inInventory ? host?.name ?? "yes" : inTone("warn", "not in it");
  return fieldSection("Status", [
    ["Status", statusCell(report, now)],
    ["Since", moment(report.since, now)],
    ["Why", reason],
    ["Source", reason === "" ? undefined : `the ${source}`],
    ["Next", report.status === "NotProvisioned" ? "k3s-tool provision" : undefined],
    ["Pressure", inTone("warn", pressures.join(", "))],
    ["Role", role ?? NOTHING],
    ["Inventory", inInventory === undefined ? "not known" : known],
    ["Age", node && since(node.createdAt, now)],
  ]);
}

function moment(at: string | undefined, now: number): string | undefined {
  return at && `${at} (${since(at, now)} ago)`;
}

/** What the node has, in one row a resource. Unknown is `-`, and what is no question is empty. */
function resourceSection(report: NodeReport, node: ClusterNode): Section {
  const { capacity, allocatable } = node;
  const { used, requested, pods } = report;
  const amounts = (
    name: string,
    what: "cpu" | "memory" | "disk" | "pods",
    format: (value: number | undefined) => string,
    of: {
      readonly used: number | undefined;
      readonly requested?: string;
      readonly whole?: number | undefined;
    },
  ): Row => {
    const [all, free] = [capacity[what], allocatable[what]];
    const whole = of.whole ?? free;
    const reserved = all === undefined || free === undefined ? undefined : Math.max(0, all - free);
    const drawn = inTone(barTone(of.used, whole), bar(of.used, whole, BAR));
    const sizes = [all, reserved, free].map(format);
    return { cells: [name, ...sizes, of.requested ?? "", format(of.used), drawn] };
  };
  const pieces = (value: number | undefined) => value === undefined ? NOTHING : String(value);
  const [gpus, wanted] = [node.gpus, requested?.gpus];
  return section(
    "Resources",
    rows([
      amounts("CPU", "cpu", cores, { used: used?.cpu, requested: cores(requested?.cpu) }),
      amounts("Memory", "memory", bytes, {
        used: used?.memory,
        requested: bytes(requested?.memory),
      }),
      amounts("Disk", "disk", bytes, { used: used?.disk?.used, whole: used?.disk?.capacity }),
      amounts("Pods", "pods", pieces, { used: pods }),
      ...gpus === undefined ? [] : [{
        cells: [
          gpus.replicas > 1 ? `GPU ×${gpus.replicas}` : "GPU",
          ...[pieces(gpus.capacity), "", pieces(gpus.allocatable), pieces(wanted), ""],
          inTone(barTone(wanted, gpus.allocatable), bar(wanted, gpus.allocatable, BAR)),
        ],
      }],
    ], ["", "CAPACITY", "RESERVED", "ALLOCATABLE", "REQUESTED", "USED", ""]),
  );
}

/** Volumes on its disks and those that its running pods use, and how full the file system of each is. */
function volumeSection({ live }: LiveView, { name, used }: NodeReport): readonly Section[] {
  const inUse = new Map(used?.volumes?.map((volume) => [volume.claim, volume]));
  const here = [...live.cluster.persistentVolumes?.values() ?? []].filter(({ node }) =>
    node === name
  );
  const elsewhere = [...inUse.keys()].filter((claim) => here.every((each) => each.claim !== claim));
  const all = [
    ...here,
    ...elsewhere.map((claim) => ({ claim, name: "", class: "", size: undefined })),
  ];
  if (all.length === 0) return [];
  const cells = all.map(({ claim, name, class: storageClass, size }) => {
    const { used, capacity } = inUse.get(claim) ?? {};
    return {
      cells: [
        claim || name,
        storageClass,
        bytes(size),
        bytes(capacity),
        bytes(used),
        capacity === undefined ? "" : inTone(barTone(used, capacity), bar(used, capacity, BAR)),
      ],
    };
  });
  return [section("Volumes", rows(cells, ["CLAIM", "CLASS", "SIZE", "DISK", "USED", ""]))];
}

function tailscaleSection({ live, now }: LiveView, report: NodeReport): Section {
  const { peer, tailscaleIp, host } = report;
  if (peer === undefined) {
    const missing = inTone("warn", "no machine in the tailnet has this address");
    return fieldSection("Tailscale", [
      ["Address", tailscaleIp ?? NOTHING],
      ["Machine", live.tailnet?.known ? missing : "not known"],
    ]);
  }
  const elsewhere = host?.tailscaleIp !== undefined && host.tailscaleIp !== peer.ipv4;
  return fieldSection("Tailscale", [
    ["Online", peer.online ? inTone("good", "yes") : inTone("bad", "no")],
    ["Last seen", peer.online ? undefined : moment(peer.lastSeen, now)],
    ["Address", peer.ipv4 ?? NOTHING],
    ["Inventory", elsewhere ? inTone("warn", `has ${host.tailscaleIp}`) : undefined],
    ["Name", peer.dnsName ?? peer.name],
    ["Key", keyCell(peer, now)],
    ["Tags", peer.tags.join(", ")],
  ]);
}

function systemSection(node: ClusterNode): Section {
  return fieldSection("System", [
    ["k3s", node.kubeletVersion],
    ["System", node.osImage],
    ["Kernel", node.kernel],
    ["Architecture", node.architecture],
    ["GPU", node.gpus?.description],
    ["Runtime", node.containerRuntime],
    ["Addresses", node.internalIps.join(", ")],
  ]);
}
