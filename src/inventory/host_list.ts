/**
 * The hosts of an inventory, for those who only want to know which there are.
 *
 * Most of the time of `node list` is loading the YAML reader and the schema. So the hosts are kept in the cache
 * directory with a digest of everything that was looked at to find them; as long as it is the same the next
 * one takes them from there. Variables are not kept: some are secrets.
 *
 * @module
 */

import { resolve } from "node:path";
import type { Problem } from "../errors/user_error.ts";
import type { InventoryHost } from "./model.ts";
import { type Look, seen } from "./places_looked_at.ts";

/** A host without its variables. */
export type ListedHost = Omit<InventoryHost, "vars">;

/** Hosts in the inventory's order, and what is odd about it. */
export interface HostList {
  readonly hosts: readonly ListedHost[];
  readonly warnings: readonly Problem[];
}

/** What lies in the cache. */
interface Kept {
  readonly digest: string;
  readonly looks: readonly Look[];
  readonly hosts: readonly ListedHost[];
}

/** The bundled module's name holds a hash of the program; the sources have none, so nothing is kept for them. */
const BUILD = import.meta.url.endsWith(".ts") ? undefined : import.meta.url;

/**
 * The hosts of an inventory that must be right.
 *
 * @param options.cwd paths below it are shown without it
 * @param options.cache directory of the tool's cache
 * @param options.build identifies the program; another one's list is not taken
 * @throws {UserError} exit code 2 with every problem, each with its place
 */
export async function listHosts(
  file: string,
  { cwd, cache, build = BUILD }: {
    readonly cwd: string;
    readonly cache: string;
    readonly build?: string | undefined;
  },
): Promise<HostList> {
  if (build === undefined) return (await readFresh(file, { cwd })).list;
  const path = resolve(cwd, file);
  // Places are shown relative to the current directory.
  const basis = [build, Deno.version.deno, cwd, path];
  const entry = `${cache}/hosts/${await sha256([path])}.json`;
  const kept = await takeKept(entry, basis);
  if (kept !== undefined) return { hosts: kept, warnings: [] };
  const { list, looks } = await readFresh(file, { cwd });
  // With warnings it is read anew, as they may repeat values.
  if (looks !== undefined && list.warnings.length === 0) {
    const texts = [...looks.values()].map(({ text }) => text);
    const found: Kept = {
      digest: await sha256([...basis, ...texts]),
      looks: [...looks.values()].map(({ look }) => look),
      hosts: list.hosts,
    };
    await keep(entry, found);
  }
  return list;
}

async function takeKept(
  entry: string,
  basis: readonly string[],
): Promise<readonly ListedHost[] | undefined> {
  try {
    const { digest, looks, hosts }: Kept = JSON.parse(Deno.readTextFileSync(entry));
    return await sha256([...basis, ...looks.map(seen)]) === digest ? hosts : undefined;
  } catch {
    // Nothing kept, or not as it was: it is read anew, which says what is wrong.
    return undefined;
  }
}

async function keep(entry: string, kept: Kept): Promise<void> {
  const { writeAtomically } = await import("../process/atomic_write.ts");
  try {
    await writeAtomically(entry, JSON.stringify(kept), { mode: 0o600 });
  } catch {
    // A full or read-only disk is no reason not to list.
  }
}

async function readFresh(file: string, { cwd }: { readonly cwd: string }) {
  const [{ readInventory }, { WatchedFiles }] = await Promise.all([
    import("./read/read.ts"),
    import("./watched_files.ts"),
  ]);
  const files = new WatchedFiles({ cwd });
  const inventory = await readInventory(file, { cwd, files });
  const hosts = inventory.hosts.map(({ vars: _, ...host }) => host);
  return { list: { hosts, warnings: inventory.warnings }, looks: files.looks };
}

async function sha256(parts: readonly string[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(parts));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
