/**
 * Containers: how they stand, and what they are made from.
 *
 * @module
 */

import { counted } from "../../errors/safe_text.ts";
import type { ObjectReference } from "../../cluster/api/requests.ts";
import { NOTHING, since } from "../words/amounts.ts";
import { type Cell, inTone } from "../words/tone.ts";
import type { ContainerSpec, ContainerStatus } from "./api_objects.ts";
import { type DetailLine, fields, line, rows } from "./section.ts";

/** Containers of a pod with their states, each a few lines. */
export function containerLines(
  pairs: readonly {
    readonly spec: ContainerSpec;
    readonly status: ContainerStatus | undefined;
    readonly init: boolean;
  }[],
  { now }: { readonly now: number },
): readonly DetailLine[] {
  return pairs.flatMap(({ spec, status, init }) => [
    line(inTone("accent", init ? `${spec.name} (init)` : spec.name)),
    ...fields([
      ["  State", status === undefined ? NOTHING : stateCell(status, now)],
      ["  Restarts", restarts(status, now)],
      ["  Image", spec.image],
      ["  Ports", ports(spec)],
      ["  Requests", amounts(spec.resources.requests)],
      ["  Limits", amounts(spec.resources.limits)],
    ]),
  ]);
}

/** Containers of a template, one a line. */
export function templateLines(
  specs: readonly { readonly spec: ContainerSpec; readonly init: boolean }[],
): readonly DetailLine[] {
  return rows(specs.map(({ spec, init }) => ({
    cells: [
      init ? `${spec.name} (init)` : spec.name,
      spec.image,
      `requests ${amounts(spec.resources.requests)}`,
      `limits ${amounts(spec.resources.limits)}`,
    ],
  })));
}

/** The containers of several pods: each with its image, and how it stands in each pod. */
export function containersOfPods(
  pods: readonly {
    readonly reference: ObjectReference;
    readonly pairs: Parameters<typeof containerLines>[0];
  }[],
  { now }: { readonly now: number },
): readonly DetailLine[] {
  const all = pods.flatMap(({ reference, pairs }) =>
    pairs.map(({ spec, status, init }) => ({ reference, spec, status, init }))
  );
  const alike = Map.groupBy(all, ({ spec, init }) => JSON.stringify([init, spec.name, spec.image]));
  return [...alike.values()].flatMap((group) => {
    const { spec, init } = group[0]!;
    const name = init ? `${spec.name} (init)` : spec.name;
    return [
      { segments: [inTone("accent", `${name}  `), inTone("plain", spec.image)] },
      ...rows(group.map(({ reference, status }) => ({
        cells: [
          `  ${reference.name}`,
          status === undefined ? NOTHING : stateCell(status, now),
          status?.restartCount === undefined
            ? "? restarts"
            : counted(status.restartCount, "restart"),
        ],
        target: reference,
      }))),
    ] satisfies readonly DetailLine[];
  });
}

function stateCell({ state, ready }: ContainerStatus, now: number): Cell {
  if (state.running !== null) {
    const time = ago(state.running.startedAt, now);
    if (ready === false) return inTone("warn", `Running${time}, not ready`);
    return inTone("good", `Running${time}`);
  }
  if (state.waiting !== null) {
    const { reason, message } = state.waiting;
    return inTone("warn", joined(`Waiting: ${reason || "no reason given"}`, message));
  }
  if (state.terminated !== null) {
    const bad = state.terminated.exitCode !== 0;
    return inTone(bad ? "bad" : "muted", `Ended: ${endWords(state.terminated, now)}`);
  }
  return NOTHING;
}

/** `5, last: OOMKilled, exit code 137, 3m ago`. */
function restarts(status: ContainerStatus | undefined, now: number): string | undefined {
  if (status?.restartCount === undefined) return undefined;
  const { terminated } = status.lastState;
  const last = terminated === null ? "" : `, last end: ${endWords(terminated, now)}`;
  return `${status.restartCount}${last}`;
}

function endWords(
  ended: NonNullable<ContainerStatus["state"]["terminated"]>,
  now: number,
): string {
  const { reason, exitCode, signal, finishedAt, message } = ended;
  const words = [
    reason === "Completed" || reason === "" ? "" : reason,
    exitCode === undefined ? "" : `exit code ${exitCode}`,
    signal === undefined || signal === 0 ? "" : `signal ${signal}`,
    finishedAt === "" ? "" : `${since(finishedAt, now)} ago`,
  ].filter((word) => word !== "").join(", ");
  return joined(words, message);
}

function ago(moment: string, now: number): string {
  return moment === "" ? "" : ` for ${since(moment, now)}`;
}

function joined(words: string, message: string): string {
  return message === "" ? words : `${words}: ${message}`;
}

function ports({ ports }: ContainerSpec): string {
  return ports.map(({ containerPort, protocol, name }) =>
    `${containerPort}/${protocol || "TCP"}${name === "" ? "" : ` (${name})`}`
  ).join(", ");
}

function amounts(values: Readonly<Record<string, string>>): string {
  return Object.entries(values).map(([name, value]) => `${name} ${value}`).join(", ") || "none";
}
