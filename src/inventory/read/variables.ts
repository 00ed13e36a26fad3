/**
 * Variables of groups and hosts by Ansible's precedence, each with its origin.
 *
 * Source: ansible-core 2.16 `VARIABLE_PRECEDENCE` and `lib/ansible/vars/manager.py`; a later layer
 * replaces a variable of an earlier one as a whole (`hash_behaviour = replace`), but for a few that
 * are merged by key, here as by the roles (ansible/plugins/vars/k3s_tool_scopes.py).
 *
 * @module
 */

import type { Group, GroupTree, HostPlace } from "./group_tree.ts";
import { sortedGroups, withAncestors } from "./groups.ts";
import { type ValueState, type Variable } from "../model.ts";
import { VaultValue, type YamlValue } from "../../yaml/yaml_value.ts";
import type { VarsFile } from "./inventory_files.ts";
import { type Entry, keyName, type YamlDocument, type YamlNode } from "../../yaml/node.ts";
import { isMapValue, Values } from "../../yaml/read_value.ts";

/** A variable with the node it was read from. */
export interface SourcedVariable extends Variable {
  readonly node: YamlNode;
  readonly document: YamlDocument;
  /** Where the document is on disk, absolute. */
  readonly path: string;
  /** Keys from the document's root to the value. */
  readonly keys: readonly string[];
  readonly source: "inventory" | "group_vars" | "host_vars";
  readonly parts?: readonly SourcedVariable[];
}

/** What is merged over scopes: maps by key, taints by the key they are about; the rest is replaced. */
export const MERGED_VARIABLES: readonly string[] = [
  "node_labels",
  "node_annotations",
  "node_taints",
  "k3s_config",
];

type Layer = ReadonlyMap<string, SourcedVariable>;

/** A file that variables are read from. */
type Origin = Pick<SourcedVariable, "document" | "path" | "source"> & { readonly values: Values };

/** Groups of a host, in the order their variables apply, and what they set together. */
interface Membership {
  readonly groups: readonly string[];
  readonly chain: Layer;
}

/** The effective variables of an inventory that parsed. */
export class Variables {
  readonly #tree: GroupTree;
  readonly #inline: Origin;
  readonly #files = new Map<string, VarsFile[]>();
  readonly #groups = new Map<string, readonly Layer[]>();
  readonly #hosts = new Map<readonly HostPlace[], readonly Layer[]>();
  readonly #chains = new Map<string, Layer>();
  readonly #memberships = new Map<string, Membership>();

  constructor(
    { tree, document, path, files }: {
      readonly tree: GroupTree;
      readonly document: YamlDocument;
      readonly path: string;
      readonly files: readonly VarsFile[];
    },
  ) {
    this.#tree = tree;
    this.#inline = { document, path, values: new Values(document), source: "inventory" };
    for (const file of files) {
      const key = `${file.kind} ${file.scope}`;
      this.#files.set(key, [...this.#files.get(key) ?? [], file]);
    }
  }

  /** What one group sets by itself, its files after the inventory's own lines. */
  ownOfGroup(name: string): readonly Layer[] {
    return once(
      this.#groups,
      name,
      () => [this.#inlineGroup(name), ...this.#fileLayers("group", name)],
    );
  }

  /** What one host sets by itself. */
  ownOfHost(places: readonly HostPlace[]): readonly Layer[] {
    return once(
      this.#hosts,
      places,
      () => [this.#inlineHost(places), ...this.#fileLayers("host", places[0]?.host ?? "")],
    );
  }

  /** What holds for every host of a group, before the hosts' own variables. */
  ofGroup(name: string): Layer {
    return this.#chain(withAncestors(this.#tree, name));
  }

  /** What holds for a host. */
  ofHost(places: readonly HostPlace[]): Layer {
    return stack([this.#membership(places).chain, ...this.ownOfHost(places)]);
  }

  /** Groups of a host in the order their variables apply. */
  groupsOf(places: readonly HostPlace[]): readonly string[] {
    return this.#membership(places).groups;
  }

  /** Hosts of one group have this in common. */
  #membership(places: readonly HostPlace[]): Membership {
    const key = places.map((place) => place.group).join("\0");
    return once(this.#memberships, key, () => {
      const groups = new Set(places.flatMap((each) => [...withAncestors(this.#tree, each.group)]));
      return { groups: this.#sorted(groups), chain: this.#chain(groups) };
    });
  }

  #sorted(groups: Iterable<string>): string[] {
    return sortedGroups(this.#tree, groups, (group) => {
      const value = this.ownOfGroup(group.name)[0]!.get("ansible_group_priority")?.value;
      return typeof value === "number" ? value : 1;
    });
  }

  #chain(groups: ReadonlySet<string>): Layer {
    const key = JSON.stringify([...groups].sort());
    return once(this.#chains, key, () => {
      const layers = ["all", ...this.#sorted(groups)].map((name) => this.ownOfGroup(name));
      // Files of any group win over inline variables of every group.
      return stack([
        ...layers.map(([inline]) => inline!),
        ...layers.flatMap(([, ...files]) => files),
      ]);
    });
  }

  #inlineGroup(name: string): Layer {
    const group = this.#tree.groups.get(name);
    if (group === undefined) return new Map();
    const variables = [...group.vars].map(([key, entry]) =>
      sourced(key, entry, this.#inline, { scope: name, keys: varsPath(group, key) })
    );
    return new Map(variables.map((variable) => [variable.name, variable]));
  }

  #inlineHost(places: readonly HostPlace[]): Layer {
    const layer = new Map<string, SourcedVariable>();
    for (const place of places) {
      const entries = place.vars && this.#inline.values.effectiveEntries(place.vars);
      for (const [key, entry] of entries ?? []) {
        const keys = place.path.concat(key);
        layer.set(key, sourced(key, entry, this.#inline, { scope: place.host, keys }));
      }
      if (place.port !== undefined && !layer.has("ansible_port")) {
        layer.set("ansible_port", this.#portVariable(place, place.port));
      }
    }
    return layer;
  }

  #portVariable(place: HostPlace, port: number): SourcedVariable {
    const { document, path, source } = this.#inline;
    return {
      name: "ansible_port",
      value: port,
      state: "plain",
      where: place.where,
      scope: place.host,
      node: document.root!,
      document,
      path,
      keys: place.path,
      source,
    };
  }

  /** What files set for one group or host: a later file replaces variables of an earlier one. */
  #fileLayers(kind: "group" | "host", scope: string): readonly Layer[] {
    const files = this.#files.get(`${kind} ${scope}`);
    if (files === undefined) return [];
    const layer = new Map<string, SourcedVariable>();
    for (const { document, path } of files) {
      if (document?.root?.kind !== "map") continue;
      const values = new Values(document);
      const origin = { document, path, values, source: `${kind}_vars` } as const;
      for (const [name, entry] of values.effectiveEntries(document.root)) {
        layer.set(name, sourced(name, entry, origin, { scope, keys: [name] }));
      }
    }
    return [layer];
  }
}

/** What is known under a key, made where it is not yet. */
function once<K, V>(known: Map<K, V>, key: K, make: () => V): V {
  let value = known.get(key);
  if (value === undefined) known.set(key, value = make());
  return value;
}

/** How far a value is known before Ansible runs. */
export function stateOf(value: YamlValue): ValueState {
  if (typeof value === "string") return /\{\{|\{%/.test(value) ? "templated" : "plain";
  if (value instanceof VaultValue) return "vault";
  if (typeof value !== "object" || value === null) return "plain";
  const states = Object.values(value).map((each: YamlValue) => stateOf(each));
  if (states.includes("vault")) return "vault";
  return states.includes("templated") ? "templated" : "plain";
}

/** The text of a value that is known; numbers as written in YAML. */
export function plainText(variable: SourcedVariable | undefined): string | undefined {
  if (variable === undefined || variable.state !== "plain") return undefined;
  const { value } = variable;
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function varsPath(group: Group, key: string): readonly string[] {
  for (const { path, node } of group.places) {
    if (node.kind !== "map") continue;
    const vars = node.entries.find((entry) => keyName(entry) === "vars")?.value;
    if (vars?.kind === "map" && vars.entries.some((entry) => keyName(entry) === key)) {
      return [...path, "vars", key];
    }
  }
  return [...group.places[0]?.path ?? [group.name], "vars", key];
}

function sourced(
  name: string,
  entry: Entry,
  { document, path, source, values }: Origin,
  { scope, keys }: Pick<SourcedVariable, "scope" | "keys">,
): SourcedVariable {
  const value = values.of(entry.value);
  const start = entry.value.kind === "scalar" && entry.value.style === "empty"
    ? entry.key.start
    : entry.value.start;
  return {
    name,
    value,
    state: stateOf(value),
    where: document.lines.place(document.file, start),
    scope,
    node: entry.value,
    document,
    path,
    keys,
    source,
  };
}

function stack([first, ...others]: readonly Layer[]): Layer {
  const result = new Map(first);
  for (const layer of others) {
    for (const variable of layer.values()) {
      result.set(variable.name, merged(result.get(variable.name), variable));
    }
  }
  return result;
}

/** A variable of a further scope over that of weaker ones. */
function merged(weaker: SourcedVariable | undefined, own: SourcedVariable): SourcedVariable {
  if (weaker === undefined || !MERGED_VARIABLES.includes(own.name)) return own;
  const parts = [...weaker.parts ?? [weaker], own];
  const value = mergedValue(weaker.value, own.value);
  // A template as a whole may turn out to be anything.
  const state = [weaker.state, own.state, stateOf(value)].find((each) => each !== "plain");
  return { ...own, value, state: state ?? "plain", parts };
}

function mergedValue(weaker: YamlValue, own: YamlValue): YamlValue {
  if (own === null) return weaker;
  if (isMapValue(weaker) && isMapValue(own)) return { ...weaker, ...own };
  if (!Array.isArray(weaker) || !Array.isArray(own)) return own;
  const keyOf = (taint: YamlValue) => isMapValue(taint) ? taint.key : undefined;
  const keys = new Set(own.map(keyOf));
  return [...weaker.filter((taint: YamlValue) => !keys.has(keyOf(taint))), ...own];
}

/** The scope that a member of a variable comes from; the variable itself where it was not merged. */
export function sourceOf(variable: SourcedVariable, members: readonly string[]): SourcedVariable;
export function sourceOf(variable: Variable, members: readonly string[]): Variable;
export function sourceOf(variable: Variable, [key]: readonly string[]): Variable {
  if (key === undefined) return variable;
  return variable.parts?.findLast(({ value }) => isMapValue(value) && Object.hasOwn(value, key)) ??
    variable;
}
