/**
 * Reads what the open screens show, for as long as they are open.
 *
 * @module
 */

import { podIndex } from "../../reports/pod_index.ts";
import { WORKLOAD_COLLECTIONS } from "../../reports/workload_report.ts";
import type { LiveSession } from "../../live/live_session.ts";
import { type LiveState, NOTHING_HEARD } from "../../live/live_state.ts";
import type { CollectionName } from "../../cluster/watch/cluster_state.ts";
import type { ClusterPod } from "../../cluster/read/objects.ts";
import type { ObjectKind, ObjectReference } from "../../cluster/api/requests.ts";
import { type Content, problemOf } from "../state/content.ts";
import type { LogView, Screen } from "../state/screens.ts";
import { podsOf } from "../state/selection.ts";
import { yamlLines } from "../../view/details/object.ts";
import { inTone, type TextLine } from "../../view/words/tone.ts";
import { plain } from "../draw/text_line.ts";
import * as z from "zod";
import { safeText } from "../../errors/safe_text.ts";
import type { UserError } from "../../errors/user_error.ts";

/** How a screen is read, and what that depends on: a change of that reads the screen again. */
interface Reader {
  readonly key: string;
  readonly begin: (tools: ReaderTools) => Promise<void>;
}

interface Reading extends Pick<Reader, "key"> {
  readonly stop: AbortController;
}

/** What a reader of one screen may use. */
interface ReaderTools {
  readonly session: LiveSession;
  readonly signal: AbortSignal;
  /** Shows what was read. */
  show(content: Content): void;
}

/** Keeps one reader for each screen that needs one. */
export class ScreenReader {
  readonly #session: LiveSession;
  readonly #show: (id: number, content: Content) => void;
  readonly #readings = new Map<number, Reading>();
  readonly #versions = new WeakMap<object, number>();
  #versionCount = 0;
  /** How often the connection came about. What was read while it stood stays when it is lost. */
  #connections = 0;
  #isLive = false;

  constructor(session: LiveSession, show: (id: number, content: Content) => void) {
    this.#session = session;
    this.#show = show;
  }

  /** Begins and ends readers so that they match the screens. */
  sync(screens: readonly Screen[], live: LiveState): void {
    for (const [id, { stop }] of this.#readings) {
      if (screens.some((screen) => screen.id === id)) continue;
      stop.abort();
      this.#readings.delete(id);
    }
    const isLive = live.connection.state === "live";
    if (isLive && !this.#isLive) this.#connections++;
    this.#isLive = isLive;
    for (const screen of screens) {
      const before = this.#readings.get(screen.id);
      const read = this.#readerOf(screen, live, before?.key);
      if (read === undefined || before?.key === read.key) continue;
      before?.stop.abort();
      const stop = new AbortController();
      this.#readings.set(screen.id, { key: read.key, stop });
      void read.begin({
        session: this.#session,
        signal: stop.signal,
        show: (content) => {
          if (!stop.signal.aborted) this.#show(screen.id, content);
        },
      });
    }
  }

  /** Ends all of them. */
  close(): void {
    this.sync([], NOTHING_HEARD);
  }

  /** What reads a screen, and what that depends on; undefined where there is nothing to be read. */
  #readerOf(screen: Screen, live: LiveState, before: string | undefined): Reader | undefined {
    switch (screen.kind) {
      case "log": {
        const { source, previous, timestamps } = screen.log;
        const { namespace, pod: name } = source;
        const pod = live.cluster.pods && podIndex(live.cluster.pods).named(namespace, name);
        const log = `${JSON.stringify([source, previous, timestamps, this.#connections])} `;
        // Of a pod that is gone the lines that were read are all there is.
        const key = pod === undefined && before?.startsWith(log)
          ? before
          : log + JSON.stringify([pod?.restarts, pod?.uid]);
        return { key, begin: (tools) => followLog(screen.log, tools) };
      }
      case "yaml": {
        const { reference } = screen;
        const key = this.#keyOf(reference, [objectOf(live, reference)]);
        return { key, begin: (tools) => readYaml(reference, tools) };
      }
      case "details": {
        // Of nodes and events the state says all that is shown.
        if (screen.subject.type !== "object" || screen.subject.reference.kind === "Node") return;
        const { reference } = screen.subject;
        const pods = reference.kind === "Service" ? podsOf({ live }, reference) : [];
        const read = pods.slice(0, MOST_PODS);
        const key = this.#keyOf(reference, [objectOf(live, reference), ...read]);
        return { key, begin: (tools) => readForDetails(reference, read, tools) };
      }
      default:
        return undefined;
    }
  }

  /** Objects are replaced when they change, so each has a number of its own. */
  #keyOf(reference: ObjectReference, objects: readonly (object | undefined)[]): string {
    const versions = objects.map((object) => {
      if (object === undefined) return 0;
      const version = this.#versions.get(object) ?? ++this.#versionCount;
      this.#versions.set(object, version);
      return version;
    });
    return JSON.stringify([reference, this.#connections, ...versions]);
  }
}

/** The most pods of a Service that are read whole. */
const MOST_PODS = 10;

/** What the state has of an object; another one after each change of it. */
function objectOf({ cluster }: LiveState, reference: ObjectReference): object | undefined {
  const { kind, namespace, name } = reference;
  if (kind === "Pod") return cluster.pods && podIndex(cluster.pods).named(namespace, name);
  const collection = COLLECTIONS[kind];
  const objects: ReadonlyMap<string, Pick<ClusterPod, "name" | "namespace">> | undefined =
    collection && cluster[collection];
  return objects?.values().find((each) => each.name === name && each.namespace === namespace);
}

const COLLECTIONS: Readonly<
  Partial<Record<ObjectKind, Exclude<CollectionName, "persistentVolumes">>>
> = {
  Node: "nodes",
  Service: "services",
  ...WORKLOAD_COLLECTIONS,
};

/**
 * Reads an object for its details, and pods that belong to it; what was read before stays until
 * then. A pod that goes meanwhile is left out.
 */
async function readForDetails(
  reference: ObjectReference,
  pods: readonly ClusterPod[],
  { session, signal, show }: ReaderTools,
): Promise<void> {
  const begun = pods.map(({ namespace, name }) =>
    session.read({ kind: "Pod", namespace, name }, signal).catch(() => undefined)
  );
  try {
    const object = await session.read(reference, signal);
    const found = (await Promise.all(begun)).filter((pod) => pod !== undefined);
    show({ kind: "details", object, pods: found, problem: undefined });
  } catch (error) {
    show({ kind: "details", object: undefined, pods: [], problem: problemOf(error) });
  }
}

/** Reads an object as YAML. */
async function readYaml(
  reference: ObjectReference,
  { session, signal, show }: ReaderTools,
): Promise<void> {
  try {
    // What it is comes first, as kubectl shows it.
    const { apiVersion, kind, ...rest } = await session.read(reference, signal);
    const text = await yamlLines({ apiVersion, kind, ...rest });
    show({ kind: "yaml", lines: text.map(yamlLine), problem: undefined });
  } catch (error) {
    show({ kind: "yaml", lines: undefined, problem: problemOf(error) });
  }
}

/** A line of YAML, its key set apart from its value. */
function yamlLine(line: string): TextLine {
  const found = /^(\s*(?:- )*)([\w./-]+:)(?=\s|$)(.*)$/.exec(line);
  if (found === null) return plain(line);
  const [, indent = "", key = "", value = ""] = found;
  return { segments: [inTone("plain", indent), inTone("accent", key), inTone("plain", value)] };
}

/** Lines kept. */
const MOST_LINES = 5_000;

/** Lines asked for at first. */
const TAIL = 1_000;

/** Longest line that is kept, in characters; a line may be megabytes of JSON. */
const LONGEST_LINE = 10_000;

/** Time between two frames of a busy log, in milliseconds. */
const FRAME_MS = 100;

const Containers = z.object({
  spec: z.object({
    initContainers: z.array(z.object({ name: z.string() })).nullish(),
    containers: z.array(z.object({ name: z.string() })),
  }),
});

/** Follows a log until it ends or the signal is aborted. */
async function followLog(log: LogView, tools: ReaderTools): Promise<void> {
  const { session, signal, show } = tools;
  let containers: readonly string[] = [];
  let lines: TextLine[] | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = ({ ended = false, problem }: { ended?: boolean; problem?: UserError } = {}) => {
    clearTimeout(timer);
    timer = undefined;
    show({ kind: "log", lines: lines && [...lines], ended, problem, containers });
  };
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  flush();
  const { namespace, pod, container } = log.source;
  const reference = { kind: "Pod", namespace, name: pod } as const;
  void session.read(reference, signal).then((object) => {
    containers = containerNames(object);
    timer ??= setTimeout(flush, FRAME_MS);
  }, () => {}); // the log itself says what is wrong
  try {
    const { previous, timestamps } = log;
    const request = { namespace, pod, container, previous, timestamps, tail: TAIL };
    // Nothing printed yet is an empty log, not one that is still awaited.
    const begun = setTimeout(() => {
      lines ??= [];
      flush();
    }, 500);
    signal.addEventListener("abort", () => clearTimeout(begun), { once: true });
    try {
      for await (const line of session.logs(request, signal)) {
        lines ??= [];
        lines.push(plain(safeText(line.slice(0, LONGEST_LINE).toWellFormed())));
        if (lines.length > MOST_LINES + 500) lines.splice(0, lines.length - MOST_LINES);
        timer ??= setTimeout(flush, FRAME_MS);
      }
    } finally {
      clearTimeout(begun);
    }
    lines ??= [];
    flush({ ended: true });
  } catch (error) {
    flush({ ended: true, problem: problemOf(error) });
  }
}

/** Names of a pod's containers, the ordinary ones first; none where it is not shaped like a pod. */
function containerNames(object: unknown): readonly string[] {
  const parsed = Containers.safeParse(object);
  if (!parsed.success) return [];
  const { containers, initContainers } = parsed.data.spec;
  return [...containers, ...initContainers ?? []].map(({ name }) => name);
}
