import { dirname, join } from "node:path";
import { run } from "./cli/command.ts";
import { hostKey, loginKey } from "./hosts/host_disk.ts";
import { runPaths } from "./paths.ts";
import type { Host } from "./state.ts";

/** The known hosts of the lab itself, by bridge address. */
export const labKnownHosts = join(runPaths.keys, "known_hosts");

/**
 * Makes the workstation's key pair and one host key for each host. Both the lab and a person at the
 * workstation know the hosts from the start; the tool's own known_hosts file is empty.
 */
export async function makeKeys(hosts: readonly Host[]): Promise<void> {
  await makeKey(loginKey, "ada@ws");
  await Promise.all(hosts.map((host) => makeKey(hostKey(host.name), `root@${host.name}`)));
  const known = await Promise.all(hosts.map(async (host) => {
    const [type, key] = (await Deno.readTextFile(`${hostKey(host.name)}.pub`)).split(" ");
    return { host, key: `${type} ${key}` };
  }));
  await Deno.writeTextFile(
    labKnownHosts,
    known.map(({ host, key }) => `${host.address} ${key}\n`).join(""),
  );
  await Deno.writeTextFile(
    join(runPaths.workstationHome, ".ssh", "known_hosts"),
    known.map(({ host, key }) =>
      `${host.tailscaleAddress},${host.name},${host.name}.lab.ts.net ${key}\n`
    ).join(""),
  );
}

async function makeKey(path: string, comment: string): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path]);
}
