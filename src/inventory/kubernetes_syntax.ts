/**
 * Names, quantities, labels and taints, as Kubernetes and k3s check and read them.
 *
 * Sources: Kubernetes `apimachinery/pkg/api/resource/quantity.go` (quantities) and
 * `apimachinery/pkg/util/validation/validation.go` (names, labels).
 *
 * @module
 */

import type { Taint } from "./model.ts";

/** A quantity of processors; binary suffixes make no sense for them. */
export const CPU_QUANTITY = /^\+?(?:\d+\.?\d*|\.\d+)(?:m|[eE][+-]?\d+)?$/;
/** A quantity of memory: with a unit, or at least seven digits of bytes (`8` is a slip for `8Gi`). */
export const MEMORY_QUANTITY =
  /^\+?(?:(?:\d+\.?\d*|\.\d+)(?:[kMGTPE]|[KMGTPE]i)|\d{7,}|0|\d+\.?\d*[eE]\+?\d+)$/;
/** A k3s release: `v1.35.6+k3s1`. */
export const K3S_VERSION = /^v\d+\.\d+\.\d+(?:-(?:alpha|beta|rc)\d+)?\+k3s\d+$/;
/** RFC 1123 label: cluster names, namespaces. */
export const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** RFC 1123 subdomain: names of nodes; at most 253 characters. */
export const DNS_SUBDOMAIN =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
/** The key of a label, taint or annotation: an optional DNS prefix and a name of 63 characters. */
export const QUALIFIED_NAME =
  /^(?:(?=[^/]{1,253}\/)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
/** The value of a label or taint; may be empty. */
export const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
/** A span of time as Flux takes it, `1h30m` (`metav1.Duration` with the pattern of its resources). */
export const FLUX_DURATION = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/;

/** Effects of taints. */
export const TAINT_EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"] as const;

/**
 * The name of a host's node: the inventory's name in lower case, anything else as `-`. The roles
 * under ansible/ derive it the same way.
 */
export function nodeNameOf(host: string): string {
  return host.toLowerCase().replace(/[^a-z0-9.-]/g, "-");
}

/** Names that mean something else to Ansible: its own groups, and this machine. */
const RESERVED =
  /^(?:all|ungrouped|localhost(?:\.localdomain)?|127(?:\.\d{1,3}){3}|::1|0\.0\.0\.0)$/i;

/** True for a host's name that Ansible takes for one of its own groups, or for this machine. */
export function isReservedName(host: string): boolean {
  return RESERVED.test(host);
}

/** What the key of a label, taint or annotation has to be, said of what is wrong with this one. */
export function expectedKey(key: string): string {
  const [name = "", prefix] = key.split("/").reverse();
  if (prefix !== undefined && /[A-Z]/.test(prefix)) {
    return `a prefix in lower case: ${prefix.toLowerCase()}/${name}`;
  }
  if (name.length > 63) return "a name of at most 63 characters";
  return "a label key such as workstation or example.com/zone";
}

/** What the value of a label or taint has to be, said of what is wrong with this one. */
export function expectedLabelValue(value: unknown): string {
  return typeof value === "string" && value.length > 63
    ? "a value of at most 63 characters"
    : 'a label value: a string of up to 63 letters, digits, -, _ and . (quote "true")';
}

/** `key=value` as kubectl takes it; undefined where it is no label. */
export function parseLabel(text: string): { key: string; value: string } | undefined {
  const at = text.indexOf("=");
  if (at === -1) return undefined;
  const key = text.slice(0, at);
  const value = text.slice(at + 1);
  return QUALIFIED_NAME.test(key) && LABEL_VALUE.test(value) ? { key, value } : undefined;
}

/** `key=value:Effect` or `key:Effect` as kubectl takes it; undefined where it is no taint. */
export function parseTaint(text: string): Taint | undefined {
  const match = /^([^=:]+)(?:=([^:]*))?:([A-Za-z]+)$/.exec(text);
  if (match === null) return undefined;
  const [, key, value, effect] = match;
  const known = TAINT_EFFECTS.find((each) => each === effect);
  if (known === undefined || !QUALIFIED_NAME.test(key!)) return undefined;
  if (value !== undefined && !LABEL_VALUE.test(value)) return undefined;
  return { key: key!, ...(value === undefined ? {} : { value }), effect: known };
}

/** A taint as kubectl writes it. */
export function formatTaint(taint: Taint): string {
  const value = taint.value === undefined || taint.value === "" ? "" : `=${taint.value}`;
  return `${taint.key}${value}:${taint.effect}`;
}

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d+))?$/;

/** The value in base units (cores, bytes, pieces), or undefined where it is no quantity. */
export function parseQuantity(text: string): number | undefined {
  const match = QUANTITY.exec(text);
  if (match === null) return undefined;
  const [, number = "", suffix = "", exponent] = match;
  return exponent === undefined
    ? Number(number) * (SUFFIXES[suffix] ?? 1)
    : Number(`${number}e${exponent}`);
}

/** Major, minor, patch and k3s' own number; undefined for what is no release. */
export function releaseNumbers(version: string): readonly number[] | undefined {
  return /^v(\d+)\.(\d+)\.(\d+)(?:-[0-9A-Za-z.]+)?\+k3s(\d+)$/.exec(version)?.slice(1).map(Number);
}

/** Below zero where `a` is the older one. */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [releaseNumbers(a) ?? [], releaseNumbers(b) ?? []];
  const at = left.findIndex((number, index) => number !== right[index]);
  return at < 0 ? 0 : left[at]! - (right[at] ?? 0);
}

/** `36` of `v1.36.3+k3s1`; 0 for what is no release. */
export function minorOf(version: string): number {
  return releaseNumbers(version)?.[1] ?? 0;
}
