/**
 * The variables that the inventory sets, their scopes and origins.
 *
 * @module
 */

import { didYouMean } from "../../errors/nearest.ts";
import { UserError } from "../../errors/user_error.ts";
import { formatKeyPath, memberOf, parseKeyPath } from "../../inventory/edit/key_path.ts";
import type { LoadedContent } from "../../inventory/read/read.ts";
import { maskedValue } from "../../inventory/masked.ts";
import { VARIABLE_SCHEMAS } from "../../inventory/schema.ts";
import {
  effectiveVariables,
  ownVariables,
  resolveScope,
  scopeOf,
} from "../../inventory/edit/scope.ts";
import { type SourcedVariable, sourceOf } from "../../inventory/read/variables.ts";
import type { Place } from "../../errors/user_error.ts";

/** One variable as it is shown. */
export interface Setting {
  readonly key: string;
  /** Secrets masked unless they were asked for; encrypted ones as a word. */
  readonly value: unknown;
  /** The group or host that sets it. */
  readonly scope: string;
  readonly origin: Place;
  /** False where Ansible works the value out at run time. */
  readonly known: boolean;
}

/** How settings are shown. */
export interface ShowOptions {
  readonly showSecrets: boolean;
}

/** Everything that is set: by each group and host itself, or what holds for one scope. */
export function listSettings(
  content: LoadedContent,
  { scope, showSecrets }: ShowOptions & { readonly scope?: string | undefined },
): Setting[] {
  if (scope !== undefined) {
    const vars = effectiveVariables(content, resolveScope(content, scope));
    return [...vars.values()].map((variable) => settingOf(variable, { showSecrets }));
  }
  const groups = [...content.tree.groups.keys()]
    .map((name) => ({ kind: "group", name }) as const);
  const hosts = [...content.places]
    .map(([name, places]) => ({ kind: "host", name, places }) as const);
  return [...groups, ...hosts].flatMap((each) => {
    const merged = new Map(ownVariables(content, each).flatMap((layer) => [...layer]));
    return [...merged.values()].map((variable) => settingOf(variable, { showSecrets }));
  });
}

/**
 * One setting by its key.
 *
 * @throws {UserError} exit code 1 where it is not set for the scope
 */
export function getSetting(
  content: LoadedContent,
  { key, scope }: { readonly key: string; readonly scope?: string | undefined },
): Setting {
  const target = scope === undefined
    ? scopeOf(content, parseKeyPath(key).variable)
    : resolveScope(content, scope);
  const vars = effectiveVariables(content, target);
  const path = parseKeyPath(key, (variable) => vars.get(variable)?.value);
  const variable = vars.get(path.variable);
  const value = memberOf(variable?.value, path.members);
  if (variable === undefined || value === undefined) {
    const elsewhere = listSettings(content, { showSecrets: false })
      .filter((each) => each.key === path.variable && each.scope !== target.name)
      .map((each) => each.scope);
    throw new UserError(`${key} is not set for ${target.name}`, {
      hint: elsewhere.length === 0
        ? didYouMean(
          key,
          [...vars.keys(), ...VARIABLE_SCHEMAS.keys()].filter((name) => name !== path.variable),
          "List the variables with: k3s-tool config list",
        )
        : `It is set for ${elsewhere.slice(0, 5).join(", ")}: use --scope.`,
    });
  }
  const source = sourceOf(variable, path.members);
  return { ...settingOf(source, { showSecrets: true }), key: formatKeyPath(path), value };
}

/** A variable as it is shown. */
export function settingOf(variable: SourcedVariable, { showSecrets }: ShowOptions): Setting {
  const { name, value, scope, where, state } = variable;
  return {
    key: name,
    value: showSecrets ? value : maskedValue(name, value),
    scope,
    origin: where,
    known: state === "plain",
  };
}
