/**
 * Objects of Flux as rows, sentences and documents.
 *
 * @module
 */

import { fluxAdvice } from "../../gitops/flux/flux_advice.ts";
import {
  APPLIED_KINDS,
  type FluxObject,
  type FluxState,
  shortRevision,
} from "../../gitops/flux/flux_status.ts";
import { NOTHING, since } from "../words/amounts.ts";
import { FluxObject as Document } from "./documents.ts";
import { shaped } from "./shaped.ts";
import type { Column } from "./table.ts";
import { inTone, noPaint, type Paint, type Tone } from "../words/tone.ts";

const WORDS: Readonly<Record<FluxState, readonly [word: string, tone: Tone]>> = {
  ready: ["Ready", "good"],
  failed: ["Failed", "bad"],
  progressing: ["Progressing", "accent"],
  suspended: ["Suspended", "warn"],
};

/** Columns of `gitops status`, at `now` (milliseconds since the epoch). */
export function fluxColumns(now: number): readonly Column<FluxObject>[] {
  return [
    { header: "KIND", cell: ({ kind }) => kind },
    { header: "NAMESPACE", wide: true, cell: ({ namespace }) => namespace },
    { header: "NAME", cell: ({ name }) => name },
    { header: "STATUS", cell: (object) => statusCell(object, now) },
    {
      header: "REVISION",
      cell: ({ revision }) => revision === undefined ? NOTHING : shortRevision(revision),
    },
    { header: "AGE", cell: ({ updatedAt }) => since(updatedAt, now) },
    { header: "FROM", cell: ({ from }) => from || NOTHING },
    { header: "REF", wide: true, cell: ({ ref, source }) => ref || source || NOTHING },
    { header: "MESSAGE", wide: true, cell: ({ message }) => message },
  ];
}

/** `Ready`, `Failed 12m`. */
function statusCell({ state, since: moment }: FluxObject, now: number) {
  const [word, tone] = WORDS[state];
  const time = state === "failed" && moment !== undefined ? ` ${since(moment, now)}` : "";
  return inTone(tone, `${word}${time}`);
}

/** `Kustomization web`, with the namespace where it is not that of most. */
export function fluxName({ kind, name }: FluxObject): string {
  return `${kind} ${name}`;
}

/**
 * What Flux says of what has failed, whole: it names the object and the file. Each with the next step,
 * at the beginning of a line, where no word of a Git server's own can stand.
 */
export function failureLines(objects: readonly FluxObject[], paint: Paint = noPaint): string[] {
  return objects.filter(({ state }) => state === "failed").flatMap((object) => {
    const advice = fluxAdvice(object);
    return [
      paint("bad", `${fluxName(object)} failed${object.reason ? ` (${object.reason})` : ""}:`),
      ...object.message.split("\n").map((line) => `  ${line}`),
      ...(advice === undefined ? [] : [`${paint("accent", "Hint:")} ${advice}`]),
    ];
  });
}

/** `Applied: 3 of 4 ready, 1 failed (web).` */
export function fluxSentence(objects: readonly FluxObject[]): string {
  const isApplied = ({ kind }: FluxObject) => APPLIED_KINDS.includes(kind);
  const applied = objects.filter(isApplied);
  const sources = objects.filter((object) => !isApplied(object));
  return `${part("Sources", sources)} ${part("Applied", applied)}`;
}

function part(word: string, objects: readonly FluxObject[]): string {
  if (objects.length === 0) return `${word}: none.`;
  const ready = objects.filter(({ state }) => state === "ready").length;
  const others = (["failed", "progressing", "suspended"] as const).flatMap((state) => {
    const names = objects.filter((object) => object.state === state).map(({ name }) => name);
    return names.length === 0 ? [] : [`${names.length} ${state} (${names.join(", ")})`];
  });
  return `${word}: ${[`${ready} of ${objects.length} ready`, ...others].join(", ")}.`;
}

/** An object as it stands in JSON documents. */
export function fluxItem(object: FluxObject) {
  return shaped(Document, object);
}
