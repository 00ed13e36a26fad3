/**
 * What hosts download from the lab's mirror, and what they serve each other.
 *
 * @module
 */

import { join } from "node:path";
import { onHost } from "../hosts/on_host.ts";
import { runPaths } from "../paths.ts";
import type { Host } from "../state.ts";
import { waitFor } from "../wait.ts";

/** What hosts downloaded of a release so far besides its checksums, each as `HOST FILE`. */
export async function downloadsOf(version: string, hosts: readonly Host[]): Promise<string[]> {
  const log = await Deno.readTextFile(join(runPaths.logs, "net.log"));
  const requests = log.matchAll(
    / mirror: (\S+) GET \/k3s\/([^/]+)\/(k3s(?:-airgap-images)?)[^/]*$/gm,
  );
  return [...requests].filter(([, , release]) => release === version).map(([, from, , file]) =>
    `${hosts.find(({ address }) => address === from)?.name} ${file}`
  );
}

/** Waits until no host serves files to others any more. */
export async function nobodyServes(hosts: readonly Host[]): Promise<void> {
  await Promise.all(
    hosts.map((host) =>
      waitFor(async () => !/python/.test(await onHost(host, "ss -Htlnp")), {
        limit: 30,
        what: `${host.name} to serve no files`,
      })
    ),
  );
}
