/**
 * Checks everything that the tool depends on, with hints for what is wrong.
 *
 * @module
 */

import { isAbsent } from "../../errors/refusal.ts";
import { renderProblem } from "../../errors/render_error.ts";
import { counted } from "../../errors/safe_text.ts";
import { storedKubeconfig } from "../../kubeconfig/store.ts";
import { UserError } from "../../errors/user_error.ts";
import { locateInventoryIfAny } from "../../inventory/read/locate.ts";
import { etcdMembers, type Inventory } from "../../inventory/model.ts";
import { checkInventory } from "../../inventory/read/read.ts";
import type { ActionSystem } from "../action_system.ts";
import { attempt, type Check, fail, ok, warn } from "./check.ts";
import {
  checkAnsible,
  checkAssets,
  checkGitTools,
  checkSecretFiles,
  checkSsh,
  checkState,
} from "./machine.ts";
import { checkGitops } from "./gitops.ts";
import { checkGpus } from "./gpu.ts";
import { askHealth, type HostHealth } from "./health.ts";
import { checkHost } from "./hosts.ts";
import { nodeChecks } from "./nodes.ts";
import { checkPeer, checkTailscale } from "./tailnet.ts";

/** What a person asks for. */
export interface DoctorRequest {
  /** As given with `-i`; undefined: the nearest, if any. */
  readonly inventory: string | undefined;
  /** Repairs the tool's own files. */
  readonly fix: boolean;
  /** Also checks the hosts, over SSH. */
  readonly hosts: boolean;
  /** Also checks the hosts' GPUs, over SSH and in the cluster. */
  readonly gpu: boolean;
}

/** All checks, as they are done. Nothing but the tool's own files is ever changed. */
export async function* doctor(
  system: ActionSystem,
  request: DoctorRequest,
): AsyncGenerator<Check> {
  yield* await checkAssets(system);
  const ssh = await checkSsh(system);
  yield ssh;
  yield* await checkAnsible(system, request);
  yield await checkState(system, request);
  const { checks, tailnet } = await checkTailscale(system);
  yield* checks;
  const { check, inventory } = await findInventory(system, request.inventory);
  yield check;
  if (inventory === undefined) return;
  yield await checkKubeconfig(system, inventory);
  yield* await attempt({ name: "credentials" }, () => checkSecretFiles(system, inventory));
  yield* await attempt({ name: "git" }, () => checkGitTools(system, inventory));
  yield* await attempt({ name: "gitops" }, () => checkGitops(system, inventory));
  const now = system.clock.now();
  for (const host of inventory.hosts) {
    if (tailnet !== undefined) yield checkPeer(host, tailnet, now);
  }
  if (ssh.status !== "ok") return;
  if (request.gpu) yield* checkGpus(system, inventory);
  if (!request.hosts) return;
  yield* checkHosts(system, inventory);
}

/** Looks at all hosts at the same time, then at what is between them. */
async function* checkHosts(system: ActionSystem, inventory: Inventory): AsyncGenerator<Check> {
  const answers = new Map<string, HostHealth>();
  const results = inventory.hosts.map((host) =>
    attempt({ name: "ssh", host: host.name }, async () => {
      const { checks, canRun } = await checkHost(system, host);
      if (!canRun) return checks;
      const answer = await askHealth(system, inventory, host);
      if (typeof answer === "string") {
        return [...checks, warn({ name: "health", host: host.name }, `not checked: ${answer}`)];
      }
      answers.set(host.name, answer);
      return checks;
    })
  );
  // Ctrl-C rejects all of them at once; the first one is reported.
  for (const result of results) result.catch(() => {});
  for (const result of results) yield* await result;
  const members = new Set(etcdMembers(inventory).map(({ name }) => name));
  const inOrder = new Map(inventory.hosts.flatMap(({ name }) => {
    const answer = answers.get(name);
    return answer === undefined ? [] : [[name, answer] as const];
  }));
  yield* nodeChecks(inOrder, { members, now: system.clock.now() });
}

async function findInventory(
  system: ActionSystem,
  named: string | undefined,
): Promise<{ readonly check: Check; readonly inventory?: Inventory | undefined }> {
  const name = "inventory";
  try {
    const file = await locateInventoryIfAny(system, named);
    if (file === undefined) {
      const hint = "Create one with: k3s-tool init; or specify one with -i FILE";
      return {
        check: warn(name, "none in this directory or its parents", hint),
      };
    }
    const { inventory, problems } = await checkInventory(file, { cwd: system.cwd });
    if (problems.length === 0 && inventory !== undefined) {
      const hosts = counted(inventory.hosts.length, "host");
      return { check: ok(name, `${file}, ${hosts}`), inventory };
    }
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
    const first = problems[0] === undefined ? "cannot be read" : renderProblem(problems[0]);
    const hint = "Show all problems with: k3s-tool config validate";
    return { check: fail(name, `${first}${more}`, hint), inventory };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { check: fail(name, renderProblem(error), error.hint) };
  }
}

async function checkKubeconfig(system: ActionSystem, inventory: Inventory): Promise<Check> {
  const name = "kubeconfig";
  const path = await storedKubeconfig(system, inventory.file);
  try {
    const { mode } = await Deno.stat(path);
    if (((mode ?? 0) & 0o077) === 0) return ok(name, path);
    return fail(
      name,
      `others can read ${path}, which gives full access to the cluster`,
      `Fix it with: chmod 600 ${path}`,
    );
  } catch (error) {
    if (!isAbsent(error)) return fail(name, (error as Error).message);
    return warn(
      name,
      "this machine has not provisioned the cluster",
      "Provision it with: k3s-tool provision",
    );
  }
}
