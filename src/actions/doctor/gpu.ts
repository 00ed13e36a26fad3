/**
 * The GPU checks of `doctor`: card, driver, container toolkit, what k3s found, and what the node
 * offers to pods. They are in the order in which one thing needs the other.
 *
 * @module
 */

import { readNodes } from "../../cluster/read/read_cluster.ts";
import type { ClusterNode } from "../../cluster/read/objects.ts";
import { counted, safeText } from "../../errors/safe_text.ts";
import type { Inventory, InventoryHost } from "../../inventory/model.ts";
import type { ActionSystem } from "../action_system.ts";
import { surveyCluster } from "../survey.ts";
import { type Check, fail, ok, warn } from "./check.ts";
import { askHost } from "./hosts.ts";

/** How long the API server may take for one answer here, in milliseconds. */
const TIMEOUT_MS = 8_000;

/**
 * Prints `name=value` lines; reads only. What it looks at is what the role gpu_support looks at:
 * ansible/plugins/module_utils/k3s_tool/{machine,gpu}.py.
 */
const PROBE = `
for d in /sys/bus/pci/devices/*; do
  [ "$(cat "$d/vendor" 2>/dev/null)" = 0x10de ] || continue
  case "$(cat "$d/class" 2>/dev/null)" in 0x03*) echo card=pci ;; esac
done
[ -r /etc/nv_tegra_release ] && { echo card=tegra; echo "driver=$(head -n 1 /etc/nv_tegra_release)"; }
if command -v nvidia-smi >/dev/null 2>&1; then
  if out=$(nvidia-smi --query-gpu=pci.bus_id,name,memory.total,driver_version --format=csv,noheader,nounits 2>&1); then
    printf '%s\\n' "$out" | sed 's/^/driver=/'
  else
    printf '%s\\n' "$out" | tail -n 1 | sed 's/^/problem=/'
  fi
fi
[ -d /sys/module/nouveau ] && echo nouveau=yes
PATH="/usr/local/nvidia/toolkit:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
command -v nvidia-container-runtime | sed 's/^/runtime=/'
f=/var/lib/rancher/k3s/agent/etc/containerd/config.toml
if [ "$(id -u)" = 0 ]; then s=; else s='sudo -n'; fi
if $s test -r "$f" 2>/dev/null; then
  $s grep -q 'containerd[.]runtimes[.].nvidia.\\]' "$f" && echo found=yes || echo found=no
fi
echo end=yes
`;

/** What was read on a host, by name; a name may come several times. */
export type GpuFacts = ReadonlyMap<string, readonly string[]>;

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
  const answer = await askHost(system, host, PROBE);
  if ("checks" in answer) return answer.checks;
  return gpuChecks(host, { facts: parseGpuFacts(answer.stdout), nodes });
}

/** `name=value` lines of the probe; anything else a login shell may print is left out. */
export function parseGpuFacts(stdout: string): GpuFacts {
  const lines = stdout.split("\n").flatMap((line) => {
    const [, name, value = ""] = /^(card|driver|problem|nouveau|runtime|found)=(.*)$/.exec(line) ??
      [];
    return name === undefined ? [] : [[name, safeText(value).trim()] as const];
  });
  return new Map(
    [...Map.groupBy(lines, ([name]) => name)].map(([name, all]) => [name, all.map(([, v]) => v)]),
  );
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
  const [cards, drivers] = [facts.get("card")?.length ?? 0, facts.get("driver") ?? []];
  const provision = `Set it up with: k3s-tool provision --limit ${host.name}`;
  if (cards === 0) {
    if (host.gpu !== true) return [];
    const hint = "On that machine, check: lspci -d 10de:; " +
      `or leave it out with: k3s-tool config set gpu false --scope ${host.name}`;
    return [fail(about("card"), "gpu is true, but there is no NVIDIA card", hint)];
  }
  if (host.gpu === false) return [ok(about("card"), "gpu is false: not for pods")];
  const [problem] = facts.get("problem") ?? [];
  const checks: Check[] = [ok(about("card"), counted(cards, "NVIDIA card"))];
  if (drivers.length === 0) {
    checks.push(fail(about("driver"), ...driverProblem(problem, facts.has("nouveau"), host)));
    return checks;
  }
  checks.push(ok(about("driver"), drivers.map(driverText).join("; ")));
  const [runtime] = facts.get("runtime") ?? [];
  if (runtime === undefined) {
    checks.push(fail(about("toolkit"), "NVIDIA's container toolkit is not installed", provision));
    return checks;
  }
  checks.push(ok(about("toolkit"), runtime));
  const [found] = facts.get("found") ?? [];
  if (found === "no") {
    const unit = host.role === "worker" ? "k3s-agent" : "k3s";
    const hint = `It looks when it starts. ${provision}; or restart ${unit} on that machine`;
    checks.push(fail(about("k3s"), "has not found NVIDIA's container runtime", hint));
  }
  const node = nodes?.find(({ name }) => name === host.nodeName);
  if (nodes === undefined) return checks;
  const { allocatable = 0, replicas = 1 } = node?.gpus ?? {};
  const wanted = drivers.length * replicas;
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

/** A line of `nvidia-smi` for people, as `describe` in gpu.py; a Jetson's has no PCI address and stays. */
function driverText(line: string): string {
  const [, model, mib, driver] = /^[\da-f]+:[\da-f:.]+, *(.+?), *([^,]*), *([^,]*)$/i.exec(line) ??
    [];
  if (model === undefined) return line;
  // Where memory is shared with the processor there is no number.
  const memory = /^\d{1,9}$/.test(mib!) ? [`${Math.round(Number(mib) / 1024)} GiB`] : [];
  return [model, ...memory, `driver ${driver}`].join(", ");
}

function driverProblem(
  problem: string | undefined,
  isNouveau: boolean,
  { name }: InventoryHost,
): [string, string] {
  if (problem !== undefined && /version mismatch/i.test(problem)) {
    return [
      "the driver was updated, and the kernel still runs the older one",
      "Reboot the machine",
    ];
  }
  if (problem !== undefined) {
    return [`nvidia-smi: ${problem}`, "Reboot the machine; docs/gpu.md has the causes"];
  }
  const install = `Install it with: k3s-tool config set gpu_driver install --scope ${name}; ` +
    "then run: k3s-tool provision";
  return [isNouveau ? "nouveau, with which CUDA does not work" : "none is installed", install];
}
