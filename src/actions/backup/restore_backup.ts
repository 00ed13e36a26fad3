/**
 * Brings a cluster back from a backup: a server is sent its content, k3s is stopped everywhere, and the
 * cluster is provisioned with that server as the one that holds its data.
 *
 * @module
 */

import type { RunEvent } from "../../ansible/events/event.ts";
import { pythonOf } from "../../ansible/run/ssh.ts";
import { shellWord } from "../../errors/shell_word.ts";
import { usageError } from "../../errors/user_error.ts";
import { compareReleases } from "../../inventory/kubernetes_syntax.ts";
import { findHost, hostNamed, hostsOf, sharesDatabase } from "../../inventory/model.ts";
import type { Inventory, InventoryHost } from "../../inventory/model.ts";
import { openInventory, requireProvisionable } from "../../inventory/read/read.ts";
import { newStoredKubeconfig } from "../../kubeconfig/store.ts";
import type { ActionSystem, AnsibleAnswers } from "../action_system.ts";
import { withKubeconfig } from "../hosts/provision.ts";
import { streamFrom } from "../hosts/remote.ts";
import { recordOnHosts } from "../hosts/run_on_hosts.ts";
import type { Manifest } from "./backup_content.ts";
import { decryptBackup, type Secret, verifyBackup } from "./backup_file.ts";
import { asRoot, hostProgram, LOADER, refusedBy } from "./host_program.ts";

/** What the host's program is made of, each before those that use it. */
const MODULES = ["programs", "kubectl", "server", "lock", "restore"] as const;

/** What is asked for. */
export interface RestoreRequest {
  /** As given with `-i`; undefined: the nearest. */
  readonly inventory: string | undefined;
  readonly file: string;
  readonly secret: Secret;
  /** Name of the server that gets the data; undefined: the one it was made on, else the first. */
  readonly to: string | undefined;
}

/** A restore that may be done. */
export interface RestorePlan {
  readonly inventory: Inventory;
  readonly file: string;
  readonly secret: Secret;
  readonly manifest: Manifest;
  /** The server that is sent the backup. */
  readonly host: InventoryHost;
}

/**
 * Checks all of a backup and what it is to be restored to. No host is contacted.
 *
 * @throws {UserError} exit code 1 where the backup is damaged or the secret does not open it, 2 where the
 *   inventory does not fit: no such server, or an older k3s
 */
export async function planRestore(
  system: ActionSystem,
  { inventory: named, file, secret, to }: RestoreRequest,
): Promise<RestorePlan> {
  const { inventory } = await openInventory(system, named);
  requireProvisionable(inventory);
  if (sharesDatabase(inventory.cluster)) {
    throw usageError(
      "A backup cannot be restored to a database, and datastore_endpoint_file is set",
      {
        hint: "To restore it to etcd or SQLite instead: k3s-tool reset, then " +
          "k3s-tool config unset datastore_endpoint_file, then run this command again",
      },
    );
  }
  const host = serverFor(inventory, to);
  const manifest = await verifyBackup(file, secret);
  const { k3sVersion } = inventory.cluster;
  if (k3sVersion !== undefined && compareReleases(k3sVersion, manifest.k3s) < 0) {
    throw usageError(
      `k3s_version ${k3sVersion} is older than the k3s of the backup, ${manifest.k3s}`,
      { hint: `Install that one or a newer: k3s-tool config set k3s_version ${manifest.k3s}` },
    );
  }
  const made = findHost(inventory, manifest.host);
  const servers = hostsOf(inventory, "control-plane");
  return {
    inventory,
    file,
    secret,
    manifest,
    host: host ?? (made?.role === "control-plane" ? made : servers[0]!),
  };
}

function serverFor(inventory: Inventory, to: string | undefined): InventoryHost | undefined {
  if (to === undefined) return undefined;
  const host = hostNamed(inventory, to);
  if (host.role === "control-plane") return host;
  throw usageError(`${host.name} is a worker; a backup is restored to a server`, {
    where: host.where,
  });
}

/**
 * Sends the backup to the server, which checks it again; it has no effect there yet.
 *
 * @throws {UserError} exit code 1 where it does not arrive whole, 4 where the server cannot be reached
 */
async function sendBackup(
  system: ActionSystem,
  { host, file, secret }: RestorePlan,
  { sudoPassword }: { readonly sudoPassword: string | undefined },
): Promise<void> {
  const program = new TextEncoder().encode(
    await hostProgram(system, MODULES, "restore.stage(sys.stdin.buffer)", {}),
  );
  const password = sudoPassword === undefined ? "" : `${sudoPassword}\n`;
  const content = await decryptBackup(file, secret);
  async function* input() {
    yield new TextEncoder().encode(`${password}${program.length}\n`);
    yield program;
    yield* content;
  }
  const { code, stderr } = await streamFrom(system, host, {
    command: asRoot(`${pythonOf(host)} -c ${shellWord(LOADER)}`, sudoPassword !== undefined),
    input: ReadableStream.from(input()),
    onBytes: () => Promise.resolve(),
  });
  if (code === 0) return;
  throw refusedBy(host, { code, stderr }, {
    what: `The backup could not be sent to ${host.name}`,
    hint: "Nothing was changed there. Run the command again.",
  });
}

/** Whether the server runs with the data of the backup from this event on: what follows is provisioning. */
export function hasData({ host }: RestorePlan, event: RunEvent): boolean {
  return event.type === "result" && event.host === host.name && event.task === STARTED &&
    (event.status === "ok" || event.status === "changed");
}

/** The task of the role k3s_service that ends when k3s has started. */
export const STARTED = "Start the service";

/**
 * Sends the server the backup, stops k3s on all hosts and provisions the cluster with what was sent; the
 * last event is of type `end`. If it was killed, another restore continues it.
 *
 * @param options.sudoPassword the one of `passwords`, where it is in a file
 * @throws {UserError} see `provision` and `sendBackup`
 */
export async function* restore(
  system: ActionSystem,
  plan: RestorePlan,
  { passwords, mayInstall, sudoPassword }: AnsibleAnswers & {
    readonly sudoPassword: string | undefined;
  },
): AsyncGenerator<RunEvent> {
  const { inventory, host } = plan;
  const stored = await newStoredKubeconfig(system, inventory.file);
  const { hosts } = inventory;
  const events = recordOnHosts(
    system,
    { inventory, hosts, playbook: "restore", check: false },
    mayInstall,
    async function* ({ play, keep }) {
      // Not before the run has begun: what a killed one left at work would take it for its own.
      const ts = new Date(system.clock.now()).toISOString();
      yield await keep({ type: "note", ts, message: `Sending the backup to ${host.name}.` });
      await sendBackup(system, plan, { sudoPassword });
      return yield* play({
        playbook: "restore",
        extraVars: {
          k3s_tool_restore_to: host.name,
          k3s_tool_kubeconfig_path: stored,
          // SQLite of a backup becomes etcd where the inventory has several servers.
          k3s_tool_convert: true,
        },
        ...passwords,
      });
    },
  );
  yield* withKubeconfig(system, events, { stored, contextName: inventory.cluster.clusterName });
}
