/**
 * Deploy keys: a key pair for one cluster's repository, and the host keys of its Git server. They
 * lie in the person's configuration, outside of every repository.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { ifThere } from "../../process/small_file.ts";
import { ifInstalled, type RunOptions, type RunResult } from "../../process/runner.ts";
import type { System } from "../../process/system.ts";
import { lastLine, safeText } from "../../errors/safe_text.ts";
import { missingError, unreachableError, usageError, UserError } from "../../errors/user_error.ts";
import type { SshServer } from "../repository/repository_url.ts";

/** How long the Git server may take to show its keys, in seconds. */
const SCAN_SECONDS = 10;

/** A public key as OpenSSH writes it: type and base64 (RFC 4253, 6.6). */
const PUBLIC_KEY =
  /^(ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)) ([A-Za-z0-9+/]+={0,2})(?: |$)/;

/** One key that a server shows. */
export interface HostKey {
  /** The line for known_hosts. */
  readonly line: string;
  /** `ssh-ed25519`. */
  readonly type: string;
  /** `SHA256:…`, as ssh and Git hosts show it. */
  readonly fingerprint: string;
}

/** Where a cluster's deploy key lies; the role gitops looks for it at the same place. */
export function deployKeyFiles(config: string, clusterName: string) {
  const privateKey = `${config}/deploy-keys/${clusterName}`;
  return { privateKey, knownHosts: `${privateKey}.known_hosts` };
}

/**
 * The public key of a cluster's deploy key, which is made where there is none.
 *
 * @throws {UserError} exit code 3 without ssh-keygen
 */
export async function ensureDeployKey(
  system: System,
  { files, clusterName }: {
    readonly files: { readonly privateKey: string };
    readonly clusterName: string;
  },
): Promise<{ readonly publicKey: string; readonly created: boolean }> {
  const created = await ifThere(Deno.lstat(files.privateKey)) === undefined;
  if (created) {
    const folder = files.privateKey.slice(0, files.privateKey.lastIndexOf("/"));
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    const comment = `k3s-tool ${clusterName}`;
    // Nobody is there to type a passphrase for Flux.
    const argv = ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", files.privateKey];
    const { code, stderr } = await ssh(system, ["ssh-keygen", ...argv]);
    if (code !== 0) {
      throw new UserError(`The deploy key could not be made: ${lastLine(stderr)}`, {
        hint: `Look at ${folder}, and at the disk.`,
      });
    }
  }
  // From the private key, so that it is the one that belongs to it.
  const argv = ["ssh-keygen", "-y", "-P", "", "-f", files.privateKey];
  const { code, stdout, stderr } = await ssh(system, argv);
  const publicKey = safeText(stdout.trim());
  if (code === 0 && PUBLIC_KEY.test(publicKey)) return { publicKey, created };
  throw new UserError(`The deploy key in ${files.privateKey} cannot be used: ${lastLine(stderr)}`, {
    hint:
      "The key must not have a passphrase. Move it away and run the command again to create one.",
  });
}

/**
 * Keys that a server shows to anybody. Whether they are the right ones, only a person can tell.
 *
 * @throws {UserError} exit code 4 where it shows none, 3 without ssh-keyscan
 */
export async function scanHostKeys(system: System, server: SshServer): Promise<HostKey[]> {
  const port = server.port === undefined ? [] : ["-p", String(server.port)];
  const argv = ["ssh-keyscan", "-T", String(SCAN_SECONDS), ...port, "--", server.host];
  const { stdout, stderr } = await ssh(system, argv, { timeoutMs: 3 * SCAN_SECONDS * 1000 });
  const keys = hostKeys(stdout);
  if (keys.length > 0) return keys;
  const said = lastLine(stderr);
  throw unreachableError(
    `${knownName(server)} did not present an SSH host key${said && `: ${said}`}`,
    {
      hint: "Is the address in git_repo_url right, and can this machine reach it?",
    },
  );
}

/**
 * Keys of a server in a known_hosts file, hashed names too.
 *
 * @throws {UserError} exit code 2 where the file has none
 */
export async function knownHostKeys(
  system: System,
  { file, server }: { readonly file: string; readonly server: SshServer },
): Promise<HostKey[]> {
  const argv = ["ssh-keygen", "-F", knownName(server), "-f", file];
  const { stdout } = await ssh(system, argv);
  const keys = hostKeys(stdout);
  if (keys.length > 0) return keys;
  throw usageError(`${safeText(file)} has no key of ${knownName(server)}`, {
    hint: `Connect once and compare the fingerprint: ssh -p ${server.port ?? 22} ` +
      `${server.user ?? "git"}@${server.host}. Then: --known-hosts ~/.ssh/known_hosts`,
  });
}

/** The name a server has in known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export function knownName({ host, port }: SshServer): string {
  return port === undefined || port === 22 ? host : `[${host}]:${port}`;
}

/** The lines of known_hosts that hold a key; anything else is left out. */
function hostKeys(text: string): HostKey[] {
  const found: HostKey[] = [];
  for (const line of text.split("\n")) {
    const [name, ...rest] = line.trim().split(/\s+/);
    const match = PUBLIC_KEY.exec(rest.join(" "));
    // Marked lines (@cert-authority, @revoked) say something else than "this is its key".
    if (!name || name.startsWith("#") || name.startsWith("@") || match === null) continue;
    const [, type = "", blob = ""] = match;
    const digest = createHash("sha256").update(blob, "base64").digest("base64");
    const fingerprint = `SHA256:${digest.replace(/=+$/, "")}`;
    found.push({ line: `${safeText(name)} ${type} ${blob}`, type, fingerprint });
  }
  return found;
}

async function ssh(
  { runner, signal }: System,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await ifInstalled(runner.run(argv, { signal, ...options }));
  if (result !== undefined) return result;
  throw missingError(`${argv[0]} is not installed`, {
    hint: "Install it, on Debian and Ubuntu: sudo apt install openssh-client",
  });
}
