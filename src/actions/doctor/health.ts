/**
 * What `doctor --hosts` asks of a host by one program over ssh: its clock, its way to the other nodes,
 * its firewall, the cluster's DNS, and what ends or fills up. The program only reads
 * (ansible/plugins/module_utils/k3s_tool/health.py).
 *
 * @module
 */

import * as z from "zod";
import { pythonOf, sshArgv } from "../../ansible/run/ssh.ts";
import { lastLine, safeText } from "../../errors/safe_text.ts";
import { shellWord } from "../../errors/shell_word.ts";
import { isMapValue } from "../../yaml/read_value.ts";
import {
  DEFAULT_NETWORKS,
  etcdMembers,
  type Inventory,
  type InventoryHost,
} from "../../inventory/model.ts";
import type { ActionSystem } from "../action_system.ts";
import { hostProgram, LOADER } from "../backup/host_program.ts";
import { parseJson } from "../../process/json.ts";

/** How long all of a host may take, in milliseconds; some seconds for each sixteen peers. */
const TIMEOUT_MS = 90_000;

/** How often a clock is asked; the fastest answer counts. */
const CLOCKS = 3;

/** What the host's program is made of, each before those that use it. */
const MODULES = ["programs", "system", "tailscale", "health"] as const;

const text = z.string().max(300).transform(safeText);
const count = z.number().int().min(0);

const Health = z.object({
  k3s: z.enum(["k3s", "k3s-agent", ""]),
  root: z.boolean(),
  ping: z.boolean(),
  shadowed: z.array(text),
  peers: z.array(z.object({
    name: text,
    sent: count,
    rtt_ms: z.number().min(0).nullable(),
    small: count,
    large: count,
    pods_small: count.nullable(),
    pods_large: count.nullable(),
    closed: z.array(count),
  })),
  firewall: z.object({
    kind: z.enum(["ufw", "firewalld", "none", "unknown"]),
    // It goes into commands that are shown.
    missing: z.array(z.string().regex(/^(?:tailscale0|\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2})$/)),
  }),
  dns: z.object({ server: text, name: text, answer: text }).nullable(),
  certificates: z.array(z.object({ name: text, end: z.number() })),
  cgroup: z.object({ version: z.number(), memory: z.boolean() }),
  disk: z.object({ path: text, used_percent: z.number(), threshold: z.number() }),
});

/** What a host's program said. */
export type Health = Readonly<z.infer<typeof Health>>;

/** How far a clock is ahead of this machine's, give or take half of the round trip; in seconds. */
export interface ClockOffset {
  readonly ahead: number;
  readonly roundTrip: number;
}

/** What was found on a host. */
export interface HostHealth {
  readonly health: Health;
  /** Undefined where it never answered in time. */
  readonly clock: ClockOffset | undefined;
}

/** The networks that an active firewall must let through. */
export function clusterNetworks({ cluster: { vars } }: Inventory): {
  readonly pods: string;
  readonly services: string;
} {
  const networkOf = (name: keyof typeof DEFAULT_NETWORKS) => {
    const variable = vars.get(name);
    return variable?.state === "plain" && typeof variable.value === "string"
      ? variable.value
      : DEFAULT_NETWORKS[name];
  };
  return { pods: networkOf("k3s_cluster_cidr"), services: networkOf("k3s_service_cidr") };
}

/**
 * Where the cluster's DNS is asked; null where it is off, or where only Ansible knows its address. An empty
 * server is the tenth address of the services' network.
 */
export function clusterDns(
  { cluster: { vars }, hosts }: Inventory,
  services: string,
): { readonly services: string; readonly server: string; readonly domain: string } | null {
  const server = hosts.find(({ role }) => role === "control-plane");
  const settings = [
    ...["k3s_service_cidr", "k3s_disable"].map((name) => vars.get(name)),
    server?.vars.get("k3s_config") ?? vars.get("k3s_config"),
  ];
  if (settings.some((each) => each !== undefined && each.state !== "plain")) return null;
  const [, disabled, config] = settings.map((each) => each?.value);
  if (Array.isArray(disabled) && disabled.includes("coredns")) return null;
  const option = (name: string, otherwise: string) => {
    const value = isMapValue(config) ? config[name] : undefined;
    const first = Array.isArray(value) ? value[0] : value;
    return typeof first === "string" && /^[\w.-]{1,253}$/.test(first) ? first : otherwise;
  };
  return {
    services,
    server: option("cluster-dns", ""),
    domain: option("cluster-domain", "cluster.local"),
  };
}

/** Ports on which a node must be reached by another (k3s' documentation, "Networking"). */
function portsBetween(
  inventory: Inventory,
  from: InventoryHost,
  to: InventoryHost,
): readonly number[] {
  if (to.role !== "control-plane") return [10250];
  return etcdMembers(inventory).includes(from) ? [10250, 6443, 2379, 2380] : [10250, 6443];
}

/** Asks one host; a sentence where it does not say. */
export async function askHealth(
  system: ActionSystem,
  inventory: Inventory,
  host: InventoryHost,
): Promise<HostHealth | string> {
  const argv = sshArgv(host, system.directories.state);
  if (typeof argv === "string") return argv;
  const { pods, services } = clusterNetworks(inventory);
  const peers = inventory.hosts.flatMap((peer) =>
    peer === host || peer.tailscaleIp === undefined
      ? []
      : { name: peer.name, address: peer.tailscaleIp, ports: portsBetween(inventory, host, peer) }
  );
  const program = new TextEncoder().encode(
    await hostProgram(system, MODULES, "health.tell(request, sys.stdin.buffer, sys.stdout)", {
      clocks: CLOCKS,
      peers,
      networks: [pods, services],
      dns: clusterDns(inventory, services),
    }),
  );
  const python = `${pythonOf(host)} -c ${shellWord(LOADER)}`;
  const command = `if [ "$(id -u)" != 0 ] && sudo -n true 2>/dev/null; then ` +
    `exec sudo -n ${python}; fi; exec ${python}`;
  const clock = new ClockReader(() => system.clock.now() / 1000);
  let answer: string | undefined;
  const { code, stderr, timedOut } = await system.runner.run(
    [...argv, `exec sh -c ${shellWord(command)}`],
    {
      input: clock.input(program),
      timeoutMs: TIMEOUT_MS,
      signal: system.signal,
      env: { LC_ALL: "C.UTF-8" },
      onLine: (line) => {
        clock.hear(line);
        answer = /^k3s-tool-health=(.+)$/.exec(line)?.[1] ?? answer;
      },
    },
  );
  clock.close();
  if (answer === undefined) {
    if (timedOut) return "it took too long to answer";
    return lastLine(stderr) || `ssh ended with code ${code}`;
  }
  const health = parseHealth(answer);
  return health === undefined ? "its answer cannot be read" : { health, clock: clock.offset };
}

/** What a host's program said in JSON; undefined where that is something else. */
export function parseHealth(json: string): Health | undefined {
  return parseJson(Health, json);
}

/** Asks the clock of a host several times; each answer is bounded by the moments before and after it. */
export class ClockReader {
  #asked: number | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #best: ClockOffset | undefined;
  readonly #now: () => number;

  /** @param now this machine's clock, in seconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The closest reading so far. */
  get offset(): ClockOffset | undefined {
    return this.#best;
  }

  /** The program behind its size, then the questions. */
  input(program: Uint8Array): ReadableStream<Uint8Array> {
    return new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
        this.#asked = this.#now();
        controller.enqueue(new TextEncoder().encode(`${program.length}\n`));
        controller.enqueue(program);
      },
      cancel: () => {
        this.#controller = undefined;
      },
    });
  }

  /** A line that the program says. */
  hear(line: string): void {
    const said = /^k3s-tool-clock=(\d{1,12}(?:\.\d{1,9})?)$/.exec(line)?.[1];
    if (said !== undefined && this.#asked !== undefined) {
      const now = this.#now();
      const roundTrip = Math.max(0, now - this.#asked);
      if (this.#best === undefined || roundTrip < this.#best.roundTrip) {
        this.#best = { ahead: Number(said) - (this.#asked + now) / 2, roundTrip };
      }
      this.#asked = this.#now();
      this.#controller?.enqueue(new TextEncoder().encode("\n"));
    } else if (line.startsWith("k3s-tool-health=")) {
      this.close();
    }
  }

  /** No more questions: ssh ends when the program does. */
  close(): void {
    try {
      this.#controller?.close();
    } catch {
      // ended by itself
    }
    this.#controller = undefined;
  }
}
