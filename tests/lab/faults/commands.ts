/**
 * The commands that are cut off: how each is made ready, and what it alone must keep.
 *
 * @module
 */

import { join } from "node:path";
import { kubectl } from "../kubernetes.ts";
import { tool, tryTool, VERSIONS } from "../tool.ts";
import { BACKUPS, type Cluster } from "./cluster.ts";

/** A command that is cut off again and again. */
export interface Command {
  /** Makes the cluster such that the command has all of its work to do; gives the command line. */
  readonly prepare: (cluster: Cluster) => Promise<readonly string[]>;
  /** What is wrong right after the fault, before anything is run again. */
  readonly cutOff?: (cluster: Cluster) => Promise<readonly string[]>;
  /** Says that it has converged. */
  readonly converged?: (cluster: Cluster) => void;
}

const kept = ({ passphrase }: Cluster) => ["--passphrase-file", passphrase, "--directory", BACKUPS];
let version = VERSIONS.older;
/** What was backed up for restores. */
let backup: string | undefined;

/** By name, in the order in which they are cut off. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  backup: {
    prepare: (cluster) => Promise.resolve(["backup", "create", ...kept(cluster)]),
    cutOff: brokenBackups,
  },
  replace: {
    prepare: ({ worker, spare }) =>
      Promise.resolve(["node", "replace", worker.name, spare.name, "--yes"]),
    converged: (cluster) => {
      [cluster.worker, cluster.spare] = [cluster.spare, cluster.worker];
    },
  },
  restore: {
    prepare: async (cluster) => {
      backup ??= (await tool("backup", "create", ...kept(cluster))).trim();
      await kubectl(
        cluster.server,
        "create configmap later --dry-run=client -o yaml | " +
          "k3s kubectl label --local -f - of=later -o yaml | k3s kubectl apply -f -",
      );
      await kubectl(cluster.server, "delete configmap object-1 --ignore-not-found");
      return ["backup", "restore", backup, ...kept(cluster), "--yes"];
    },
  },
  upgrade: {
    prepare: async (cluster) => {
      if (version === VERSIONS.newer) await cluster.downgrade();
      else await cluster.keepRelease();
      version = VERSIONS.newer;
      return ["upgrade", "--to", VERSIONS.newer, "--yes"];
    },
  },
  "rotate-certs": { prepare: () => Promise.resolve(["rotate", "certs", "--yes"]) },
  "rotate-token": { prepare: () => Promise.resolve(["rotate", "token", "--yes"]) },
  "rotate-encryption-keys": {
    prepare: () => Promise.resolve(["rotate", "encryption-keys", "--yes"]),
  },
};

/** What nodes run: an upgrade leaves the newer version, and the other commands keep it. */
export function versionNow(): string {
  return version;
}

/** A file that has the name of a backup opens, whatever was killed while it was made. */
async function brokenBackups(cluster: Cluster): Promise<readonly string[]> {
  const found: string[] = [];
  const names = await Array.fromAsync(Deno.readDir(BACKUPS)).catch(() => []);
  for (const { name } of names.filter(({ name }) => name.endsWith(".age"))) {
    const shown = await tryTool("backup", "show", join(BACKUPS, name), ...kept(cluster));
    if (shown.code !== 0) found.push(`${name} does not open: ${shown.stderr}`);
  }
  return found;
}
