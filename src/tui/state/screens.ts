/**
 * The screens that lie on top of each other. Pure.
 *
 * @module
 */

import type { ObjectReference } from "../../cluster/api/requests.ts";
import { BEGINNING, type ScrollState } from "./scroll_state.ts";

/** Something that runs in a container, whose log is shown. */
export interface LogSource {
  readonly namespace: string;
  readonly pod: string;
  /** Undefined: the pod's default container. */
  readonly container: string | undefined;
}

/** A log as a person wants it. */
export interface LogView {
  /** What it was opened for. */
  readonly of: ObjectReference;
  /** Its pods: that one, or every pod of a workload; `n` goes from one to the next. */
  readonly pods: readonly { readonly namespace: string; readonly name: string }[];
  readonly source: LogSource;
  /** New lines are followed as they come. */
  readonly follows: boolean;
  /** Of the container before its last restart. */
  readonly previous: boolean;
  readonly wraps: boolean;
  readonly timestamps: boolean;
}

/** What the details are of: an object, or an event by the key of its row. */
export type Subject =
  | { readonly type: "object"; readonly reference: ObjectReference }
  | { readonly type: "event"; readonly key: string };

/** A screen over the lists. */
export type Screen =
  & {
    /** Told apart by this while the program lives. */
    readonly id: number;
    readonly scroll: ScrollState;
  }
  & (
    | { readonly kind: "details"; readonly subject: Subject }
    | { readonly kind: "log"; readonly title: string; readonly log: LogView }
    | { readonly kind: "yaml"; readonly reference: ObjectReference }
    | { readonly kind: "requests" }
    | { readonly kind: "gitops" }
    | { readonly kind: "run" }
  );

/** A screen before it lies on the others. */
export type NewScreen = Screen extends infer S ? S extends Screen ? Omit<S, "id" | "scroll"> : never
  : never;

/** Names of the screens; `lists` lies under all others. */
export type ScreenKind = Screen["kind"] | "lists";

/** Opens a screen on top of the others. */
export function open(
  screens: readonly Screen[],
  { screen, id }: { readonly screen: NewScreen; readonly id: number },
): readonly Screen[] {
  // These are there once: to open them again is to see them again.
  const others = screen.kind === "run" || screen.kind === "requests" || screen.kind === "gitops"
    ? screens.filter(({ kind }) => kind !== screen.kind)
    : screens;
  return [...others, { ...screen, id, scroll: BEGINNING } as Screen];
}

/** Changes the screen on top. */
export function changeTop(
  screens: readonly Screen[],
  change: (screen: Screen) => Screen,
): readonly Screen[] {
  const top = screens.at(-1);
  if (top === undefined) return screens;
  const changed = change(top);
  return changed === top ? screens : [...screens.slice(0, -1), changed];
}

/** The object a reference names, as one word: `Pod kube-system/coredns-0`. */
export function nameOf({ kind, namespace, name }: ObjectReference): string {
  return `${kind} ${namespace === "" ? "" : `${namespace}/`}${name}`;
}

/** Whether two references name the same object. */
export function isSame(a: ObjectReference, b: ObjectReference): boolean {
  return a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;
}
