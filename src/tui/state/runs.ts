/**
 * Runs of Ansible as they are shown: the one begun from here, and those of other terminals.
 *
 * @module
 */

import type { LiveSession } from "../../live/live_session.ts";
import type { RunEvent } from "../../ansible/events/event.ts";
import { INITIAL_RUN, reduceRun, type RunState } from "../../ansible/events/run_state.ts";
import type { UserError } from "../../errors/user_error.ts";
import { problemOf } from "./content.ts";

/** A run as it is shown. */
export interface Run {
  readonly state: RunState;
  /** File name of the playbook, `site.yml`; undefined before it is known. */
  readonly playbook: string | undefined;
  /** Begun from here, and ended with this program. */
  readonly own: boolean;
  readonly ended: boolean;
  /** Why it could not run. */
  readonly problem: UserError | undefined;
}

/** Time between two frames of a run, in milliseconds; tasks come by the hundred a second. */
const FRAME_MS = 150;

/** What runs are made and shown with. */
export interface RunTools {
  readonly session: Pick<LiveSession, "provision" | "otherRuns">;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly show: (run: Run) => void;
  /** A run of another terminal has begun, or is over. */
  readonly tell: (run: Run) => void;
}

/** Makes and follows runs. */
export class Runs {
  readonly #tools: RunTools;
  #own: { readonly stop: AbortController; readonly end: Promise<void> } | undefined;

  constructor(tools: RunTools) {
    this.#tools = tools;
  }

  /** Begins to provision; does nothing while that goes on, or where it makes no sense. */
  begin(): void {
    const { session: { provision }, show } = this.#tools;
    if (provision === undefined || this.#own !== undefined) return;
    const stop = new AbortController();
    const shown = new ShownRun(true, show);
    const run = async () => {
      for await (const event of provision(stop.signal)) shown.take(event, this.#tools.now());
    };
    const end = run().then(() => shown.end(undefined), (error) => shown.end(problemOf(error)))
      .finally(() => this.#own = undefined);
    this.#own = { stop, end };
  }

  /** Interrupts the run that was begun here. */
  stop(): void {
    this.#own?.stop.abort();
  }

  /** Shows the runs of other terminals until the signal is aborted. */
  async follow(signal: AbortSignal): Promise<void> {
    const { session, now, show, tell } = this.#tools;
    let shown: ShownRun | undefined;
    for await (const event of session.otherRuns?.(signal) ?? []) {
      const isNew = event.type === "started";
      if (isNew) shown = new ShownRun(false, show);
      if (shown === undefined) continue;
      // What happened before it was looked at happened when it says so.
      shown.take(event, Date.parse(event.ts ?? "") || now());
      if (event.type === "end") shown.end(undefined);
      if (isNew || event.type === "end") tell(shown.run);
    }
  }

  /** Interrupts the run that was begun here; it has ended when this settles. */
  async close(): Promise<void> {
    this.stop();
    await this.#own?.end;
  }
}

/** A run that is shown at most once a frame. */
class ShownRun {
  readonly #show: (run: Run) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  run: Run;

  constructor(own: boolean, show: (run: Run) => void) {
    this.#show = show;
    this.run = { state: INITIAL_RUN, playbook: undefined, own, ended: false, problem: undefined };
    show(this.run);
  }

  take(event: RunEvent, at: number): void {
    const playbook = event.type === "run_start" ? event.playbook : this.run.playbook;
    this.run = { ...this.run, playbook, state: reduceRun(this.run.state, event, at) };
    this.#timer ??= setTimeout(() => this.#flush(), FRAME_MS);
  }

  end(problem: UserError | undefined): void {
    this.run = { ...this.run, ended: true, problem };
    this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#show(this.run);
  }
}
