import { usageError } from "../../../errors/user_error.ts";
import {
  CLUSTER_OPTIONS,
  clusterChoice,
  commaList,
  TIMEOUT_OPTION,
} from "../../program/options.ts";
import { defineCommand } from "../../program/command.ts";

/** `discover`: the machines of the tailnet. */
export const discoverCommand = defineCommand({
  name: "discover",
  summary: "List the machines of the tailnet and which of them are in the cluster",
  description: "Asks this machine's Tailscale for all machines, and compares them with the " +
    "inventory and the cluster. Works without either: what could not be compared is said. " +
    "K3S_TOOL_TAILSCALE_SOCKET names the socket of a tailscaled in an unusual place.",
  args: [{ syntax: "[name...]", description: "only these names; * and ? are wildcards" }],
  options: {
    online: { kind: "flag", flags: "--online", description: "only machines that are online" },
    offline: { kind: "flag", flags: "--offline", description: "only machines that are offline" },
    os: { kind: "list", flags: "--os <os>", description: "only this system: linux, macOS, …" },
    tag: { kind: "list", flags: "--tag <tag>", description: "only machines with this tag" },
    owner: {
      kind: "list",
      flags: "--owner <login>",
      description: "only machines of this person; the part before @ is enough",
    },
    unjoined: {
      kind: "flag",
      flags: "--unjoined",
      description: "only machines that are neither in the inventory nor in the cluster",
    },
    ...CLUSTER_OPTIONS,
    timeout: TIMEOUT_OPTION,
  },
  examples: [
    { command: "k3s-tool discover", does: "every machine of the tailnet" },
    {
      command: "k3s-tool discover --online --os linux --unjoined",
      does: "machines that could join",
    },
    {
      command: "k3s-tool discover -o json | jq -r '.items[] | select(.shared|not) | .ipv4'",
      does: "addresses of the tailnet's own machines",
    },
  ],
  async run(context, { args, options, globals }, output) {
    if (options.online && options.offline) {
      throw usageError("--online and --offline exclude each other", {
        hint: "Leave both out to see all machines.",
      });
    }
    const { discover } = await import("../../../actions/hosts/discover.ts");
    const { peerColumns, peerItem } = await import("../../../view/tables/peers.ts");
    const { members, gaps, exitNodesLeftOut } = await discover(context, {
      inventory: globals.inventory,
      filter: {
        names: args,
        os: commaList(options.os, "--os"),
        tags: commaList(options.tag, "--tag"),
        owners: commaList(options.owner, "--owner"),
        ...(options.online || options.offline ? { online: options.online } : {}),
      },
      unjoined: options.unjoined,
      cluster: clusterChoice(options),
    });
    await output.list({
      kind: "PeerList",
      rows: members,
      columns: peerColumns(context.clock.now()),
      name: ({ peer }) => peer.name,
      item: peerItem,
      extra: { gaps },
      empty: "No machine of the tailnet is like that.",
    });
    for (const gap of gaps) output.note(gap);
    if (exitNodesLeftOut > 0) {
      output.detail(`${exitNodesLeftOut} exit nodes of Mullvad are not listed.`);
    }
  },
});
