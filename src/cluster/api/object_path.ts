/**
 * Where objects lie below an API server.
 *
 * @module
 */

import { usageError } from "../../errors/user_error.ts";
import type { ObjectKind, ObjectReference } from "./requests.ts";

/** Group and version, and the resource's name (https://kubernetes.io/docs/reference/kubernetes-api/). */
const RESOURCES: Readonly<Record<ObjectKind, readonly [api: string, resource: string]>> = {
  Node: ["/api/v1", "nodes"],
  Pod: ["/api/v1", "pods"],
  Service: ["/api/v1", "services"],
  Event: ["/api/v1", "events"],
  Deployment: ["/apis/apps/v1", "deployments"],
  StatefulSet: ["/apis/apps/v1", "statefulsets"],
  DaemonSet: ["/apis/apps/v1", "daemonsets"],
  Job: ["/apis/batch/v1", "jobs"],
  CronJob: ["/apis/batch/v1", "cronjobs"],
};

/** What the objects of a kind are called in paths and in rights: `deployments`. */
export function resourceOf(kind: ObjectKind): string {
  return RESOURCES[kind][1];
}

/**
 * The path of an object, and of a part of it (`scale`, `log`, `eviction`).
 *
 * @throws {UserError} exit code 2 for a name that would lead elsewhere
 */
export function objectPath({ kind, namespace, name }: ObjectReference, part?: string): string {
  const [api, resource] = RESOURCES[kind];
  const steps = [
    ...(kind === "Node" ? [] : ["namespaces", segment(namespace)]),
    resource,
    segment(name),
    ...(part === undefined ? [] : [part]),
  ];
  return [api, ...steps].join("/");
}

/** A name as one step of a path. The API server itself refuses `.`, `..`, `/` and `%` in names. */
function segment(name: string): string {
  if (name === "" || name === "." || name === ".." || /[/%]/.test(name)) {
    throw usageError(`No object can be called ${JSON.stringify(name)}`);
  }
  return encodeURIComponent(name);
}
