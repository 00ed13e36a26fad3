/**
 * The details of a node.
 *
 * @module
 */

import type { LiveState } from "../../live/live_state.ts";
import { goodStatus, type NodeReport } from "../../reports/node_report.ts";
import { podIndex } from "../../reports/pod_index.ts";
import type { ClusterNode } from "../../cluster/read/objects.ts";
import { bytes, cores, NOTHING, since } from "../words/amounts.ts";
import { bar, barTone } from "../words/bar.ts";
import { statusCell } from "../tables/nodes.ts";
import { keyCell } from "../tables/peers.ts";
import { type Cell, inTone } from "../words/tone.ts";
import { conditionSection, eventSection, pairSection, podSection } from "./related.ts";
import { fieldSection, line, rows, type Section, section } from "./section.ts";

/** Cells of a bar with its number. */
const BAR = 15;

/** All that is known of a node, or of a host that is none yet. */
export function nodeDetails(
  report: NodeReport,
  state: LiveState,
  now: number,
): readonly Section[] {
  const { node, host } = report;
  const about = [statusSection(report, now)];
  const tailscale = tailscaleSection(report, {
    now,
    tailnetKnown: state.tailnet?.known ?? false,
  });
  if (node === undefined) {
    return [
      ...about,
      tailscale,
      pairSection("Labels it will have", host?.labels ?? {}),
    ];
  }
  const pods = state.cluster.pods && podIndex(state.cluster.pods).onNode(node.name);
  return [
    ...about,
    resourceSection(report, node),
    conditionSection(node.conditions, {
      now,
      good: goodStatus,
    }),
    tailscale,
    eventSection(state, {
      belongs: ({ kind, name }) => kind === "Node" && name === node.name,
      now,
    }),
    podSection(pods, { now, withNode: false }),
    systemSection(node),
    section("Taints", node.taints.map((taint) => line(taint))),
    pairSection("Labels", node.labels),
  ];
}

function statusSection(report: NodeReport, now: number): Section {
  const { node, host, inInventory, reason, role, pressures, source } = report;
  const next = report.status === "NotProvisioned" ? "k3s-tool provision" : undefined;
  return fieldSection("Status", [
    ["Status", statusCell(report, now)],
    ["Since", sinceCell(report.since, now)],
    ["Why", reason],
    ["Source", reason === "" ? undefined : `the ${source}`],
    ["Next", next],
    ["Pressure", inTone("warn", pressures.join(", "))],
    ["Role", role ?? NOTHING],
    [
      "Inventory",
      inInventory === undefined
        ? "not known"
        : inInventory
        ? host?.name ?? "yes"
        : inTone("warn", "not in it"),
    ],
    ["Age", node && since(node.createdAt, now)],
  ]);
}

function sinceCell(moment: string | undefined, now: number): Cell | undefined {
  return moment === undefined ? undefined : `${moment} (${since(moment, now)} ago)`;
}

/** What the node has, in one row a resource. Unknown is `-`, and what is no question is empty. */
function resourceSection(report: NodeReport, node: ClusterNode): Section {
  const { used, requested, pods } = report;
  const { capacity, allocatable } = node;
  const amounts = (
    name: string,
    format: (value: number | undefined) => string,
    of: {
      readonly what: "cpu" | "memory" | "disk" | "pods";
      readonly requested: string;
      readonly used: number | undefined;
      readonly whole?: number | undefined;
    },
  ) => {
    const [all, free] = [capacity[of.what], allocatable[of.what]];
    const whole = of.whole ?? free;
    const reserved = all === undefined || free === undefined ? undefined : Math.max(0, all - free);
    return {
      cells: [
        name,
        format(all),
        format(reserved),
        format(free),
        of.requested,
        format(of.used),
        inTone(barTone(of.used, whole), bar(of.used, whole, BAR)),
      ],
    };
  };
  const pieces = (value: number | undefined) => value === undefined ? NOTHING : String(value);
  return section(
    "Resources",
    rows([
      amounts("CPU", cores, {
        what: "cpu",
        requested: cores(requested?.cpu),
        used: used?.cpu,
      }),
      amounts("Memory", bytes, {
        what: "memory",
        requested: bytes(requested?.memory),
        used: used?.memory,
      }),
      amounts("Disk", bytes, {
        what: "disk",
        requested: "",
        used: used?.disk?.used,
        whole: used?.disk?.capacity,
      }),
      amounts("Pods", pieces, { what: "pods", requested: "", used: pods }),
    ], ["", "CAPACITY", "RESERVED", "ALLOCATABLE", "REQUESTED", "USED", ""]),
  );
}

function tailscaleSection(
  { peer, tailscaleIp, host }: NodeReport,
  { now, tailnetKnown }: { readonly now: number; readonly tailnetKnown: boolean },
): Section {
  if (peer === undefined) {
    return fieldSection("Tailscale", [
      ["Address", tailscaleIp ?? NOTHING],
      [
        "Machine",
        tailnetKnown ? inTone("warn", "the tailnet has none with this address") : "not known",
      ],
    ]);
  }
  const elsewhere = host?.tailscaleIp !== undefined && host.tailscaleIp !== peer.ipv4;
  return fieldSection("Tailscale", [
    ["Online", peer.online ? inTone("good", "yes") : inTone("bad", "no")],
    ["Last seen", peer.online ? undefined : sinceCell(peer.lastSeen, now)],
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
    ["Runtime", node.containerRuntime],
    ["Addresses", node.internalIps.join(", ")],
  ]);
}
