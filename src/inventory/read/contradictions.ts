/**
 * What an inventory says that has no effect, or not the one that was meant: each value is right by
 * itself, and two of them do not go together.
 *
 * @module
 */

import type { Problem } from "../../errors/user_error.ts";
import { releaseNumbers } from "../kubernetes_syntax.ts";
import { type ClusterVars, type InventoryHost, sharesDatabase, type Variable } from "../model.ts";
import { K3S_CLASS } from "../schema.ts";
import { isMapValue } from "../../yaml/read_value.ts";

/** Warnings for variables that contradict each other. */
export function warnOfContradictions(
  hosts: readonly InventoryHost[],
  cluster: ClusterVars,
): Problem[] {
  return [
    ...allProtected(hosts),
    ...limitsTooNew(cluster),
    ...disabledDefault(cluster),
    ...databaseFiles(cluster),
    ...databaseBackups(cluster),
    ...hosts.flatMap(deniedGpu),
  ];
}

/** Without a node that takes any pod, those of the cluster itself (CoreDNS…) never run. */
function allProtected(hosts: readonly InventoryHost[]): Problem[] {
  const variables = hosts.flatMap(({ vars }) => vars.get("protect") ?? []);
  if (hosts.length === 0 || variables.length < hosts.length) return [];
  if (variables.some(({ value }) => value !== true)) return [];
  return [{
    message: "every host has protect: true, so CoreDNS and most other pods have no node",
    where: variables[0]!.where,
    expected: "at least one host without protect",
  }];
}

/** The policy that gives limits is of an API that k3s serves since v1.36; `provision` refuses it. */
function limitsTooNew({ k3sVersion, vars }: ClusterVars): Problem[] {
  const limits = vars.get("default_limits");
  const minor = releaseNumbers(k3sVersion ?? "")?.[1];
  if (minor === undefined || minor >= 36) return [];
  if (limits === undefined || !isMapValue(limits.value)) return [];
  if (Object.keys(limits.value).length === 0) return [];
  return [{
    message: `default_limits needs k3s v1.36 or newer, and k3s_version is ${k3sVersion}`,
    where: limits.where,
    expected: "a newer k3s_version, or no default_limits",
  }];
}

/** Certificates say nothing without a database, and k3s takes a client's only with its key (k3s docs, datastore). */
function databaseFiles({ vars }: ClusterVars): Problem[] {
  const names = [
    "datastore_endpoint_file",
    "datastore_cert_file",
    "datastore_key_file",
    "datastore_ca_file",
  ];
  const [endpoint, certificate, key, authority] = names.map((name) => {
    const variable = vars.get(name);
    return variable?.value ? variable : undefined;
  });
  const first = certificate ?? key ?? authority;
  if (endpoint === undefined && first !== undefined) {
    return [{
      message: "datastore_endpoint_file is not set, so the other datastore files are not used",
      where: first.where,
      expected: "datastore_endpoint_file too",
    }];
  }
  if ((certificate === undefined) === (key === undefined)) return [];
  return [{
    message: `${
      certificate === undefined ? "datastore_key_file" : "datastore_cert_file"
    } is set alone`,
    where: (certificate ?? key)!.where,
    expected: "datastore_cert_file and datastore_key_file together",
  }];
}

/** What is in a database is saved by its own tools; `backup schedule` and `backup create` refuse. */
function databaseBackups(cluster: ClusterVars): Problem[] {
  const schedule = cluster.vars.get("backup_schedule");
  if (!schedule?.value || !sharesDatabase(cluster)) return [];
  return [{
    message: "backup_schedule cannot back up a database, and datastore_endpoint_file is set",
    where: schedule.where,
    expected: "no backup_schedule: back up the database with its own tools",
  }];
}

/** k3s makes the class `local-path` with the component `local-storage`, and with nothing else. */
function disabledDefault({ vars }: ClusterVars): Problem[] {
  const chosen = vars.get("storage_default_class");
  const disabled = vars.get("k3s_disable")?.value;
  if (chosen?.value !== K3S_CLASS) return [];
  if (!Array.isArray(disabled) || !disabled.includes("local-storage")) return [];
  return [{
    message: `storage_default_class is ${K3S_CLASS}, and k3s_disable leaves out local-storage, ` +
      "which makes that class",
    where: chosen.where,
    expected: "a class of storage_paths, or k3s_disable without local-storage",
  }];
}

/** A host's own `gpu: false` against a group's values is an exception; the other way round is not. */
function deniedGpu(host: InventoryHost): Problem[] {
  const gpu = host.vars.get("gpu");
  if (gpu?.value !== false) return [];
  const asked = [host.vars.get("gpu_driver"), host.vars.get("gpu_replicas")].filter((variable) =>
    variable !== undefined && asksForGpu(variable) &&
    specificity(host, variable) >= specificity(host, gpu)
  );
  return asked.map((variable) => ({
    message: `${variable!.name} has no effect on ${host.name}: gpu is false`,
    where: variable!.where,
    value: String(variable!.value),
    expected: `gpu: true, or no ${variable!.name}`,
  }));
}

function asksForGpu({ value }: Variable): boolean {
  return value === "install" || typeof value === "number" && value > 1;
}

/** How near to a host a variable was set: `all`, then its groups, then the host itself. */
function specificity(host: InventoryHost, { scope }: Variable): number {
  return scope === host.name ? host.groups.length : host.groups.indexOf(scope);
}
