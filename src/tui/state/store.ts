/**
 * The state behind the screen: takes in news, keys and what was read, and tells React when there is
 * something new to draw.
 *
 * @module
 */

import type { ClusterChange, LiveSession, ShellPlace } from "../../live/live_session.ts";
import { type LiveNews, NOTHING_HEARD, reduceLive } from "../../live/live_state.ts";
import { newMemo } from "../../view/lists/live_rows.ts";
import type { Tone } from "../../view/words/tone.ts";
import { type Effect, runCommand } from "./commands.ts";
import type { ObjectReference } from "../../cluster/api/requests.ts";
import type { RawTerminal } from "../../cluster/pods/pod_shell.ts";
import { choose, containerQuestion, portQuestion, type Question } from "./choices.ts";
import { LIST_HEAD, type Size } from "../draw/layout.ts";
import { type Content, problemOf } from "./content.ts";
import { layoutOf, type Model, type Settings } from "./model.ts";
import { Forwards } from "./forwards.ts";
import type { MouseEvent } from "../keys/mouse.ts";
import { Clicks } from "../keys/mouse_steps.ts";
import { Pace } from "./pace.ts";
import { applyEvents, fitted, pasteText, type Pressed, pressKey, takeStep } from "./press.ts";
import { newsOfRun } from "../draw/run_text.ts";
import { Runs } from "./runs.ts";
import { ScreenReader } from "../read/screen_reader.ts";
import { INITIAL_UI, topKind, type UiEvent } from "./ui_state.ts";
import { rowsOf } from "./rows.ts";
import { nameOf } from "./screens.ts";
import { safeText } from "../../errors/safe_text.ts";

/** What the terminal does for the screen. */
export interface TerminalPort {
  quit(): void;
  suspend(): void;
  redraw(): void;
  copy(text: string): void;
  /** Leaves the terminal to somebody else, and draws the whole screen again afterwards. */
  lend<T>(use: (terminal: RawTerminal) => Promise<T>): Promise<T>;
}

/** What a store is made from. */
export interface StoreOptions {
  readonly session: LiveSession;
  readonly size: Size;
  readonly readOnly: boolean;
  readonly terminal: TerminalPort;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Results of changes that are kept. */
const KEPT_RESULTS = 100;

/** How long the screen must be at rest, in milliseconds: who scrolls past does not look. */
const REST_MS = 300;

/** How long a good word stays above the footer, in milliseconds; bad ones stay until a key. */
const WORD_MS = 8_000;

/** Said in the demo. */
const NO_SHELLS = "The demo has no shells.";
const NO_FORWARDS = "The demo forwards no ports.";

/** The state behind the screen. */
export class Store {
  readonly #session: LiveSession;
  readonly #terminal: TerminalPort;
  readonly #now: () => number;
  readonly #reader: ScreenReader;
  readonly #runs: Runs;
  readonly #forwards: Forwards;
  readonly #clicks = new Clicks();
  /** When the next frame is due; drawing tells it what shows seconds. */
  readonly pace: Pace;
  readonly #listeners = new Set<() => void>();
  readonly #stop = new AbortController();
  readonly #waiting: LiveNews[][] = [];
  #model: Model;
  /** Nodes in sight. */
  #inSight = "";
  #wordTimer: ReturnType<typeof setTimeout> | undefined;
  /** Settles when the terminal is no longer lent. */
  #shell: Promise<void> | undefined;
  #sightTimer: ReturnType<typeof setTimeout> | undefined;

  constructor({ session, size, readOnly, terminal, now }: StoreOptions) {
    this.#session = session;
    this.#terminal = terminal;
    this.#now = now;
    const settings: Settings = { readOnly, canProvision: session.provision !== undefined };
    this.#model = {
      ui: INITIAL_UI,
      live: NOTHING_HEARD,
      now: now(),
      memo: newMemo(),
      size,
      contents: new Map(),
      requests: [],
      done: [],
      forwards: [],
      settings,
      run: undefined,
    };
    this.#reader = new ScreenReader(session, (id, content) => this.#setContent(id, content));
    this.#runs = new Runs({
      session,
      now,
      show: (run) => this.#publish({ ...this.#withNews(), run }),
      tell: (run) => {
        if (topKind(this.#model.ui) !== "run") this.say(...newsOfRun(run));
      },
    });
    this.#forwards = new Forwards({
      session,
      show: (forwards) => this.#publish({ ...this.#withNews(), forwards }),
      began: ({ address, object, port, isTaken }) => {
        const why = isTaken ? `; port ${port} of this machine is already in use` : "";
        this.say(
          `✓ ${address} forwards to port ${port} of ${safeText(nameOf(object))}${why}.`,
          "good",
        );
      },
      failed: (error) => this.say(`✗ ${wordsOf(error)}`, "bad"),
    });
    this.pace = new Pace({ draw: () => this.#takeNews(), now });
  }

  /** The model of the next frame; the same object while nothing has changed. */
  readonly model = (): Model => this.#model;

  /** Calls back after each change of the model. */
  readonly subscribe = (listener: () => void): () => void => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Takes in news until the store is closed. */
  async follow(): Promise<void> {
    const { signal } = this.#stop;
    void this.#runs.follow(signal).catch((error) =>
      this.#broken("Runs of other terminals are not seen", error)
    );
    try {
      for await (const batch of this.#session.news(signal)) {
        this.#waiting.push([...batch]);
        this.pace.request();
      }
    } catch (error) {
      // The session promises to throw nothing that can pass; what is shown from now on is old.
      this.#broken("No more news", error);
    }
  }

  #broken(what: string, error: unknown): void {
    if (this.#stop.signal.aborted) return;
    const message = error instanceof Error ? error.message : String(error);
    this.say(`${what}: internal error: ${message}`, "bad");
  }

  /** A key, by its name in `key_names.ts`. */
  press(name: string): void {
    this.#take(pressKey(this.#withNews(), name));
  }

  /** Text for the place where text is typed; elsewhere pasted text does nothing. */
  paste(text: string): void {
    this.#take({ model: pasteText(this.#withNews(), text) });
  }

  /** The mouse. */
  mouse(event: MouseEvent): void {
    const { events, command } = this.#clicks.steps(this.#model, event, this.#now());
    if (events.length > 0) this.#apply(events);
    if (command !== undefined) this.#take(takeStep(this.#model, runCommand(command, this.#model)));
  }

  /** The terminal has another size. */
  resize(size: Size): void {
    if (size.columns === this.#model.size.columns && size.rows === this.#model.size.rows) return;
    this.#publish({ ...this.#model, size });
  }

  /** A sentence above the footer. */
  say(text: string, tone: Tone, { goesOn = false }: { readonly goesOn?: boolean } = {}): void {
    this.#apply([{ type: "say", status: { text, tone, at: this.#now(), goesOn } }]);
  }

  /** Ends everything that was begun; a run of provisioning has ended when this settles. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#reader.close();
    clearTimeout(this.#sightTimer);
    this.pace.close();
    clearTimeout(this.#wordTimer);
    await Promise.all([this.#runs.close(), this.#forwards.close(), this.#shell]);
  }

  #take({ model, effect }: Pressed): void {
    this.#publish(model);
    if (effect !== undefined) this.#affect(effect);
  }

  #apply(events: readonly UiEvent[]): void {
    this.#publish(applyEvents(this.#withNews(), events));
  }

  #affect(effect: Effect): void {
    switch (effect.type) {
      case "quit":
        return this.#terminal.quit();
      case "suspend":
        return this.#terminal.suspend();
      case "redraw":
        return this.#terminal.redraw();
      case "copy":
        return this.#terminal.copy(effect.text);
      case "retry":
        return this.#session.retry();
      case "provision":
        return this.#runs.begin();
      case "stop-provisioning":
        return this.#runs.stop();
      case "change":
        return void this.#change(effect.change);
      case "shell":
        if (this.#session.shell === undefined) return this.say(NO_SHELLS, "warn");
        // There is one terminal.
        this.#shell ??= this.#openShell(effect.place).finally(() => this.#shell = undefined);
        return;
      case "shell-in-pod":
        if (this.#session.shell === undefined) return this.say(NO_SHELLS, "warn");
        return void this.#ask(effect.object, containerQuestion(effect.object));
      case "forward":
        if (this.#session.forward === undefined) return this.say(NO_FORWARDS, "warn");
        return void this.#ask(effect.object, portQuestion(effect.object));
      case "forward-port":
        return this.#forwards.begin(effect.object, effect.port);
      case "stop-forward":
        return this.#forwards.stop(effect.id);
    }
  }

  /** Makes a change of the cluster; the last sentence of the session is its result. */
  async #change(change: ClusterChange): Promise<void> {
    const { signal } = this.#stop;
    let last = "";
    try {
      for await (const sentence of this.#session.perform(change, signal)) {
        last = safeText(sentence);
        this.say(last, "plain", { goesOn: true });
      }
      this.#record(last, "good");
    } catch (error) {
      this.#record(wordsOf(error), "bad");
    }
  }

  /** Reads an object, and does what is chosen of what can be done with it. */
  async #ask(object: ObjectReference, { title, none, choicesOf }: Question): Promise<void> {
    try {
      const choices = choicesOf(await this.#session.read(object, this.#stop.signal));
      if (choices.length === 0) return this.say(none, "warn");
      const { events, effect } = choose(title, choices);
      this.#apply(events);
      if (effect !== undefined) this.#affect(effect);
    } catch (error) {
      this.say(`✗ ${wordsOf(error)}`, "bad");
    }
  }

  /** Lends the terminal to a shell; how that ended is said afterwards. */
  async #openShell(place: ShellPlace): Promise<void> {
    const { shell } = this.#session;
    const { signal } = this.#stop;
    if (shell === undefined) return;
    const where = place.type === "host"
      ? `on ${safeText(place.host.name)}`
      : `in ${safeText(place.container.pod)}`;
    const what = `The shell ${where}`;
    this.say(`Opening a shell ${where}.`, "plain", { goesOn: true });
    try {
      const open = await shell(place, signal);
      const code = await this.#terminal.lend(open);
      // A shell ends with the code of its last command, which need be nothing bad.
      this.say(code === 0 ? `${what} has ended.` : `${what} ended with code ${code}.`, "muted");
    } catch (error) {
      this.say(`✗ ${wordsOf(error)}`, "bad");
    }
  }

  /** Keeps what came of a change, and says it. */
  #record(text: string, tone: "good" | "bad"): void {
    const done = { at: this.#now(), text, failed: tone === "bad" };
    this.#publish({ ...this.#model, done: [...this.#model.done, done].slice(-KEPT_RESULTS) });
    this.say(`${tone === "bad" ? "✗" : "✓"} ${text}`, tone);
  }

  /** The clock went on, or news came. */
  #takeNews(): void {
    this.#publish(this.#withNews());
  }

  #withNews(): Model {
    const batches = this.#waiting.splice(0);
    const live = batches.length === 0
      ? this.#model.live
      : reduceLive(this.#model.live, batches.flat());
    return { ...this.#model, live, now: this.#now() };
  }

  #setContent(id: number, content: Content): void {
    this.#publish({
      ...this.#model,
      now: this.#now(),
      contents: new Map(this.#model.contents).set(id, content),
    });
  }

  #publish(next: Model): void {
    if (this.#stop.signal.aborted) return;
    const open = new Set(next.ui.screens.map(({ id }) => id));
    const stale = [...next.contents.keys()].some((id) => !open.has(id));
    const contents = stale
      ? new Map([...next.contents].filter(([id]) => open.has(id)))
      : next.contents;
    const requests = next.ui.screens.at(-1)?.kind === "requests"
      ? this.#session.requests()
      : next.requests;
    const model = { ...next, contents, requests };
    this.pace.frame(() => {
      this.#model = fitted(model);
      for (const listener of this.#listeners) listener();
    });
    this.#afterwards();
  }

  /** What follows from the state: readers, measured nodes, the word above the footer. */
  #afterwards(): void {
    const { ui, live } = this.#model;
    this.#reader.sync(ui.screens, live);
    this.#lookAt(nodesIn(this.#model));
    clearTimeout(this.#wordTimer);
    const { status } = ui;
    if (status === undefined || status.goesOn || status.tone === "bad") return;
    this.#wordTimer = setTimeout(
      () => this.#apply([{ type: "say", status: undefined }]),
      Math.max(0, status.at + WORD_MS - this.#now()),
    );
  }

  /** Has the nodes measured that somebody looks at. */
  #lookAt(nodes: readonly string[]): void {
    const inSight = nodes.join("\n");
    if (inSight === this.#inSight) return;
    this.#inSight = inSight;
    clearTimeout(this.#sightTimer);
    this.#sightTimer = setTimeout(() => this.#session.lookAt(nodes), REST_MS);
  }
}

function wordsOf(error: unknown): string {
  const { message, hint } = problemOf(error);
  const said = safeText(message).replace(/\.$/, "");
  return hint === undefined ? said : `${said}. ${safeText(hint)}`;
}

/** Names of the nodes a model shows. */
function nodesIn(model: Model): readonly string[] {
  const top = model.ui.screens.at(-1);
  if (top !== undefined) {
    if (top.kind !== "details" || top.subject.type !== "object") return [];
    const { kind, name } = top.subject.reference;
    return kind === "Node" ? [name] : [];
  }
  const place = layoutOf(model).panes.get("nodes");
  if (place === undefined) return [];
  const { offset } = model.ui.lists.nodes;
  return rowsOf(model, "nodes").rows.slice(offset, offset + place.height - LIST_HEAD)
    .flatMap(({ node }) => node === undefined ? [] : [node.name]);
}
