/**
 * Events of which the same ones are told once.
 *
 * @module
 */

import type { ClusterEvent } from "../../cluster/read/objects.ts";

/** What was said of one object in the same words, once or often. */
export interface FoldedEvent {
  /** Object, reason and message in one text. */
  readonly key: string;
  readonly warning: boolean;
  readonly reason: string;
  readonly message: string;
  readonly about: ClusterEvent["about"];
  /** How often in all. */
  readonly count: number;
  /** Milliseconds since the epoch, the last time; undefined where nobody says. */
  readonly at: number | undefined;
  /** The newest of them. */
  readonly newest: ClusterEvent;
}

/** Folds events of the same object, reason and message; the newest first. */
export function foldEvents(events: Iterable<ClusterEvent>): FoldedEvent[] {
  const folded = new Map<string, FoldedEvent>();
  for (const event of events) {
    const { about, reason, message, warning, count } = event;
    const { key, at } = foldingOf(event);
    const known = folded.get(key);
    if (known === undefined) {
      folded.set(key, { key, warning, reason, message, about, count, at, newest: event });
      continue;
    }
    const newer = (at ?? -Infinity) > (known.at ?? -Infinity);
    folded.set(key, {
      ...known,
      warning: known.warning || warning,
      count: known.count + count,
      ...newer ? { at, newest: event, about } : {},
    });
  }
  return [...folded.values()].sort((a, b) =>
    (b.at ?? -Infinity) - (a.at ?? -Infinity) || (a.key < b.key ? -1 : 1)
  );
}

/** What an event is folded by. */
interface Folding {
  readonly key: string;
  readonly at: number | undefined;
}

const foldings = new WeakMap<ClusterEvent, Folding>();

/** Made once an event: 10,000 of them are folded anew with each that is added. */
function foldingOf(event: ClusterEvent): Folding {
  let folding = foldings.get(event);
  if (folding === undefined) {
    const { about, reason, message, lastSeen } = event;
    const at = Date.parse(lastSeen);
    folding = {
      key: [about.kind, about.namespace, about.name, reason, message].join("\u0000"),
      at: Number.isNaN(at) ? undefined : at,
    };
    foldings.set(event, folding);
  }
  return folding;
}
