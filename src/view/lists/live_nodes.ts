/**
 * The live list of nodes.
 *
 * @module
 */

import type { NodeReport, NodeStatus } from "../../reports/node_report.ts";
import { bytes, cores, NOTHING, since } from "../words/amounts.ts";
import { bar, barTone, shareOf } from "../words/bar.ts";
import type { ListColumn, ListSpec } from "./list.ts";
import {
  amountsOf,
  cpuUse,
  diskUse,
  memoryUse,
  noteOf,
  podsCell,
  requestedCell,
  statusCell,
  type Use,
} from "../tables/nodes.ts";
import { type Cell, cellText, inTone } from "../words/tone.ts";

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

/** Nodes, by name. */
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
  columns: (now) => [
    { header: "NAME", priority: 0, grow: true, least: 10, cell: nameOf, sort: nameOf },
    {
      header: "ROLE",
      priority: 4,
      cell: ({ role }) => role === "control-plane" ? "control" : role ?? NOTHING,
      sort: ({ role }) => role,
    },
    {
      header: "STATUS",
      priority: 0,
      cell: (report) => statusCell(report, now),
      sort: ({ status, cordoned }) => 2 * BY_STATUS.indexOf(status) + (cordoned ? 0 : 1),
    },
    ...useColumns({ header: "CPU", amount: "CPU USED", format: cores, use: cpuUse }),
    ...useColumns({ header: "MEMORY", amount: "MEM USED", format: bytes, use: memoryUse }),
    ...useColumns({ header: "DISK", amount: "DISK USED", format: bytes, use: diskUse }),
    { header: "REQUESTED", priority: 11, align: "right", cell: requestedCell },
    { header: "PODS", priority: 6, align: "right", cell: podsCell, sort: ({ pods }) => pods },
    {
      header: "IP",
      priority: 4,
      cell: ({ tailscaleIp }) => tailscaleIp ?? NOTHING,
      sort: ({ tailscaleIp }) => tailscaleIp,
    },
    {
      header: "VERSION",
      priority: 8,
      cell: ({ node }) => node?.kubeletVersion || NOTHING,
      sort: ({ node }) => node?.kubeletVersion || undefined,
    },
    {
      header: "AGE",
      priority: 9,
      align: "right",
      cell: ({ node }) => since(node?.createdAt, now),
      sort: ({ node }) => youngestFirst(node?.createdAt),
    },
    { header: "NOTE", priority: 7, grow: true, least: 16, comfortable: 24, cell: liveNote },
  ],
};

function nameOf({ name }: NodeReport): string {
  return name;
}

/** Sorts by age: what is young comes first. */
export function youngestFirst(createdAt: string | undefined): number | undefined {
  const at = createdAt === undefined ? NaN : Date.parse(createdAt);
  return Number.isNaN(at) ? undefined : -at;
}

/** A bar, and where there is room the amounts it stands for. */
function useColumns({ header, amount, format, use }: {
  readonly header: string;
  readonly amount: string;
  readonly format: (value: number | undefined) => string;
  readonly use: (report: NodeReport) => Use;
}): readonly ListColumn<NodeReport>[] {
  const drawn = (report: NodeReport, cells: number): Cell => {
    const { used, of } = use(report);
    if (report.node === undefined) return NOTHING;
    return inTone(barTone(used, of), bar(used, of, cells));
  };
  return [
    {
      header,
      priority: header === "DISK" ? 3 : 1,
      cell: (report) => drawn(report, BAR.least),
      stretch: { most: BAR.most, cell: drawn },
      sort: (report) => shareOf(use(report).used, use(report).of),
    },
    {
      header: amount,
      priority: 10,
      align: "right",
      cell: (report) => amountsOf(use(report), format),
    },
  ];
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
