/**
 * Details of an object of the homelab, and as text.
 *
 * @module
 */

import type { ObjectReference } from "../../../src/cluster/api/requests.ts";
import { objectDetails } from "../../../src/view/details/object.ts";
import type { Section } from "../../../src/view/details/section.ts";
import { HOMELAB, liveState, look } from "../live_fixture.ts";

export const STATE = liveState(HOMELAB);

export function sections(
  kind: ObjectReference["kind"],
  name: string,
  { object, pods = [], namespace = kind === "Node" ? "" : "default", state = STATE }: {
    readonly pods?: readonly Readonly<Record<string, unknown>>[];
    readonly object?: Readonly<Record<string, unknown>>;
    readonly namespace?: string;
    readonly state?: typeof STATE;
  } = {},
): readonly Section[] {
  return objectDetails(look(state), { kind, namespace, name }, object, pods);
}

export function text(all: readonly Section[]): string {
  return all.flatMap(({ title, lines }) => [
    `${title}:`,
    ...lines.map(({ segments, target }) => {
      const said = segments.map(({ text }) => text).join("").trimEnd();
      return target === undefined
        ? `  ${said}`
        : `  ${said} -> ${target.kind} ${target.namespace}/${target.name}`;
    }),
  ]).join("\n");
}

export function part(all: readonly Section[], title: string): string {
  return text(all.filter((each) => each.title.startsWith(title)));
}
