/**
 * A cluster of a thousand nodes without machines: API server, controllers and scheduler of the k3s
 * stand-in, and kwok in the place of the kubelets.
 *
 * @module
 */

import { join } from "node:path";
import { k3sBuild } from "../build/cluster_parts.ts";
import { cached, hashTexts } from "../build/content_hash.ts";
import { buildGo } from "../build/go_programs.ts";
import { buildKwok } from "../build/kwok.ts";
import { standInVersions } from "../build/mirror.ts";
import { cacheDir } from "../paths.ts";
import { say, step } from "../cli/progress.ts";
import { forEachAtOnce, type ScaleApi } from "./scale_api.ts";
import {
  deployments,
  FULL_SIZE,
  MARK,
  markPod,
  namespaceNames,
  namespaces,
  nodes,
  podCount,
  type Posted,
  type ScaleSize,
  services,
} from "./scale_objects.ts";
import {
  dataDir,
  kubeconfig,
  type Programs,
  removeRunDir,
  serverArgs,
  startPrograms,
} from "./scale_programs.ts";
import { LabBusyError } from "../state.ts";
import { waitFor } from "../wait.ts";

/** A running cluster; it ends with this process at the latest. */
export interface ScaleCluster extends AsyncDisposable {
  /** File with the administrator's access. */
  readonly kubeconfig: string;
  readonly api: ScaleApi;
  readonly size: ScaleSize;
}

/**
 * Starts a cluster whose pods all run. The first time it is filled, which takes minutes; what the datastore
 * holds then is kept, and later ones start with a copy of it.
 */
export async function startScaleCluster(size: ScaleSize = FULL_SIZE): Promise<ScaleCluster> {
  const programs: Programs = {
    k3s: join(await buildGo(k3sBuild(standInVersions.at(-1)!)), "k3s"),
    kwok: await buildKwok(),
  };
  await using ending = new AsyncDisposableStack();
  ending.use(await lock());
  const data = await filledData(programs, size);
  ending.defer(removeRunDir);
  const { api } = ending.use(await step("API started", () => startPrograms(programs, data)));
  await step(`${size.nodes} nodes, ${podCount(size)} pods`, () => allRun(api, size));
  const running = ending.move();
  return { kubeconfig, api, size, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function lock(): Promise<Disposable> {
  await Deno.mkdir(cacheDir, { recursive: true });
  const file = await Deno.open(join(cacheDir, "scale.lock"), { create: true, write: true });
  if (await file.tryLock(true)) return file;
  file.close();
  throw new LabBusyError("another cluster without machines runs; there is one at a time");
}

/** The data directory of a cluster that was filled. It is in use by none: copies are. */
async function filledData(programs: Programs, size: ScaleSize): Promise<string> {
  const objects = [namespaces, nodes, deployments, services].flatMap((make) => make(size));
  const inputs = [
    "without events",
    programs.k3s,
    programs.kwok.program,
    ...serverArgs,
    JSON.stringify(objects),
  ];
  const { path } = await cached(join(cacheDir, "scale", hashTexts(...inputs)), async (kept) => {
    say(`lab: filling a cluster with ${size.nodes} nodes and ${podCount(size)} pods`);
    {
      await using running = await startPrograms(programs);
      await step("objects made, all pods run", () => fill(running.api, size));
    }
    await Deno.rename(dataDir, join(kept, "data"));
  });
  return join(path, "data");
}

async function fill(api: ScaleApi, size: ScaleSize): Promise<void> {
  const post = ({ path, object }: Posted) => api.create(path, object);
  await forEachAtOnce(namespaces(size), post);
  await forEachAtOnce(nodes(size), post);
  await forEachAtOnce(deployments(size), post);
  // Refused until the namespace's service account is there.
  await waitFor(() => post(markPod()).then(() => true), { what: "the marked pod" });
  await allRun(api, size);
  // Later than the pods: each that becomes ready would have its endpoints written anew.
  await forEachAtOnce(services(size), post);
  await waitFor(async () => {
    const { items } = await api.get<List>("/apis/discovery.k8s.io/v1/endpointslices");
    return items.length >= size.deployments;
  }, { limit: 60, what: "the endpoints of all Services", interval: 1_000 });
  // Of the filling; any cluster has forgotten such after an hour.
  await forEachAtOnce(
    namespaceNames(size),
    (namespace) => api.deleteAll(`/api/v1/namespaces/${namespace}/events`),
  );
}

interface List {
  readonly items: readonly { readonly status?: { readonly readyReplicas?: number } }[];
}

/** Waits until every pod is Ready. */
async function allRun(api: ScaleApi, size: ScaleSize): Promise<void> {
  await waitFor(async () => {
    const { items } = await api.get<List>("/apis/apps/v1/deployments");
    const ready = items.reduce((sum, { status }) => sum + (status?.readyReplicas ?? 0), 0);
    return ready === podCount(size);
  }, { limit: 1_800, what: `${podCount(size)} pods to run`, interval: 1_000 });
  const path = `/api/v1/namespaces/${MARK.namespace}/pods/${MARK.pod}`;
  await waitFor(
    async () => (await api.get<{ status: { phase: string } }>(path)).status.phase === "Running",
    { what: "the marked pod to run" },
  );
}
