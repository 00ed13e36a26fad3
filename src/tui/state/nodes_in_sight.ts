/**
 * Tells the session which nodes are on the screen: only they are measured at some cost.
 *
 * @module
 */

import { layoutOf, type Model } from "./model.ts";
import { LIST_HEAD } from "../draw/layout.ts";
import { rowsOf } from "./rows.ts";

/** How long the screen must be at rest, in milliseconds: who scrolls past does not look. */
const REST_MS = 300;

/** Keeps the session up to date. */
export class NodesInSight {
  readonly #tell: (nodes: readonly string[]) => void;
  #told = "";
  #wanted = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (nodes: readonly string[]) => void) {
    this.#tell = tell;
  }

  /** Notes what a model shows. */
  see(model: Model): void {
    const nodes = nodesIn(model);
    const wanted = nodes.join("\n");
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (wanted === this.#told) return;
      this.#told = wanted;
      this.#tell(nodes);
    }, REST_MS);
  }

  /** Tells nothing any more. */
  close(): void {
    clearTimeout(this.#timer);
  }
}

/** Names of the nodes a model shows. */
export function nodesIn(model: Model): readonly string[] {
  const top = model.ui.screens.at(-1);
  if (top !== undefined) {
    const isNode = top.kind === "details" && top.subject.type === "object" &&
      top.subject.reference.kind === "Node";
    return isNode && top.subject.type === "object" ? [top.subject.reference.name] : [];
  }
  const place = layoutOf(model).panes.get("nodes");
  if (place === undefined) return [];
  const { offset } = model.ui.lists.nodes;
  return rowsOf(model, "nodes").rows.slice(offset, offset + place.height - LIST_HEAD)
    .flatMap(({ node }) => node === undefined ? [] : [node.name]);
}
