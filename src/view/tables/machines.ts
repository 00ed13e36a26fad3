/**
 * Machines as rows, sentences and documents.
 *
 * @module
 */

import type { MachineFacts } from "../../ansible/events/machine.ts";
import type { Suggestion } from "../../reports/suggestions.ts";
import { bytes, NOTHING, since } from "../words/amounts.ts";
import type { Column } from "./table.ts";

/** A machine and when it was looked at (ISO 8601). */
export interface MachineRow {
  readonly host: string;
  readonly facts: MachineFacts;
  readonly seenAt: string;
}

/** Columns of `node detect`. */
export const MACHINE_COLUMNS: readonly Column<MachineRow>[] = [
  { header: "HOST", cell: ({ host }) => host },
  { header: "MODEL", cell: ({ facts }) => modelOf(facts) },
  { header: "ARCH", cell: ({ facts }) => facts.architecture ?? NOTHING },
  { header: "CPU", align: "right", cell: ({ facts }) => String(facts.threads ?? NOTHING) },
  { header: "MEMORY", align: "right", cell: ({ facts }) => bytes(facts.memory_bytes) },
  { header: "DISKS", cell: ({ facts }) => facts.disks.map(diskText).join(", ") || NOTHING },
  { header: "GPU", cell: ({ facts }) => gpuText(facts) },
  { header: "DESKTOP", wide: true, cell: ({ facts }) => yesNo(facts.desktop) },
  { header: "SYSTEM", wide: true, cell: ({ facts }) => facts.distribution ?? NOTHING },
  { header: "KERNEL", wide: true, cell: ({ facts }) => facts.kernel ?? NOTHING },
];

/** Columns of the suggestions. */
export const SUGGESTION_COLUMNS: readonly Column<Suggestion>[] = [
  { header: "HOST", cell: ({ host }) => host },
  { header: "VARIABLE", cell: ({ variable }) => variable },
  { header: "VALUE", cell: suggestedText },
  { header: "REASON", cell: ({ reason }) => reason },
];

/** What is suggested, as YAML writes it on one line. */
export function suggestedText({ value }: Suggestion): string {
  if (typeof value !== "object") return String(value);
  const items = value.map((each) =>
    `{${Object.entries(each).map(([key, part]) => `${key}: ${part}`).join(", ")}}`
  );
  return `[${items.join(", ")}]`;
}

/** A machine in one line: what it is, and how old the knowledge is. */
export function machineText({ facts, seenAt }: Omit<MachineRow, "host">, now: number): string {
  const parts = [
    modelOf(facts),
    facts.threads === undefined ? undefined : `${facts.threads} CPUs`,
    facts.memory_bytes === undefined ? undefined : `${bytes(facts.memory_bytes)} memory`,
    facts.disks.map(diskText).join(" + ") || undefined,
    facts.gpus.length === 0 ? undefined : gpuText(facts),
    facts.distribution,
  ].filter((part) => part !== undefined && part !== NOTHING);
  return `${parts.join(", ")} (seen ${since(seenAt, now)} ago)`;
}

/** A machine as it stands in JSON documents. */
export function machineItem({ host, facts, seenAt }: MachineRow): Record<string, unknown> {
  return { host, seenAt, ...facts };
}

/** What a machine is called. */
export function modelOf({ model, virtual }: MachineFacts): string {
  return model ?? (virtual === true ? "virtual machine" : NOTHING);
}

function diskText(disk: MachineFacts["disks"][number]): string {
  const kind = disk.rotational === undefined ? "" : disk.rotational ? " HDD" : " SSD";
  return `${bytes(disk.bytes)}${kind}`;
}

/** The cards of a machine in a few words. */
export function gpuText({ gpus }: MachineFacts): string {
  const [first] = gpus;
  if (first === undefined) return NOTHING;
  const what = first.model ?? `NVIDIA ${first.device ?? ""}`.trim();
  return gpus.length > 1 ? `${gpus.length} × ${what}` : what;
}

function yesNo(value: boolean | undefined): string {
  return value === undefined ? NOTHING : value ? "yes" : "no";
}
