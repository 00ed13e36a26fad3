/**
 * The GitOps checks of `doctor`: Flux's controllers and their revision. An existing namespace alone
 * proves nothing.
 *
 * @module
 */

import * as z from "zod";
import type { KubernetesApi } from "../../cluster/api/kubernetes_api.ts";
import { safeText } from "../../errors/safe_text.ts";
import { UserError } from "../../errors/user_error.ts";
import { fluxAdvice } from "../../gitops/flux/flux_advice.ts";
import { type FluxObject, shortRevision } from "../../gitops/flux/flux_status.ts";
import type { Inventory } from "../../inventory/model.ts";
import type { ActionSystem } from "../action_system.ts";
import { type Check, fail, ok, warn } from "./check.ts";
import { otherRepository } from "../gitops/status.ts";
import { readFlux } from "../gitops/read_flux.ts";
import { surveyCluster } from "../survey.ts";

/** How long the API server may take for one answer here, in milliseconds. */
const TIMEOUT_MS = 8_000;

const PROVISION = "Apply it with: k3s-tool provision --tags gitops";

/** Looks at Flux where the inventory names a repository; nothing where it does not. */
export async function checkGitops(
  system: ActionSystem,
  inventory: Inventory,
): Promise<readonly Check[]> {
  if (inventory.cluster.gitRepoUrl === undefined) return [];
  const reading = await surveyCluster(system, {
    inventory,
    choice: { timeoutMs: TIMEOUT_MS },
    read: (api) => lookAt(api, { system, inventory }),
  });
  if (reading.known) return reading.value;
  const { message, hint } = reading.error;
  return [warn("gitops", `not checked: ${message}`, hint)];
}

async function lookAt(
  api: KubernetesApi,
  { system, inventory }: { readonly system: ActionSystem; readonly inventory: Inventory },
): Promise<readonly Check[]> {
  const { signal } = system;
  const namespace = inventory.cluster.fluxNamespace;
  const [flux, controllers] = await Promise.all([
    readFlux(api, { signal }),
    readControllers(api, { namespace, signal }),
  ]);
  if (flux === undefined || controllers.length === 0) {
    const message = `Flux is not installed in the namespace ${namespace}`;
    return [fail("flux", message, PROVISION)];
  }
  const down = controllers.filter(({ problem }) => problem !== undefined);
  const controllerCheck: Check = down.length === 0
    ? ok("flux", `${controllers.length} controllers are ready`)
    : fail(
      "flux",
      down.map(({ name, problem }) => `${name}: ${problem}`).join("; "),
      `Check their pods: kubectl -n ${namespace} get pods. ${PROVISION}`,
    );
  const [warning] = otherRepository(inventory, flux);
  const repository: Check = warning === undefined
    ? sourceCheck(flux.objects, namespace)
    : warn("repository", warning);
  return [controllerCheck, repository, ...appliedCheck(flux.objects)];
}

function sourceCheck(objects: readonly FluxObject[], namespace: string): Check {
  const name = "repository";
  const source = objects.find((object) =>
    object.kind === "GitRepository" && object.namespace === namespace &&
    object.name === "flux-system"
  );
  if (source === undefined) {
    return fail(name, "Flux does not sync from it yet", PROVISION);
  }
  const revision = source.revision === undefined ? "nothing" : shortRevision(source.revision);
  if (source.state === "ready") {
    return ok(name, `${revision} of ${source.from}`);
  }
  const hint = source.state === "suspended"
    ? "Resume it with: flux resume source git flux-system"
    : fluxAdvice(source) ?? "Sync now with: k3s-tool gitops sync";
  const status = source.state === "failed" ? "fail" : "warn";
  return { name, status, message: `${source.state}, at ${revision}: ${source.message}`, hint };
}

function appliedCheck(objects: readonly FluxObject[]): readonly Check[] {
  const applied = objects.filter(({ kind }) => kind === "Kustomization");
  if (applied.length === 0) return [];
  const failed = applied.filter(({ state }) => state === "failed");
  if (failed.length === 0) {
    return [ok("applied", `${applied.length} without failures`)];
  }
  const names = failed.map(({ name }) => name).join(", ");
  return [
    warn(
      "applied",
      `${failed.length} of ${applied.length} failed: ${names}`,
      "Show Flux's messages with: k3s-tool gitops status",
    ),
  ];
}

const Deployments = z.object({
  items: z.array(z.object({
    metadata: z.object({ name: z.string().transform(safeText) }),
    spec: z.object({ replicas: z.number().nullish() }).nullish(),
    status: z.object({
      conditions: z.array(
        z.object({ type: z.string(), status: z.string(), message: z.string().nullish() }),
      ).nullish(),
    }).nullish(),
  })),
});

/** Flux's Deployments, each with what keeps it from being available. */
async function readControllers(
  api: KubernetesApi,
  { namespace, signal }: { readonly namespace: string; readonly signal: AbortSignal },
): Promise<readonly { readonly name: string; readonly problem: string | undefined }[]> {
  const path = `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/deployments`;
  const query = { labelSelector: "app.kubernetes.io/part-of=flux" };
  const answer = Deployments.safeParse(await api.get(path, { query, signal }));
  if (!answer.success) throw new UserError(`${api.server} does not list Deployments as it should`);
  return answer.data.items.map(({ metadata, spec, status }) => {
    const available = status?.conditions?.find(({ type }) => type === "Available");
    // With 0 pods none is missing, so the API reports it as available.
    const problem = spec?.replicas === 0
      ? "it is scaled to 0 pods"
      : available?.status === "True"
      ? undefined
      : safeText(available?.message || "it is not available");
    return { name: metadata.name, problem };
  });
}
