/**
 * Changes that a person said yes to, and what is said of them while they go on.
 *
 * @module
 */

import type { ClusterChange, LiveSession } from "../../live/live_session.ts";
import { safeText } from "../../errors/safe_text.ts";
import type { UserError } from "../../errors/user_error.ts";
import type { Tone } from "../../view/words/tone.ts";
import { problemOf } from "./problem.ts";

/** Where what happens is said and kept. */
export interface ChangeReport {
  readonly session: LiveSession;
  readonly signal: AbortSignal;
  say(text: string, tone: Tone, options?: { readonly goesOn?: boolean }): void;
  record(text: string, failed: boolean): void;
}

/** Makes a change of the cluster; the last sentence of the session is its result. */
export async function runChange(
  change: ClusterChange,
  { session, signal, say, record }: ChangeReport,
): Promise<void> {
  let last = "";
  try {
    for await (const sentence of session.perform(change, signal)) {
      last = safeText(sentence);
      say(last, "plain", { goesOn: true });
    }
    if (signal.aborted) return;
    record(last, false);
    say(`✓ ${last}`, "good");
  } catch (error) {
    if (signal.aborted) return;
    const words = wordsOf(problemOf(error));
    record(words, true);
    say(`✗ ${words}`, "bad");
  }
}

/** An error in one line, with its next step. */
export function wordsOf({ message, hint }: UserError): string {
  const said = safeText(message).replace(/\.$/, "");
  return hint === undefined ? said : `${said}. ${safeText(hint)}`;
}
