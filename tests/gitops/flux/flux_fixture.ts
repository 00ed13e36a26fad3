/**
 * Flux's objects as its controllers write them, and what a test changes of them.
 *
 * @module
 */

/** What a test may say of an object. */
export interface FluxFields {
  readonly namespace?: string;
  readonly generation?: number;
  readonly ready?: "True" | "False" | "Unknown";
  readonly reason?: string;
  readonly message?: string;
  /** Generation that the Ready condition is about. */
  readonly observed?: number;
  readonly reconciling?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

export const REVISION = "main@sha1:1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d";

function object(kind: string, name: string, fields: FluxFields) {
  const { ready = "True", reason = "Succeeded", message = "all well", observed = 1 } = fields;
  return {
    apiVersion: "made.toolkit.fluxcd.io/v1",
    kind,
    metadata: {
      name,
      namespace: fields.namespace ?? "flux-system",
      generation: fields.generation ?? 1,
    },
    spec: { interval: "1m0s", ...fields.spec },
    status: {
      observedGeneration: 1,
      conditions: [
        ...fields.reconciling === undefined ? [] : [{
          type: "Reconciling",
          status: "True",
          reason: fields.reconciling,
          message: "at work",
          lastTransitionTime: "2026-11-23T11:59:00Z",
          observedGeneration: 1,
        }],
        {
          type: "Ready",
          status: ready,
          reason,
          message,
          lastTransitionTime: "2026-11-23T11:50:00Z",
          observedGeneration: observed,
        },
      ],
      ...fields.status,
    },
  };
}

/** A GitRepository. */
export function gitRepository(name = "flux-system", fields: FluxFields = {}) {
  return object("GitRepository", name, {
    message: `stored artifact for revision '${REVISION}'`,
    ...fields,
    spec: { url: "https://git.example/homelab.git", ref: { branch: "main" }, ...fields.spec },
    status: {
      artifact: { revision: REVISION, lastUpdateTime: "2026-11-23T11:00:00Z" },
      ...fields.status,
    },
  });
}

/** A Kustomization. */
export function kustomization(name: string, fields: FluxFields = {}) {
  return object("Kustomization", name, {
    message: `Applied revision: ${REVISION}`,
    ...fields,
    spec: {
      path: `./apps/${name}/overlays/homelab`,
      sourceRef: { kind: "GitRepository", name: "flux-system" },
      ...fields.spec,
    },
    status: {
      lastAppliedRevision: REVISION,
      lastAttemptedRevision: REVISION,
      history: [
        {
          lastReconciled: "2026-11-23T11:55:00Z",
          lastReconciledStatus: "ReconciliationFailed",
        },
        {
          lastReconciled: "2026-11-23T11:30:00Z",
          lastReconciledStatus: "ReconciliationSucceeded",
        },
      ],
      ...fields.status,
    },
  });
}
