/**
 * What must hold between the options of k3s that hosts set: a scope sets none that no host of it
 * takes, and servers agree where k3s refuses those that do not.
 *
 * @module
 */

import type { Problem } from "../../errors/user_error.ts";
import { isMapValue, sameValue } from "../../yaml/read_value.ts";
import type { YamlValue } from "../../yaml/yaml_value.ts";
import { K3S_OPTIONS } from "../k3s_options.ts";
import type { InventoryHost, Role } from "../model.ts";
import { placeOf } from "./value_place.ts";
import { type SourcedVariable, sourceOf, stateOf } from "./variables.ts";

/** What k3s runs on hosts of a role. */
const COMMANDS = { "control-plane": "server", worker: "agent" } as const satisfies Record<
  Role,
  string
>;

/** Problems of `k3s_config` over all hosts. */
export function checkK3sConfig(hosts: readonly InventoryHost[]): Problem[] {
  const servers = hosts.filter(({ role }) => role === "control-plane");
  // If the whole map is a template, only Ansible can check it.
  const known = servers.filter((host) => partsOf(host).every(({ value }) => isMapValue(value)));
  return [...untaken(hosts), ...differing(known)];
}

function configOf(host: InventoryHost): SourcedVariable | undefined {
  // What is effective for a host is always read from a file.
  return host.vars.get("k3s_config") as SourcedVariable | undefined;
}

function partsOf(host: InventoryHost): readonly SourcedVariable[] {
  const config = configOf(host);
  return config?.parts ?? (config === undefined ? [] : [config]);
}

function optionsOf({ value }: SourcedVariable): readonly (readonly [string, YamlValue])[] {
  return isMapValue(value) ? Object.entries(value) : [];
}

/** Options that no host of their scope takes. What is for all is left out where it does not fit. */
function untaken(hosts: readonly InventoryHost[]): Problem[] {
  const commands = new Map<SourcedVariable, Set<string>>();
  for (const host of hosts) {
    for (const part of partsOf(host)) {
      commands.set(part, (commands.get(part) ?? new Set()).add(COMMANDS[host.role]));
    }
  }
  return [...commands].filter(([{ scope }]) => scope !== "all").flatMap(([part, taking]) =>
    optionsOf(part).flatMap(([name, value]) => {
      const { on } = K3S_OPTIONS.get(name) ?? {};
      if (on === undefined || on.some((command) => taking.has(command))) return [];
      return [{
        message: `k3s_config.${name} has no effect on ${part.scope}: only a k3s ${
          on.join(" or ")
        } has this option`,
        where: placeOf(part, [name]),
        value: JSON.stringify(value),
        expected: on.includes("server")
          ? "it on a host of the control plane, or on all"
          : "it on a worker, or on all",
      }];
    })
  );
}

/** Options that differ between servers, which k3s compares when a server joins (k3s `pkg/cluster/bootstrap.go`). */
function differing([first, ...others]: readonly InventoryHost[]): Problem[] {
  if (first === undefined) return [];
  const valueOf = (host: InventoryHost, name: string) => {
    const value = configOf(host)?.value;
    const own = isMapValue(value) ? value[name] : undefined;
    // What is not set is off.
    return own === undefined && K3S_OPTIONS.get(name)?.type === "bool" ? false : own;
  };
  return [...K3S_OPTIONS].filter(([, { shared }]) => shared).flatMap(([name]) => {
    const value = valueOf(first, name);
    const other = others.find((host) => !sameValue(valueOf(host, name), value));
    if (other === undefined) return [];
    const found = [other, first].map((host) => ({ host, value: valueOf(host, name) }));
    if (found.some((each) => each.value !== undefined && stateOf(each.value) !== "plain")) {
      return [];
    }
    const { host, value: own } = found.find((each) => hasOwn(each.host, name))!;
    return [{
      message: `k3s_config.${name} is not the same on the servers ${first.name} and ${other.name}`,
      where: placeOf(sourceOf(configOf(host)!, [name]), [name]),
      value: JSON.stringify(own),
      expected: "one value for all servers, best in the group control_plane or all",
    }];
  });
}

function hasOwn(host: InventoryHost, name: string): boolean {
  const value = configOf(host)?.value;
  return isMapValue(value) && Object.hasOwn(value, name);
}
