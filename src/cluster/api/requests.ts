/**
 * What can be asked about one object of a cluster. Types alone.
 *
 * @module
 */

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
