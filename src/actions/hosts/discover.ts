/**
 * The machines of the tailnet, and which of them belong to the cluster.
 *
 * @module
 */

import { renderProblem } from "../../errors/render_error.ts";
import type { MachineFacts } from "../../ansible/events/machine.ts";
import type { System } from "../../process/system.ts";
import { filterPeers, type PeerFilter } from "../../tailscale/filter.ts";
import { type Member, membersOf } from "../../reports/membership.ts";
import { machineAt } from "./machines.ts";
import { type ClusterChoice, surveyCluster, surveyInventory, surveyTailnet } from "../survey.ts";

/** What a person asks for. */
export interface DiscoverRequest {
  /** As given with `-i`; undefined: the nearest. */
  readonly inventory: string | undefined;
  readonly filter: PeerFilter;
  /** Only machines that are neither in the inventory nor in the cluster, as far as is known. */
  readonly unjoined: boolean;
  readonly cluster: ClusterChoice;
}

/** A machine of the tailnet, and what an earlier look at it saw, if there was one. */
export interface DiscoveredMachine extends Member {
  readonly facts?: MachineFacts | undefined;
}

/** What was found. */
export interface Discovery {
  readonly members: readonly DiscoveredMachine[];
  /** What could not be read, each in words. */
  readonly gaps: readonly string[];
  /** Exit nodes of Mullvad's service that are not listed. */
  readonly exitNodesLeftOut: number;
}

/** An API server that does not answer shall not hold up a list of machines. */
const TIMEOUT_MS = 5_000;

/**
 * Lists the tailnet.
 *
 * @throws {UserError} exit code 3 or 4 where the tailnet cannot be read; a missing inventory or
 *   cluster is a gap
 */
export async function discover(system: System, request: DiscoverRequest): Promise<Discovery> {
  const [tailnet, inventory] = await Promise.all([
    surveyTailnet(system),
    surveyInventory(system, request.inventory),
  ]);
  if (!tailnet.known) throw tailnet.error;
  const cluster = await surveyCluster(system, {
    inventory: inventory.known ? inventory.value : undefined,
    choice: { timeoutMs: TIMEOUT_MS, ...request.cluster },
    read: async (api) => {
      const { readNodes } = await import("../../cluster/read/read_cluster.ts");
      return await readNodes(api, { signal: system.signal });
    },
  });
  const members = membersOf(tailnet.value.peers, {
    hosts: inventory.known ? inventory.value?.hosts ?? [] : undefined,
    nodes: cluster.known ? cluster.value : undefined,
  });
  const wanted = new Set(filterPeers(tailnet.value.peers, request.filter));
  const gaps = [
    ...tailnet.value.gaps,
    ...inventory.known
      ? []
      : [`The inventory could not be read: ${renderProblem(inventory.error)}`],
    ...cluster.known ? [] : [`The cluster cannot be read: ${renderProblem(cluster.error)}`],
  ];
  return {
    members: await Promise.all(
      members.filter((member) =>
        wanted.has(member.peer) && (!request.unjoined || isUnjoined(member))
      )
        .map(async (member) => {
          const { ipv4 } = member.peer;
          const machine = ipv4 === undefined ? undefined : await machineAt(system, ipv4);
          return { ...member, facts: machine?.facts };
        }),
    ),
    gaps,
    exitNodesLeftOut: tailnet.value.exitNodesLeftOut,
  };
}

function isUnjoined({ inInventory, inCluster, membership }: Member): boolean {
  return inInventory !== true && inCluster !== true && membership !== "other-address";
}
