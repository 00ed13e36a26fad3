/**
 * Nodes of the cluster: the rows of `status` and of the live list, and documents.
 *
 * @module
 */

import type { NodeReport, NodeStatus } from "../../reports/node_report.ts";
import { listColumns, type ListSpec, type SharedColumn, youngestFirst } from "../lists/list.ts";
import { bytes, cores, NOTHING, percent, since } from "../words/amounts.ts";
import { bar, barTone, shareOf } from "../words/bar.ts";
import { Node } from "./documents.ts";
import { keyCell } from "./peers.ts";
import { shaped } from "./shaped.ts";
import { type Cell, cellText, inTone, type Tone } from "../words/tone.ts";

/** Cells of a bar with its number: at least, and where there is room. */
const BAR = { least: 8, most: 15 };

/** The worst first. */
const BY_STATUS: readonly NodeStatus[] = [
  "Unreachable",
  "NotReady",
  "Unknown",
  "NotProvisioned",
  "Ready",
];

/** Columns of `status` and of the live list, at `now` (milliseconds since the epoch). */
export function nodeColumns(now: number): readonly SharedColumn<NodeReport>[] {
  return [
    { header: "NAME", cell: nameOf, list: { priority: 0, grow: true, least: 10, sort: nameOf } },
    {
      header: "ROLE",
      cell: ({ role }) => role ?? NOTHING,
      list: {
        priority: 4,
        cell: ({ role }) => role === "control-plane" ? "control" : role ?? NOTHING,
        sort: ({ role }) => role,
      },
    },
    {
      header: "STATUS",
      cell: (report) => statusCell(report, now),
      list: {
        priority: 0,
        sort: ({ status, cordoned }) => 2 * BY_STATUS.indexOf(status) + (cordoned ? 0 : 1),
      },
    },
    ...useColumns("CPU", "CPU USED", {
      use: ({ used, node }) => ({ used: used?.cpu, of: node?.allocatable.cpu }),
      format: cores,
      priority: 1,
    }),
    ...useColumns("MEMORY", "MEM USED", {
      use: ({ used, node }) => ({ used: used?.memory, of: node?.allocatable.memory }),
      format: bytes,
      priority: 1,
    }),
    ...useColumns("DISK", "DISK USED", {
      // Of the file system that pods use; its size is known before its use.
      use: ({ used: { disk } = {}, node }) => ({
        used: disk?.used,
        of: disk?.capacity ?? node?.capacity.disk,
      }),
      format: bytes,
      priority: 3,
    }),
    {
      header: "REQUESTED",
      table: false,
      cell: requestedCell,
      list: { priority: 11, align: "right" },
    },
    {
      header: "PODS",
      align: "right",
      cell: podsCell,
      list: { priority: 6, sort: ({ pods }) => pods },
    },
    {
      header: "GPU",
      wide: true,
      optional: true,
      cell: gpuCell,
      list: { priority: 6, optional: true, sort: ({ node }) => node?.gpus?.allocatable },
    },
    {
      header: "TAILSCALE-IP",
      cell: ({ tailscaleIp }) => tailscaleIp ?? NOTHING,
      list: { header: "IP", priority: 4, sort: ({ tailscaleIp }) => tailscaleIp },
    },
    {
      header: "VERSION",
      cell: ({ node }) => node?.kubeletVersion || NOTHING,
      list: { priority: 8, sort: ({ node }) => node?.kubeletVersion || undefined },
    },
    {
      header: "AGE",
      cell: ({ node }) => since(node?.createdAt, now),
      list: { priority: 9, align: "right", sort: ({ node }) => youngestFirst(node?.createdAt) },
    },
    { header: "REQUESTED", wide: true, cell: requestedCell },
    {
      header: "KEY",
      wide: true,
      cell: ({ peer }) => peer === undefined ? NOTHING : keyCell(peer, now),
    },
    { header: "OS", wide: true, cell: ({ node, peer }) => node?.osImage || peer?.os || NOTHING },
    { header: "TAINTS", wide: true, cell: ({ node }) => node?.taints.join(",") || NOTHING },
    {
      header: "NOTE",
      optional: true,
      cell: noteOf,
      list: { priority: 7, grow: true, least: 16, comfortable: 24, cell: liveNote },
    },
  ];
}

/** The live list of nodes, by name. */
export const NODE_LIST: ListSpec<NodeReport> = {
  key: ({ node, host, name }) => node?.uid ?? `host ${host?.name ?? name}`,
  filterText: (report) =>
    [
      report.name,
      report.host?.name,
      report.role,
      cellText(statusCell(report, 0)),
      report.tailscaleIp,
      report.node?.kubeletVersion,
      report.node?.osImage,
      cellText(liveNote(report)),
    ].join(" "),
  columns: (now) => listColumns(nodeColumns(now)),
};

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
interface Use {
  readonly used: number | undefined;
  readonly of: number | undefined;
}

/**
 * `0.5/3.5 14%`; without a measurement `?/3.5`. On the screen a bar, and where there is room the
 * amounts it stands for.
 */
function useColumns(header: string, amount: string, { use, format, priority }: {
  readonly use: (report: NodeReport) => Use;
  readonly format: (value: number | undefined) => string;
  readonly priority: number;
}): readonly SharedColumn<NodeReport>[] {
  const amounts = (report: NodeReport): string => {
    const { used, of } = use(report);
    if (of === undefined) return NOTHING;
    return `${used === undefined ? "?" : format(used)}/${format(of)}`;
  };
  const share = (report: NodeReport): string => {
    const { used, of } = use(report);
    return used === undefined || of === undefined ? "" : ` ${percent(used, of)}`;
  };
  const drawn = (report: NodeReport, cells: number): Cell => {
    const { used, of } = use(report);
    if (report.node === undefined) return NOTHING;
    return inTone(barTone(used, of), bar(used, of, cells));
  };
  return [
    {
      header,
      cell: (report) => amounts(report) + share(report),
      list: {
        priority,
        cell: (report) => drawn(report, BAR.least),
        stretch: { most: BAR.most, cell: drawn },
        sort: (report) => shareOf(use(report).used, use(report).of),
      },
    },
    { header: amount, table: false, cell: amounts, list: { priority: 10, align: "right" } },
  ];
}

function nameOf({ name }: NodeReport): string {
  return name;
}

/** `12/110`: pods that have not ended, of those the node takes. */
function podsCell({ pods, node }: NodeReport): string {
  if (node === undefined) return NOTHING;
  return `${pods ?? "?"}/${node.allocatable.pods ?? "?"}`;
}

/** `1/4 ×4`: what pods hold of the node's cards, and how many pods share one. */
function gpuCell({ requested, node }: NodeReport): Cell {
  if (node?.gpus === undefined) return NOTHING;
  const { allocatable, replicas } = node.gpus;
  const text = `${requested?.gpus ?? "?"}/${allocatable}${replicas > 1 ? ` ×${replicas}` : ""}`;
  return allocatable === 0 ? inTone("bad", text) : text;
}

/** `0.3 cpu, 192Mi`: what its pods ask for. */
function requestedCell({ requested }: NodeReport): string {
  return requested === undefined
    ? NOTHING
    : `${cores(requested.cpu)} cpu, ${bytes(requested.memory)}`;
}

/** What is odd about a node, in few words; empty where nothing is. */
function noteOf({ reason, inInventory, pressures }: NodeReport): Cell {
  const notes = [
    reason,
    ...pressures,
    inInventory === false ? "not in inventory" : "",
  ].filter((note) => note !== "");
  return inTone(pressures.length > 0 ? "warn" : "muted", notes.join("; "));
}

/** The note of `status`, and what will soon be one. */
function liveNote(report: NodeReport): Cell {
  const note = noteOf(report);
  const { key } = report;
  if (key?.kind !== "ending") return note;
  const ending = `Tailscale key ends in ${key.days}d`;
  const text = cellText(note);
  return inTone("warn", text === "" ? ending : `${text}; ${ending}`);
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
    gpus: node?.gpus && { ...node.gpus, used: report.requested?.gpus },
  });
}
