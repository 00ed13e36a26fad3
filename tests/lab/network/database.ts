/**
 * An etcd alone on the bridge: a database for servers to share, which is in none of their hands.
 *
 * @module
 */

import { join } from "node:path";
import { k3sBuild } from "../build/cluster_parts.ts";
import { buildGo } from "../build/go_programs.ts";
import { standInVersions } from "../build/mirror.ts";
import { runDir } from "../paths.ts";
import { startOnBridge } from "./bridge_server.ts";
import { network } from "./network.ts";

const PORT = 23790;

/** Its endpoint, as k3s takes it. */
export const DATABASE = `http://${network.address}:${PORT}`;

/** Starts it and waits until it answers. */
export async function startDatabase(): Promise<void> {
  const program = join(await buildGo(k3sBuild(standInVersions.at(-1)!)), "k3s");
  await startOnBridge(
    "database",
    PORT,
    (listen) => [program, "internal-database", join(runDir, "database"), listen],
  );
}
