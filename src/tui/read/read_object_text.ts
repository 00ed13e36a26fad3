/**
 * Objects read for a screen.
 *
 * @module
 */

import type { ObjectReference } from "../../cluster/api/requests.ts";
import { yamlLines } from "../../view/details/yaml.ts";
import type { Toned } from "../../view/words/tone.ts";
import type { ReaderTools } from "../state/content.ts";
import { problemOf } from "../state/problem.ts";
import { plain, type TextLine } from "../draw/text_line.ts";

/**
 * Reads an object for its details, and pods that belong to it; what was read before stays until
 * then. A pod that goes meanwhile is left out.
 */
export async function readForDetails(
  { reference, pods }: {
    readonly reference: ObjectReference;
    readonly pods: readonly ObjectReference[];
  },
  { session, signal, show }: ReaderTools,
): Promise<void> {
  const begun = pods.map((pod) => session.read(pod, signal).catch(() => undefined));
  try {
    const object = await session.read(reference, signal);
    const found = (await Promise.all(begun)).filter((pod) => pod !== undefined);
    show({ kind: "details", object, pods: found, problem: undefined });
  } catch (error) {
    show({ kind: "details", object: undefined, pods: [], problem: problemOf(error) });
  }
}

/** Reads an object as YAML. */
export async function readYaml(
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
  const segments: Toned[] = [
    { text: indent, tone: "plain" },
    { text: key, tone: "accent" },
    { text: value, tone: "plain" },
  ];
  return { segments };
}
