/**
 * What an upgrade would do: read from the cluster, the tailnet and the directory that hosts get k3s from.
 *
 * @module
 */

import type { PasswordFiles } from "../../ansible/run/invocation.ts";
import { safeText } from "../../errors/safe_text.ts";
import { usageError, UserError } from "../../errors/user_error.ts";
import type { Inventory } from "../../inventory/model.ts";
import { K3S_VERSION } from "../../inventory/kubernetes_syntax.ts";
import { openInventory, requireProvisionable } from "../../inventory/read/read.ts";
import type { ActionSystem } from "../action_system.ts";
import { type ClusterChoice, surveyCluster, surveyTailnet } from "../survey.ts";
import { absentArtifacts, artifactDirectory } from "./artifacts.ts";
import { readOldCompanions, readOldTailscale } from "./companions.ts";
import { readChannels, type ReleaseChoice, releaseChoices } from "./releases.ts";
import { readUpgradeFacts } from "./upgrade_facts.ts";
import { type Batch, planUpgrade, type UpgradePlan } from "./upgrade_plan.ts";

/** What a person asks for. */
export interface UpgradeRequest {
  readonly inventory: string | undefined;
  readonly cluster: ClusterChoice;
  /** `--to`: a release or a channel; undefined: the inventory's `k3s_version`. */
  readonly to: string | undefined;
  /** Where channels are read. */
  readonly channelUrl: string;
  /** `--batch`: `2`, `50%`. */
  readonly batch: string;
  /** How long the pods of a node may take to leave, in milliseconds. */
  readonly limitMs: number;
  readonly passwords: PasswordFiles;
}

/** An upgrade that can be started. */
export interface PlannedUpgrade {
  readonly inventory: Inventory;
  readonly plan: UpgradePlan;
}

/**
 * Plans an upgrade; nothing is changed.
 *
 * @throws {UserError} exit code 2 for a version or batch that is none, 3 or 4 where the cluster cannot be asked
 */
export async function readUpgradePlan(
  system: ActionSystem,
  request: UpgradeRequest,
): Promise<PlannedUpgrade> {
  const { inventory } = await openInventory(system, request.inventory);
  requireProvisionable(inventory);
  const batch = batchOf(request.batch);
  const { signal } = system;
  const target = await targetOf(request, { inventory, signal });
  const tailnet = await surveyTailnet(system);
  const away = tailnet.known
    ? tailnet.value.peers.filter(({ online, isSelf }) => !online && !isSelf)
    : [];
  const offline = new Set(away.map(({ ipv4 }) => ipv4 ?? ""));
  const reading = await surveyCluster(system, {
    inventory,
    choice: request.cluster,
    read: (api) =>
      Promise.all([
        readUpgradeFacts(api, { inventory, signal, offline }),
        readOldCompanions(api, { assets: system.assets, cluster: inventory.cluster, signal }),
        readOldTailscale(
          system,
          inventory.hosts.filter(({ tailscaleIp = "" }) => !offline.has(tailscaleIp)),
        ),
      ]),
  });
  if (!reading.known) throw reading.error;
  const [facts, ...old] = reading.value;
  const plan = planUpgrade(facts, { target, batch });
  const absent = await absentRelease(system, inventory, plan);
  return {
    inventory,
    plan: {
      ...plan,
      refusals: [...plan.refusals, ...absent],
      warnings: [...plan.warnings, ...old.flat()],
    },
  };
}

/** What the directory that hosts get k3s from lacks of the target, before anything is drained for it. */
async function absentRelease(
  system: ActionSystem,
  inventory: Inventory,
  { target, steps }: UpgradePlan,
): Promise<UpgradePlan["refusals"]> {
  const directory = artifactDirectory(system, inventory);
  if (directory === undefined || inventory.cluster.vars.has("k3s_binary_local_dir")) return [];
  const nodes = steps.flatMap((step) => step.nodes);
  const architectures = new Set(nodes.flatMap(({ architecture }) => architecture ?? []));
  const refusals: UpgradePlan["refusals"][number][] = [];
  for (const architecture of architectures) {
    const absent = await absentArtifacts(directory, {
      version: target,
      architecture,
      signal: system.signal,
    });
    if (absent.length === 0) continue;
    refusals.push({
      message: `${directory} (artifact_dir) has no ${absent.join(", ")} of ${target}`,
      hint: `Download it where there is internet: k3s-tool artifacts download --k3s-version ` +
        `${target} --arch ${architecture}`,
    });
  }
  return refusals;
}

/** The release to upgrade to. @throws {UserError} exit code 2, or 4 where a channel cannot be read */
async function targetOf(
  { to, channelUrl }: UpgradeRequest,
  { inventory, signal }: { readonly inventory: Inventory; readonly signal: AbortSignal },
): Promise<string> {
  const named = to ?? inventory.cluster.k3sVersion;
  if (named === undefined) {
    throw usageError("The inventory does not say which version to upgrade to", {
      hint: "Name one, such as: k3s-tool upgrade --to v1.36.3+k3s1",
    });
  }
  if (K3S_VERSION.test(named)) return named;
  const isChannel = /^[a-z]+$|^v\d+\.\d+$/.test(named);
  const channels = isChannel ? await readChannels(channelUrl, { signal }) : [];
  const channel = channels.find(({ name }) => name === named);
  if (channel !== undefined) return channel.version;
  throw usageError(`${safeText(named)} is neither a k3s release nor a channel`, {
    hint: "List them with: k3s-tool upgrade --list",
  });
}

/** `2` or `50%`. @throws {UserError} exit code 2 */
function batchOf(text: string): Batch {
  const [, digits = "", sign] = /^([1-9]\d{0,4})(%?)$/.exec(text) ?? [];
  const size = Number(digits);
  if (size === 0 || sign === "%" && size > 100) {
    throw usageError(`--batch ${safeText(text)} is neither a number nor a percentage`, {
      hint: "Upgrade two workers at once with --batch 2, half of them with --batch 50%.",
    });
  }
  return { size, percent: sign === "%" };
}

/** The channels, each with what it means for this cluster. @throws {UserError} exit code 4 */
export async function listReleases(
  system: ActionSystem,
  request: UpgradeRequest,
): Promise<readonly ReleaseChoice[]> {
  const { inventory } = await openInventory(system, request.inventory);
  const { signal } = system;
  const [channels, reading] = await Promise.all([
    readChannels(request.channelUrl, { signal }),
    surveyCluster(system, {
      inventory,
      choice: request.cluster,
      read: (api) => readUpgradeFacts(api, { inventory, signal }),
    }),
  ]);
  const running = reading.known ? reading.value.nodes.flatMap(({ version }) => version ?? []) : [];
  const wanted = inventory.cluster.k3sVersion;
  return releaseChoices(channels, running.length > 0 || wanted === undefined ? running : [wanted]);
}

/** Why a plan may not be carried out; undefined where it may. */
export function refusalError({ refusals }: UpgradePlan): UserError | undefined {
  const [first, ...rest] = refusals;
  if (first === undefined) return undefined;
  return new UserError(rest.length === 0 ? first.message : "This upgrade is refused", {
    hint: first.hint,
    ...rest.length > 0 && { problems: refusals.map(({ message }) => ({ message })) },
  });
}
