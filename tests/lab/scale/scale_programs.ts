/**
 * The programs of the cluster without machines, on this machine's loopback: they need no lab to be up.
 *
 * @module
 */

import { join } from "node:path";
import type { Kwok } from "../build/kwok.ts";
import { run } from "../cli/command.ts";
import { type Daemon, isAlive, startDaemon, stopDaemon } from "../cli/daemon.ts";
import { cacheDir } from "../paths.ts";
import { ScaleApi } from "./scale_api.ts";
import { waitFor } from "../wait.ts";

/** What belongs to the running cluster. */
const dir = join(cacheDir, "scale-run");

/** Directory that the k3s stand-in keeps its state in. */
export const dataDir = join(dir, "data");

/** File with the administrator's access. */
export const kubeconfig = join(dir, "kubeconfig");

/** Beside 6443, which this machine may have for itself. */
const PORT = 16443;

/** What is started. */
export interface Programs {
  readonly k3s: string;
  readonly kwok: Kwok;
}

/** Limits of rate are for clusters that others use too: with them the pods take ten minutes. */
export const serverArgs = [
  "server",
  "--disable-agent",
  `--data-dir=${dataDir}`,
  `--write-kubeconfig=${kubeconfig}`,
  "--node-name=scale",
  "--node-ip=127.0.0.1",
  "--bind-address=127.0.0.1",
  "--advertise-address=127.0.0.1",
  `--https-listen-port=${PORT}`,
  "--cluster-cidr=10.128.0.0/9", // a /24 for each node
  "--disable=coredns,metrics-server",
  "--kube-apiserver-arg=endpoint-reconciler-type=none", // it refuses loopback addresses
  "--kube-apiserver-arg=max-requests-inflight=2000",
  "--kube-apiserver-arg=max-mutating-requests-inflight=1000",
  // On a busy machine heartbeats are late, and kwok never makes a pod ready again that was taken for lost.
  "--kube-controller-manager-arg=node-monitor-grace-period=1h",
  ...["kube-controller-manager", "kube-scheduler"].flatMap((program) =>
    ["kube-api-qps=2000", "kube-api-burst=2000"].map((arg) => `--${program}-arg=${arg}`)
  ),
];

/** The programs, running. */
export interface Running extends AsyncDisposable {
  readonly api: ScaleApi;
}

/** Starts them, on a copy of a data directory where one is given, and waits until the API answers. */
export async function startPrograms({ k3s, kwok }: Programs, data?: string): Promise<Running> {
  await using ending = new AsyncDisposableStack();
  await removeRunDir();
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
  if (data !== undefined) await run(["cp", "-a", data, dataDir]);
  const server = await daemon("k3s", [k3s, ...serverArgs]);
  ending.defer(() => stopDaemon(server));
  const api = await waitFor(() => connect(server), { limit: 60, what: `the API (see ${dir})` });
  ending.use(api);
  const kubelets = await daemon("kwok", [
    kwok.program,
    `--kubeconfig=${kubeconfig}`,
    ...kwok.stages.map((file) => `--config=${file}`),
    "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
    "--node-lease-duration-seconds=40",
    "--v=WARN",
  ]);
  ending.defer(() => stopDaemon(kubelets));
  const running = ending.move();
  return { api, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Removes what an ended cluster left on disk. */
export async function removeRunDir(): Promise<void> {
  await run(["rm", "-rf", dir]);
}

/** The kernel ends it when this process is no more, however that ends. */
function daemon(name: string, argv: readonly string[]): Promise<Daemon> {
  return startDaemon(name, ["setpriv", "--pdeathsig", "KILL", ...argv], {
    log: join(dir, `${name}.log`),
  });
}

async function connect(server: Daemon): Promise<ScaleApi> {
  if (!await isAlive(server)) throw new Error(`k3s has ended; see ${dir}/k3s.log`);
  const api = new ScaleApi(await Deno.readTextFile(kubeconfig));
  try {
    // There once the API server and its controllers have come up.
    await api.get("/api/v1/namespaces/default/serviceaccounts/default");
    return api;
  } catch (error) {
    api[Symbol.dispose]();
    throw error;
  }
}
