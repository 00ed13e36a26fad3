/**
 * The GPU checks of `doctor`: card, driver, container toolkit, what k3s found, and what the node
 * offers to pods. They are in the order in which one thing needs the other.
 *
 * @module
 */

import * as z from "zod";
import { failureHint } from "../../ansible/events/failure_hint.ts";
import { pythonOf } from "../../ansible/run/ssh.ts";
import { readNodes } from "../../cluster/read/read_cluster.ts";
import type { ClusterNode } from "../../cluster/read/objects.ts";
import { counted, safeText } from "../../errors/safe_text.ts";
import { shellWord } from "../../errors/shell_word.ts";
import type { Inventory, InventoryHost } from "../../inventory/model.ts";
import type { ActionSystem } from "../action_system.ts";
import { hostProgram } from "../backup/host_program.ts";
import { surveyCluster } from "../survey.ts";
import { parseJson } from "../../process/json.ts";
import { type Check, fail, ok, warn } from "./check.ts";
import { askHost } from "./hosts.ts";

/** How long the API server may take for one answer here, in milliseconds. */
const TIMEOUT_MS = 8_000;

/** What the host's program is made of: what the role gpu_support looks at, in the same words. */
const MODULES = ["programs", "machine", "gpu"] as const;

const text = z.string().transform((value) => safeText(value).slice(0, 300));
const count = z.number().int().min(0);

const GpuFacts = z.object({
  /** Cards on the bus, and those of them that the driver has. */
  seen: count,
  cards: count,
  /** Model, memory and driver. */
  description: text,
  problem: z.object({ id: z.string(), message: text, hint: text }).nullable(),
  /** Path of NVIDIA's container runtime. */
  runtime: text.nullable(),
  /** Null where only root may know. */
  found_by_k3s: z.boolean().nullable(),
});

/** What a host's program said. */
export type GpuFacts = Readonly<z.infer<typeof GpuFacts>>;

/** Looks at the GPUs of all hosts that may have one. */
export async function* checkGpus(
  system: ActionSystem,
  inventory: Inventory,
): AsyncGenerator<Check> {
  const reading = await surveyCluster(system, {
    inventory,
    choice: { timeoutMs: TIMEOUT_MS },
    read: (api) => readNodes(api, system),
  });
  if (!reading.known) {
    const { message, hint } = reading.error;
    yield warn("gpu", `the cluster cannot be read: ${message}`, hint);
  }
  const nodes = reading.known ? reading.value : undefined;
  const looks = inventory.hosts.map((host) => lookAt(system, host, nodes));
  for (const look of looks) look.catch(() => {}); // Ctrl-C rejects all of them at once
  const checks: Check[] = [];
  for (const look of looks) {
    const found = await look;
    checks.push(...found);
    yield* found;
  }
  if (checks.length === 0) {
    yield warn("gpu", `none of ${counted(inventory.hosts.length, "host")} has an NVIDIA card`);
  }
}

async function lookAt(
  system: ActionSystem,
  host: InventoryHost,
  nodes: readonly ClusterNode[] | undefined,
): Promise<readonly Check[]> {
  const program = await hostProgram(system, MODULES, "gpu.tell(sys.stdout)", {});
  const answer = await askHost(system, host, scriptOf(program, pythonOf(host)));
  if ("checks" in answer) return answer.checks;
  const facts = parseGpuFacts(answer.stdout);
  if (facts !== undefined) return gpuChecks(host, { facts, nodes });
  const hint = failureHint(host.name, "python3: not found", { connecting: false });
  return [fail({ name: "gpu", host: host.name }, "Python 3 did not answer", hint)];
}

/** A shell script that runs a program of Python, as root where that needs no password. */
export function scriptOf(program: string, python: string): string {
  return `s=; [ "$(id -u)" = 0 ] || ! sudo -n true 2>/dev/null || s='sudo -n'
$s ${python} - <<'END_OF_PROGRAM'
${program}END_OF_PROGRAM
echo end=yes
`;
}

/** What the program said; anything else a login shell may print is left out. */
export function parseGpuFacts(stdout: string): GpuFacts | undefined {
  return parseJson(GpuFacts, /^k3s-tool-gpu=(.+)$/m.exec(stdout)?.[1] ?? "");
}

/** What is well and what is not with the cards of a host; nothing where it has none and needs none. */
export function gpuChecks(
  host: InventoryHost,
  { facts, nodes }: {
    readonly facts: GpuFacts;
    readonly nodes: readonly ClusterNode[] | undefined;
  },
): readonly Check[] {
  const about = (name: string) => ({ name, host: host.name });
  const provision = `Set it up with: k3s-tool provision --limit ${shellWord(host.name)}`;
  const { problem, runtime } = facts;
  if (facts.seen === 0) {
    if (host.gpu !== true || problem === null) return [];
    return [fail(about("card"), `gpu is true, but ${problem.message}`, hintFor(problem, host))];
  }
  if (host.gpu === false) return [ok(about("card"), "gpu is false, so pods cannot use it")];
  const checks: Check[] = [ok(about("card"), counted(facts.seen, "NVIDIA card"))];
  if (problem !== null) {
    return [...checks, fail(about("driver"), problem.message, hintFor(problem, host))];
  }
  checks.push(ok(about("driver"), facts.description));
  if (runtime === null) {
    checks.push(fail(about("toolkit"), "NVIDIA's container toolkit is not installed", provision));
    return checks;
  }
  checks.push(ok(about("toolkit"), runtime));
  if (facts.found_by_k3s === false) {
    const unit = host.role === "worker" ? "k3s-agent" : "k3s";
    const hint =
      `k3s looks for it only when it starts. ${provision}; or restart ${unit} on that machine`;
    checks.push(fail(about("k3s"), "has not found NVIDIA's container runtime", hint));
  }
  const node = nodes?.find(({ name }) => name === host.nodeName);
  if (nodes === undefined) return checks;
  const { allocatable = 0, replicas = 1 } = node?.gpus ?? {};
  const wanted = facts.cards * replicas;
  const logs = "Look at the device plugin: kubectl -n kube-system logs daemonset/k3s-tool-gpu";
  checks.push(
    allocatable === wanted
      ? ok(about("node"), `offers ${allocatable} nvidia.com/gpu to pods`)
      : fail(
        about("node"),
        `offers ${allocatable} nvidia.com/gpu to pods, not ${wanted}`,
        node?.gpus === undefined ? provision : `${logs}. ${provision}`,
      ),
  );
  return checks;
}

/** What to do, as a command where it is a setting. */
function hintFor(
  { id, hint }: NonNullable<GpuFacts["problem"]>,
  { name }: InventoryHost,
): string {
  if (id === "no_card") {
    return "On that machine, check: lspci -d 10de:; " +
      `or leave it out with: k3s-tool config set gpu false --scope ${shellWord(name)}`;
  }
  if (!hint.includes("gpu_driver: install")) return hint;
  return `Install it with: k3s-tool config set gpu_driver install --scope ${shellWord(name)}; ` +
    "then run: k3s-tool provision";
}
