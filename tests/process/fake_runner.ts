/**
 * A runner that starts nothing: tests say what each program would answer.
 *
 * @module
 */

import {
  ProgramNotFoundError,
  type Runner,
  type RunningProcess,
  type RunOptions,
  type RunResult,
  type StartOptions,
} from "../../src/process/runner.ts";

/** One call a test looks at afterwards. */
export interface Call {
  readonly argv: readonly string[];
  readonly options: RunOptions;
}

/** Matches the command line, its words joined by one space. */
export type Matcher = string | RegExp | ((argv: readonly string[]) => boolean);

/** What a program answers; left out means success and silence. */
export type Answer = Partial<RunResult> & { readonly bytes?: Uint8Array };

/** What a started program does; its promise is its exit code. `stopped` aborts on `stop()`. */
export type Play = (
  argv: readonly string[],
  options: StartOptions & { readonly stopped: AbortSignal },
) => Promise<number>;

/**
 * Answers by the first rule that matches; a program without a rule is not installed.
 *
 * A string matches the start of the command line at a word's end, so `"tailscale status"` matches
 * `tailscale status --json`.
 */
export class FakeRunner implements Runner {
  readonly calls: Call[] = [];
  readonly #answers: [Matcher, (call: Call) => Answer | Promise<Answer>][] = [];
  readonly #plays: [Matcher, Play][] = [];

  /** Adds a rule for `run` and `attach`. */
  on(matcher: Matcher, answer: Answer | ((call: Call) => Answer | Promise<Answer>) = {}): this {
    this.#answers.push([matcher, typeof answer === "function" ? answer : () => answer]);
    return this;
  }

  /** Adds a rule for `start`. */
  onStart(matcher: Matcher, play: Play): this {
    this.#plays.push([matcher, play]);
    return this;
  }

  /** The command lines that were run so far, each as one string. */
  get lines(): string[] {
    return this.calls.map((call) => call.argv.join(" "));
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    options.signal?.throwIfAborted();
    const call = { argv, options };
    this.calls.push(call);
    const rule = this.#answers.find(([matcher]) => matches(matcher, argv));
    if (rule === undefined) throw new ProgramNotFoundError(argv[0] ?? "");
    const { bytes, ...answer } = await rule[1](call);
    if (bytes !== undefined) await options.onBytes?.(bytes);
    const result = { code: 0, stdout: "", stderr: "", timedOut: false, ...answer };
    if (options.onLine === undefined) return result;
    result.stdout.split("\n").filter(Boolean).forEach(options.onLine);
    return { ...result, stdout: "" };
  }

  async attach(argv: readonly string[], options: RunOptions = {}): Promise<number> {
    return (await this.run(argv, options)).code;
  }

  start(argv: readonly string[], options: StartOptions): RunningProcess {
    this.calls.push({ argv, options });
    const rule = this.#plays.find(([matcher]) => matches(matcher, argv));
    if (rule === undefined) throw new ProgramNotFoundError(argv[0] ?? "");
    const stopping = new AbortController();
    const exit = rule[1](argv, { ...options, stopped: stopping.signal });
    return {
      exit,
      stop: async () => {
        stopping.abort();
        await exit;
      },
    };
  }
}

function matches(matcher: Matcher, argv: readonly string[]): boolean {
  if (typeof matcher === "function") return matcher(argv);
  const line = argv.join(" ");
  if (matcher instanceof RegExp) return matcher.test(line);
  return line === matcher || line.startsWith(matcher + " ");
}
