/**
 * What the API server refuses in objects that make pods or claim volumes, though it fits their schema.
 *
 * Source: Kubernetes, pkg/apis/{core,apps,batch}/validation/validation.go.
 *
 * @module
 */

import { DNS_LABEL, parseQuantity } from "../../inventory/kubernetes_syntax.ts";
import {
  type FieldPath,
  type Finding,
  formatFieldPath,
  isObject,
  listOf,
  valueAt,
} from "./manifest.ts";

/** Kinds that find their pods by labels. */
const SELECTING = new Set(["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]);

/** Where the pod stands in an object of a kind. */
export function podPath(kind: string): FieldPath | undefined {
  if (kind === "Pod") return ["spec"];
  if (kind === "CronJob") return ["spec", "jobTemplate", "spec", "template", "spec"];
  return SELECTING.has(kind) || kind === "Job" ? ["spec", "template", "spec"] : undefined;
}

/** Where the specs of volume claims are in an object. */
export function claimPaths(object: Readonly<Record<string, unknown>>): readonly FieldPath[] {
  if (object.kind === "PersistentVolumeClaim") return [["spec"]];
  const at = ["spec", "volumeClaimTemplates"];
  if (object.kind !== "StatefulSet") return [];
  return itemsOf(valueAt(object, at), at).map(({ path }) => [...path, "spec"]);
}

/** Sizes of claims that the API server refuses. */
export function claimFindings(object: Readonly<Record<string, unknown>>): readonly Finding[] {
  return claimPaths(object).flatMap((at) => {
    const path = [...at, "resources", "requests", "storage"];
    const size = valueAt(object, path);
    if (size === undefined || size === null) {
      return [{ path: at, message: `${formatFieldPath(path)} is missing: the size of the volume` }];
    }
    const value = parseQuantity(String(size));
    return value !== undefined && !(value > 0)
      ? [{
        path,
        message: `${formatFieldPath(path)} must be more than 0, is ${JSON.stringify(size)}`,
      }]
      : [];
  });
}

/** Everything of it; an object whose schema is wrong may be told more than once. */
export function podFindings(object: Readonly<Record<string, unknown>>): readonly Finding[] {
  const kind = String(object.kind);
  const at = podPath(kind);
  const pod = at === undefined ? undefined : valueAt(object, at);
  if (at === undefined || !isObject(pod)) return [];
  const findings: Finding[] = [];
  const say = (path: FieldPath, what: string) =>
    findings.push({ path, message: `${formatFieldPath(path)}${what}` });

  const wanted = SELECTING.has(kind) ? valueAt(object, ["spec", "selector", "matchLabels"]) : {};
  for (const [key, value] of isObject(wanted) ? Object.entries(wanted) : []) {
    if (valueAt(object, ["spec", "template", "metadata", "labels", key]) === value) continue;
    say(["spec", "selector", "matchLabels", key], " is not among the labels of spec.template");
  }
  const { restartPolicy } = pod;
  if (/Job$/.test(kind) && restartPolicy !== "Never" && restartPolicy !== "OnFailure") {
    const is = restartPolicy === undefined ? "missing" : JSON.stringify(restartPolicy);
    say([...at, "restartPolicy"], ` must be Never or OnFailure, is ${is}`);
  }
  const claims = itemsOf(valueAt(object, ["spec", "volumeClaimTemplates"]));
  const volumes = new Set([
    ...claims.map(({ value }) => valueAt(value, ["metadata", "name"])),
    ...itemsOf(pod.volumes).map(({ value }) => valueAt(value, ["name"])),
  ]);
  const names = new Set<unknown>();
  const containers = ["initContainers", "containers"].flatMap((member) =>
    itemsOf(pod[member], [...at, member])
  );
  for (const { value, path } of containers.filter(({ value }) => isObject(value))) {
    const { name, image, ports, volumeMounts } = value as Readonly<Record<string, unknown>>;
    const shown = JSON.stringify(name);
    if (typeof name === "string" && !DNS_LABEL.test(name)) {
      say([...path, "name"], ` must be lower-case letters, digits and -, is ${shown}`);
    } else if (typeof name === "string" && names.has(name)) {
      say([...path, "name"], ` is ${shown}, as another container's`);
    }
    names.add(name);
    if (image === undefined || image === null || image === "") {
      say([...path, "image"], " is missing");
    }
    for (const port of itemsOf(ports, [...path, "ports"])) {
      const number = valueAt(port.value, ["containerPort"]);
      if (!Number.isInteger(number) || Number(number) >= 1 && Number(number) <= 65535) continue;
      say([...port.path, "containerPort"], ` must be 1 to 65535, is ${number}`);
    }
    for (const mount of itemsOf(volumeMounts, [...path, "volumeMounts"])) {
      const volume = valueAt(mount.value, ["name"]);
      if (typeof volume !== "string" || volumes.has(volume)) continue;
      say([...mount.path, "name"], `: there is no volume ${volume}`);
    }
  }
  return findings;
}

function itemsOf(list: unknown, at: FieldPath = []) {
  return listOf(list).map((value, index) => ({ value, path: [...at, index] }));
}
