/**
 * A program on a terminal: tmux plays the terminal, so that keys go in and screens come out as a person
 * would press and see them.
 *
 * @module
 */

import { join } from "node:path";
import { waitForValue } from "./wait_for_value.ts";

/** The terminal that a program is started on. */
export interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  /** The whole environment; that of this process without it. TERM is tmux's. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** How a program ended: with a code, or by a signal. */
export interface Ended {
  readonly code: number | undefined;
  /** The signal's number. */
  readonly signal: number | undefined;
}

/** No status line: the program has all rows. The last screen stays to be read when the program ends. */
const CONFIG = [
  "set -g status off",
  "set -g remain-on-exit on",
  'set -g remain-on-exit-format ""',
  "set -g default-terminal tmux-256color",
  "set -s escape-time 0",
  "set -s set-clipboard on",
].join("\n");

/** Characters of what a program has written that a failure shows: right after the last key, and last. */
const RECORDED = { first: 6_000, last: 3_000 };

/** A terminal with a program on it; closing it is what closing a window is to the program. */
export class Terminal implements AsyncDisposable {
  readonly #dir: string;
  #record: string;
  /** How much had been written when the last key was pressed. */
  #answersFrom = 0;

  private constructor(dir: string) {
    this.#dir = dir;
    this.#record = join(dir, "record");
  }

  /**
   * Starts a program, without a shell between.
   *
   * @throws {Error} where tmux is missing or refuses
   */
  static async start(argv: readonly string[], options: TerminalOptions): Promise<Terminal> {
    const terminal = new Terminal(await Deno.makeTempDir({ prefix: "k3s-tool-terminal-" }));
    try {
      await Deno.writeTextFile(join(terminal.#dir, "tmux.conf"), CONFIG);
      const size = ["-x", `${options.columns}`, "-y", `${options.rows}`];
      await terminal.#tmux(["new-session", "-d", ...size, "--", ...argv], options);
      await terminal.record(terminal.#record);
    } catch (error) {
      await terminal.close();
      throw error;
    }
    return terminal;
  }

  /** Presses keys by their names in tmux: `j`, `Enter`, `Down`, `BTab`, `C-c`. */
  async keys(...names: readonly string[]): Promise<void> {
    await this.#markAnswers();
    await this.#tmux(["send-keys", ...names]);
  }

  /** Types a text as it is. */
  async type(text: string): Promise<void> {
    await this.#markAnswers();
    await this.#tmux(["send-keys", "-l", "--", text]);
  }

  /** Gives the terminal another size. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux(["resize-window", "-x", `${columns}`, "-y", `${rows}`]);
  }

  /** What is on the screen: a line a row, without spaces at their ends. */
  screen(): Promise<string> {
    return this.#tmux(["capture-pane", "-p"]);
  }

  /** The screen with its colours and attributes, as SGR sequences. */
  screenWithColours(): Promise<string> {
    return this.#tmux(["capture-pane", "-p", "-e"]);
  }

  /**
   * Waits until the screen is as wanted, and returns it.
   *
   * @throws {Error} with the last screen, and what was written since the last key, when it does not come
   */
  async waitForScreen(
    wanted: string | RegExp | ((screen: string) => boolean),
    { limit, what }: { readonly limit?: number; readonly what?: string } = {},
  ): Promise<string> {
    let last = "";
    const isThere = typeof wanted === "function"
      ? wanted
      : (screen: string) =>
        typeof wanted === "string" ? screen.includes(wanted) : screen.search(wanted) >= 0;
    const found = await waitForValue(async () => {
      last = await this.screen();
      return isThere(last) ? last : undefined;
    }, { limit });
    await keepScreen(last);
    if (found !== undefined) return found;
    throw new Error(
      `waited in vain for ${what ?? wanted} on the screen:\n${last.trimEnd()}\n` +
        `what was written to it since the last key: ${await this.#answers()}`,
    );
  }

  /** Remembers where the answers to a key begin. */
  async #markAnswers(): Promise<void> {
    this.#answersFrom = (await Deno.stat(this.#record).catch(() => undefined))?.size ?? 0;
  }

  async #answers(): Promise<string> {
    const bytes = await Deno.readFile(this.#record).catch(() => new Uint8Array());
    const text = new TextDecoder().decode(bytes.subarray(this.#answersFrom));
    const { first, last } = RECORDED;
    return text.length <= first + last
      ? JSON.stringify(text)
      : `${JSON.stringify(text.slice(0, first))} … ${JSON.stringify(text.slice(-last))}`;
  }

  /** How the program ended (tmux ≥ 3.3). */
  async waitForEnd({ limit }: { readonly limit?: number } = {}): Promise<Ended> {
    const ended = await waitForValue(async () => {
      const [dead, code, signal] =
        (await this.#ask("#{pane_dead} #{pane_dead_status} #{pane_dead_signal}")).split(" ");
      if (dead !== "1") return undefined;
      if (code !== signal) return { code: number(code), signal: number(signal) };
      // tmux 3.3 at times misses the signal that tells of the end; another child's end makes it look.
      await this.#tmux(["run-shell", "true"]);
      return undefined;
    }, { limit });
    if (ended !== undefined) return ended;
    throw new Error(`the program did not end:\n${await this.screen()}`);
  }

  /** Process id of the program. */
  async pid(): Promise<number> {
    return Number(await this.#ask("#{pane_pid}"));
  }

  /** Modes that a program must put back when it ends. */
  async modes(): Promise<{ alternateScreen: boolean; cursorShown: boolean; mouse: boolean }> {
    const [alternate, cursor, mouse] =
      (await this.#ask("#{alternate_on} #{cursor_flag} #{mouse_any_flag}")).split(" ");
    return {
      alternateScreen: alternate === "1",
      cursorShown: cursor === "1",
      mouse: mouse === "1",
    };
  }

  /** The terminal's device, for `stty -F`. */
  device(): Promise<string> {
    return this.#ask("#{pane_tty}");
  }

  /** What the program has put on the clipboard (OSC 52). */
  clipboard(): Promise<string> {
    return this.#tmux(["show-buffer"]);
  }

  /** From now on, keeps all that the program writes to the terminal in a file. */
  async record(file: string): Promise<void> {
    this.#record = file;
    // A second pipe takes the place of the first.
    await this.#tmux(["pipe-pane", "-O", `exec cat >> '${file.replaceAll("'", `'\\''`)}'`]);
  }

  /** Closes the terminal: a program that still runs gets SIGHUP. */
  async close(): Promise<void> {
    await this.#tmux(["kill-server"]).catch(() => {}); // it may be gone already
    await Deno.remove(this.#dir, { recursive: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #ask(format: string): Promise<string> {
    return (await this.#tmux(["display-message", "-p", format])).trimEnd();
  }

  async #tmux(
    args: readonly string[],
    { env, cwd }: Pick<TerminalOptions, "env" | "cwd"> = {},
  ): Promise<string> {
    const { code, stdout, stderr } = await new Deno.Command("tmux", {
      args: ["-S", join(this.#dir, "socket"), "-f", join(this.#dir, "tmux.conf"), ...args],
      // The first command starts tmux's server, whose environment is the program's.
      ...(env === undefined ? {} : { env: { ...env }, clearEnv: true }),
      ...(cwd === undefined ? {} : { cwd }),
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    if (code !== 0) throw new Error(`tmux ${args.join(" ")}: ${decoder.decode(stderr).trim()}`);
    return decoder.decode(stdout);
  }
}

/**
 * With TERMINAL_SCREENS=DIRECTORY every screen that was waited for is kept, to be looked at by a person;
 * its name is when, in milliseconds.
 */
async function keepScreen(screen: string): Promise<void> {
  const directory = Deno.env.get("TERMINAL_SCREENS");
  if (!directory) return;
  await Deno.writeTextFile(join(directory, `${Date.now()}.txt`), screen);
}

function number(text: string | undefined): number | undefined {
  return text === undefined || text === "" ? undefined : Number(text);
}
