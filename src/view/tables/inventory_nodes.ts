/**
 * Hosts of the inventory, and the volumes on them, as rows and documents.
 *
 * @module
 */

import type { NodeVolume } from "../../cluster/read/read_volumes.ts";
import { formatTaint } from "../../inventory/kubernetes_syntax.ts";
import type { InventoryHost } from "../../inventory/model.ts";
import { bytes, NOTHING } from "../words/amounts.ts";
import type { Column } from "./table.ts";

/** Columns of `node list`. */
export const NODE_COLUMNS: readonly Column<InventoryHost>[] = [
  { header: "NAME", cell: (host) => host.name },
  { header: "ROLE", cell: (host) => host.role },
  { header: "TAILSCALE-IP", cell: ({ tailscaleIp }) => tailscaleIp ?? "(templated)" },
  { header: "RESERVED", cell: reservedOf },
  { header: "GPU", cell: gpuOf },
  { header: "LABELS", cell: (host) => labelTexts(host).join(",") || NOTHING },
  { header: "TAINTS", cell: (host) => host.taints.map(formatTaint).join(",") || NOTHING },
  { header: "NODE", wide: true, cell: (host) => host.nodeName },
  { header: "SSH", wide: true, cell: sshOf },
  { header: "GROUPS", wide: true, cell: (host) => host.groups.join(",") || NOTHING },
  { header: "WHERE", wide: true, cell: whereOf },
];

/** A host as it stands in JSON documents. */
export function nodeItem(host: InventoryHost): Record<string, unknown> {
  const { name, nodeName, role, tailscaleIp, ansibleHost, user, gpu } = host;
  const { reservedCpu: cpu, reservedMemory: memory, labels, taints, groups, where } = host;
  const reserved = { cpu, memory };
  const own = { name, nodeName, role, tailscaleIp, ansibleHost, user, reserved, gpu };
  return { ...own, labels, taints, groups, where };
}

function reservedOf(host: InventoryHost): string {
  const parts = [
    host.reservedCpu === undefined ? [] : [`${host.reservedCpu} cpu`],
    host.reservedMemory === undefined ? [] : [host.reservedMemory],
  ].flat();
  return parts.join(", ") || NOTHING;
}

function gpuOf(host: InventoryHost): string {
  if (host.gpu === undefined) return "detected";
  return host.gpu ? "yes" : "no";
}

function labelTexts(host: InventoryHost): string[] {
  return Object.entries(host.labels).map(([key, value]) => `${key}=${value}`);
}

function sshOf(host: InventoryHost): string {
  const target = host.ansibleHost ?? "(templated)";
  return host.user === undefined ? target : `${host.user}@${target}`;
}

function whereOf({ where }: InventoryHost): string {
  return where.line === undefined ? where.file : `${where.file}:${where.line}`;
}

/** Columns of the volumes in `node show`. */
export const VOLUME_COLUMNS: readonly Column<NodeVolume>[] = [
  { header: "VOLUME", cell: ({ name }) => name },
  { header: "CLAIM", cell: ({ claim }) => claim || NOTHING },
  { header: "CLASS", cell: (volume) => volume.class || NOTHING },
  { header: "SIZE", align: "right", cell: ({ size }) => bytes(size) },
  { header: "STATUS", cell: ({ phase }) => phase || NOTHING },
  { header: "PATH", cell: ({ path }) => path },
];

/** A volume in JSON documents. */
export function volumeItem({ node: _, size, ...volume }: NodeVolume): Record<string, unknown> {
  return { ...volume, size: size ?? null };
}
