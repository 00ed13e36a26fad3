/**
 * The tailnet, asked again and again: Tailscale has no way to be told of changes that works for
 * every user of a machine.
 *
 * @module
 */

import type { System } from "../process/system.ts";
import type { Tailnet } from "../tailscale/peer.ts";
import { type Reading, surveyTailnet } from "../actions/survey.ts";

/** Between two questions, in milliseconds; the second after one that failed. */
const ASK_MS = 5_000;
const FAILED_MS = 15_000;

/**
 * Tells the tailnet, and again each time something of it has changed, until the signal is aborted;
 * rejects with its reason then.
 */
export async function watchTailnet(
  system: System,
  { signal, tell }: {
    readonly signal: AbortSignal;
    readonly tell: (tailnet: Reading<Tailnet>) => void;
  },
): Promise<never> {
  let before: string | undefined;
  for (;;) {
    const tailnet = await surveyTailnet({ ...system, signal });
    signal.throwIfAborted();
    const now = JSON.stringify(tailnet.known ? tailnet.value : tailnet.error.message);
    if (now !== before) tell(tailnet);
    before = now;
    await system.clock.sleep(tailnet.known ? ASK_MS : FAILED_MS, signal);
  }
}
