/**
 * What must hold between the directories for volumes: no two on a host that overlap, one meaning of
 * a class in the whole cluster, one default.
 *
 * @module
 */

import type { Problem } from "../../errors/user_error.ts";
import type { InventoryHost, Variable } from "../model.ts";
import { K3S_CLASS } from "../schema.ts";
import { overlap, type StoragePath, storagePathsOf } from "../storage.ts";
import { placeOf } from "./value_place.ts";
import type { SourcedVariable } from "./variables.ts";

/** One entry of a host's `storage_paths`, and how to say where it is. */
interface Entry extends StoragePath {
  readonly host: string;
  readonly variable: SourcedVariable;
  readonly index: number;
}

/** Problems between `storage_paths` of hosts, and with `storage_default_class`. */
export function checkStorage(
  hosts: readonly InventoryHost[],
  defaultClass: Variable | undefined,
): Problem[] {
  const entries = hosts.flatMap(entriesOf);
  return [
    ...hosts.flatMap((host) => overlaps(entries.filter((each) => each.host === host.name))),
    ...differingReclaim(entries),
    // Where a template may name more classes, Ansible finds out.
    ...(hosts.every(isPlain) ? checkDefault(entries, defaultClass) : []),
  ];
}

function isPlain({ vars }: InventoryHost): boolean {
  return (vars.get("storage_paths")?.state ?? "plain") === "plain";
}

function entriesOf(host: InventoryHost): Entry[] {
  // What is effective for a host is always read from a file.
  const variable = host.vars.get("storage_paths") as SourcedVariable | undefined;
  if (variable === undefined || !isPlain(host)) return [];
  return storagePathsOf(host).map((path, index) => ({ ...path, host: host.name, variable, index }));
}

function overlaps(entries: readonly Entry[]): Problem[] {
  return entries.flatMap((entry, at) => {
    const other = entries.slice(0, at).find(({ path }) => overlap(path, entry.path));
    if (other === undefined) return [];
    return [{
      message: entry.path === other.path
        ? `${entry.host} has the storage path ${entry.path} twice`
        : `the storage paths ${other.path} and ${entry.path} of ${entry.host} overlap`,
      where: placeOf(entry.variable, [String(entry.index), "path"]),
      value: entry.path,
      expected: "directories that are not inside each other",
    }];
  });
}

/** A class is one object of the cluster, so it keeps or deletes volumes on all hosts alike. */
function differingReclaim(entries: readonly Entry[]): Problem[] {
  const first = new Map<string, Entry>();
  return entries.flatMap((entry) => {
    const known = first.get(entry.class) ?? entry;
    first.set(entry.class, known);
    if (known.reclaim === entry.reclaim) return [];
    return [{
      message:
        `the storage class ${entry.class} is ${known.reclaim} on ${known.host} and ${entry.reclaim} on ${entry.host}`,
      where: placeOf(entry.variable, [String(entry.index), "reclaim"]),
      value: entry.reclaim,
      expected: "the same reclaim for a class on all hosts (Delete where it is not set)",
    }];
  });
}

function checkDefault(
  entries: readonly Entry[],
  defaultClass: Variable | undefined,
): Problem[] {
  if (defaultClass !== undefined) {
    const chosen = String(defaultClass.value);
    if (defaultClass.state !== "plain") return [];
    const classes = [...new Set(entries.map((entry) => entry.class))].toSorted();
    if (chosen === K3S_CLASS || classes.includes(chosen)) return [];
    return [{
      message: "storage_default_class names a class that no host has",
      where: defaultClass.where,
      value: chosen,
      expected: `one of ${[...classes, K3S_CLASS].join(", ")}`,
    }];
  }
  const marked = entries.filter((entry) => entry.default);
  const other = marked.find((entry) => entry.class !== marked[0]!.class);
  if (other === undefined) return [];
  return [{
    message: `two storage classes are the default: ${marked[0]!.class} and ${other.class}`,
    where: placeOf(other.variable, [String(other.index), "default"]),
    value: "true",
    expected: "default: true for one class, or storage_default_class for the cluster",
  }];
}
