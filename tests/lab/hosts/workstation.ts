import { join } from "node:path";
import { attempt, run, runAttached } from "../cli/command.ts";
import type { CommandResult } from "../cli/command.ts";
import { type Daemon, startDaemon } from "../cli/daemon.ts";
import { network } from "../network/network.ts";
import { joinTailnet } from "../network/tailnet.ts";
import { runPaths } from "../paths.ts";
import { waitFor } from "../wait.ts";

/**
 * Files that programs in the workstation's namespace find in /etc: `ip netns exec` lays each one over the
 * machine's own. With this passwd, ssh too takes the workstation's home for root's.
 */
const etc = `/etc/netns/${network.workstation}`;

/** Where tailscaled's socket is by default; the workstation sees its own there. */
export const socketDir = "/run/tailscale";

const ownSocketDir = join(runPaths.workstation, "tailscale");
const socket = join(ownSocketDir, "tailscaled.sock");
const binDir = join(runPaths.workstation, "bin");

/** Makes the workstation's home and its view of /etc, before its key is made. */
export async function makeWorkstation(programs: Record<string, string>): Promise<void> {
  const home = runPaths.workstationHome;
  for (const dir of [ownSocketDir, binDir, etc]) await Deno.mkdir(dir, { recursive: true });
  await Deno.mkdir(join(home, ".ssh"), { recursive: true, mode: 0o700 });
  await addPrograms(programs);
  const users = await Deno.readTextFile("/etc/passwd");
  await Deno.writeTextFile(join(etc, "passwd"), withHomeOfRoot(users, home));
  // A copy, so that nothing done in the namespace changes the machine's.
  await Deno.copyFile("/etc/resolv.conf", join(etc, "resolv.conf"));
}

/** Puts programs on the workstation's PATH, by name, where they are not there yet. */
export async function addPrograms(programs: Record<string, string>): Promise<void> {
  for (const [name, target] of Object.entries(programs)) {
    await run(["ln", "-sfn", target, join(binDir, name)]);
  }
}

/**
 * Makes k3s the workstation's kubectl. It reads what kubectl reads, not the kubeconfig of a server on this machine
 * (k3s pkg/kubectl/main.go), and a real one unpacks itself there, not at this machine's usual place.
 */
export async function addKubectl(k3s: string): Promise<void> {
  const data = join(runPaths.workstation, "k3s-data");
  const kubeconfig = "${KUBECONFIG:-$HOME/.kube/config}";
  const program = `KUBECONFIG="${kubeconfig}" K3S_DATA_DIR='${data}' exec '${k3s}' kubectl "$@"`;
  const launcher = `#!/bin/sh\n${program}\n`;
  await Deno.writeTextFile(join(binDir, "kubectl"), launcher, { mode: 0o755 });
}

/** The lines of a passwd file with another home for root. */
function withHomeOfRoot(passwd: string, home: string): string {
  return passwd.split("\n").map((line) => {
    const fields = line.split(":");
    return fields[0] === "root" ? fields.with(5, home).join(":") : line;
  }).join("\n");
}

/** Removes what makeWorkstation left outside the run directory. */
export async function removeWorkstation(): Promise<void> {
  await run(["rm", "-rf", etc]);
  await attempt(["rmdir", "/etc/netns"]); // may hold the person's own
}

/** Starts the workstation's tailscaled. */
export function startWorkstation(tailscaled: string): Promise<Daemon> {
  return startDaemon("ws", [
    "ip",
    "netns",
    "exec",
    network.workstation,
    tailscaled,
    `--statedir=${join(runPaths.workstation, "state")}`,
    `--socket=${socket}`,
    "--port=41641",
    "--no-logs-no-support",
  ], { log: join(runPaths.logs, "ws.log") });
}

/** Joins the workstation to the tailnet. Its DNS is the machine's, so MagicDNS stays off. */
export async function joinWorkstation(tailscale: string): Promise<void> {
  await waitFor(() => Deno.stat(socket), { what: "the workstation's tailscaled" });
  await joinTailnet(
    "ws",
    (args) => run([tailscale, `--socket=${socket}`, ...args, "--accept-dns=false"]),
  );
}

/** How to run a command at the workstation. */
export interface WorkstationOptions {
  stdin?: string;
  env?: Record<string, string>;
  cwd?: string;
  signal?: AbortSignal;
}

/** Variables of whoever calls that must not reach the workstation's programs. */
const foreign = /^(K3S_TOOL_|ANSIBLE_|KUBECONFIG$|XDG_|SSH_AUTH_SOCK$|HOME$|SUDO_|TAILSCALE_|TS_)/;

/** Environment of a person at the workstation: that of the caller, with homes of their own. */
export function workstationEnv(extra: Record<string, string> = {}): Record<string, string> {
  const home = runPaths.workstationHome;
  const outside = Deno.env.toObject();
  const kept = Object.entries(outside).filter(([name]) => !foreign.test(name));
  const outerCache = outside.XDG_CACHE_HOME || join(outside.HOME ?? "/root", ".cache");
  return {
    // Downloads are shared with the machine, or every run would fetch them again.
    DENO_DIR: join(outerCache, "deno"),
    npm_config_cache: join(outside.HOME ?? "/root", ".npm"),
    PIP_CACHE_DIR: join(outerCache, "pip"),
    ...Object.fromEntries(kept),
    HOME: home,
    USER: "root",
    LOGNAME: "root",
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_CACHE_HOME: join(home, ".cache"),
    XDG_DATA_HOME: join(home, ".local", "share"),
    XDG_STATE_HOME: join(home, ".local", "state"),
    PATH: `${binDir}:${outside.PATH ?? "/usr/sbin:/usr/bin:/sbin:/bin"}`,
    ...extra,
  };
}

/** Puts the workstation's socket where programs look for it, then becomes the command. */
const enter = 'mount --bind "$1" "$2" || exit 125; shift 2; exec "$@"';

/** The command that runs another one at the workstation. */
export function workstationArgv(
  argv: readonly string[],
  env: Record<string, string> = {},
): string[] {
  const variables = Object.entries(workstationEnv(env)).map(([name, value]) => `${name}=${value}`);
  return [
    "ip",
    "netns",
    "exec",
    network.workstation,
    "sh",
    "-c",
    enter,
    "lab-exec",
    ownSocketDir,
    socketDir,
    "env",
    "-i",
    ...variables,
    ...argv,
  ];
}

/** Runs a command at the workstation and returns its standard output; throws where it fails. */
export function execAtWorkstation(
  argv: readonly string[],
  { env, ...options }: WorkstationOptions = {},
): Promise<string> {
  return run(workstationArgv(argv, env), options);
}

/** Runs a command at the workstation and returns all there is to know of it. */
export function tryAtWorkstation(
  argv: readonly string[],
  { env, ...options }: WorkstationOptions = {},
): Promise<CommandResult> {
  return attempt(workstationArgv(argv, env), options);
}

/** Runs a command at the workstation, in its home and on this terminal; returns its exit code. */
export function attachAtWorkstation(argv: readonly string[]): Promise<number> {
  return runAttached(workstationArgv(argv), { cwd: runPaths.workstationHome });
}
