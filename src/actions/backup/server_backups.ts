/**
 * Backups that a server makes by a schedule, and keeps: the setting, what there is, and bringing one here.
 *
 * @module
 */

import { join } from "node:path";
import * as z from "zod";
import { usageError, UserError } from "../../errors/user_error.ts";
import { shellWord } from "../../errors/shell_word.ts";
import { hostsOf, type Inventory, type InventoryHost } from "../../inventory/model.ts";
import { parseJson } from "../../process/json.ts";
import { ifThere } from "../../process/small_file.ts";
import { isMapValue } from "../../yaml/read_value.ts";
import { defined, type YamlValue } from "../../yaml/yaml_value.ts";
import type { ActionSystem } from "../action_system.ts";
import { fromHost, openDirectory, writePart } from "./create_backup.ts";
import type { ListedBackup } from "./backup_file.ts";
import { parseBackupName } from "./backup_name.ts";
import { hostProgram } from "./host_program.ts";
import { SERVER_DIRECTORY } from "./schedule_defaults.ts";

/** What the host's program is made of. */
const MODULES = ["backup_directory"] as const;

/** What of a schedule a person gives; undefined stays as it is. */
export interface ScheduleRequest {
  readonly every: string | undefined;
  readonly recipient: string | undefined;
  readonly directory: string | undefined;
  readonly keep: Readonly<Record<"daily" | "weekly" | "monthly", number | undefined>>;
}

/** The value of `backup_schedule` with what a person gives. @throws {UserError} exit code 2 without a recipient */
export function scheduleValue(
  inventory: Inventory,
  { keep, ...given }: ScheduleRequest,
): YamlValue {
  const before = scheduleOf(inventory);
  const kept = { ...isMapValue(before.keep) ? before.keep : {}, ...defined(keep) };
  const value: Readonly<Record<string, YamlValue>> = {
    every: "daily",
    ...before,
    ...defined(given),
  };
  if (!("recipient" in value)) {
    throw usageError("A schedule needs --recipient: a server makes backups without asking", {
      hint: "Make a key with age-keygen, keep it off the cluster, and give its public key: age1…",
    });
  }
  return { ...value, ...Object.keys(kept).length > 0 ? { keep: kept } : {} };
}

function scheduleOf({ cluster }: Inventory): Readonly<Record<string, YamlValue>> {
  const value = cluster.vars.get("backup_schedule")?.value;
  return isMapValue(value) ? value : {};
}

/** The server that makes them: the first of the inventory. */
function serverOf(inventory: Inventory): InventoryHost {
  const [server] = hostsOf(inventory, "control-plane");
  if (server === undefined) throw usageError("The inventory has no servers");
  return server;
}

function directoryOn(inventory: Inventory): string {
  const { directory } = scheduleOf(inventory);
  return typeof directory === "string" ? directory : SERVER_DIRECTORY;
}

const Listed = z.array(z.object({ name: z.string(), bytes: z.int() }));

/** Longest list that is read, in characters. */
const MOST_LISTED = 1 << 22;

/** Backups on the server, newest first. @throws {UserError} exit code 4 where it cannot be reached */
export async function listOnServer(
  system: ActionSystem,
  { inventory, sudoPassword }: {
    readonly inventory: Inventory;
    readonly sudoPassword: string | undefined;
  },
): Promise<readonly ListedBackup[]> {
  const [host, directory] = [serverOf(inventory), directoryOn(inventory)];
  const call = "json.dump(backup_directory.listed(request['directory']), sys.stdout)";
  const program = await hostProgram(system, MODULES, call, { directory });
  const decoder = new TextDecoder();
  let text = "";
  await fromHost(
    system,
    host,
    {
      program,
      sudoPassword,
      words: {
        what: "The backups could not be listed",
        hint: "Is there a schedule? Set one with: k3s-tool backup schedule",
      },
    },
    new WritableStream({
      write: (chunk) => {
        if (text.length > MOST_LISTED) {
          throw new UserError(`The response from ${host.name} is too long`);
        }
        text += decoder.decode(chunk, { stream: true });
      },
    }),
  );
  const listed = parseJson(Listed, text || "[]");
  if (listed === undefined) {
    throw new UserError(`The list of backups from ${host.name} cannot be parsed`);
  }
  return listed.flatMap(({ name, bytes }) => {
    const said = parseBackupName(name);
    const file = `${host.name}:${directory}/${name}`;
    return said === undefined ? [] : [{ ...said, file, bytes, encryptedTo: "recipient" as const }];
  }).sort((a, b) => b.time - a.time);
}

/**
 * Brings a backup of the server here, whole or not at all.
 *
 * @returns its path
 * @throws {UserError} exit code 2 for a name that is none, 1 where it is not there, 4 where the server cannot
 *   be reached
 */
export async function fetchBackup(
  system: ActionSystem,
  { inventory, name, directory, sudoPassword }: {
    readonly inventory: Inventory;
    readonly name: string;
    /** Where it goes. */
    readonly directory: string;
    readonly sudoPassword: string | undefined;
  },
): Promise<string> {
  if (parseBackupName(name) === undefined) {
    throw usageError("That is not the name of a backup", {
      hint: "List those on the server with: k3s-tool backup list --server",
    });
  }
  using _lock = await openDirectory(directory);
  const call = "backup_directory.send(request['directory'], request['name'], sys.stdout.buffer)";
  const program = await hostProgram(system, MODULES, call, {
    directory: directoryOn(inventory),
    name,
  });
  const file = join(directory, name);
  if (await ifThere(Deno.lstat(file)) !== undefined) {
    throw new UserError(`${file} already exists`, {
      hint: `Check it with: k3s-tool backup show ${
        shellWord(name)
      }; to fetch it again, remove it first.`,
    });
  }
  const part = join(directory, `.k3s-tool-backup-${crypto.randomUUID()}.part`);
  try {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const written = writePart(part, readable);
    written.catch(() => {}); // what the host says comes first
    const words = {
      what: "The backup could not be read",
      hint: "List those on the server with: k3s-tool backup list --server",
    };
    await fromHost(system, serverOf(inventory), { program, sudoPassword, words }, writable);
    await written;
    await Deno.rename(part, file);
    return file;
  } finally {
    await Deno.remove(part).catch(() => {});
  }
}
