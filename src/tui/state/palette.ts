/**
 * The palette: everything that can be done with what is selected, found by a few letters. Pure.
 *
 * @module
 */

import type { ClusterChange } from "../../live/live_session.ts";
import type { ObjectKind, ObjectReference } from "../../cluster/api/requests.ts";
import { safeText } from "../../errors/safe_text.ts";
import { bindingsIn, type CommandName, keyLabel } from "../keys/key_map.ts";
import { type Model } from "./model.ts";
import type { Wish } from "./overlays.ts";
import { nameOf } from "./screens.ts";
import { selectedObject } from "./selection.ts";
import { topKind } from "./ui_state.ts";

/** What a choice does. */
export type Choice =
  | { readonly type: "command"; readonly command: CommandName }
  | { readonly type: "wish"; readonly wish: Wish }
  | { readonly type: "scale"; readonly workload: ObjectReference }
  | { readonly type: "show-gitops" | "stop-provisioning" };

/** A line of the palette. */
export interface PaletteEntry {
  readonly label: string;
  /** The key that does the same; empty where there is none. */
  readonly keys: string;
  readonly choice: Choice;
}

/** How a change is offered for objects of some kinds. */
type Offer = readonly [
  label: string,
  kinds: readonly ObjectKind[],
  choiceFor: (object: ObjectReference) => Choice,
];

/** Every change, in the order in which they are offered. */
const OFFERS: Readonly<Record<ClusterChange["type"], Offer>> = {
  cordon: ["cordon", ["Node"], ({ name }) => wish({ type: "cordon", node: name })],
  uncordon: ["uncordon", ["Node"], ({ name }) => wish({ type: "uncordon", node: name })],
  drain: ["drain", ["Node"], ({ name }) => wish({ type: "drain", node: name })],
  restart: [
    "restart",
    ["Deployment", "StatefulSet", "DaemonSet"],
    (workload) => wish({ type: "restart", workload }),
  ],
  scale: ["scale", ["Deployment", "StatefulSet"], (workload) => ({ type: "scale", workload })],
  "delete-pod": [
    "delete",
    ["Pod"],
    ({ namespace, name }) => wish({ type: "delete-pod", namespace, name }),
  ],
};

function wish(change: ClusterChange): Choice {
  return { type: "wish", wish: { type: "change", change } };
}

/** Commands that only make sense under their keys. */
const KEYS_ONLY: ReadonlySet<CommandName> = new Set([
  "up",
  "down",
  "page-up",
  "page-down",
  "first",
  "last",
  "palette",
]);

/** The choices that match what was typed, the best first. */
export function paletteEntries(model: Model): readonly PaletteEntry[] {
  const { overlay } = model.ui;
  const query = overlay?.kind === "palette" ? overlay.query : "";
  const all = [...changeEntries(model), ...viewEntries(model), ...gitopsEntries(model)];
  if (query.trim() === "") return all;
  return all.map((entry) => ({ entry, score: score(entry.label, query) }))
    .filter(({ score }) => score !== undefined)
    .sort((a, b) => a.score! - b.score!)
    .map(({ entry }) => entry);
}

function changeEntries(model: Model): readonly PaletteEntry[] {
  if (model.settings.readOnly) return [];
  const object = selectedObject(model);
  const entries = object === undefined ? [] : changesOf(model, object);
  return model.settings.canProvision ? [...entries, ...runEntries(model)] : entries;
}

function runEntries({ run }: Model): readonly PaletteEntry[] {
  if (run === undefined || run.ended) {
    const choice = { type: "wish", wish: { type: "provision" } } as const;
    return [{ label: "provision the hosts of the inventory", keys: "", choice }];
  }
  // What another terminal began is not for this one to end, nor to begin again.
  if (!run.own) return [];
  return [{ label: "stop provisioning", keys: "", choice: { type: "stop-provisioning" } }];
}

function changesOf({ live }: Model, object: ObjectReference): readonly PaletteEntry[] {
  const what = safeText(nameOf(object));
  const nodes = [...live.cluster.nodes?.values() ?? []];
  const isCordoned = nodes.some(({ name, cordoned }) => name === object.name && cordoned);
  const needless = isCordoned ? "cordon" : "uncordon";
  return Object.entries(OFFERS)
    .filter(([type, [, kinds]]) => type !== needless && kinds.includes(object.kind))
    .map(([, [label, , choiceFor]]) => {
      const choice = choiceFor(object);
      return { label: `${label} ${what}${choice.type === "wish" ? "" : "…"}`, keys: "", choice };
    });
}

/** Looked at seldom enough to have no key. */
function gitopsEntries({ ui }: Model): readonly PaletteEntry[] {
  if (topKind(ui) === "gitops") return [];
  return [{
    label: "GitOps: Flux's sources and Kustomizations",
    keys: "",
    choice: { type: "show-gitops" },
  }];
}

/** Commands with which anything can be changed. */
const CHANGING: ReadonlySet<CommandName> = new Set(["shell", "shell-in-pod"]);

function viewEntries({ ui, settings }: Model): readonly PaletteEntry[] {
  return bindingsIn({ mode: topKind(ui), pane: ui.focus })
    .filter(({ command }) => !KEYS_ONLY.has(command))
    .filter(({ command }) => !settings.readOnly || !CHANGING.has(command))
    .filter(({ command }, index, all) =>
      all.findIndex((other) => other.command === command) === index
    )
    .map(({ command, help, keys }) => ({
      label: help,
      keys: keyLabel(keys[0]!),
      choice: { type: "command", command },
    }));
}

/** Letters with more between them than so many times their number match by chance. */
const FARTHEST = 3;

/**
 * How well letters match a label, the lower the better: in a row at the beginning of a word first,
 * then anywhere in a row, then in their order with gaps; undefined where they do not, or only by
 * chance, as letters of a long sentence do.
 */
function score(label: string, query: string): number | undefined {
  const text = label.toLowerCase();
  const letters = query.toLowerCase().trim();
  const at = text.indexOf(letters);
  if (at >= 0) return at === 0 || /[\s/]/.test(text[at - 1]!) ? at : 100 + at;
  let [place, gaps] = [-1, 0];
  const wanted = [...letters.replace(/\s+/g, "")];
  for (const letter of wanted) {
    const next = text.indexOf(letter, place + 1);
    if (next < 0) return undefined;
    if (place >= 0) gaps += next - place - 1;
    place = next;
  }
  return gaps > FARTHEST * wanted.length ? undefined : 1_000 + gaps;
}
