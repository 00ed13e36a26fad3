/**
 * The screen on a terminal of a test: frames as text, keys as they are typed.
 *
 * @module
 */

import { EventEmitter } from "node:events";
import process from "node:process";
import { render } from "ink";
import type { ReactNode } from "react";
import type { LiveSession } from "../../src/live/live_session.ts";
import type { RawTerminal } from "../../src/cluster/pods/pod_shell.ts";
import type { LiveNews } from "../../src/live/live_state.ts";
import { paintFor } from "../../src/cli/output/output.ts";
import { App, Keyboard } from "../../src/tui/components/App.tsx";
import type { Size } from "../../src/tui/draw/layout.ts";
import { withoutColour } from "../../src/tui/draw/text_line.ts";
import { Store } from "../../src/tui/state/store.ts";
import { waitForValue } from "../terminal/wait_for_value.ts";
import { NOW } from "../view/live_fixture.ts";
import { type FakeAnswers, FakeSession } from "./fake_session.ts";

class FakeOutput extends EventEmitter {
  readonly isTTY = true;
  last = "";
  constructor(public columns: number, public rows: number) {
    super();
  }
  write(frame: string): boolean {
    // ink turns bracketed paste on with a write of its own.
    // deno-lint-ignore no-control-regex
    if (!/^\u001b\[\?\d+[hl]$/.test(frame)) this.last = frame;
    return true;
  }
}

class FakeInput extends EventEmitter {
  readonly isTTY = true;
  #waiting: string | null = null;
  setEncoding(): void {}
  setRawMode(): void {}
  ref(): void {}
  unref(): void {}
  read(): string | null {
    const data = this.#waiting;
    this.#waiting = null;
    return data;
  }
  type(text: string): void {
    this.#waiting = text;
    this.emit("readable");
  }
}

/** A terminal that nobody types on. */
const SILENT: RawTerminal = {
  size: () => ({ columns: 80, rows: 24 }),
  write: () => Promise.resolve(),
  listen: () => ({ [Symbol.dispose]: () => {} }),
};

/** What a test may say of the screen. */
export interface ScreenOptions extends FakeAnswers {
  readonly size?: Size;
  readonly news?: readonly LiveNews[];
  readonly readOnly?: boolean;
  readonly color?: boolean;
  readonly now?: () => number;
  /** What the screen shows in the place of the made-up session. */
  readonly live?: LiveSession;
}

/** A screen that is open. */
export class TestScreen implements AsyncDisposable {
  readonly session: FakeSession;
  readonly store: Store;
  readonly effects: string[] = [];
  readonly #output: FakeOutput;
  readonly #input = new FakeInput();
  readonly #instance: ReturnType<typeof render>;
  readonly #tree: ReactNode;
  readonly #done: Promise<void>;

  constructor(options: ScreenOptions = {}) {
    const { size = { columns: 80, rows: 24 }, news = [], readOnly = false, color = false } =
      options;
    this.session = new FakeSession(options);
    this.#output = new FakeOutput(size.columns, size.rows);
    this.store = new Store({
      session: options.live ?? this.session,
      size,
      readOnly,
      now: options.now ?? (() => NOW),
      terminal: {
        quit: () => this.effects.push("quit"),
        suspend: () => this.effects.push("suspend"),
        redraw: () => this.effects.push("redraw"),
        copy: (text) => this.effects.push(`copy ${text}`),
        lend: (use) => {
          this.effects.push("lend");
          return use(SILENT);
        },
      },
    });
    if (news.length > 0) this.session.tell(...news);
    const tools = { store: this.store, paint: paintFor({ color }), columns: new Map() };
    this.#tree = (
      <>
        <Keyboard
          press={(name) => this.store.press(name)}
          paste={(text) => this.store.paste(text)}
          onReady={() => {}}
        />
        <App tools={tools} />
      </>
    );
    this.#instance = render(this.#tree, {
      stdout: this.#output as unknown as typeof process.stdout,
      stdin: this.#input as unknown as typeof process.stdin,
      stderr: this.#output as unknown as typeof process.stderr,
      debug: true,
      interactive: true,
      exitOnCtrlC: false,
      patchConsole: false,
    });
    this.#done = this.store.follow();
  }

  /** The frame that is seen, without colours. */
  frame(): string {
    return withoutColour(this.painted());
  }

  /** The frame as it is written. */
  painted(): string {
    // Drawing it again does at once what React would do in a moment.
    this.#instance.rerender(this.#tree);
    return this.#output.last;
  }

  /** The lines of the frame. */
  lines(): readonly string[] {
    return this.frame().split("\n");
  }

  /** Types, as a terminal sends it: each text at once. */
  type(...keys: readonly string[]): void {
    for (const key of keys) this.#input.type(key);
  }

  /** Gives the terminal another size. */
  resize({ columns, rows }: Size): void {
    this.#output.columns = columns;
    this.#output.rows = rows;
    this.store.resize({ columns, rows });
    this.#instance.rerender(this.#tree);
    this.#output.emit("resize");
  }

  /** Settles when a frame satisfies a condition. @throws with the frame where none does */
  async until(condition: (frame: string) => boolean): Promise<string> {
    const found = await waitForValue(() => {
      const frame = this.frame();
      return Promise.resolve(condition(frame) ? frame : undefined);
    });
    if (found === undefined) throw new Error(`never came to be; the screen is\n${this.frame()}`);
    return found;
  }

  /** Settles when the frame holds a text. */
  sees(text: string): Promise<string> {
    return this.until((frame) => frame.includes(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#instance.unmount();
    await this.store.close();
    await this.#done;
  }
}
