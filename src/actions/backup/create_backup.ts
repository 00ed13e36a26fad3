/**
 * Makes a backup of a cluster: a server streams it over ssh, and it is encrypted before it reaches a disk.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { basename, dirname, join, relative } from "node:path";
import { pythonOf } from "../../ansible/run/ssh.ts";
import { refusalHint, refusalReason } from "../../errors/refusal.ts";
import { usageError, UserError } from "../../errors/user_error.ts";
import {
  hostsOf,
  type Inventory,
  type InventoryHost,
  sharesDatabase,
} from "../../inventory/model.ts";
import { sha256OfFile } from "../../process/digest.ts";
import { openLockable } from "../../process/lock.ts";
import { ifThere } from "../../process/small_file.ts";
import type { ActionSystem } from "../action_system.ts";
import { streamFrom } from "../hosts/remote.ts";
import { encrypterFor, type Secret, verifyBackup } from "./backup_file.ts";
import { inspectContent, type Manifest } from "./backup_content.ts";
import { formatBackupName } from "./backup_name.ts";
import { asRoot, hostProgram, refusedBy } from "./host_program.ts";

/** What the host's program is made of, each before those that use it. */
const MODULES = ["programs", "server", "kubectl", "snapshot", "backup"] as const;

/** What tells the cluster of a backup. */
const RECORD_MODULES = ["kubectl", "backup_record"] as const;

const UNFINISHED = /^\.k3s-tool-backup-.*\.part$/;

/** What is asked for. */
export interface BackupRequest {
  readonly inventory: Inventory;
  readonly directory: string;
  readonly secret: Secret;
  /** The sudo password of the hosts, where they want one. */
  readonly sudoPassword?: string | undefined;
}

/** A backup that was made. */
export interface MadeBackup {
  readonly file: string;
  readonly bytes: number;
  readonly manifest: Manifest;
}

/**
 * Makes a backup on the first server that can, writes it whole or not at all, and reads it back.
 *
 * @param tell hears what happens
 * @throws {UserError} exit code 1 where it cannot be made, 2 where a recipient is none, 4 where no server
 *   can be reached; no file is left
 */
export async function createBackup(
  system: ActionSystem,
  request: BackupRequest,
  tell: (words: string) => void,
): Promise<MadeBackup> {
  const { directory, inventory } = request;
  await encrypterFor(request.secret); // before anything is done
  using lock = await openDirectory(directory);
  const servers = hostsOf(inventory, "control-plane");
  if (servers.length === 0) throw usageError("The inventory has no servers");
  let last: UserError | undefined;
  for (const host of servers) {
    try {
      tell(`Copying the datastore and keys from ${host.name}.`);
      const made = await backUp(system, host, request, lock);
      await record(system, host, { made, ...request }, tell);
      return made;
    } catch (error) {
      const others = error instanceof UserError && !(error instanceof OwnDisk);
      if (!others || servers.length === 1) throw error; // another server would not help
      tell(error.message);
      last = error;
    }
  }
  throw last;
}

/** Refuses where the data is in a database. @throws {UserError} exit code 2 */
export function requireOwnDatastore({ cluster }: Inventory): void {
  if (!sharesDatabase(cluster)) return;
  throw usageError(
    "The cluster's data is in a database (datastore_endpoint_file), which k3s-tool cannot back up",
    {
      hint: "Use the database's own tools, such as pg_dump, mysqldump or etcdctl, and keep " +
        "/var/lib/rancher/k3s/server/token of a server with what they save: k3s needs it.",
    },
  );
}

/**
 * Makes a directory of backups where it is missing and locks it; what killed runs left there is removed.
 *
 * @throws {UserError} exit code 1 where that fails or another k3s-tool writes there
 */
export async function openDirectory(directory: string): Promise<Deno.FsFile> {
  try {
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new UserError(`Cannot make ${directory}: ${refusalReason(cause)}`, { cause });
  }
  const lock = await openLockable(directory);
  if (!await lock.tryLock(true)) {
    lock.close();
    throw new UserError("Another k3s-tool is making a backup in this directory");
  }
  for await (const { name } of Deno.readDir(directory)) {
    // Of a run that was killed; the lock says that nobody writes it now.
    if (UNFINISHED.test(name)) await Deno.remove(join(directory, name)).catch(() => {});
  }
  return lock;
}

async function backUp(
  system: ActionSystem,
  host: InventoryHost,
  { directory, inventory, secret, sudoPassword }: BackupRequest,
  lock: Deno.FsFile,
): Promise<MadeBackup> {
  const now = system.clock.now();
  const part = join(directory, `.k3s-tool-backup-${crypto.randomUUID()}.part`);
  const program = await hostProgram(system, MODULES, "backup.back_up(request, sys.stdout.buffer)", {
    cluster: inventory.cluster.clusterName,
    host: host.name,
    node: host.nodeName,
    time: new Date(now).toISOString().replace(/\.\d+/, ""), // as its file's name has it
    inventory: await inventoryFiles(inventory.file),
  });
  try {
    const plain = new TransformStream<Uint8Array, Uint8Array>();
    const [toEncrypt, toInspect] = plain.readable.tee();
    const encrypter = await encrypterFor(secret);
    const sent = fromHost(system, host, { program, sudoPassword }, plain.writable);
    const written = encrypter.encrypt(toEncrypt).then((encrypted) => writePart(part, encrypted));
    const inspected = inspectContent(toInspect);
    const [end, content, digest] = await Promise.allSettled([sent, inspected, written]);
    if (digest.status === "rejected" && digest.reason instanceof OwnDisk) throw digest.reason;
    // The host's own words come first: what it sent is cut off then, too.
    for (const each of [end, digest, content]) {
      if (each.status === "rejected") throw each.reason;
    }
    const manifest = (content as PromiseFulfilledResult<Manifest>).value;
    await readBack(part, secret, (digest as PromiseFulfilledResult<string>).value);
    system.signal.throwIfAborted();
    const { cluster, k3s, datastore } = { ...manifest, cluster: inventory.cluster.clusterName };
    const file = join(directory, formatBackupName({ cluster, time: now, k3s, datastore }));
    await Deno.rename(part, file);
    await lock.sync();
    return { file, bytes: (await Deno.stat(file)).size, manifest };
  } finally {
    await Deno.remove(part).catch(() => {});
  }
}

/** Lets `status` know. The backup is there, whatever comes of this. */
async function record(
  system: ActionSystem,
  host: InventoryHost,
  { made: { file, manifest }, sudoPassword }: {
    readonly made: MadeBackup;
    readonly sudoPassword?: string | undefined;
  },
  tell: (words: string) => void,
): Promise<void> {
  const call = "backup_record.made(request['node'], request['time'], request['name'])";
  const program = await hostProgram(system, RECORD_MODULES, call, {
    node: host.nodeName,
    time: manifest.time,
    name: basename(file),
  });
  const nowhere = new WritableStream<Uint8Array>();
  const words = { what: "Recording it failed", hint: "See: k3s-tool status" };
  await fromHost(system, host, { program, sudoPassword, words }, nowhere).catch((error) => {
    if (!(error instanceof UserError)) throw error;
    tell(
      `The backup could not be recorded in the cluster, so \`status\` does not count it: ${error.message}`,
    );
  });
}

/** What is said where the program failed that makes a backup. */
const NOT_MADE = { what: "No backup could be made" };

/**
 * Runs a program on a host as root; what it prints goes into the stream.
 *
 * @param options.words what is said where it fails, and what to do where it refuses
 * @throws {UserError}
 */
export async function fromHost(
  system: ActionSystem,
  host: InventoryHost,
  { program, sudoPassword, words = NOT_MADE }: {
    readonly program: string;
    readonly sudoPassword?: string | undefined;
    readonly words?: { readonly what: string; readonly hint?: string };
  },
  into: WritableStream<Uint8Array>,
): Promise<void> {
  const writer = into.getWriter();
  try {
    const { code, stderr } = await streamFrom(system, host, {
      command: asRoot(`${pythonOf(host)} -`, sudoPassword !== undefined),
      stdin: sudoPassword === undefined ? program : `${sudoPassword}\n${program}`,
      onBytes: (bytes) => writer.write(bytes),
    });
    if (code !== 0) {
      const what = `${words.what} on ${host.name}`;
      throw refusedBy(host, { code, stderr }, { what, hint: words.hint });
    }
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {});
    throw error;
  }
}

/** The inventory, and what Ansible reads beside it; not what links lead to. */
async function inventoryFiles(file: string): Promise<Record<string, string>> {
  const root = dirname(file);
  const found: Record<string, string> = {};
  const add = async (path: string) => found[relative(root, path)] = await Deno.readTextFile(path);
  const walk = async (directory: string) => {
    for (const entry of await ifThere(Array.fromAsync(Deno.readDir(directory))) ?? []) {
      const path = join(directory, entry.name);
      if (entry.isDirectory) await walk(path);
      else if (entry.isFile) await add(path);
    }
  };
  await add(file);
  await walk(join(root, "group_vars"));
  await walk(join(root, "host_vars"));
  return found;
}

/** This machine cannot keep a backup, whoever sends it. */
class OwnDisk extends UserError {}

/** Writes a file for its owner alone, to the disk; returns its SHA-256. */
export async function writePart(path: string, stream: ReadableStream<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  try {
    using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
    for await (const chunk of stream) {
      hash.update(chunk);
      for (let sent = 0; sent < chunk.length;) sent += await file.write(chunk.subarray(sent));
    }
    await file.sync();
  } catch (error) {
    if (error instanceof UserError || !(error instanceof Error)) throw error;
    if (error.name === "AbortError") throw error;
    const directory = dirname(path);
    throw new OwnDisk(`Cannot write the backup to ${directory}: ${refusalReason(error)}`, {
      hint: refusalHint(error, { directory, variable: "backup_dir" }),
      cause: error,
    });
  }
  return hash.digest("hex");
}

/** With the passphrase all of it is decrypted again; without the private key its bytes are compared. */
async function readBack(file: string, secret: Secret, written: string): Promise<void> {
  if ("passphrase" in secret) return void await verifyBackup(file, secret);
  if (await sha256OfFile(file) !== written) {
    throw new OwnDisk(`Reading the backup back from ${dirname(file)} gave different content`, {
      hint: "Check the disk: sudo dmesg",
    });
  }
}
