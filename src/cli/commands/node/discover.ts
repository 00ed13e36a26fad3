import { usageError } from "../../../errors/user_error.ts";
import { CLUSTER_OPTIONS, clusterChoice, commaList } from "../../program/options.ts";
import { argument, defineCommand, option } from "../../program/command.ts";

/** `discover`: the machines of the tailnet. */
export const discoverCommand = defineCommand({
  name: "discover",
  summary: "List the machines of the tailnet and show which are in the cluster",
  description:
    "Lists all machines that this machine's Tailscale knows, and compares them with the " +
    "inventory and the cluster. Works without either, and says what it could not compare. " +
    "To use another tailscaled socket, set K3S_TOOL_TAILSCALE_SOCKET.",
  args: [argument("[name...]", "only machines with these names; * and ? are wildcards")],
  options: {
    online: option.flag("--online", "only machines that are online"),
    offline: option.flag("--offline", "only machines that are offline"),
    os: option.list("--os <os>", "only machines with this system: linux, macOS, …"),
    tag: option.list("--tag <tag>", "only machines with this tag"),
    owner: option.list(
      "--owner <login>",
      "only machines of this user; the part before @ is enough",
    ),
    unjoined: option.flag(
      "--unjoined",
      "only machines that are not in the inventory or the cluster",
    ),
    ...CLUSTER_OPTIONS,
  },
  examples: {
    "k3s-tool discover": "list all machines of the tailnet",
    "k3s-tool discover --online --os linux --unjoined": "list machines that could join",
    "k3s-tool discover -o json | jq -r '.items[] | select(.shared|not) | .ipv4'":
      "list addresses, without shared machines",
  },
  async run(context, { args, options, globals }, output) {
    if (options.online && options.offline) {
      throw usageError("--online and --offline cannot be used together", {
        hint: "Omit both to list all machines.",
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
      empty: "No machine of the tailnet matches.",
    });
    for (const gap of gaps) output.note(gap);
    if (exitNodesLeftOut > 0) {
      output.detail(`${exitNodesLeftOut} Mullvad exit nodes are not listed.`);
    }
  },
});
