/**
 * A Git server on the bridge: HTTP with tokens, HTTPS with a private authority, SSH with deploy keys. Hosts, pods
 * and the workstation reach it; so it is what a cluster is deployed from.
 *
 * @module
 */

import { join } from "node:path";
import { buildGo, gitBuild } from "../build/go_programs.ts";
import { type Daemon, isAlive, startDaemon, stopDaemon } from "../cli/daemon.ts";
import { network } from "../network/network.ts";
import { runDir, runPaths } from "../paths.ts";
import { exclusively, keepDaemon, LabStateError, runningLab } from "../state.ts";
import { waitFor } from "../wait.ts";

const dir = join(runDir, "git");

/** Where the server is, and what its clients need to trust it. */
export const gitServer = {
  http: `http://${network.address}:3000`,
  https: `https://${network.address}:3443`,
  ssh: `ssh://git@${network.address}:3022`,
  /** Certificate of the authority that HTTPS is signed by (PEM). */
  ca: join(dir, "ca.pem"),
  /** The line of known_hosts for SSH. */
  knownHosts: join(dir, "known_hosts"),
  /** A line for each request, without credentials. */
  log: join(runPaths.logs, "git.log"),
  /** Bare repositories, NAME.git. */
  repositories: join(dir, "repositories"),
} as const;

/** Name under which the server is among the lab's daemons. */
const name = "git";

/** Starts the server and waits until it answers. Its repositories and keys are those of before. */
export function startGitServer(): Promise<void> {
  return exclusively(async () => {
    const state = await runningLab();
    const running = state.daemons[name];
    if (running !== undefined && await isAlive(running)) {
      throw new LabStateError("the Git server is on");
    }
    const program = join(await buildGo(gitBuild), "labgit");
    await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
    const daemon = await startDaemon(name, [program, `-ip=${network.address}`, `-dir=${dir}`], {
      log: gitServer.log,
    });
    await keepDaemon(state, name, daemon);
    await waitFor(() => answers(daemon), { what: "the Git server", interval: 20 });
  });
}

/** Ends the server, as if its machine were away; its repositories stay. */
export function stopGitServer(): Promise<void> {
  return exclusively(async () => {
    const state = await runningLab();
    const daemon = state.daemons[name];
    if (daemon !== undefined) await stopDaemon(daemon);
  });
}

/** SSH is the last port it opens. */
async function answers(daemon: Daemon): Promise<boolean> {
  if (!await isAlive(daemon)) return false;
  const { hostname, port } = new URL(gitServer.ssh.replace("ssh:", "http:"));
  (await Deno.connect({ hostname, port: Number(port) })).close();
  return true;
}

/** Who may do what with a repository, as the server reads it. */
export interface Access {
  /** Everybody may read it. */
  public: boolean;
  /** Passwords over HTTP, whatever the user name, to read and to write. */
  tokens: string[];
  /** Public keys over SSH. */
  keys: { key: string; write: boolean }[];
}

/** Changes who may do what with a repository; counts from the next request on. */
export async function changeAccess(
  repository: string,
  change: (access: Access) => Access,
): Promise<void> {
  const path = join(dir, "access.json");
  const text = await Deno.readTextFile(path).catch(() => "{}");
  const all = JSON.parse(text) as Record<string, Access>;
  all[repository] = change(all[repository] ?? { public: false, tokens: [], keys: [] });
  await Deno.writeTextFile(`${path}.new`, JSON.stringify(all, null, 2) + "\n", { mode: 0o600 });
  await Deno.rename(`${path}.new`, path);
}

/** Takes a token for a repository in place of those it had. */
export function setToken(repository: string, token: string): Promise<void> {
  return changeAccess(repository, (access) => ({ ...access, tokens: [token] }));
}

/** Lets a key fetch from a repository over SSH, and push to it if it may write. */
export function addDeployKey(
  repository: string,
  publicKey: string,
  { write = false }: { readonly write?: boolean } = {},
): Promise<void> {
  return changeAccess(repository, (access) => ({
    ...access,
    keys: [...access.keys, { key: publicKey.trim(), write }],
  }));
}
