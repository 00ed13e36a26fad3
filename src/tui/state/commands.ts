/**
 * What each command does: steps of the screen, and at most one effect on the world. Pure.
 *
 * @module
 */

import { safeText } from "../../errors/safe_text.ts";
import type { CommandName } from "../keys/key_map.ts";
import { choose } from "./choices.ts";
import { type PaneId, PANES } from "../draw/layout.ts";
import { nextSort, reversed } from "./list_state.ts";
import type { Model } from "./model.ts";
import { type Wish, withoutLast, withoutLastWord } from "./overlays.ts";
import { type Choice, paletteEntries } from "./palette.ts";
import { selectedRow, sortHeaders } from "./rows.ts";
import { isSame, type LogView, nameOf, type Subject } from "./screens.ts";
import { linesOf, wholeText } from "../draw/screen_text.ts";
import { podsOf, rowSubject, selectedNode, selectedObject } from "./selection.ts";
import { topKind, type UiEvent } from "./ui_state.ts";
import type { ClusterChange, ShellPlace } from "../../live/live_session.ts";
import type { Tone } from "../../view/words/tone.ts";
import type { ObjectReference } from "../../cluster/api/requests.ts";

/** Something outside of the screen's own state. */
export type Effect =
  | { readonly type: "quit" | "suspend" | "redraw" | "retry" }
  | { readonly type: "provision" | "stop-provisioning" }
  | { readonly type: "copy"; readonly text: string }
  | { readonly type: "change"; readonly change: ClusterChange }
  | { readonly type: "shell"; readonly place: ShellPlace }
  | { readonly type: "shell-in-pod" | "forward"; readonly object: ObjectReference }
  | { readonly type: "forward-port"; readonly object: ObjectReference; readonly port: number }
  | { readonly type: "stop-forward"; readonly id: number };

/** Steps of the screen, and what is done outside of it. */
export interface Step {
  readonly events: readonly UiEvent[];
  readonly effect?: Effect | undefined;
}

/** Steps without an effect. */
function steps(...events: readonly UiEvent[]): Step {
  return { events };
}

/** A sentence above the footer. */
function say({ now }: Model, text: string, tone: Tone): Step {
  return steps({ type: "say", status: { text, tone, at: now, goesOn: false } });
}

/** Does a command where it is valid; see `key_map.ts`. */
export function runCommand(command: CommandName, model: Model): Step {
  return HANDLERS[command](model);
}

const CLOSED = { type: "overlay", overlay: undefined } as const;

type Handler = (model: Model) => Step;

const move = (by: number): Handler => () => steps({ type: "move", by });
const page = (pages: number): Handler => () => steps({ type: "page", pages });
const focus = (pane: PaneId): Handler => (model) =>
  model.ui.zoomed || model.ui.focus !== pane ? steps({ type: "focus", pane }) : steps();

const otherPane = (by: number): Handler => ({ ui: { focus } }) =>
  steps({ type: "focus", pane: PANES.at((PANES.indexOf(focus) + by) % PANES.length)! });

const HANDLERS: Readonly<Record<CommandName, Handler>> = {
  down: move(1),
  up: move(-1),
  first: move(-Infinity),
  last: move(Infinity),
  "page-down": page(1),
  "page-up": page(-1),
  "next-pane": otherPane(1),
  "previous-pane": otherPane(-1),
  "pane-nodes": focus("nodes"),
  "pane-workloads": focus("workloads"),
  "pane-events": focus("events"),
  open,
  back,
  filter: ({ ui }) => steps({ type: "overlay", overlay: { kind: "filter", pane: ui.focus } }),
  sort: (model) => sorted(model, nextSort),
  reverse: (model) => sorted(model, reversed),
  warnings: ({ ui }) => steps({ type: "warnings", only: !ui.warningsOnly }),
  zoom: ({ ui }) => steps({ type: "zoom", on: !ui.zoomed }),
  logs: (model) => openLog(model, selectedObject(model)),
  follow: logChange(({ follows }) => ({ follows: !follows })),
  "previous-run": logChange(({ previous }) => ({ previous: !previous, follows: true })),
  "next-container": nextContainer,
  timestamps: logChange(({ timestamps }) => ({ timestamps: !timestamps })),
  wrap: logChange(({ wraps }) => ({ wraps: !wraps })),
  shell,
  "shell-in-pod": shellInPod,
  forward,
  forwards: () => steps({ type: "overlay", overlay: { kind: "forwards", index: 0 } }),
  "stop-forward": ({ ui: { overlay }, forwards }) => {
    const forward = overlay?.kind === "forwards" ? forwards[overlay.index] : undefined;
    return forward === undefined
      ? steps()
      : { events: [], effect: { type: "stop-forward", id: forward.id } };
  },
  yaml,
  copy,
  palette: () => steps({ type: "overlay", overlay: { kind: "palette", query: "", index: 0 } }),
  requests: () => steps({ type: "open", screen: { kind: "requests" } }),
  run: (model) =>
    model.run === undefined
      ? say(model, "Nothing has been provisioned since this screen was opened.", "muted")
      : steps({ type: "open", screen: { kind: "run" } }),
  retry: (model) =>
    model.live.connection.state === "live"
      ? say(model, "Connected; what you see is live.", "good")
      : { ...say(model, "Trying the connection again.", "plain"), effect: { type: "retry" } },
  help: () => steps({ type: "overlay", overlay: { kind: "help", offset: 0 } }),
  "close-help": () => steps(CLOSED),
  accept,
  cancel: ({ ui: { overlay } }) =>
    overlay?.kind === "filter"
      ? steps({ type: "filter", pane: overlay.pane, text: "" }, CLOSED)
      : steps(CLOSED),
  erase: (model) => edited(model, withoutLast),
  "erase-word": (model) => edited(model, withoutLastWord),
  "erase-all": (model) => edited(model, () => ""),
  yes: ({ ui: { overlay } }) => overlay?.kind === "confirm" ? granted(overlay.wish) : steps(),
  no: (model) => {
    const { events } = say(model, "Nothing was changed.", "muted");
    return steps(CLOSED, ...events);
  },
  redraw: () => ({ events: [], effect: { type: "redraw" } }),
  suspend: () => ({ events: [], effect: { type: "suspend" } }),
  quit,
};

function open(model: Model): Step {
  const top = model.ui.screens.at(-1);
  if (top?.kind !== "details") return opened(rowSubject(model));
  const target = linesOf(model, top)[top.scroll.cursor]?.target;
  const own = top.subject.type === "object" ? top.subject.reference : undefined;
  if (target === undefined || (own !== undefined && isSame(target, own))) {
    return say(
      model,
      "This line has no details; you can open lines marked with →.",
      "muted",
    );
  }
  return opened({ type: "object", reference: target });
}

function opened(subject: Subject | undefined): Step {
  return subject === undefined
    ? steps()
    : steps({ type: "open", screen: { kind: "details", subject } });
}

function back({ ui }: Model): Step {
  if (topKind(ui) !== "lists") return steps({ type: "close" });
  if (ui.lists[ui.focus].filter !== "") {
    return steps({ type: "filter", pane: ui.focus, text: "" });
  }
  return ui.zoomed ? steps({ type: "zoom", on: false }) : steps();
}

function sorted(model: Model, change: typeof nextSort): Step {
  const pane = model.ui.focus;
  const sort = change(model.ui.lists[pane].sort, sortHeaders(model, pane));
  return steps({ type: "sort", pane, sort });
}

function shell(model: Model): Step {
  const row = selectedNode(model);
  if (row === undefined) {
    return say(model, "Select a node first: S opens a shell on its machine.", "muted");
  }
  const refused = noShells(model);
  if (refused !== undefined) return refused;
  const { name, host } = row;
  if (host === undefined) {
    const why = `${safeText(name)} is not in the inventory, which has the login for ssh.`;
    return say(model, why, "warn");
  }
  return { events: [], effect: { type: "shell", place: { type: "host", host } } };
}

function shellInPod(model: Model): Step {
  const object = selectedObject(model);
  if (object === undefined) {
    return say(model, "This is not an object of the cluster.", "muted");
  }
  const refused = noShells(model);
  if (refused !== undefined) return refused;
  const known = podsOf(model, object);
  const running = known.filter(({ phase }) => phase === "Running")
    .map(({ namespace, name }) => ({ kind: "Pod", namespace, name }) as const);
  // A pod that is named but not in the state (no right to list pods) may be there nevertheless.
  const pods = known.length === 0 && object.kind === "Pod" ? [object] : running;
  if (pods.length === 0) {
    const why = object.kind === "Node"
      ? "S opens a shell on the node itself; for one in a pod, open the node and choose a pod."
      : `No pod of ${safeText(nameOf(object))} is running.`;
    return say(model, why, "muted");
  }
  const choices = pods.map((pod) => ({
    label: safeText(pod.name),
    effect: { type: "shell-in-pod", object: pod } as const,
  }));
  return choose(`Shell in which pod of ${safeText(nameOf(object))}?`, choices);
}

function forward(model: Model): Step {
  const object = selectedObject(model);
  return object?.kind === "Service" || object?.kind === "Pod"
    ? { events: [], effect: { type: "forward", object } }
    : say(model, "Select a Service or a pod first: F forwards a port of it.", "muted");
}

function noShells(model: Model): Step | undefined {
  return model.settings.readOnly
    ? say(model, "Shells are disabled with --read-only.", "warn")
    : undefined;
}

function yaml(model: Model): Step {
  const reference = selectedObject(model);
  return reference === undefined
    ? say(model, "This is not an object of the cluster.", "muted")
    : steps({ type: "open", screen: { kind: "yaml", reference } });
}

function copy(model: Model): Step {
  const text = copied(model);
  if (text === undefined || text === "") return say(model, "There is nothing to copy.", "muted");
  const lines = text.split("\n").length;
  const what = lines === 1 ? text : `${lines} lines`;
  return { ...say(model, `Copied: ${what}`, "good"), effect: { type: "copy", text } };
}

function copied(model: Model): string | undefined {
  const top = model.ui.screens.at(-1);
  if (top !== undefined) return wholeText(model, top);
  const { focus } = model.ui;
  const row = focus === "events" ? undefined : selectedRow(model, focus);
  if (row !== undefined) return safeText(row.name);
  const event = selectedRow(model, "events");
  return event && safeText(`${event.reason}: ${event.message}`);
}

function accept(model: Model): Step {
  const { overlay } = model.ui;
  switch (overlay?.kind) {
    case "palette": {
      const entry = paletteEntries(model)[overlay.index];
      return entry === undefined ? steps(CLOSED) : chosen(model, entry.choice);
    }
    case "choice":
      return { events: [CLOSED], effect: overlay.choices[overlay.index]?.effect };
    case "number": {
      const { workload, text, current } = overlay;
      if (text === "") {
        return say(model, "How many pods? Type a number, or press Esc to cancel.", "warn");
      }
      const replicas = Number(text);
      if (replicas === current) {
        const { events } = say(model, `${nameOf(workload)} has ${current} already.`, "muted");
        return steps(CLOSED, ...events);
      }
      return asked({ type: "change", change: { type: "scale", workload, replicas } });
    }
    default:
      return steps(CLOSED);
  }
}

function chosen(model: Model, choice: Choice): Step {
  switch (choice.type) {
    case "command": {
      const ui = { ...model.ui, overlay: undefined };
      const { events, effect } = runCommand(choice.command, { ...model, ui });
      return { events: [CLOSED, ...events], effect };
    }
    case "wish":
      return asked(choice.wish);
    case "scale": {
      const { workload } = choice;
      const { cluster } = model.live;
      const { deployments, statefulSets } = cluster;
      const found = [deployments, statefulSets].flatMap((all) => [...all?.values() ?? []])
        .find((each) => isSame(each, workload));
      const overlay = { kind: "number", workload, text: "", current: found?.wanted } as const;
      return steps({ type: "overlay", overlay });
    }
    case "show-gitops":
      return steps({ type: "open", screen: { kind: "gitops" } });
    case "stop-provisioning":
      return { events: [CLOSED], effect: { type: "stop-provisioning" } };
  }
}

function asked(wish: Wish): Step {
  return steps({ type: "overlay", overlay: { kind: "confirm", wish } });
}

function granted(wish: Wish): Step {
  switch (wish.type) {
    case "provision":
      return {
        events: [{ type: "open", screen: { kind: "run" } }],
        effect: { type: "provision" },
      };
    case "quit":
      return { events: [CLOSED], effect: { type: "quit" } };
    case "change":
      return { events: [CLOSED], effect: { type: "change", change: wish.change } };
  }
}

/** Who asks twice has been asked. */
function quit({ ui: { overlay }, run }: Model): Step {
  const isAsked = overlay?.kind === "confirm" && overlay.wish.type === "quit";
  return run === undefined || run.ended || !run.own || isAsked
    ? { events: [], effect: { type: "quit" } }
    : asked({ type: "quit" });
}

function edited({ ui: { overlay, lists } }: Model, edit: (text: string) => string): Step {
  switch (overlay?.kind) {
    case "filter":
      return steps({ type: "filter", pane: overlay.pane, text: edit(lists[overlay.pane].filter) });
    case "palette":
      return steps({
        type: "overlay",
        overlay: { ...overlay, query: edit(overlay.query), index: 0 },
      });
    case "number":
      return steps({ type: "overlay", overlay: { ...overlay, text: edit(overlay.text) } });
    default:
      return steps();
  }
}

/** Opens the log of an object's pods, beginning with the one that most likely matters. */
function openLog(model: Model, object: ObjectReference | undefined): Step {
  if (object === undefined) {
    return say(model, "This is not an object of the cluster.", "muted");
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

/** What changes the log on top. */
function logChange(change: (log: LogView) => Partial<LogView>): Handler {
  return ({ ui }) => {
    const top = ui.screens.at(-1);
    if (top?.kind !== "log") return steps();
    return steps({ type: "log", log: { ...top.log, ...change(top.log) } });
  };
}

function nextContainer(model: Model): Step {
  const top = model.ui.screens.at(-1);
  if (top?.kind !== "log") return steps();
  const content = model.contents.get(top.id);
  const containers = content?.kind === "log" ? content.containers : [];
  // Pods come and go while their log is read.
  const now = podsOf(model, top.log.of).map(({ namespace, name }) => ({ namespace, name }));
  const pods = now.length === 0 ? top.log.pods : now;
  const source = nextSource({ pods, source: top.log.source }, containers);
  return source === undefined
    ? say(model, "This is the only container.", "muted")
    : logChange(() => ({ pods, source, follows: true }))(model);
}

/** The next container of the pod, else the first of the next pod; undefined where there is none. */
function nextSource(
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
