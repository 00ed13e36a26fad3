/**
 * What a person changes in the simulated home, as it comes over the API.
 *
 * @module
 */

import * as z from "zod";
import { ApiError, type Change } from "../../cluster/api/kubernetes_api.ts";
import type { WorkloadKind } from "../../cluster/read/objects.ts";
import { appOf } from "./apps.ts";
import { type Draft, say, type SimPod, type SimWorkload } from "./model.ts";
import { nodeAbout } from "./network.ts";
import type { Player } from "./player.ts";
import { activePods, endPod } from "./pods.ts";

const Preconditions = z.object({ preconditions: z.object({ uid: z.string() }).optional() });
const Cordon = z.object({ spec: z.object({ unschedulable: z.boolean().nullable() }) });
const Scale = z.object({ spec: z.object({ replicas: z.int().nonnegative() }) });
const Restart = z.object({
  spec: z.object({
    template: z.object({
      metadata: z.object({ annotations: z.record(z.string(), z.string()) }),
    }),
  }),
});

const KINDS: Readonly<Record<string, WorkloadKind>> = {
  deployments: "Deployment",
  statefulsets: "StatefulSet",
  daemonsets: "DaemonSet",
};

/** Takes a request that changes something. @throws {ApiError} as an API server would */
export function changeHome(player: Player, { method, path, body }: Change): unknown {
  const steps = path.split("/").slice(1).map(decodeURIComponent);
  player.change((draft) => {
    const at = steps.indexOf("namespaces");
    const [resource = "", name = "", part] = at < 0 ? steps.slice(2) : steps.slice(at + 2);
    const namespace = at < 0 ? "" : steps[at + 1] ?? "";
    const request = `${method} ${resource}${part === undefined ? "" : `/${part}`}`;
    const missing = new ApiError(404, "NotFound", `${resource} "${name}" not found`, path);
    const pod = () => {
      const found = draft.pods.values().find((each) =>
        each.name === name && each.namespace === namespace
      );
      if (found === undefined) throw missing;
      return found;
    };
    const workload = () => {
      const id = `${KINDS[resource]} ${namespace}/${name}`;
      const found = draft.workloads.get(id);
      if (found === undefined) throw missing;
      return [id, found] as const;
    };
    switch (request) {
      case "PATCH nodes":
        return cordon(draft, name, { body, missing });
      case "PATCH deployments/scale":
      case "PATCH statefulsets/scale":
        return update(draft, workload(), { replicas: Scale.parse(body).spec.replicas });
      case "PATCH deployments":
      case "PATCH statefulsets":
      case "PATCH daemonsets":
        return restart(draft, workload(), body);
      case "POST pods/eviction":
        return evict(draft, pod(), { path, body });
      case "DELETE pods":
        return endPod(draft, checked(pod(), { path, body }));
      default:
        throw new ApiError(405, "MethodNotAllowed", `not simulated: ${request}`, path);
    }
  });
  return { kind: "Status", status: "Success" };
}

function cordon(
  draft: Draft,
  name: string,
  { body, missing }: { readonly body: unknown; readonly missing: ApiError },
): void {
  const node = draft.nodes.get(name);
  if (node === undefined) throw missing;
  const cordoned = Cordon.parse(body).spec.unschedulable === true;
  draft.nodes.set(name, { ...node, cordoned });
  const status = cordoned ? "NodeNotSchedulable" : "NodeSchedulable";
  say(draft, nodeAbout(node), {
    reason: status,
    message: `Node ${name} status is now: ${status}`,
  });
}

function restart(draft: Draft, found: readonly [string, SimWorkload], body: unknown): void {
  const { annotations } = Restart.parse(body).spec.template.metadata;
  update(draft, found, {
    revision: found[1].revision + 1,
    restartedAt: annotations["kubectl.kubernetes.io/restartedAt"],
  });
}

function update(
  draft: Draft,
  [id, workload]: readonly [string, SimWorkload],
  change: Partial<SimWorkload>,
): void {
  draft.workloads.set(id, { ...workload, ...change, generation: workload.generation + 1 });
}

interface PodRequest {
  readonly path: string;
  readonly body: unknown;
}

function evict(draft: Draft, pod: SimPod, { path, body }: PodRequest): void {
  const { deleteOptions = {} } = z.object({ deleteOptions: z.unknown().optional() }).parse(body);
  checked(pod, { path, body: deleteOptions });
  const { keep, name } = appOf(pod.app);
  if (keep !== undefined && pod.owner !== undefined && pod.endingSince === undefined) {
    const healthy = activePods(draft, pod.owner).filter(({ ready }) => ready).length;
    if (pod.ready && healthy - 1 < keep) {
      const words = "Cannot evict pod as it would violate the pod's disruption budget. " +
        `The disruption budget ${name} needs ${keep} healthy pods and has ${healthy} currently`;
      throw new ApiError(429, "TooManyRequests", words, path);
    }
  }
  endPod(draft, pod);
}

/** The pod, where it is the one that is meant. */
function checked(pod: SimPod, { path, body }: PodRequest): SimPod {
  const wanted = Preconditions.parse(body ?? {}).preconditions?.uid;
  if (wanted !== undefined && wanted !== pod.uid) {
    throw new ApiError(409, "Conflict", "the UID in the precondition does not match", path);
  }
  return pod;
}
