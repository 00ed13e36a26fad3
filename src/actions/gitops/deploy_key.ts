/**
 * The key that lets Flux read a private repository over SSH.
 *
 * @module
 */

import {
  deployKeyFiles,
  ensureDeployKey,
  type HostKey,
  knownHostKeys,
  knownName,
  scanHostKeys,
} from "../../gitops/keys/deploy_key.ts";
import { sshServer } from "../../gitops/repository/repository_url.ts";
import { usageError } from "../../errors/user_error.ts";
import { locateInventory } from "../../inventory/read/locate.ts";
import { readInventory } from "../../inventory/read/read.ts";
import { writeAtomically } from "../../process/atomic_write.ts";
import type { System } from "../../process/system.ts";

/** What a person asks for. */
export interface DeployKeyRequest {
  /** As given with `-i`; undefined: the nearest. */
  readonly inventory: string | undefined;
  /** A known_hosts file whose keys of the Git server are taken. */
  readonly knownHosts: string | undefined;
  /** The fingerprint that the Git server must show. */
  readonly fingerprint: string | undefined;
  /** Ask for the host keys anew although some are kept. */
  readonly renewHostKey: boolean;
}

/** Asks the person whether these are the server's keys. */
export type Vouch = (server: string, keys: readonly HostKey[]) => Promise<boolean>;

/** The pair itself. */
export interface KeyPair {
  readonly publicKey: string;
  /** The private key's file. */
  readonly file: string;
  readonly created: boolean;
}

/** What there is afterwards. */
export interface DeployKey extends KeyPair {
  /** The Git server by its name in known_hosts; undefined where the address is none of SSH. */
  readonly server: string | undefined;
  /** File of the host keys that are trusted; undefined where there are none yet. */
  readonly knownHosts: string | undefined;
}

/**
 * Makes the cluster's deploy key where there is none, and keeps the Git server's host keys where a
 * person vouches for them: by a known_hosts file, a fingerprint, or an answer. Nothing is trusted
 * unasked.
 *
 * @param person `made` is told the pair as soon as there is one, whatever comes of the host keys
 * @throws {UserError} exit code 2 for an inventory, file or fingerprint that is not right, 3 without
 *   OpenSSH's programs, 4 where the server shows no key
 */
export async function makeDeployKey(
  system: System,
  request: DeployKeyRequest,
  person: { readonly made: (pair: KeyPair) => void; readonly vouch: Vouch },
): Promise<DeployKey> {
  const file = await locateInventory(system, request.inventory);
  const { cluster } = await readInventory(file, { cwd: system.cwd });
  const files = deployKeyFiles(system.directories.config, cluster.clusterName);
  const { publicKey, created } = await ensureDeployKey(system, {
    files,
    clusterName: cluster.clusterName,
  });
  const key = { publicKey, created, file: files.privateKey };
  person.made(key);
  const server = sshServer(cluster.gitRepoUrl ?? "");
  const isGiven = request.knownHosts !== undefined || request.fingerprint !== undefined;
  if (server === undefined) {
    if (isGiven) {
      throw usageError("git_repo_url is not an SSH address, so its server has no SSH host key", {
        hint: "Set it first: k3s-tool config set git_repo_url ssh://git@HOST/PATH",
      });
    }
    return { ...key, server: undefined, knownHosts: undefined };
  }
  const name = knownName(server);
  const kept = { ...key, server: name, knownHosts: files.knownHosts };
  if (!isGiven && !request.renewHostKey) {
    // It throws where none is kept, or of another server.
    const known = knownHostKeys(system, { file: files.knownHosts, server });
    if (await known.then(() => true, () => false)) return kept;
  }
  const keys = request.knownHosts !== undefined
    ? await knownHostKeys(system, { file: request.knownHosts, server })
    : await vouchedKeys(await scanHostKeys(system, server), { request, name, vouch: person.vouch });
  if (keys.length === 0) return { ...kept, knownHosts: undefined };
  await writeAtomically(files.knownHosts, keys.map(({ line }) => `${line}\n`).join(""), {
    mode: 0o600,
  });
  return kept;
}

async function vouchedKeys(
  shown: readonly HostKey[],
  { request, name, vouch }: {
    readonly request: DeployKeyRequest;
    readonly name: string;
    readonly vouch: Vouch;
  },
): Promise<readonly HostKey[]> {
  const { fingerprint } = request;
  if (fingerprint === undefined) return await vouch(name, shown) ? shown : [];
  const right = shown.filter((key) => key.fingerprint === fingerprint);
  if (right.length > 0) return right;
  const others = shown.map((key) => `${key.type} ${key.fingerprint}`).join(", ");
  throw usageError(`${name} presents other host keys: ${others}`, {
    hint: "Someone may be intercepting the connection. Compare the keys with those that the " +
      "server's owner publishes.",
  });
}
