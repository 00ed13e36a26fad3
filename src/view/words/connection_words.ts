/**
 * How the connection to the API server stands, in words.
 *
 * @module
 */

import type { Connection } from "../../cluster/watch/cluster_state.ts";
import type { UserError } from "../../errors/user_error.ts";
import { safeText } from "../../errors/safe_text.ts";
import { cellWidth, fit } from "./cells.ts";
import { duration } from "../runs/progress.ts";
import { inTone, type Toned } from "./tone.ts";

/** An error is not cut to fewer cells than this; rather the line is. */
const LEAST_REASON = 12;

/**
 * `● live`, `◌ connecting…`, `✗ lost 1m12s ago: no route to host; next try in 5s (r: now)`, in at
 * most so many cells: the reason is cut before what comes next.
 *
 * @param options.now milliseconds since the epoch
 * @param options.server stands beside it, and need not be named again
 * @param options.keys whether a key leads to another attempt
 */
export function connectionWords(
  connection: Connection,
  { now, cells, server, keys = true }: {
    readonly now: number;
    readonly cells: number;
    readonly server: string | undefined;
    readonly keys?: boolean;
  },
): Toned {
  switch (connection.state) {
    case "live":
      return inTone("good", fit("● live", cells));
    case "connecting": {
      const { problem } = connection;
      const text = problem === undefined
        ? "◌ connecting…"
        : `◌ connecting… ${reasonOf(problem, server)}`;
      return inTone(problem === undefined ? "muted" : "warn", fit(text, cells));
    }
    case "lost": {
      const { lastHeard, problem, retryAt } = connection;
      const before = `✗ lost ${duration(Math.max(0, now - lastHeard) / 1000)} ago: `;
      const wait = Math.ceil((retryAt - now) / 1000);
      const after = wait <= 0
        ? "; trying again…"
        : `; next try in ${duration(wait)}${keys ? " (r: now)" : ""}`;
      const room = cells - cellWidth(before) - cellWidth(after);
      const reason = fit(reasonOf(problem, server), Math.max(LEAST_REASON, room));
      return inTone("bad", fit(before + reason + after, cells));
    }
  }
}

function reasonOf({ message }: UserError, server: string | undefined): string {
  const reason = server !== undefined && message.startsWith(`${server} `)
    ? `it${message.slice(server.length)}`
    : message;
  return safeText(reason);
}
