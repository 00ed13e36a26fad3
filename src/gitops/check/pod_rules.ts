/**
 * What the API server refuses in objects that make pods, though it fits their schema.
 *
 * Source: Kubernetes, pkg/apis/{core,apps,batch}/validation/validation.go.
 *
 * @module
 */

import { DNS_LABEL } from "../../inventory/kubernetes_syntax.ts";
import { type FieldPath, type Finding, formatFieldPath, valueAt } from "./field_path.ts";
import { isObject } from "./manifest.ts";

/** Where the pod stands in an object of a kind. */
const POD_SPECS: Readonly<Record<string, FieldPath>> = {
  CronJob: ["spec", "jobTemplate", "spec", "template", "spec"],
  DaemonSet: ["spec", "template", "spec"],
  Deployment: ["spec", "template", "spec"],
  Job: ["spec", "template", "spec"],
  Pod: ["spec"],
  ReplicaSet: ["spec", "template", "spec"],
  StatefulSet: ["spec", "template", "spec"],
};

/** Kinds that find their pods by labels. */
const SELECTING = new Set(["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]);

/** Everything of it; an object whose schema is wrong may be told more than once. */
export function podFindings(object: Readonly<Record<string, unknown>>): readonly Finding[] {
  const kind = String(object.kind);
  const at = POD_SPECS[kind];
  const pod = at === undefined ? undefined : valueAt(object, at);
  if (at === undefined || !isObject(pod)) return [];
  return [
    ...(SELECTING.has(kind) ? selectorFindings(object) : []),
    ...(kind === "Job" || kind === "CronJob" ? restartFindings(pod, at) : []),
    ...containerFindings(pod, at),
    ...mountFindings(pod, {
      at,
      claims: namesIn(valueAt(object, ["spec", "volumeClaimTemplates"])),
    }),
  ];
}

function selectorFindings(object: object): Finding[] {
  const path = ["spec", "selector", "matchLabels"];
  const wanted = valueAt(object, path);
  const labels = valueAt(object, ["spec", "template", "metadata", "labels"]);
  if (!isObject(wanted)) return [];
  return Object.entries(wanted)
    .filter(([key, value]) => !isObject(labels) || labels[key] !== value)
    .map(([key]) => {
      const each = [...path, key];
      const message = `${formatFieldPath(each)} is not among the labels of spec.template`;
      return { path: each, message };
    });
}

function restartFindings(pod: Readonly<Record<string, unknown>>, at: FieldPath): Finding[] {
  const { restartPolicy } = pod;
  if (restartPolicy === "Never" || restartPolicy === "OnFailure") return [];
  const path = [...at, "restartPolicy"];
  const is = restartPolicy === undefined ? "missing" : JSON.stringify(restartPolicy);
  return [{ path, message: `${formatFieldPath(path)} must be Never or OnFailure, is ${is}` }];
}

function containersOf(pod: Readonly<Record<string, unknown>>, at: FieldPath) {
  return ["initContainers", "containers"].flatMap((member) => {
    const list = pod[member];
    if (!Array.isArray(list)) return [];
    return list.flatMap((value: unknown, index) =>
      isObject(value) ? [{ value, path: [...at, member, index] as FieldPath }] : []
    );
  });
}

function containerFindings(pod: Readonly<Record<string, unknown>>, at: FieldPath): Finding[] {
  const seen = new Set<unknown>();
  return containersOf(pod, at).flatMap(({ value: { name, image, ports }, path }) => {
    const findings: Finding[] = [];
    const say = (member: FieldPath, what: string) =>
      findings.push({ path: member, message: `${formatFieldPath(member)} ${what}` });
    if (typeof name === "string") {
      const shown = JSON.stringify(name);
      if (!DNS_LABEL.test(name)) {
        say([...path, "name"], `must be lower-case letters, digits and -, is ${shown}`);
      } else if (seen.has(name)) {
        say([...path, "name"], `is ${shown}, as another container's`);
      }
      seen.add(name);
    }
    if (image === undefined || image === null || image === "") {
      say([...path, "image"], "is missing");
    }
    (Array.isArray(ports) ? ports : []).forEach((port: unknown, index) => {
      const number = valueAt(port, ["containerPort"]);
      if (!Number.isInteger(number) || Number(number) >= 1 && Number(number) <= 65535) return;
      say([...path, "ports", index, "containerPort"], `must be 1 to 65535, is ${number}`);
    });
    return findings;
  });
}

function mountFindings(
  pod: Readonly<Record<string, unknown>>,
  { at, claims }: { readonly at: FieldPath; readonly claims: ReadonlySet<unknown> },
): Finding[] {
  const volumes = new Set([...namesIn(pod.volumes), ...claims]);
  return containersOf(pod, at).flatMap(({ value: { volumeMounts }, path }) =>
    (Array.isArray(volumeMounts) ? volumeMounts : []).flatMap((mount: unknown, index) => {
      const name = valueAt(mount, ["name"]);
      if (typeof name !== "string" || volumes.has(name)) return [];
      const each = [...path, "volumeMounts", index, "name"];
      return [{ path: each, message: `${formatFieldPath(each)}: there is no volume ${name}` }];
    })
  );
}

/** `metadata.name` of claims, `name` of volumes. */
function namesIn(list: unknown): ReadonlySet<unknown> {
  if (!Array.isArray(list)) return new Set();
  return new Set(
    list.map((each) => valueAt(each, ["metadata", "name"]) ?? valueAt(each, ["name"])),
  );
}
