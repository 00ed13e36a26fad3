/**
 * A host as a person describes it on the command line, checked and made into variables.
 *
 * @module
 */

import type { Problem } from "../../errors/user_error.ts";
import {
  expectedKey,
  expectedLabelValue,
  LABEL_VALUE,
  parseLabel,
  parseTaint,
  QUALIFIED_NAME,
} from "../kubernetes_syntax.ts";
import type { Role } from "../model.ts";
import { defined, type YamlValue } from "../../yaml/yaml_value.ts";
import type { NewHost } from "./edit.ts";
import { NodeDefinition } from "../schema.ts";

/** What a person says about a host; texts as typed. */
export interface HostDescription {
  readonly name: string;
  /** IPv4 address in the tailnet. */
  readonly address: string;
  readonly role: Role;
  readonly user?: string | undefined;
  readonly reservedCpu?: string | undefined;
  readonly reservedMemory?: string | undefined;
  readonly gpu?: boolean | undefined;
  /** `key=value` each. */
  readonly labels?: readonly string[];
  /** `key=value:Effect` or `key:Effect` each. */
  readonly taints?: readonly string[];
  /** Any further variables; they win over what is said above. */
  readonly vars?: Readonly<Record<string, YamlValue>>;
}

/** The flag that sets each variable, for messages. */
const FLAGS: Readonly<Record<string, string>> = {
  tailscale_ip: "the address",
  ansible_host: "the address",
  ansible_user: "--user",
  reserved_cpu: "--reserved-cpu",
  reserved_memory: "--reserved-memory",
  node_labels: "--label",
  node_taints: "--taint",
};

/** The host, or everything that is wrong with its description. */
export function describeHost(
  description: HostDescription,
): { readonly host: NewHost } | { readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const labels = parsed("label", description.labels ?? [], {
    parse: parseLabel,
    expected: expectedLabel,
    name: ({ key }) => key,
    problems,
  });
  const taints = parsed("taint", description.taints ?? [], {
    parse: parseTaint,
    expected: expectedTaint,
    name: ({ key, effect }) => `${key}:${effect}`,
    problems,
  });
  const { name, address, role, user, reservedCpu, reservedMemory, gpu } = description;
  const vars = defined({
    ansible_host: address,
    tailscale_ip: address,
    ansible_user: user,
    reserved_cpu: reservedCpu,
    reserved_memory: reservedMemory,
    gpu: gpu || undefined,
    node_labels: labels.length === 0
      ? undefined
      : Object.fromEntries(labels.map(({ key, value }) => [key, value])),
    node_taints: taints.length === 0 ? undefined : taints.map((taint) => ({ ...taint })),
    ...description.vars,
  });
  const result = NodeDefinition.safeParse({ name, role, vars });
  const told = new Set<string>();
  for (const issue of result.error?.issues ?? []) {
    const [part = "", variable = ""] = issue.path.map(String);
    const isSet = Object.hasOwn(description.vars ?? {}, variable);
    const flag = isSet ? undefined : FLAGS[variable];
    const what = part === "vars" ? flag ?? variable : part;
    if (told.has(what)) continue;
    told.add(what);
    // A key that may not be is said itself, not what is under it.
    const badKey = issue.code === "invalid_key" ? issue.issues[0]?.message : undefined;
    const value = badKey === undefined
      ? issue.path.reduce<unknown>(
        (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
        { name, role, vars },
      )
      : issue.path.at(-1);
    problems.push({
      message: `bad value for ${what === "name" ? "the host's name" : what}`,
      value: String(value),
      expected: badKey ?? issue.message,
    });
  }
  return problems.length > 0 ? { problems } : { host: { name, role, vars } };
}

function expectedLabel(text: string): string {
  const [key = "", value] = text.split(/=(.*)/s);
  if (value === undefined) return "key=value: gpu-model=rtx4090";
  return QUALIFIED_NAME.test(key) ? expectedLabelValue(value) : expectedKey(key);
}

function expectedTaint(text: string): string {
  const [, key, value] = /^([^=:]+)(?:=([^:]*))?:/.exec(text) ?? [];
  if (key !== undefined && !QUALIFIED_NAME.test(key)) return expectedKey(key);
  if (value !== undefined && !LABEL_VALUE.test(value)) return expectedLabelValue(value);
  return "key=value:Effect or key:Effect, the effect NoSchedule, PreferNoSchedule or NoExecute";
}

/** What texts stand for; what is wrong, or given twice, is told. */
function parsed<T>(
  what: "label" | "taint",
  texts: readonly string[],
  { parse, expected, name, problems }: {
    readonly parse: (text: string) => T | undefined;
    readonly expected: (text: string) => string;
    readonly name: (value: T) => string;
    readonly problems: Problem[];
  },
): readonly T[] {
  const found = new Map<string, T>();
  for (const text of texts) {
    const value = parse(text);
    if (value === undefined) {
      problems.push({ message: `bad ${what}`, value: text, expected: expected(text) });
    } else if (found.has(name(value))) {
      problems.push({ message: `the ${what} ${name(value)} is given twice`, value: text });
    } else {
      found.set(name(value), value);
    }
  }
  return [...found.values()];
}
