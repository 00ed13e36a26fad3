/**
 * Requests made all the time while something else goes on, to see whether one is missed.
 *
 * @module
 */

import { onHost, tryOnHost } from "../hosts/on_host.ts";
import type { Host } from "../state.ts";
import { waitFor } from "../wait.ts";

/** What became of the requests. */
export interface RequestResult {
  readonly answered: number;
  /** When it was, and what curl said, for each one that was not answered. */
  readonly missed: readonly string[];
}

const LOG = "/run/lab-requests";

/** Requests a URL from a host about five times a second, from its first answer until it is stopped. */
export async function watchRequests(
  host: Host,
  url: string,
): Promise<{ stop(): Promise<RequestResult> }> {
  await tryOnHost(host, "systemctl stop lab-requests.service");
  // The host does it by itself: nothing between here and there can be the reason of a gap.
  const loop = `until curl -sf -m 3 -o /dev/null ${url}; do sleep 0.2; done; ` +
    `while sleep 0.2; do said=$(curl -sSf -m 3 -o /dev/null ${url} 2>&1) ` +
    `&& echo >>${LOG}.answered || echo "$(date +%T) $said" >>${LOG}.missed; done`;
  await onHost(host, `rm -f ${LOG}.*; touch ${LOG}.missed ${LOG}.answered`);
  await onHost(host, `systemd-run --quiet --unit=lab-requests sh -c '${loop}'`);
  const answered = async () => Number(await onHost(host, `wc -l <${LOG}.answered`));
  await waitFor(async () => await answered() > 0, { what: `an answer of ${url}` });
  return {
    async stop() {
      await onHost(host, "systemctl stop lab-requests.service");
      const missed = (await onHost(host, `cat ${LOG}.missed`)).trim();
      return { answered: await answered(), missed: missed === "" ? [] : missed.split("\n") };
    },
  };
}
