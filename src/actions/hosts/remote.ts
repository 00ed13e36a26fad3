/**
 * Commands on hosts of the inventory, over the system's own ssh.
 *
 * @module
 */

import { join } from "node:path";
import { notReached, SSH_FAILED, SSH_HINT, sshArgv } from "../../ansible/run/ssh.ts";
import { shellWord } from "../../errors/shell_word.ts";
import { missingError, unreachableError, usageError, UserError } from "../../errors/user_error.ts";
import type { Inventory, InventoryHost } from "../../inventory/model.ts";
import { ifInstalled } from "../../process/runner.ts";
import type { System } from "../../process/system.ts";
import { makeTemporaryDirectory } from "../../process/temporary_directory.ts";

/** What a command came to on a host. */
export interface RemoteResult {
  readonly host: string;
  /** Its exit code; undefined where the host was not reached. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Why the host was not reached, and what to do. */
  readonly error?: UserError;
}

/** A command as a remote shell reads it: one word is a command line, several are its words as they are. */
export function commandLine(words: readonly string[]): string {
  return words.length === 1 ? words[0]! : words.map(shellWord).join(" ");
}

/**
 * Runs a command on hosts at the same time.
 *
 * @param tell hears each result as soon as it is there
 */
export async function execOnHosts(
  system: Pick<System, "runner" | "signal" | "directories">,
  { hosts, command }: { readonly hosts: readonly InventoryHost[]; readonly command: string },
  tell: (result: RemoteResult) => void,
): Promise<readonly RemoteResult[]> {
  return await Promise.all(hosts.map(async (host) => {
    const result = await execOn(system, host, command);
    tell(result);
    return result;
  }));
}

async function execOn(
  system: Pick<System, "runner" | "signal" | "directories">,
  host: InventoryHost,
  command: string,
): Promise<RemoteResult> {
  try {
    const { code, stdout, stderr } = await onHost(system, host, { command });
    return { host: host.name, code, stdout, stderr };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { host: host.name, code: undefined, stdout: "", stderr: "", error };
  }
}

/**
 * Runs a command on a host; it cannot ask anything.
 *
 * @param options.onLine hears each line of its output as it comes
 * @throws {UserError} exit code 4 where the host cannot be reached, 2 where only Ansible knows how, 3
 *   without ssh
 */
export async function onHost(
  { runner, signal, directories }: Pick<System, "runner" | "signal" | "directories">,
  host: InventoryHost,
  { command, onLine }: { readonly command: string; readonly onLine?: (line: string) => void },
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const argv = [...argvOf(host, directories.state), command];
  const done = await ifInstalled(runner.run(argv, {
    signal,
    env: { LC_ALL: "C.UTF-8" },
    ...onLine === undefined ? {} : { onLine },
  }));
  if (done === undefined) throw noSsh();
  if (done.code === SSH_FAILED && done.stdout === "") throw notReached(host, done.stderr);
  return done;
}

/**
 * Runs a command on a host, with something on its standard input, and hands out its output as it comes.
 *
 * @returns its exit code, 255 also where ssh could not connect, and what it said on stderr
 * @throws {UserError} exit code 2 where only Ansible knows how to connect, 3 without ssh
 */
export async function streamFrom(
  { runner, signal, directories }: Pick<System, "runner" | "signal" | "directories">,
  host: InventoryHost,
  { command, ...options }: {
    readonly command: string;
    readonly stdin?: string;
    readonly input?: ReadableStream<Uint8Array>;
    readonly onBytes: (bytes: Uint8Array) => Promise<void>;
  },
): Promise<{ readonly code: number; readonly stderr: string }> {
  const argv = [...argvOf(host, directories.state), command];
  const env = { LC_ALL: "C.UTF-8" };
  const done = await ifInstalled(runner.run(argv, { ...options, signal, env }));
  if (done === undefined) throw noSsh();
  return done;
}

/** What ssh says where all is well. */
const REMARK = /^Warning: Permanently added /;

/**
 * A shell on a host, with this terminal and its keys, and nothing of ssh's own on it.
 *
 * @returns the exit code of the shell
 * @throws {UserError} as `onHost`, with what ssh said where the connection was not made, or broke
 */
export async function loginTo(
  { runner, directories }: Pick<System, "runner" | "directories">,
  host: InventoryHost,
  { signal }: { readonly signal: AbortSignal },
): Promise<number> {
  const [ssh = "ssh", ...args] = argvOf(host, directories.state, true);
  // What ssh writes to the terminal is gone when the screen comes back.
  const directory = await makeTemporaryDirectory("k3s-tool-ssh-");
  let said: string;
  try {
    const log = join(directory, "log");
    const argv = [ssh, "-E", log, ...args];
    const code = await ifInstalled(runner.attach(argv, { signal, ownsKeys: true }));
    if (code === undefined) throw noSsh();
    if (code !== SSH_FAILED) return code;
    said = (await Deno.readTextFile(log)).trim();
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
  const failure = said.split("\n").filter((line) => !REMARK.test(line)).join("\n");
  // ssh tells neither of them from the other, except on the terminal.
  if (failure === "") {
    throw unreachableError(`The shell on ${host.name} was killed, or the connection to it ended`);
  }
  throw notReached(host, failure);
}

/**
 * A shell on a host, or a command with this terminal.
 *
 * @returns the exit code of the shell or the command
 * @throws {UserError} as `onHost`; ssh itself has said why it could not connect
 */
export async function shellOn(
  { runner, signal, directories }: Pick<System, "runner" | "signal" | "directories">,
  host: InventoryHost,
  command: readonly string[],
): Promise<number> {
  const argv = argvOf(host, directories.state, true);
  const words = command.length === 0 ? [] : [commandLine(command)];
  const code = await ifInstalled(runner.attach([...argv, ...words], { signal }));
  if (code === undefined) throw noSsh();
  if (code === SSH_FAILED) throw unreachableError(`The connection to ${host.name} failed or ended`);
  return code;
}

/** Hosts by name or group; all where none is named. Names are known to be right. */
export function hostsIn(
  { hosts }: Inventory,
  limit: readonly string[],
): readonly InventoryHost[] {
  return limit.length === 0 || limit.includes("all")
    ? hosts
    : hosts.filter(({ name, groups }) => [name, ...groups].some((each) => limit.includes(each)));
}

/**
 * Lines of the kernel that say why a node or its pods have trouble; the others are noise here. In lower
 * case, and such that awk reads it as JavaScript does.
 */
const TROUBLE = "out of memory|oom-kill|killed process|i/o error|ext4-fs error|xfs.*corrupt|" +
  "hung task|blocked for more than|nvrm|segfault|thermal|soft lockup|under-voltage";
const KERNEL_TROUBLE = new RegExp(TROUBLE, "i");

/** A line of the journal as `-o short-iso` prints it, of the kernel. */
const KERNEL = /^\S+ \S+ kernel: /;

/**
 * awk: of entries that come newest first, the first `count` that are no noise, oldest first. The further
 * lines of an entry are indented.
 */
const NEWEST = `
/^[^ ]/ {
  if (kept >= count) exit
  keep = !/^[^ ]+ [^ ]+ kernel: / || tolower($0) ~ trouble
  if (keep) entries[++kept] = $0
  next
}
keep { entries[kept] = entries[kept] "\\n" $0 }
END { for (at = kept; at > 0; at--) print entries[at] }
`;

/**
 * The journal of k3s, tailscaled and, where it matters, of the kernel.
 *
 * @param options.since a span (`10m`, `2h`, `3d`) or a moment that `journalctl --since` takes
 * @throws {UserError} as `onHost`; exit code 1 where journalctl fails
 */
export async function journalOf(
  system: Pick<System, "runner" | "signal" | "directories">,
  host: InventoryHost,
  { since, lines, follow, tell }: {
    readonly since: string | undefined;
    readonly lines: number;
    readonly follow: boolean;
    readonly tell: (line: string) => void;
  },
): Promise<void> {
  const units = ["k3s", "k3s-agent", "tailscaled"].map((unit) => `${unit}.service`);
  // What a unit says, and what systemd says about it.
  const matches = units.flatMap((unit) => [`_SYSTEMD_UNIT=${unit}`, "+", `UNIT=${unit}`, "+"]);
  const journal = (...options: readonly string[]) =>
    ["--quiet", "--output=short-iso", ...options, ...matches, "_TRANSPORT=kernel"]
      .map(shellWord).join(" ");
  const following = follow ? ["--follow"] : [];
  const everything = (since: string) => {
    const words = `journalctl ${journal(`--since=${sinceWords(since)}`, ...following)}`;
    return `if sudo -n true 2>/dev/null; then exec sudo -n ${words}; else exec ${words}; fi`;
  };
  // The noise is dropped before lines are counted: a firewall that logs would leave none of the others.
  const newest = () =>
    [
      "if sudo -n true 2>/dev/null; then sudo='sudo -n'; else sudo=; fi",
      `last=$($sudo journalctl ${journal("--lines=1", "--show-cursor")} 2>/dev/null)`,
      "case $last in",
      "*'-- cursor: '*) cursor=${last##*'-- cursor: '} ;;",
      // Nothing is there yet, or it fails and says why.
      `*) exec $sudo journalctl ${journal("--lines=0", ...following)} ;;`,
      "esac",
      `$sudo journalctl --reverse --cursor="$cursor" ${journal()} | ` +
      `awk -v count=${lines} -v trouble=${shellWord(TROUBLE)} ${shellWord(NEWEST)}`,
      ...follow
        ? [`exec $sudo journalctl --follow --no-tail --after-cursor="$cursor" ${journal()}`]
        : [],
    ].join("\n");
  const { code, stderr } = await onHost(system, host, {
    command: since === undefined ? `exec sh -c ${shellWord(newest())}` : everything(since),
    onLine: (line) => {
      if (!KERNEL.test(line) || KERNEL_TROUBLE.test(line)) tell(line);
    },
  });
  if (code !== 0) {
    throw new UserError(`journalctl failed on ${host.name}: ${stderr.trim() || `code ${code}`}`);
  }
}

/** A span as journalctl reads it: before now. */
function sinceWords(since: string): string {
  return /^\d+\s*(?:s|m|min|h|d|w)$/.test(since) ? `-${since.replaceAll(" ", "")}` : since;
}

function argvOf(host: InventoryHost, state: string, asks = false): readonly string[] {
  const argv = sshArgv(host, state, { asks });
  if (typeof argv !== "string") return argv;
  throw usageError(`ssh cannot be used for ${host.name}: ${argv}`, {
    where: host.where,
    hint: "Connect as the inventory says, with ssh or ansible.",
  });
}

function noSsh(): UserError {
  return missingError("ssh is not installed on this machine", { hint: SSH_HINT });
}
