/**
 * The machines of the simulated home: what they are, and what people do with them besides.
 *
 * @module
 */

import type { Role, Taint } from "../../inventory/model.ts";

/** A machine; none of this changes. */
export interface Machine {
  readonly name: string;
  readonly role: Role;
  readonly ip: string;
  /** Cores. */
  readonly cpu: number;
  /** GiB. */
  readonly memory: number;
  /** GiB. */
  readonly disk: number;
  readonly gpus: number;
  readonly architecture: "amd64" | "arm64";
  readonly osImage: string;
  readonly kernel: string;
  /** Cores and GiB kept for who sits at it. */
  readonly reserved: { readonly cpu: number; readonly memory: number };
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** Share of CPU and memory its own programs take, about. */
  readonly own: number;
  /** Share of the disk that is full at the start. */
  readonly full: number;
  readonly inInventory: boolean;
  /** In the cluster from the start. */
  readonly joined: boolean;
  /** Days until its Tailscale key ends; undefined where it does not. */
  readonly keyDays: number | undefined;
  /** Its network comes and goes. */
  readonly shaky: boolean;
}

const DEBIAN = { osImage: "Debian GNU/Linux 13 (trixie)", kernel: "6.12.48+deb13-amd64" };
const RASPBERRY = { osImage: "Debian GNU/Linux 13 (trixie)", kernel: "6.12.47+rpt-rpi-v8" };

const ORDINARY = {
  role: "worker",
  gpus: 0,
  architecture: "amd64",
  reserved: { cpu: 0, memory: 0 },
  labels: {},
  taints: [],
  inInventory: true,
  joined: true,
  keyDays: undefined,
  shaky: false,
} as const satisfies Partial<Machine>;

/** Every machine, in the order of the inventory. */
export const MACHINES: readonly Machine[] = [
  {
    ...ORDINARY,
    ...DEBIAN,
    name: "nuc",
    role: "control-plane",
    ip: "100.64.0.1",
    cpu: 4,
    memory: 16,
    disk: 460,
    own: 0.12,
    full: 0.31,
  },
  {
    ...ORDINARY,
    name: "desktop",
    ip: "100.64.0.2",
    cpu: 16,
    memory: 64,
    disk: 1860,
    osImage: "Ubuntu 26.04 LTS",
    kernel: "7.0.0-14-generic",
    reserved: { cpu: 4, memory: 16 },
    labels: { "home/media": "true", "home/workstation": "true" },
    own: 0.22,
    full: 0.64,
    keyDays: 6,
  },
  {
    ...ORDINARY,
    name: "dgx",
    ip: "100.64.0.3",
    cpu: 20,
    memory: 128,
    disk: 3720,
    gpus: 4,
    architecture: "arm64",
    osImage: "Ubuntu 24.04.4 LTS",
    kernel: "6.14.0-1015-nvidia",
    reserved: { cpu: 4, memory: 32 },
    labels: { "nvidia.com/gpu.present": "true", "home/workstation": "true" },
    taints: [{ key: "nvidia.com/gpu", value: "true", effect: "NoSchedule" }],
    own: 0.18,
    full: 0.47,
    keyDays: 121,
  },
  {
    ...ORDINARY,
    ...RASPBERRY,
    name: "pi4",
    ip: "100.64.0.4",
    cpu: 4,
    memory: 4,
    disk: 58,
    architecture: "arm64",
    own: 0.15,
    full: 0.72,
    shaky: true,
  },
  {
    ...ORDINARY,
    ...RASPBERRY,
    name: "pi5",
    ip: "100.64.0.5",
    cpu: 4,
    memory: 8,
    disk: 117,
    architecture: "arm64",
    own: 0.08,
    full: 0.12,
    joined: false,
  },
  {
    ...ORDINARY,
    name: "attic-nas",
    ip: "100.64.0.9",
    cpu: 4,
    memory: 8,
    disk: 240,
    osImage: "Debian GNU/Linux 12 (bookworm)",
    kernel: "6.1.0-40-amd64",
    own: 0.2,
    full: 0.55,
    inInventory: false,
  },
];

/** A machine by its name. */
export function machine(name: string): Machine {
  const found = MACHINES.find((each) => each.name === name);
  if (found === undefined) throw new RangeError(`no machine is called ${name}`);
  return found;
}

/** What all nodes run. */
export const K3S_VERSION = "v1.36.3+k3s1";
