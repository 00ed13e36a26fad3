/**
 * Sets or removes a variable of the inventory.
 *
 * @module
 */

import { didYouMean } from "../../errors/nearest.ts";
import { counted } from "../../errors/safe_text.ts";
import { type Problem, usageError } from "../../errors/user_error.ts";
import { setVariable, unsetVariable } from "../../inventory/edit/edit.ts";
import {
  formatKeyPath,
  type KeyPath,
  memberOf,
  parseKeyPath,
} from "../../inventory/edit/key_path.ts";
import type { LoadedContent } from "../../inventory/read/read.ts";
import type { YamlValue } from "../../yaml/yaml_value.ts";
import { CLUSTER_VARIABLES, VARIABLE_SCHEMAS } from "../../inventory/schema.ts";
import {
  effectiveVariables,
  resolveScope,
  type Scope,
  scopeOf,
  settingGroups,
} from "../../inventory/edit/scope.ts";
import { holdsSecret } from "../../inventory/masked.ts";
import { type Change, type ChangedFile, editInventory } from "../../inventory/store.ts";
import { inferType, readTyped } from "../../inventory/edit/typed_value.ts";
import type { ValueType } from "../../inventory/model.ts";
import { MERGED_VARIABLES, sourceOf } from "../../inventory/read/variables.ts";
import { isMapValue, sameValue } from "../../yaml/read_value.ts";
import type { System } from "../../process/system.ts";

/** What a change did, or would do. */
export interface ChangedSetting extends Change {
  /** The key as it was understood. */
  readonly key: string;
  /** The group or host it holds for. */
  readonly scope: string;
  /** Undefined after removal. */
  readonly value: YamlValue | undefined;
}

/** Where a setting is changed. */
export interface SettingOptions {
  readonly file: string;
  /** Default: `all`, or the one group that sets the variable for every node. */
  readonly scope?: string | undefined;
  readonly dryRun?: boolean;
}

/** Sets a value. @throws {UserError} exit code 2 where the result would not be valid */
export async function setSetting(
  system: System,
  { key, text, type }: {
    readonly key: string;
    readonly text: string;
    readonly type: ValueType | undefined;
  },
  options: SettingOptions,
): Promise<ChangedSetting> {
  return await change(system, { key, options }, (content, { scope, path, current }) => {
    refuseClusterVariable(path, scope);
    refuseWithoutEffect(content, { scope, path });
    refuseMissingEntry(content, { scope, path });
    const value = readTyped(text, type ?? inferType(text, { key: path, current }), path);
    return { value, edit: setVariable(content, { scope, key: path, value }) };
  });
}

/** Removes a value. @throws {UserError} exit code 2 where it is not set there */
export async function unsetSetting(
  system: System,
  key: string,
  options: SettingOptions,
): Promise<ChangedSetting> {
  return await change(system, { key, options }, (content, { scope, path }) => {
    return { value: undefined, edit: unsetVariable(content, { scope, key: path }) };
  });
}

type Plan = (
  content: LoadedContent,
  target: {
    readonly scope: Scope;
    readonly path: KeyPath;
    readonly current: YamlValue | undefined;
  },
) => { readonly value: YamlValue | undefined; readonly edit: ReturnType<typeof setVariable> };

async function change(
  { cwd, clock, signal }: System,
  { key, options }: { readonly key: string; readonly options: SettingOptions },
  plan: Plan,
): Promise<ChangedSetting> {
  const { file, scope: name, dryRun = false } = options;
  let target: { scope: Scope; path: KeyPath; value: YamlValue | undefined } | undefined;
  const outcome = await editInventory(file, (content) => {
    const scope = name === undefined
      ? scopeOf(content, parseKeyPath(key).variable)
      : resolveScope(content, name);
    const vars = effectiveVariables(content, scope);
    const path = parseKeyPath(key, (variable) => vars.get(variable)?.value);
    const current = memberOf(vars.get(path.variable)?.value, path.members);
    const { value, edit } = plan(content, { scope, path, current });
    target = { scope, path, value };
    return edit;
  }, { cwd, clock, signal, dryRun });
  const { scope, path, value } = target!;
  const overridden = value === undefined ? [] : overrides(outcome.content, { scope, path, value });
  const readable = value !== undefined && holdsSecret(path.members.at(-1) ?? path.variable, value)
    ? await warnOfReadable(outcome.files)
    : [];
  return {
    key: formatKeyPath(path),
    scope: scope.name,
    value,
    files: outcome.files,
    notes: outcome.notes,
    warnings: [...overridden, ...typos(path), ...readable, ...outcome.warnings],
  };
}

/** Cluster variables cannot be set for one host. */
function refuseClusterVariable(path: KeyPath, scope: Scope): void {
  if (scope.kind !== "host" || !CLUSTER_VARIABLES.includes(path.variable)) return;
  throw usageError(`${path.variable} applies to the whole cluster, not to one host`, {
    hint: `Omit --scope: k3s-tool config set ${path.variable} VALUE`,
  });
}

/** A value for all that every node has from another group would change nothing. */
function refuseWithoutEffect(
  content: LoadedContent,
  { scope, path }: { readonly scope: Scope; readonly path: KeyPath },
): void {
  const groups = settingGroups(content, path.variable);
  if (scope.name !== "all" || groups.every((name) => name === "all")) return;
  if (MERGED_VARIABLES.includes(path.variable)) return;
  const { hosts } = content.inventory;
  const winners = hosts.map((host) => {
    const wins = host.vars.get(path.variable)?.scope;
    return wins === host.name ? undefined : wins;
  });
  if (hosts.length === 0 || winners.some((wins) => wins === undefined || wins === "all")) return;
  const all = [...new Set(winners)];
  throw usageError(
    `Setting ${path.variable} for all would have no effect: ${
      all.join(" and ")
    } override it for every node`,
    {
      hint: `Change it there instead: k3s-tool config set ${path.variable} VALUE --scope ${all[0]}`,
    },
  );
}

/** A part of a list's entry can be set where there is such an entry. */
function refuseMissingEntry(
  content: LoadedContent,
  { scope, path: { variable, members } }: { readonly scope: Scope; readonly path: KeyPath },
): void {
  const schema = VARIABLE_SCHEMAS.get(variable);
  const isList = schema?.safeParse([]).success && !schema.safeParse({}).success;
  if (!isList || members.length === 0) return;
  const list = effectiveVariables(content, scope).get(variable)?.value;
  const entries = Array.isArray(list) ? list : [];
  const [index = ""] = members;
  if (/^\d+$/.test(index) && Number(index) < entries.length) return;
  throw usageError(
    `${variable} of ${scope.name} has ${
      entries.length === 0 ? "no entries" : counted(entries.length, "entry")
    }, so ${variable}.${index} cannot be set`,
    {
      hint: `Set the whole list: k3s-tool config set ${variable} '[…]' --type json` +
        (scope.name === "all" ? "" : ` --scope ${scope.name}`),
    },
  );
}

/** Warns about files that contain a secret and that others on the machine can read. */
export async function warnOfReadable(files: readonly ChangedFile[]): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const { path, shown } of files) {
    // A file that is not there yet gets the usual mode.
    const mode = (await Deno.stat(path).catch(() => undefined))?.mode ?? 0o644;
    if ((mode & 0o044) === 0) continue;
    problems.push({
      message: `this file contains a secret, but others on this machine can read it (mode ${
        (mode & 0o777).toString(8).padStart(4, "0")
      })`,
      where: { file: shown },
      expected:
        `only you can read it (chmod 600 ${shown}), the value is encrypted with ansible-vault, ` +
        "or it is in another file; do not commit it to Git in clear text",
    });
  }
  return problems;
}

/** Hosts of the scope for which another place wins. */
function overrides(
  content: LoadedContent,
  { scope, path, value }: {
    readonly scope: Scope;
    readonly path: KeyPath;
    readonly value: YamlValue;
  },
): Problem[] {
  // Maps are merged: each key may be set in a different place, and the most specific wins.
  if (MERGED_VARIABLES.includes(path.variable) && path.members.length === 0 && isMapValue(value)) {
    return Object.entries(value).flatMap(([key, each]) =>
      overrides(content, { scope, path: { ...path, members: [key] }, value: each })
    );
  }
  const problems: Problem[] = [];
  for (const host of content.inventory.hosts) {
    const inScope = scope.kind === "host"
      ? host.name === scope.name
      : scope.name === "all" || host.groups.includes(scope.name);
    const effective = host.vars.get(path.variable);
    if (!inScope || effective === undefined) continue;
    const wins = sourceOf(effective, path.members);
    if (wins.scope === host.name && scope.kind === "group") continue;
    if (holds(memberOf(effective.value, path.members), value)) continue;
    problems.push({
      message: `${formatKeyPath(path)} has no effect on ${host.name}: ${wins.scope} overrides it`,
      where: wins.where,
    });
  }
  return problems;
}

/** Whether a value is in force: as it is, or all its taints among those of other scopes. */
function holds(effective: YamlValue | undefined, value: YamlValue): boolean {
  return sameValue(effective, value) ||
    Array.isArray(effective) && Array.isArray(value) &&
      value.every((item) => effective.some((each) => sameValue(each, item)));
}

/** A name that is close to a known one is probably a typo. */
function typos({ variable }: KeyPath): Problem[] {
  if (VARIABLE_SCHEMAS.has(variable)) return [];
  const hint = didYouMean(variable, VARIABLE_SCHEMAS.keys(), "");
  return hint === ""
    ? []
    : [{ message: `k3s-tool does not know the variable ${variable}. ${hint}` }];
}
