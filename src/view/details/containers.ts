/**
 * Containers: how they stand, and what they are made from.
 *
 * @module
 */

import { NOTHING, since } from "../words/amounts.ts";
import { type Cell, inTone, type TextLine } from "../words/tone.ts";
import type { ContainerSpec, ContainerStatus } from "./api_objects.ts";
import { fields, line, rows } from "./section.ts";

/** A container as it is wanted, and whether it runs before the others. */
interface Container {
  readonly spec: ContainerSpec;
  readonly init: boolean;
}

/** Containers of a pod with their states, each a few lines. */
export function containerLines(
  containers: readonly (Container & { readonly status: ContainerStatus | undefined })[],
  now: number,
): readonly TextLine[] {
  return containers.flatMap(({ status, ...container }) => [
    line(inTone("accent", containerName(container))),
    ...fields([
      ["  State", stateCell(status, now)],
      ["  Restarts", restarts(status, now)],
      ["  Image", container.spec.image],
      ["  Ports", ports(container.spec)],
      ["  Requests", amounts(container.spec.resources.requests)],
      ["  Limits", amounts(container.spec.resources.limits)],
    ]),
  ]);
}

/** Containers of a template, one a line. */
export function templateLines(containers: readonly Container[]): readonly TextLine[] {
  return rows(containers.map((container) => {
    const { image, resources } = container.spec;
    const [requests, limits] = [resources.requests, resources.limits].map(amounts);
    return { cells: [containerName(container), image, `requests ${requests}`, `limits ${limits}`] };
  }));
}

/** `web`, `setup (init)`. */
export function containerName({ spec: { name }, init }: Container): string {
  return init ? `${name} (init)` : name;
}

/** How a container stands, and since when. */
export function stateCell(status: ContainerStatus | undefined, now: number): Cell {
  const { running = null, waiting = null, terminated = null } = status?.state ?? {};
  if (running !== null) {
    const time = running.startedAt === "" ? "" : ` for ${since(running.startedAt, now)}`;
    return status?.ready === false
      ? inTone("warn", `Running${time}, not ready`)
      : inTone("good", `Running${time}`);
  }
  if (waiting !== null) {
    const { reason, message } = waiting;
    return inTone("warn", joined(`Waiting: ${reason || "no reason given"}`, message));
  }
  if (terminated === null) return NOTHING;
  const tone = terminated.exitCode !== 0 ? "bad" : "muted";
  return inTone(tone, `Ended: ${endWords(terminated, now)}`);
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
