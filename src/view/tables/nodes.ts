/**
 * Nodes of the cluster as rows and documents.
 *
 * @module
 */

import type { NodeReport, NodeStatus } from "../../reports/node_report.ts";
import { bytes, cores, NOTHING, percent, since } from "../words/amounts.ts";
import { Node } from "./documents.ts";
import { keyCell } from "./peers.ts";
import { shaped } from "./shaped.ts";
import type { Column } from "./table.ts";
import { type Cell, inTone, type Tone } from "../words/tone.ts";

/** Columns of `status`, at `now` (milliseconds since the epoch). */
export function nodeColumns(now: number): readonly Column<NodeReport>[] {
  return [
    { header: "NAME", cell: ({ name }) => name },
    { header: "ROLE", cell: ({ role }) => role ?? NOTHING },
    { header: "STATUS", cell: (report) => statusCell(report, now) },
    { header: "CPU", cell: (report) => amountsAndShare(cpuUse(report), cores) },
    { header: "MEMORY", cell: (report) => amountsAndShare(memoryUse(report), bytes) },
    { header: "DISK", cell: (report) => amountsAndShare(diskUse(report), bytes) },
    { header: "PODS", align: "right", cell: podsCell },
    { header: "TAILSCALE-IP", cell: ({ tailscaleIp }) => tailscaleIp ?? NOTHING },
    { header: "VERSION", cell: ({ node }) => node?.kubeletVersion || NOTHING },
    { header: "AGE", cell: ({ node }) => since(node?.createdAt, now) },
    { header: "REQUESTED", wide: true, cell: requestedCell },
    {
      header: "KEY",
      wide: true,
      cell: ({ peer }) => peer === undefined ? NOTHING : keyCell(peer, now),
    },
    { header: "OS", wide: true, cell: ({ node, peer }) => node?.osImage || peer?.os || NOTHING },
    { header: "TAINTS", wide: true, cell: ({ node }) => node?.taints.join(",") || NOTHING },
    { header: "NOTE", optional: true, cell: noteOf },
  ];
}

const TONES: Readonly<Record<NodeStatus, Tone>> = {
  Ready: "good",
  NotReady: "bad",
  Unreachable: "bad",
  NotProvisioned: "accent",
  Unknown: "muted",
};

/** `Ready`, `Ready, cordoned`, `Unreachable 12m`: how a node stands, and since when if it is ill. */
export function statusCell({ status, since: moment, cordoned }: NodeReport, now: number): Cell {
  const word = status === "NotProvisioned" ? "Not provisioned" : status;
  const ill = status === "NotReady" || status === "Unreachable";
  const time = ill && moment !== undefined ? ` ${since(moment, now)}` : "";
  return inTone(
    status === "Ready" && cordoned ? "warn" : TONES[status],
    `${word}${time}${cordoned ? ", cordoned" : ""}`,
  );
}

/** A part that is used, and what it is a part of. */
export interface Use {
  readonly used: number | undefined;
  readonly of: number | undefined;
}

/** Cores of a node. */
export function cpuUse({ used, node }: NodeReport): Use {
  return { used: used?.cpu, of: node?.allocatable.cpu };
}

/** Bytes of a node's memory. */
export function memoryUse({ used, node }: NodeReport): Use {
  return { used: used?.memory, of: node?.allocatable.memory };
}

/** Bytes of the file system that pods use; its size is known before its use. */
export function diskUse({ used, node }: NodeReport): Use {
  return { used: used?.disk?.used, of: used?.disk?.capacity ?? node?.capacity.disk };
}

/** `0.5/3.5`; without a measurement `?/3.5`. */
export function amountsOf(
  { used, of }: Use,
  format: (value: number | undefined) => string,
): string {
  if (of === undefined) return NOTHING;
  return `${used === undefined ? "?" : format(used)}/${format(of)}`;
}

/** `0.5/3.5 14%`; without a measurement `?/3.5`. */
function amountsAndShare(use: Use, format: (value: number | undefined) => string): string {
  const { used, of } = use;
  const share = used === undefined || of === undefined ? "" : ` ${percent(used, of)}`;
  return `${amountsOf(use, format)}${share}`;
}

/** `12/110`: pods that have not ended, of those the node takes. */
export function podsCell({ pods, node }: NodeReport): string {
  if (node === undefined) return NOTHING;
  return `${pods ?? "?"}/${node.allocatable.pods ?? "?"}`;
}

/** `0.3 cpu, 192Mi`: what its pods ask for. */
export function requestedCell({ requested }: NodeReport): string {
  return requested === undefined
    ? NOTHING
    : `${cores(requested.cpu)} cpu, ${bytes(requested.memory)}`;
}

/** What is odd about a node, in few words; empty where nothing is. */
export function noteOf({ reason, inInventory, pressures }: NodeReport): Cell {
  const notes = [
    reason,
    ...pressures,
    inInventory === false ? "not in inventory" : "",
  ].filter((note) => note !== "");
  return inTone(pressures.length > 0 ? "warn" : "muted", notes.join("; "));
}

/** A node as it stands in JSON documents. */
export function nodeItem(report: NodeReport) {
  const { node, host, peer, key } = report;
  return shaped(Node, {
    ...report,
    inCluster: report.status === "Unknown" ? undefined : node !== undefined,
    inventoryHost: host?.name,
    online: peer?.online,
    lastSeen: peer?.lastSeen,
    keyExpiry: peer?.keyExpiry,
    keyState: key?.kind,
    version: node?.kubeletVersion || undefined,
    osImage: node?.osImage || undefined,
    architecture: node?.architecture || undefined,
    createdAt: node?.createdAt,
    labels: node?.labels ?? {},
    taints: node?.taints ?? [],
    capacity: node?.capacity,
    allocatable: node?.allocatable,
  });
}
