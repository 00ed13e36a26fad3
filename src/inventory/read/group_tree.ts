/**
 * The groups and hosts of one inventory file, as Ansible's YAML inventory plugin reads them.
 *
 * Source: ansible-core 2.16 `lib/ansible/plugins/inventory/yaml.py`.
 *
 * @module
 */

import type { Place, Problem } from "../../errors/user_error.ts";
import {
  type Entry,
  isNullNode,
  keyName,
  type MapNode,
  type YamlDocument,
  type YamlNode,
} from "../../yaml/node.ts";
import { notText, Values } from "../../yaml/read_value.ts";

/** Keys from the root of the document to a node. */
export type NodePath = readonly string[];

/** One host under one group. */
export interface HostPlace {
  readonly host: string;
  readonly group: string;
  /** Key path of the host's own entry. */
  readonly path: NodePath;
  /** The key as written, where it stands for several hosts. */
  readonly range?: string;
  /** Its variables; undefined where it has none. */
  readonly vars: MapNode | undefined;
  /** From `name:2222`. */
  readonly port?: number;
  readonly where: Place;
}

/** One group, gathered from all places where it is written. */
export interface Group {
  readonly name: string;
  readonly parents: Set<string>;
  readonly children: Set<string>;
  readonly vars: Map<string, Entry>;
  readonly hosts: HostPlace[];
  /** Where it is written, with what stands there. */
  readonly places: { readonly path: NodePath; readonly node: YamlNode }[];
  readonly where: Place;
}

/** All of an inventory file. */
export interface GroupTree {
  /** `all` is always there; in the order of the file. */
  readonly groups: ReadonlyMap<string, Group>;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

const SECTIONS = ["hosts", "vars", "children"];

/** Reads the groups of a document that parsed without problems. */
export function readGroups(document: YamlDocument): GroupTree {
  return new GroupReader(document).read();
}

class GroupReader {
  readonly #document: YamlDocument;
  readonly #values: Values;
  readonly #groups = new Map<string, Group>();
  readonly #problems: Problem[] = [];
  readonly #warnings: Problem[] = [];

  constructor(document: YamlDocument) {
    this.#document = document;
    this.#values = new Values(document);
  }

  read(): GroupTree {
    const { root, file } = this.#document;
    this.#group("all", { file });
    if (root === undefined) {
      this.#problems.push({
        message: "the inventory is empty",
        where: { file },
        expected: "the group all with its children control_plane and workers",
      });
    } else if (root.kind !== "map") {
      this.#problem(root, "the inventory is not a map of groups", "all: {children: …}");
    } else {
      for (const [name, entry] of this.#entries(root)) {
        if (name === "plugin") {
          this.#problem(
            entry.key,
            "this configures an inventory plugin",
            "a plain YAML inventory; print one with: ansible-inventory --list --yaml",
          );
        } else {
          this.#readGroup(name, entry, [name]);
        }
      }
    }
    for (const group of this.#groups.values()) {
      if (group.name !== "all" && group.parents.size === 0) this.#join("all", group.name);
    }
    return { groups: this.#groups, problems: this.#problems, warnings: this.#warnings };
  }

  #readGroup(name: string, entry: Entry, path: NodePath): void {
    this.#checkName(entry.key);
    const group = this.#group(name, this.#place(entry.key));
    group.places.push({ path, node: entry.value });
    const body = this.#values.target(entry.value);
    if (isNullNode(body)) return;
    if (body.kind !== "map") {
      this.#problem(entry.value, `the group ${name} is not a map`, "hosts, vars or children");
      return;
    }
    for (const [key, section] of this.#entries(body)) {
      if (!SECTIONS.includes(key)) {
        this.#warnings.push({
          message: `Ansible skips the key ${key} in the group ${name}`,
          where: this.#place(section.key),
          value: key,
          expected: "hosts, vars or children",
        });
        continue;
      }
      for (const [child, part] of this.#section(section, `${key} of the group ${name}`)) {
        const childPath = path.concat(key, child);
        if (key === "vars") group.vars.set(child, part);
        else if (key === "hosts") {
          this.#readHosts(group, { key: child, entry: part, path: childPath });
        } else this.#readChild(name, { child, entry: part, path: childPath });
      }
    }
  }

  #readChild(
    parent: string,
    { child, entry, path }: {
      readonly child: string;
      readonly entry: Entry;
      readonly path: NodePath;
    },
  ): void {
    this.#readGroup(child, entry, path);
    if (child === parent || this.#ancestors(parent).has(child)) {
      this.#problem(entry.key, `the group ${child} is its own ancestor`, "groups without a loop");
    } else {
      this.#join(parent, child);
    }
  }

  #readHosts(
    group: Group,
    { key, entry, path }: { readonly key: string; readonly entry: Entry; readonly path: NodePath },
  ): void {
    this.#checkName(entry.key);
    const body = this.#values.target(entry.value);
    let vars: MapNode | undefined;
    if (body.kind === "map") {
      if (this.#isNamed(body)) vars = body;
    } else if (!isNullNode(body)) {
      this.#problem(entry.value, `the variables of the host ${key} are not a map`, "name: value");
    }
    // Ansible: `name:22` is a port, as long as it is not the colon of a range or of IPv6.
    const port = /^([^:\[\]]+|.*\]):(\d+)$/.exec(key);
    const pattern = port === null ? key : port[1]!;
    const place = { group: group.name, path, vars, where: this.#place(entry.key) };
    const special = {
      ...(isHostRange(pattern) ? { range: key } : {}),
      ...(port === null ? {} : { port: Number(port[2]) }),
    };
    try {
      for (const host of expandHostRange(pattern)) {
        group.hosts.push({ host, ...place, ...special });
      }
    } catch (error) {
      if (!(error instanceof HostRangeError)) throw error;
      this.#problem(entry.key, `the range ${key} cannot be read: ${error.message}`, "node[1:3]");
    }
  }

  /** Ansible refuses a whole inventory for a name that PyYAML does not read as text. */
  #checkName(key: YamlNode): void {
    const other = key.kind === "scalar" ? notText(key) : undefined;
    if (other === undefined || key.kind !== "scalar") return;
    this.#problem(key, `a name that Ansible reads as ${other}`, `quotes around it: "${key.text}"`);
  }

  /** The entries of a section; Ansible takes a lone word as a map of one. */
  #section(section: Entry, what: string): Iterable<[string, Entry]> {
    const body = this.#values.target(section.value);
    if (isNullNode(body)) return [];
    if (body.kind === "map") return this.#entries(body);
    if (body.kind === "scalar" && body.tag === undefined) {
      const value = { ...body, style: "empty", text: "" } as const;
      return [[body.text, { key: body, value, explicit: false }]];
    }
    this.#problem(section.value, `${what}: a list`, "a map, as Ansible wants it: name: {}");
    return [];
  }

  #entries(map: MapNode): ReadonlyMap<string, Entry> {
    return this.#isNamed(map) ? this.#values.effectiveEntries(map) : new Map();
  }

  #isNamed(map: MapNode): boolean {
    const nameless = map.entries.find((entry) => keyName(entry) === undefined);
    if (nameless !== undefined) {
      this.#problem(nameless.key, "a key that is not a single value", "a name");
    }
    return nameless === undefined;
  }

  #group(name: string, where: Place): Group {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = {
        name,
        where,
        parents: new Set(),
        children: new Set(),
        vars: new Map(),
        hosts: [],
        places: [],
      };
      this.#groups.set(name, group);
    }
    return group;
  }

  #join(parent: string, child: string): void {
    this.#groups.get(parent)?.children.add(child);
    if (child !== "all") this.#groups.get(child)?.parents.add(parent);
  }

  #ancestors(name: string, seen: Set<string> = new Set()): Set<string> {
    for (const parent of this.#groups.get(name)?.parents ?? []) {
      if (seen.has(parent)) continue;
      seen.add(parent);
      this.#ancestors(parent, seen);
    }
    return seen;
  }

  #place(node: YamlNode): Place {
    return this.#document.lines.place(this.#document.file, node.start);
  }

  #problem(node: YamlNode, message: string, expected: string): void {
    this.#problems.push({
      message,
      where: this.#place(node),
      expected,
      ...(node.kind === "scalar" && node.style !== "empty" ? { value: node.text } : {}),
    });
  }
}

/** All places of each host, in the order of the file. */
export function placesByHost(tree: GroupTree): Map<string, HostPlace[]> {
  const places = new Map<string, HostPlace[]>();
  for (const group of tree.groups.values()) {
    for (const place of group.hosts) {
      const known = places.get(place.host);
      if (known === undefined) places.set(place.host, [place]);
      else known.push(place);
    }
  }
  return places;
}

const RANGE = /\[(\w*):(\w+)(?::(\d+))?\]/;
/** More than this from one pattern is a slip of the finger, not a homelab. */
const MAX_HOSTS = 10_000;

/** A pattern that Ansible would refuse too; the message says what is wrong. */
export class HostRangeError extends Error {
  override readonly name = "HostRangeError";
}

/** True where a host's key stands for several hosts. */
export function isHostRange(pattern: string): boolean {
  return RANGE.test(pattern);
}

/** The names a key stands for; the key itself where it is no range. @throws {HostRangeError} */
export function expandHostRange(pattern: string): string[] {
  const match = RANGE.exec(pattern);
  if (match === null) return [pattern];
  const before = pattern.slice(0, match.index);
  const after = pattern.slice(match.index + match[0].length);
  const steps = rangeSteps(match[1]!, match[2]!, Number(match[3] ?? "1"));
  const tails = expandHostRange(after);
  if (steps.length * tails.length > MAX_HOSTS) {
    throw new HostRangeError(`it expands to more than ${MAX_HOSTS} hosts`);
  }
  // The leftmost range varies slowest, as Ansible orders them.
  return steps.flatMap((step) => tails.map((tail) => before + step + tail));
}

function rangeSteps(begin: string, end: string, step: number): string[] {
  const first = begin === "" ? "0" : begin;
  if (step === 0) throw new HostRangeError("its step is 0");
  if (/^\d+$/.test(first) && /^\d+$/.test(end)) {
    if (first.length > 1 && first.startsWith("0") && first.length !== end.length) {
      throw new HostRangeError("with leading zeros both ends need the same number of digits");
    }
    const width = first.startsWith("0") ? first.length : 0;
    return counted(Number(first), Number(end), step)
      .map((value) => String(value).padStart(width, "0"));
  }
  const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const from = letters.indexOf(first);
  const to = letters.indexOf(end);
  if (first.length !== 1 || end.length !== 1 || from === -1 || to === -1) {
    throw new HostRangeError("its ends are neither two numbers nor two letters");
  }
  return counted(from, to, step).map((index) => letters[index]!);
}

function counted(from: number, to: number, step: number): number[] {
  if (from > to) throw new HostRangeError("it ends before it begins");
  if ((to - from) / step > MAX_HOSTS) {
    throw new HostRangeError(`it expands to more than ${MAX_HOSTS} hosts`);
  }
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, at) => from + at * step);
}
