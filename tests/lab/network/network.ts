import { attempt, run } from "../cli/command.ts";

/** The lab's network on this machine. Not in 100.64.0.0/10, where tailscaled drops such packets. */
export const network = {
  bridge: "br-lab",
  address: "10.77.0.1",
  prefix: 24,
  /** Network namespace of the workstation, and its address. */
  workstation: "ws",
  workstationAddress: "10.77.0.2",
  /** The machine's end of the workstation's cable. */
  workstationPort: "ws-lab",
  /** Table of packet rules that lets the workstation, not the hosts, reach the internet. */
  table: "k3s-tool-lab",
  control: "http://10.77.0.1:9911",
  admin: "http://10.77.0.1:9912",
  mirror: "http://10.77.0.1:8077",
} as const;

/** Builds the bridge and the workstation's namespace. */
export async function setUpNetwork(): Promise<void> {
  const { bridge, workstation, workstationPort } = network;
  await ip(`link add ${bridge} type bridge forward_delay 0`);
  await ip(`addr add ${network.address}/${network.prefix} dev ${bridge}`);
  await ip(`link set ${bridge} up`);
  await ip(`netns add ${workstation}`);
  await ip(`link add ${workstationPort} type veth peer name eth0 netns ${workstation}`);
  await ip(`link set ${workstationPort} master ${bridge} up`);
  await ip(`-n ${workstation} link set lo up`);
  await ip(`-n ${workstation} addr add ${network.workstationAddress}/${network.prefix} dev eth0`);
  await ip(`-n ${workstation} link set eth0 up`);
  await ip(`-n ${workstation} route add default via ${network.address}`);
  await run(["nft", "-f", "-"], {
    stdin: `table ip ${network.table} {
      chain postrouting {
        type nat hook postrouting priority srcnat;
        ip saddr ${network.workstationAddress} oifname != "${bridge}" masquerade
      }
    }`,
  });
}

/** Takes the network down, whatever there is of it. */
export async function tearDownNetwork(): Promise<void> {
  const { bridge, workstation, workstationPort, table } = network;
  await attempt(["nft", "delete", "table", "ip", table]);
  await attempt(["ip", "netns", "delete", workstation]);
  await attempt(["ip", "link", "delete", workstationPort]);
  await attempt(["ip", "link", "delete", bridge]);
}

async function ip(words: string): Promise<void> {
  await run(["ip", ...words.split(" ")]);
}
