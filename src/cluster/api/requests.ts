/**
 * What can be asked about one object of a cluster: its path, and why a request for it failed.
 *
 * @module
 */

import { safeText } from "../../errors/safe_text.ts";
import { unreachableError, usageError, UserError } from "../../errors/user_error.ts";
import { apiRefusal, notKubernetes } from "./api_errors.ts";
import { ApiError, type KubernetesApi } from "./kubernetes_api.ts";
import * as z from "zod";

/** Kinds of objects that can be looked at. Secrets are none of them. */
export type ObjectKind =
  | "Node"
  | "Pod"
  | "Service"
  | "Deployment"
  | "StatefulSet"
  | "DaemonSet"
  | "Job"
  | "CronJob"
  | "Event";

/** An object by name. */
export interface ObjectReference {
  readonly kind: ObjectKind;
  /** Empty for nodes. */
  readonly namespace: string;
  readonly name: string;
}

/** A log that is asked for. */
export interface LogRequest {
  readonly namespace: string;
  readonly pod: string;
  /** Undefined: the pod's default container. */
  readonly container: string | undefined;
  /** Of the container before its last restart; that one is not followed. */
  readonly previous: boolean;
  /** Lines from the end to begin with. */
  readonly tail: number;
  /** Begin each line with its time (RFC 3339, nanoseconds) and a space; default false. */
  readonly timestamps?: boolean;
}

/** What was tried. */
export interface Attempt {
  readonly object: ObjectReference;
  /** The right it takes: `get`, `patch`, `create`, `delete`. */
  readonly verb: string;
  /** The part of the object that was meant: `scale`, `log`, `eviction`. */
  readonly part?: string | undefined;
  readonly server: string;
}

/** `Pod default/web`, `Node nuc`: harmless for a terminal. */
export function objectWords({ kind, namespace, name }: ObjectReference): string {
  return safeText(`${kind} ${namespace === "" ? "" : `${namespace}/`}${name}`);
}

/** The error as a person should read it; what is no answer of the server is returned as it is. */
export function objectError(error: unknown, { object, verb, part, server }: Attempt): unknown {
  if (!(error instanceof ApiError)) return error;
  const words = objectWords(object);
  const said = safeText(error.message);
  if (error.status === 403) {
    const resource = RESOURCES[object.kind][1] + (part === undefined ? "" : `/${part}`);
    const where = object.namespace === "" ? "" : ` in the namespace ${safeText(object.namespace)}`;
    return unreachableError(`The kubeconfig's user may not ${verb} ${resource}${where}`, {
      hint: `It lacks the right "${verb}" on "${resource}"${where}. The control plane's own ` +
        "kubeconfig has it; fetch that with: k3s-tool kubeconfig",
      cause: error,
    });
  }
  const fail = (message: string, hint: string) => new UserError(message, { hint, cause: error });
  switch (error.status) {
    case 404:
      return fail(
        `${words} is gone`,
        "It has been deleted or replaced; go back and choose its replacement.",
      );
    case 409:
      return fail(
        `${words} was changed by someone else at the same time: ${said}`,
        "Nothing was changed by this request; try again.",
      );
    case 400:
    case 422:
      return fail(
        `The API server refuses this for ${words}: ${said}`,
        "Nothing was changed by this request.",
      );
    default:
      return apiRefusal(error, server);
  }
}

/** Like {@linkcode objectError}, for a channel to a part of an object (`exec`, `portforward`). */
export function channelError(error: unknown, attempt: Omit<Attempt, "verb">): unknown {
  // It begins with a GET, and newer servers want the right to create as well.
  const verb = error instanceof ApiError && /cannot (get|create) resource/.exec(error.message)?.[1];
  return objectError(error, { ...attempt, verb: verb || "create" });
}

/** Group and version, and the resource's name in paths and in rights (https://kubernetes.io/docs/reference/kubernetes-api/). */
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

/** The path of all objects of a kind. */
export function collectionPath(kind: ObjectKind): string {
  return RESOURCES[kind].join("/");
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
    throw usageError(`${JSON.stringify(name)} is not a valid object name`);
  }
  return encodeURIComponent(name);
}

const AnyObject = z.looseObject({ metadata: z.looseObject({}) });

/**
 * An object as the API server has it, but for `managedFields`. Not harmless for a terminal.
 *
 * @throws {UserError} where it is gone (exit code 1), refused or out of reach (4)
 */
export async function readObject(
  api: KubernetesApi,
  object: ObjectReference,
  { signal }: { readonly signal: AbortSignal },
): Promise<Readonly<Record<string, unknown>>> {
  const path = objectPath(object);
  let answer: unknown;
  try {
    answer = await api.get(path, { signal });
  } catch (error) {
    throw objectError(error, { object, verb: "get", server: api.server });
  }
  const parsed = AnyObject.safeParse(answer);
  if (!parsed.success) {
    throw notKubernetes(`${api.server} does not answer ${path} with an object`, parsed.error);
  }
  const { managedFields: _, ...metadata } = parsed.data.metadata;
  return { ...parsed.data, metadata };
}
