/**
 * What runs beside k3s and `upgrade` does not touch: Flux, NVIDIA's device plugin and Tailscale.
 *
 * @module
 */

import * as z from "zod";
import type { AssetSource } from "../../assets/source.ts";
import { ApiError, type KubernetesApi } from "../../cluster/api/kubernetes_api.ts";
import { labels } from "../../cluster/read/object_fields.ts";
import { safeText } from "../../errors/safe_text.ts";
import { shellWord } from "../../errors/shell_word.ts";
import type { ClusterVars, InventoryHost } from "../../inventory/model.ts";
import { newerRelease, parseStatus } from "../../tailscale/status.ts";
import type { ActionSystem } from "../action_system.ts";
import { execOnHosts } from "../hosts/remote.ts";

const Workloads = z.object({
  items: z.array(z.object({
    metadata: z.object({ labels }),
    spec: z.object({
      template: z.object({
        spec: z.object({ containers: z.array(z.object({ image: z.string().nullish() })) }),
      }),
    }),
  })),
});

/** A sentence for each that is older than what this k3s-tool installs, with how to upgrade it. */
export async function readOldCompanions(
  api: KubernetesApi,
  { assets, cluster, signal }: {
    readonly assets: AssetSource;
    readonly cluster: ClusterVars;
    readonly signal: AbortSignal;
  },
): Promise<readonly string[]> {
  const read = async (path: string) => {
    try {
      return Workloads.safeParse(await api.get(path, { signal })).data?.items[0];
    } catch (error) {
      // What merely helps stops no upgrade.
      if (error instanceof ApiError) return undefined;
      throw error;
    }
  };
  const selector = (value: string) => `?labelSelector=${encodeURIComponent(value)}`;
  const [flux, plugin] = await Promise.all([
    read(
      `/apis/apps/v1/namespaces/${encodeURIComponent(cluster.fluxNamespace)}/deployments` +
        selector("app.kubernetes.io/part-of=flux"),
    ),
    read(
      "/apis/apps/v1/namespaces/kube-system/daemonsets" +
        selector("app.kubernetes.io/name=k3s-tool-gpu"),
    ),
  ]);
  const owned = cluster.vars.get("gitops_flux_version")?.value;
  const fluxVersion = typeof owned === "string"
    ? owned
    : await defaultOf(assets, "gitops", /^gitops_flux_version: (\S+)/m);
  const pluginVersion = await defaultOf(
    assets,
    "gpu_support",
    /^gpu_support_plugin_image: \S+?:(v[\d.]+)/m,
  );
  const image = plugin?.spec.template.spec.containers[0]?.image ?? "";
  return [
    ...old("Flux", flux?.metadata.labels?.["app.kubernetes.io/version"], fluxVersion),
    ...old("NVIDIA's device plugin", /:(v\d[\d.]*)/.exec(image)?.[1], pluginVersion),
  ];
}

/** A sentence for hosts whose Tailscale is old, as the control server tells them, with how to upgrade it. */
export async function readOldTailscale(
  system: ActionSystem,
  hosts: readonly InventoryHost[],
): Promise<readonly string[]> {
  const command = "tailscale status --json --peers=false";
  const said = await execOnHosts(system, { hosts, command }, () => {});
  const old = said.flatMap(({ host, code, stdout }) => {
    const parsed = code === 0 ? parseStatus(stdout) : undefined;
    const newer = parsed && "status" in parsed ? newerRelease(parsed.status) : undefined;
    return newer === undefined ? [] : [{ host, ...newer }];
  });
  const [first] = old;
  if (first === undefined) return [];
  const list = old.map(({ host, runs, latest }) => `${host} (${runs}, latest ${latest})`);
  return [
    `Tailscale is old on ${list.join(", ")}; upgrade one host at a time with: ` +
    `k3s-tool exec --limit ${shellWord(first.host)} -- sudo tailscale update`,
  ];
}

/** A version in a role's defaults: the role is the one place that has it. */
export async function defaultOf(
  assets: AssetSource,
  role: string,
  pattern: RegExp,
): Promise<string> {
  const text = new TextDecoder().decode(
    await assets.read(`ansible/roles/${role}/defaults/main.yml`),
  );
  return pattern.exec(text)?.[1] ?? "";
}

function old(name: string, runs: string | undefined, brought: string): readonly string[] {
  const there = numbers(runs ?? "");
  const here = numbers(brought);
  if (there === undefined || here === undefined) return [];
  const at = there.findIndex((number, index) => number !== here[index]);
  if (at < 0 || there[at]! > here[at]!) return [];
  return [
    `${name} ${safeText(runs!)} is older than ${brought}; upgrade it with: k3s-tool provision`,
  ];
}

function numbers(version: string): readonly number[] | undefined {
  return /^v(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
}
