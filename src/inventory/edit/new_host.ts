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
import type { Role, Taint } from "../model.ts";
import type { YamlValue } from "../../yaml/yaml_value.ts";
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
};

/** The host, or everything that is wrong with its description. */
export function describeHost(
  description: HostDescription,
): { readonly host: NewHost } | { readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const labels = labelsOf(description.labels ?? [], problems);
  const taints = taintsOf(description.taints ?? [], problems);
  const { name, address, role, user, reservedCpu, reservedMemory, gpu } = description;
  const vars: Record<string, YamlValue> = {
    ansible_host: address,
    tailscale_ip: address,
    ...(user === undefined ? {} : { ansible_user: user }),
    ...(reservedCpu === undefined ? {} : { reserved_cpu: reservedCpu }),
    ...(reservedMemory === undefined ? {} : { reserved_memory: reservedMemory }),
    ...(gpu ? { gpu: true } : {}),
    ...(Object.keys(labels).length === 0 ? {} : { node_labels: labels }),
    ...(taints.length === 0 ? {} : { node_taints: taints.map((taint) => ({ ...taint })) }),
    ...description.vars,
  };
  const result = NodeDefinition.safeParse({ name, role, vars });
  const told = new Set<string>();
  for (const issue of result.error?.issues ?? []) {
    const [part = "", variable = ""] = issue.path.map(String);
    const what = part === "vars" ? FLAGS[variable] ?? variable : part;
    if (told.has(what)) continue;
    told.add(what);
    const value = part === "vars" ? vars[variable] : part === "name" ? name : role;
    problems.push({
      message: `bad value for ${what === "name" ? "the host's name" : what}`,
      value: String(value),
      expected: issue.message,
    });
  }
  return problems.length > 0 ? { problems } : { host: { name, role, vars } };
}

function expectedLabel(text: string): string {
  const [key = "", value] = text.split(/=(.*)/s);
  if (value === undefined) return "key=value: gpu-model=rtx4090";
  return QUALIFIED_NAME.test(key) ? expectedLabelValue(value) : expectedKey(key);
}

function labelsOf(texts: readonly string[], problems: Problem[]): Record<string, string> {
  const labels = new Map<string, string>();
  for (const text of texts) {
    const label = parseLabel(text);
    if (label === undefined) {
      problems.push({
        message: "bad label",
        value: text,
        expected: expectedLabel(text),
      });
    } else if (labels.has(label.key)) {
      problems.push({ message: `the label ${label.key} is given twice`, value: text });
    } else {
      labels.set(label.key, label.value);
    }
  }
  return Object.fromEntries(labels);
}

function expectedTaint(text: string): string {
  const [, key, value] = /^([^=:]+)(?:=([^:]*))?:/.exec(text) ?? [];
  if (key !== undefined && !QUALIFIED_NAME.test(key)) return expectedKey(key);
  if (value !== undefined && !LABEL_VALUE.test(value)) return expectedLabelValue(value);
  return "key=value:Effect or key:Effect, the effect NoSchedule, PreferNoSchedule or NoExecute";
}

function taintsOf(texts: readonly string[], problems: Problem[]): Taint[] {
  const taints: Taint[] = [];
  for (const text of texts) {
    const taint = parseTaint(text);
    if (taint === undefined) {
      problems.push({
        message: "bad taint",
        value: text,
        expected: expectedTaint(text),
      });
    } else if (taints.some((each) => each.key === taint.key && each.effect === taint.effect)) {
      problems.push({
        message: `the taint ${taint.key}:${taint.effect} is given twice`,
        value: text,
      });
    } else {
      taints.push(taint);
    }
  }
  return taints;
}
