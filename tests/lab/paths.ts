import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The lab's sources: the directory of this file. */
export const labSource = fileURLToPath(new URL(".", import.meta.url));

/** Everything built is kept here, each thing under a hash of its inputs. */
export const cacheDir = join(
  Deno.env.get("XDG_CACHE_HOME") || join(homedir(), ".cache"),
  "k3s-tool-lab",
);

/** What belongs to the running lab; gone after `lab down`. */
export const runDir = join(cacheDir, "run");

/** Where the parts of a running lab lie. */
export const runPaths = {
  state: join(runDir, "state.json"),
  logs: join(runDir, "logs"),
  hosts: join(runDir, "hosts"),
  keys: join(runDir, "keys"),
  mirror: join(runDir, "mirror"),
  workstation: join(runDir, "ws"),
  workstationHome: join(runDir, "ws", "home"),
} as const;
