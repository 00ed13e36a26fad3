/**
 * What is missing of what is shown, and what soon ends, in sentences.
 *
 * @module
 */

import type { LiveState } from "../../live/live_state.ts";
import { NOT_ASKED } from "../../cluster/watch/cluster_state.ts";
import { safeText } from "../../errors/safe_text.ts";
import { keyWarning } from "../../tailscale/key_expiry.ts";
import { nodeRows } from "../lists/live_rows.ts";

/** What is missing or soon ends, the most urgent first, each a sentence with its next step. */
export function notices(state: LiveState, now: number): readonly string[] {
  const { connection } = state;
  const hint = connection.state === "live" ? undefined : connection.problem?.hint;
  const missing = usageGap(state);
  const found = [
    ...hint === undefined ? [] : [hint],
    ...gapsOf(state),
    ...missing === undefined ? [] : [missing],
    ...pressuresOf(state, now),
    ...warningsOf(state, now),
  ];
  return found.map((each) => safeText(each));
}

/** Nodes that say they are short of something; the list of nodes has no room for it everywhere. */
function pressuresOf(state: LiveState, now: number): readonly string[] {
  return nodeRows(state, now).flatMap(({ name, pressures }) =>
    pressures.length === 0 ? [] : [
      `${name} reports ${pressures.join(" and ")}` +
      (pressures.some((each) => each.endsWith("Pressure")) ? "; its pods may be evicted" : ""),
    ]
  );
}

/** What could not be read. */
export function gapsOf({ inventory, tailnet, gaps }: LiveState): readonly string[] {
  return [
    ...inventory?.known === false
      ? [`The inventory could not be read: ${inventory.error.message}`]
      : [],
    ...tailnet?.known === false ? [`The tailnet could not be read: ${tailnet.error.message}`] : [],
    ...[...gaps.values()].sort(),
  ];
}

/** Why the use of CPU and memory is not known; undefined where it is, or where that is no wonder. */
export function usageGap({ connection, cluster, gaps }: LiveState): string | undefined {
  const asked = connection.state === "live" && cluster.nodes !== undefined;
  if (!asked || cluster.metrics.known || gaps.has("metrics")) return undefined;
  if (cluster.metrics.reason === NOT_ASKED) return undefined; // it is only being measured
  return `Use of CPU and memory is not known: ${cluster.metrics.reason}`;
}

/** What a person should look at soon. */
export function warningsOf(state: LiveState, now: number): readonly string[] {
  const keys = nodeRows(state, now).flatMap(({ peer }) => (peer && keyWarning(peer, now)) ?? []);
  return [...otherServer(state), ...keys, ...otherCluster(state, now)];
}

/** Another server answers for the kubeconfig's. */
function otherServer({ connection, server, insteadOf }: LiveState): readonly string[] {
  if (connection.state !== "live" || insteadOf === undefined || server === undefined) return [];
  const [asked, silent] = [server, insteadOf].map((each) => new URL(each).host);
  return [
    `The server of the kubeconfig, ${silent}, does not answer; ${asked} is asked instead. ` +
    "Where it stays away, move the kubeconfig with: k3s-tool kubeconfig",
  ];
}

/** A context of the right name may still lead to another cluster. */
function otherCluster(state: LiveState, now: number): readonly string[] {
  const { inventory } = state;
  if (!inventory?.known || (inventory.value?.hosts.length ?? 0) === 0) return [];
  const inCluster = nodeRows(state, now).filter(({ node }) => node !== undefined);
  if (inCluster.length === 0 || inCluster.some(({ host }) => host !== undefined)) return [];
  return [
    "No node of this cluster is in the inventory: does the kubeconfig lead to another cluster? " +
    "Fetch the right one with: k3s-tool kubeconfig",
  ];
}
