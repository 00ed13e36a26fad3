/**
 * Things to do of which one is chosen: in which container a shell is opened, which port is forwarded. Pure.
 *
 * @module
 */

import type { ObjectReference } from "../../cluster/api/requests.ts";
import { runningContainers } from "../../cluster/pods/pod_shell.ts";
import { forwardPorts } from "../../cluster/pods/port_forward.ts";
import { safeText } from "../../errors/safe_text.ts";
import type { Effect, Step } from "./commands.ts";
import { nameOf } from "./screens.ts";

/** One of several things to do. */
export interface Option {
  readonly label: string;
  readonly effect: Effect;
}

/** What an object must be read for before it can be asked. */
export interface Question {
  readonly title: string;
  /** Said where there is nothing to choose from. */
  readonly none: string;
  /** @throws where the object is not what it should be */
  readonly choicesOf: (object: unknown) => readonly Option[];
}

/** Does the only thing, or asks which of several. */
export function choose(title: string, choices: readonly Option[]): Step {
  return choices.length === 1
    ? { events: [], effect: choices[0]!.effect }
    : { events: [{ type: "overlay", overlay: { kind: "choice", title, choices, index: 0 } }] };
}

/** In which container of a pod. */
export function containerQuestion({ namespace, name: pod }: ObjectReference): Question {
  return {
    title: `Shell in which container of ${safeText(pod)}?`,
    none: `No container of ${safeText(pod)} is running.`,
    choicesOf: (object) =>
      runningContainers(object).map((container) => ({
        label: safeText(container),
        effect: {
          type: "shell",
          place: { type: "container", container: { namespace, pod, container } },
        },
      })),
  };
}

/** Which port of a Service or a pod. */
export function portQuestion(object: ObjectReference): Question {
  const name = safeText(nameOf(object));
  return {
    title: `Which port of ${name}?`,
    none: `${name} has no TCP port.`,
    choicesOf: (found) =>
      forwardPorts(object, found).map(({ port, name }) => ({
        label: safeText(`${port} ${name}`),
        effect: { type: "forward-port", object, port },
      })),
  };
}
