/**
 * Changes of an inventory: which file, which place, and how the files look afterwards.
 *
 * Pure: nothing is written here.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { didYouMean } from "../../errors/nearest.ts";
import { usageError, UserError } from "../../errors/user_error.ts";
import type { Group, HostPlace, NodePath } from "../read/group_tree.ts";
import { type SealedFile, varsFilesOf } from "../read/inventory_files.ts";
import { groupBeside, roleOfGroup } from "../read/groups.ts";
import { type KeyPath, memberOf } from "./key_path.ts";
import type { LoadedContent } from "../read/read.ts";
import { type Role, ROLES } from "../model.ts";
import type { YamlValue } from "../../yaml/yaml_value.ts";
import { ownVariables, roleGroup, type Scope } from "./scope.ts";
import { type SourcedVariable, stateOf } from "../read/variables.ts";
import { removeIn, renameIn, setIn } from "../../yaml/edit.ts";
import { entryOf, type YamlDocument } from "../../yaml/node.ts";
import { parseYaml } from "../../yaml/tree.ts";
import { isMapValue, rootValue } from "../../yaml/read_value.ts";

/** The files an edit changes, by absolute path, as they look afterwards. */
export interface Edit {
  readonly documents: ReadonlyMap<string, YamlDocument>;
  /** What the person should know about how it was done. */
  readonly notes: readonly string[];
  /** Of new files, the file whose mode each gets. */
  readonly copies?: ReadonlyMap<string, string>;
  /** Paths that must not be there yet. */
  readonly absent?: readonly string[];
}

/** A host to add. */
export interface NewHost {
  readonly name: string;
  readonly role: Role;
  readonly vars: Readonly<Record<string, YamlValue>>;
}

/**
 * Adds a host to the group of its role; the group is made where there is none.
 *
 * @throws {UserError} exit code 2 where a group has the name already
 */
export function addHost(content: LoadedContent, host: NewHost): Edit {
  const namesake = content.tree.groups.get(host.name);
  if (namesake !== undefined) {
    throw usageError(`The inventory already has a group named ${host.name}; nothing was written`, {
      where: namesake.where,
      hint: "Give the host another name: Ansible would take this one for all hosts of the group.",
    });
  }
  const { group, path } = groupFor(content, host.role);
  const document = setIn(content.document, [...path, "hosts", host.name], host.vars);
  const usual = group === roleGroup(content, host.role) && content.tree.groups.has(group);
  return {
    documents: new Map([[content.path, document]]),
    notes: usual ? [] : [`The group ${group} is new.`],
  };
}

/**
 * Removes hosts from every group.
 *
 * @throws {UserError} exit code 2 where one is not there, or is part of a range
 */
export function removeHosts(content: LoadedContent, names: readonly string[]): Edit {
  const document = names.reduce(
    (document, name) => withoutHost(content, name, document),
    content.document,
  );
  const left = content.files.filter(({ kind, scope }) => kind === "host" && names.includes(scope));
  return {
    documents: new Map([[content.path, document]]),
    notes: left.map(({ path }) => `Its variables are left in ${path}; you can delete them.`),
  };
}

/** What becomes of a host: another role, or another name with variables that differ then; or nothing. */
export type HostChange =
  | { readonly role?: Role; readonly name?: undefined }
  | {
    readonly role?: undefined;
    readonly name: string;
    readonly vars?: Readonly<Record<string, YamlValue>>;
  };

/**
 * Gives a host another name or role; it keeps its variables and its other groups.
 *
 * @throws {UserError} exit code 2 where the name is taken, and where the host cannot be moved safely
 */
export function changeHost(content: LoadedContent, name: string, to: HostChange): Edit {
  if (to.name !== undefined) return renamed(content, name, to);
  return to.role === undefined
    ? { documents: new Map(), notes: [] }
    : withRole(content, name, to.role);
}

/** Moves a host from the group of one role to that of another. */
function withRole(content: LoadedContent, name: string, role: Role): Edit {
  const leaves = ({ group }: HostPlace) =>
    ROLES.some((each) => each !== role && content.roleGroups[each].includes(group));
  const before = rootValue(content.document);
  let document = content.document;
  for (const place of placesOf(content, name).filter(leaves)) {
    const { path, where } = place;
    const value = memberOf(before, path) ?? {};
    if (stateOf(value) === "vault" || !isMapValue(value)) {
      throw usageError(`${name} has variables that only an editor can move; nothing was written`, {
        where,
        hint: "Change its group with an editor, then run: k3s-tool provision",
      });
    }
    const target = [...groupFor(content, role).path, "hosts", keyOf(name, place)];
    const known = memberOf(rootValue(document), target) ?? {};
    document = setIn(document, target, { ...isMapValue(known) ? known : {}, ...value });
  }
  document = withoutHost(content, name, document, leaves);
  const kept = new Set(document.text.split("\n").map((line) => line.trim()));
  const lost = content.document.text.split("\n").filter((line) =>
    /(?:^|\s)#/.test(line) && !kept.has(line.trim())
  );
  return {
    documents: new Map([[content.path, document]]),
    notes: lost.map((line) => `This comment was not kept: ${line.trim()}`),
  };
}

/** Changes the name of a host wherever it is, so that all around it stays, and variables where they count. */
function renamed(
  content: LoadedContent,
  name: string,
  { name: target, vars = {} }: Extract<HostChange, { name: string }>,
): Edit {
  const places = placesOf(content, name);
  if (target !== name && (content.tree.groups.has(target) || content.places.has(target))) {
    throw usageError(`${target} is already in the inventory`, { hint: "Choose another name." });
  }
  const scope: Scope = { kind: "host", name, places };
  const settings = Object.entries(vars).map(([variable, value]) => ({
    scope,
    key: { variable, members: [] },
    value,
  }));
  const set = setVariables(content, settings);
  if (target === name) return set;
  let document = set.documents.get(content.path) ?? content.document;
  for (const place of places) {
    const after = renameIn(document, place.path, keyOf(target, place));
    if (after === document) throw borrowedError(name, place.where);
    document = after;
  }
  const { documents, ...files } = renamedFiles(content, { name, target, set });
  return {
    documents: new Map([[content.path, document], ...documents]),
    notes: files.copies.size === 0
      ? []
      : [`Its variables in host_vars are copied; you can delete the files of ${name}.`],
    ...files,
  };
}

/** A host's name as it is written where its entry has a port. */
function keyOf(name: string, { port }: HostPlace): string {
  return port === undefined ? name : `${name}:${port}`;
}

/** Copies of a host's files of variables under its new name. */
function renamedFiles(
  { path: inventory, files }: LoadedContent,
  { name, target, set }: {
    readonly name: string;
    readonly target: string;
    /** An edit of its variables. */
    readonly set: Edit;
  },
) {
  const base = join(dirname(inventory), "host_vars");
  const documents = new Map<string, YamlDocument>();
  const copies = new Map<string, string>();
  const copyOf = (path: string) => join(base, target + path.slice(`${base}/${name}`.length));
  for (const { kind, scope, path, document, sealed } of files) {
    if (kind !== "host" || scope !== name) continue;
    if (sealed !== undefined) throw sealedError(path, sealed);
    copies.set(copyOf(path), path);
    documents.set(copyOf(path), parseYaml(document?.text ?? "", copyOf(path)));
  }
  for (const [path, { text }] of set.documents) {
    if (path !== inventory) documents.set(copyOf(path), parseYaml(text, copyOf(path)));
  }
  const absent = documents.size === 0 ? [] : varsFilesOf("host", { inventory, scope: target });
  return { documents, copies, absent };
}

/**
 * The entries of a host in all groups.
 *
 * @throws {UserError} exit code 2 where it is not there, or is part of a range
 */
function placesOf(content: LoadedContent, name: string): readonly HostPlace[] {
  const places = content.places.get(name);
  if (places === undefined) {
    throw usageError(`There is no host ${name} in ${content.document.file}`, {
      hint: didYouMean(name, content.places.keys(), "See the hosts with: k3s-tool node list"),
    });
  }
  const range = places.find((place) => place.range !== undefined);
  if (range !== undefined) {
    throw usageError(`${name} is part of the range ${range.range}; nothing was written`, {
      where: range.where,
      hint: "Write the hosts of the range out one by one with an editor, then try again.",
    });
  }
  return places;
}

function withoutHost(
  content: LoadedContent,
  name: string,
  before: YamlDocument,
  removes: (place: HostPlace) => boolean = () => true,
): YamlDocument {
  let document = before;
  for (const { group, path, where } of placesOf(content, name).filter(removes)) {
    const after = removeIn(document, path);
    if (after === document) throw borrowedError(name, where);
    document = isNameOfNewGroup(content, group) ? withoutNewGroup(document, after, path) : after;
  }
  return document;
}

function borrowedError(name: string, where: HostPlace["where"]): UserError {
  return usageError(`${name} comes from a YAML alias or merge key; nothing was written`, {
    where,
    hint: "Change it with an editor, then look at it with: k3s-tool config validate",
  });
}

/** A variable, or a part of one, and what it becomes. */
export interface Setting {
  readonly scope: Scope;
  readonly key: KeyPath;
  readonly value: YamlValue;
}

/** Sets a variable, or a part of one, where it stands now; else in the inventory itself. */
export function setVariable(content: LoadedContent, setting: Setting): Edit {
  return setVariables(content, [setting]);
}

/** Sets several as one change: all of them, or none where one cannot be set. */
export function setVariables(content: LoadedContent, settings: readonly Setting[]): Edit {
  const documents = new Map<string, YamlDocument>();
  const notes = new Set<string>();
  for (const { scope, key, value } of settings) {
    refuseSealed(content, { scope, key });
    const own = ownPlaces(content, { scope, key }).at(-1);
    const place = own ?? newPlace(content, { scope, variable: key.variable });
    const before = documents.get(place.path) ?? place.document;
    documents.set(place.path, setIn(before, [...place.keys, ...key.members], value));
    for (const note of place.notes) notes.add(note);
  }
  return { documents, notes: [...notes] };
}

/**
 * Removes a variable, or a part of one, from everywhere a scope sets it.
 *
 * @throws {UserError} exit code 2 where the scope does not set it
 */
export function unsetVariable(
  content: LoadedContent,
  { scope, key }: { readonly scope: Scope; readonly key: KeyPath },
): Edit {
  refuseSealed(content, { scope, key });
  const documents = new Map<string, YamlDocument>();
  for (const place of ownPlaces(content, { scope, key })) {
    const before = documents.get(place.path) ?? place.document;
    const path = [...place.keys, ...key.members];
    const inGroup = scope.kind === "group" && place.path === content.path;
    // Of a group its empty `vars` goes too; a host stays.
    const after = removeIn(before, path, { keep: place.keys.length - (inGroup ? 2 : 1) });
    if (after === before) continue;
    documents.set(place.path, inGroup ? withoutNewGroup(before, after, path) : after);
  }
  if (documents.size > 0) return { documents, notes: [] };
  throw usageError(`${[key.variable, ...key.members].join(".")} is not set for ${scope.name}`, {
    hint: didYouMean(
      key.variable,
      ownVariables(content, scope).flatMap((layer) => [...layer.keys()])
        .filter((name) => name !== key.variable),
      "See what is set, and where: k3s-tool config list --show-origin",
    ),
  });
}

interface Target {
  readonly path: string;
  readonly document: YamlDocument;
  readonly keys: NodePath;
  readonly notes: readonly string[];
}

/** Where a scope sets a variable itself, weakest first. */
function ownPlaces(
  content: LoadedContent,
  { scope, key }: { readonly scope: Scope; readonly key: KeyPath },
): Target[] {
  return ownVariables(content, scope)
    .map((layer) => layer.get(key.variable))
    .filter((variable): variable is SourcedVariable =>
      // A port written as `name:22` has no key of its own.
      variable !== undefined && variable.keys.at(-1) === key.variable
    )
    .map((variable) => {
      refuseRange(content, { scope, variable });
      return { ...variable, notes: [] };
    });
}

/** A value that an encrypted file sets can only be changed by the program that encrypted it. */
function refuseSealed(
  { files }: LoadedContent,
  { scope, key }: { readonly scope: Scope; readonly key: KeyPath },
): void {
  const file = files.find((each) =>
    each.kind === scope.kind && each.scope === scope.name &&
    each.sealed?.names.includes(key.variable)
  );
  if (file?.sealed !== undefined) throw sealedError(file.path, file.sealed);
}

function sealedError(path: string, { by }: SealedFile): UserError {
  return usageError(`${path} is encrypted by ${by}; nothing was written`, {
    hint: `Change it with: ${by === "sops" ? "sops edit" : "ansible-vault edit"} ${path}`,
  });
}

function refuseRange(
  content: LoadedContent,
  { scope, variable }: { readonly scope: Scope; readonly variable: SourcedVariable },
): void {
  if (scope.kind !== "host" || variable.path !== content.path) return;
  const own = variable.keys.slice(0, -1).join("\0");
  const range = scope.places.find(({ range, path }) =>
    range !== undefined && path.join("\0") === own
  );
  if (range === undefined) return;
  throw usageError(
    `${variable.name} of ${scope.name} is set for the range ${range.range}; nothing was written`,
    {
      where: variable.where,
      hint:
        `Changing it would change all of ${range.range}. Set it in host_vars/${scope.name}.yml.`,
    },
  );
}

function newPlace(
  content: LoadedContent,
  { scope, variable }: { readonly scope: Scope; readonly variable: string },
): Target {
  const { document } = content;
  const inline = { path: content.path, document, notes: [] };
  if (scope.kind === "group") {
    const path = content.tree.groups.has(scope.name)
      ? pathOf(content.tree.groups.get(scope.name)!, "vars")
      : newGroupPath(content, scope.name);
    return { ...inline, keys: [...path, "vars", variable] };
  }
  const place = scope.places.find((each) => each.range === undefined);
  if (place !== undefined) return { ...inline, keys: [...place.path, variable] };
  const known = content.files.find((file) => file.kind === "host" && file.scope === scope.name);
  if (known?.sealed !== undefined) throw sealedError(known.path, known.sealed);
  const path = known?.path ?? join(dirname(content.path), "host_vars", `${scope.name}.yml`);
  const range = scope.places[0]?.range ?? "";
  return {
    path,
    document: known?.document ?? parseYaml("", path),
    keys: [variable],
    notes: [`${scope.name} is part of the range ${range}, so the value is in ${path}.`],
  };
}

/** The group a new host goes into, and the keys to it. */
function groupFor(content: LoadedContent, role: Role): { group: string; path: NodePath } {
  const name = roleGroup(content, role);
  const known = content.tree.groups.get(name);
  if (known !== undefined) return { group: name, path: pathOf(known, "hosts") };
  const others = ROLES.filter((each) => each !== role)
    .flatMap((each) => content.roleGroups[each]);
  const group = groupBeside(role, others);
  return { group, path: newGroupPath(content, group) };
}

/** True for a group that {@linkcode addHost} would make under the same name. */
function isNameOfNewGroup(content: LoadedContent, group: string): boolean {
  const role = roleOfGroup(group);
  if (role === undefined) return false;
  const others = ROLES.filter((each) => each !== role).flatMap((each) => content.roleGroups[each]);
  return groupBeside(role, others) === group;
}

/**
 * `after` without the group that `path` was removed from, where setting `path` again would make the
 * group again and give `before` back byte for byte: then there was nothing else in it.
 */
function withoutNewGroup(
  before: YamlDocument,
  after: YamlDocument,
  path: NodePath,
): YamlDocument {
  const at = path.findLastIndex((key, at) => at > 0 && (key === "hosts" || key === "vars"));
  const value = memberOf(rootValue(before), path);
  const rest = memberOf(rootValue(after), path.slice(0, at + 1));
  const emptied = !isMapValue(rest) || Object.keys(rest).length === 0;
  if (!emptied || value === undefined || stateOf(value) === "vault") return after;
  try {
    const without = removeIn(after, path.slice(0, at), { keep: 0 });
    const same = rootValue(without) !== null && setIn(without, path, value).text === before.text;
    return same ? without : after;
  } catch (error) {
    // It cannot be removed, or set again: then it stays.
    if (error instanceof UserError) return after;
    throw error;
  }
}

/** Beside the other role's group, wherever the inventory has it. */
function newGroupPath(content: LoadedContent, name: string): NodePath {
  const beside = ROLES.flatMap((role) => content.roleGroups[role])
    .map((group) => content.tree.groups.get(group)?.places[0]?.path)
    .find((path) => path !== undefined);
  return [...beside?.slice(0, -1) ?? ["all", "children"], name];
}

/** The place of a group that has the section already, else one that has anything, else the first. */
function pathOf(group: Group, section: "hosts" | "vars"): NodePath {
  const { places } = group;
  const withSection = places.find(({ node }) =>
    node.kind === "map" && entryOf(node, section) !== undefined
  );
  const filled = places.find(({ node }) => node.kind === "map");
  return (withSection ?? filled ?? places[0])?.path ?? [group.name];
}
