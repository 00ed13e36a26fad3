/**
 * The keys of logs. Pure.
 *
 * @module
 */

import type { ObjectReference } from "../../cluster/api/requests.ts";
import type { Model } from "./model.ts";
import { type LogView, nameOf } from "./screens.ts";
import { podsOf } from "./selection.ts";
import { say, type Step, steps } from "./step.ts";

/** Opens the log of an object's pods, beginning with the one that most likely matters. */
export function openLog(model: Model, object: ObjectReference | undefined): Step {
  if (object === undefined) {
    return say(model, "There is no object of the cluster behind this.", "muted");
  }
  const known = podsOf(model, object);
  // A pod that is named but not in the state (no right to list pods) may have a log nevertheless.
  const pods = known.length === 0 && object.kind === "Pod" ? [object] : known;
  const first = pods[0];
  if (first === undefined) {
    const why = object.kind === "Node"
      ? "Nodes have no logs here; open the node and choose a pod."
      : `${nameOf(object)} has no pods now, so there is no log.`;
    return say(model, why, "muted");
  }
  return steps({
    type: "open",
    screen: {
      kind: "log",
      title: nameOf(object),
      log: {
        of: object,
        pods: pods.map(({ namespace, name }) => ({ namespace, name })),
        source: { namespace: first.namespace, pod: first.name, container: undefined },
        follows: true,
        previous: false,
        wraps: true,
        timestamps: false,
      },
    },
  });
}

/** Commands of a log. */
export type LogCommand = "follow" | "previous-run" | "next-container" | "timestamps" | "wrap";

/** The step of a command on the log on top. */
export function logCommand(model: Model, command: LogCommand): Step {
  const top = model.ui.screens.at(-1);
  if (top?.kind !== "log") return steps();
  const { log } = top;
  switch (command) {
    case "follow":
      return changed({ ...log, follows: !log.follows });
    case "previous-run":
      return changed({ ...log, previous: !log.previous, follows: true });
    case "timestamps":
      return changed({ ...log, timestamps: !log.timestamps });
    case "wrap":
      return changed({ ...log, wraps: !log.wraps });
    case "next-container": {
      const content = model.contents.get(top.id);
      const containers = content?.kind === "log" ? content.containers : [];
      // Pods come and go while their log is read.
      const now = podsOf(model, log.of).map(({ namespace, name }) => ({ namespace, name }));
      const pods = now.length === 0 ? log.pods : now;
      const source = nextSource({ pods, source: log.source }, containers);
      return source === undefined
        ? say(model, "This is the only container.", "muted")
        : changed({ ...log, pods, source, follows: true });
    }
  }
}

function changed(log: LogView): Step {
  return steps({ type: "log", log });
}

/** The next container of the pod, else the first of the next pod; undefined where there is none. */
export function nextSource(
  { pods, source }: Pick<LogView, "pods" | "source">,
  containers: readonly string[],
): LogView["source"] | undefined {
  const at = pods.findIndex(({ namespace, name }) =>
    namespace === source.namespace && name === source.pod
  );
  const first = pods[0];
  if (at < 0 && first !== undefined) {
    return { namespace: first.namespace, pod: first.name, container: undefined };
  }
  const current = source.container ?? containers[0];
  const next = current === undefined ? undefined : containers[containers.indexOf(current) + 1];
  if (next !== undefined) return { ...source, container: next };
  const pod = pods[(at + 1) % Math.max(1, pods.length)];
  if (pod === undefined || (pods.length < 2 && containers.length < 2)) return undefined;
  return {
    namespace: pod.namespace,
    pod: pod.name,
    container: containers.length > 1 && pods.length < 2 ? containers[0] : undefined,
  };
}
