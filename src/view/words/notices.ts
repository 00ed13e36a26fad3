/**
 * What is missing of what is shown, and what soon ends, in sentences.
 *
 * @module
 */

import type { LiveState } from "../../live/live_state.ts";
import { NOT_ASKED } from "../../cluster/watch/cluster_state.ts";
import { renderProblem } from "../../errors/render_error.ts";
import { safeText } from "../../errors/safe_text.ts";
import { keyWarning } from "../../tailscale/suitability.ts";
import { type LiveView, nodeRows } from "../lists/live_rows.ts";
import { claimWarnings, fullDisks } from "./storage_words.ts";

/** What is missing or soon ends, the most urgent first, each a sentence with its next step. */
export function notices(view: LiveView): readonly string[] {
  const { connection } = view.live;
  const hint = connection.state === "live" ? undefined : connection.problem?.hint;
  const found = [
    hint,
    ...gapsOf(view.live),
    usageGap(view.live),
    ...pressuresOf(view),
    ...warningsOf(view),
  ];
  return found.filter((each) => each !== undefined).map((each) => safeText(each));
}

/** Nodes that say they are short of something; the list of nodes has no room for it everywhere. */
function pressuresOf(view: LiveView): readonly string[] {
  return nodeRows(view).flatMap(({ name, pressures }) =>
    pressures.length === 0 ? [] : [
      `${name} reports ${pressures.join(" and ")}` +
      (pressures.some((each) => each.endsWith("Pressure")) ? "; its pods may be evicted" : ""),
    ]
  );
}

/** `cluster_name`; undefined without an inventory. */
export function clusterNameOf({ inventory }: LiveState): string | undefined {
  return inventory?.known ? inventory.value?.cluster.clusterName : undefined;
}

/** What could not be read. */
export function gapsOf({ inventory, tailnet, gaps }: LiveState): readonly string[] {
  return [
    ...inventory?.known === false
      ? [`The inventory could not be read: ${renderProblem(inventory.error)}`]
      : [],
    ...tailnet?.known === false
      ? [`The tailnet could not be read: ${renderProblem(tailnet.error)}`]
      : [],
    ...[...gaps.values()].sort(),
  ];
}

/** Why the use of CPU and memory is not known; undefined where it is, or where that is no wonder. */
export function usageGap({ connection, cluster, gaps }: LiveState): string | undefined {
  const asked = connection.state === "live" && cluster.nodes !== undefined;
  if (!asked || cluster.metrics.known || gaps.has("metrics")) return undefined;
  if (cluster.metrics.reason === NOT_ASKED) return undefined; // it is only being measured
  return `CPU and memory usage is unknown: ${cluster.metrics.reason}`;
}

/** What a person should look at soon. */
export function warningsOf(view: LiveView): readonly string[] {
  const keys = nodeRows(view).flatMap(({ peer }) => (peer && keyWarning(peer, view.now)) ?? []);
  return [
    ...otherServer(view.live),
    ...claimWarnings(view),
    ...fullDisks(view),
    ...keys,
    ...otherCluster(view),
  ];
}

/** Another server answers for the kubeconfig's. */
function otherServer({ connection, server, insteadOf }: LiveState): readonly string[] {
  if (connection.state !== "live" || insteadOf === undefined || server === undefined) return [];
  const [asked, silent] = [server, insteadOf].map((each) => new URL(each).host);
  return [
    `The server of the kubeconfig, ${silent}, does not answer; ${asked} is used instead. ` +
    "If it does not come back, move the kubeconfig with: k3s-tool kubeconfig",
  ];
}

/** A context of the right name may still lead to another cluster. */
function otherCluster(view: LiveView): readonly string[] {
  const { inventory } = view.live;
  if (!inventory?.known || (inventory.value?.hosts.length ?? 0) === 0) return [];
  const inCluster = nodeRows(view).filter(({ node }) => node !== undefined);
  if (inCluster.length === 0 || inCluster.some(({ host }) => host !== undefined)) return [];
  return [
    "No node of this cluster is in the inventory: is the kubeconfig for another cluster? " +
    "Fetch the right one with: k3s-tool kubeconfig",
  ];
}
