import { loginKey } from "./host_disk.ts";
import { labKnownHosts } from "../keys.ts";
import type { Host } from "../state.ts";

/**
 * The command that runs `command` on a host over the bridge, not over the tailnet, so that it works whatever
 * state the host's Tailscale is in.
 *
 * @param command One line for the host's shell; an interactive session without it.
 */
export function sshArgv(host: Host, command?: string, user = "root"): string[] {
  return [
    "ssh",
    "-F",
    "none",
    "-i",
    loginKey,
    "-o",
    "IdentitiesOnly=yes",
    "-o",
    `UserKnownHostsFile=${labKnownHosts}`,
    "-o",
    "StrictHostKeyChecking=yes",
    "-o",
    "ConnectTimeout=5",
    "-o",
    "ServerAliveInterval=5",
    "-o",
    "LogLevel=ERROR",
    ...(command === undefined ? [] : ["-o", "BatchMode=yes"]),
    `${user}@${host.address}`,
    ...(command === undefined ? [] : ["--", command]),
  ];
}
