/**
 * Follows a log for a screen: a ring of its latest lines, shown at most once a frame.
 *
 * @module
 */

import * as z from "zod";
import { safeText } from "../../errors/safe_text.ts";
import type { UserError } from "../../errors/user_error.ts";
import { problemOf } from "../state/problem.ts";
import type { ReaderTools } from "../state/content.ts";
import type { LogView } from "../state/screens.ts";
import { plain, type TextLine } from "../draw/text_line.ts";

/** Lines kept. */
export const MOST_LINES = 5_000;

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
export async function followLog(log: LogView, tools: ReaderTools): Promise<void> {
  const { session, signal, show } = tools;
  let containers: readonly string[] = [];
  let lines: TextLine[] | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = ({ ended = false, problem }: { ended?: boolean; problem?: UserError } = {}) => {
    clearTimeout(timer);
    timer = undefined;
    show({
      kind: "log",
      lines: lines === undefined ? undefined : [...lines],
      ended,
      problem,
      containers,
    });
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
    const request = {
      namespace,
      pod,
      container,
      previous: log.previous,
      timestamps: log.timestamps,
      tail: TAIL,
    };
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
