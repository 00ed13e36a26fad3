/**
 * What a machine is, as the module `k3s_machine_facts` reads it there. What it could not read is
 * missing: unknown is not none.
 *
 * @module
 */

import * as z from "zod/mini";
import { safeText } from "../../errors/safe_text.ts";

/** More is no machine that a node can be: threads, bytes (1 EiB), disks or cards. */
const MOST = { count: 65_536, bytes: 2 ** 60, items: 64 };

// Machines are not trusted. A detail that cannot be right is dropped and the rest is kept; a text is
// made one line that is harmless for a terminal.
const text = z.catch(
  z.optional(z.string().check(z.overwrite(safeText), z.maxLength(200))),
  undefined,
);
const count = z.catch(z.optional(z.int().check(z.nonnegative(), z.lte(MOST.count))), undefined);
const bytes = z.catch(
  z.optional(z.number().check(z.overwrite(Math.floor), z.nonnegative(), z.lte(MOST.bytes))),
  undefined,
);
const flag = z.catch(z.optional(z.boolean()), undefined);
const list = <T extends z.ZodMiniType>(item: T) =>
  z.catch(z.array(item).check(z.overwrite((all) => all.slice(0, MOST.items))), []);

/** Facts of a machine; sizes are in bytes. */
export const MachineFacts = z.object({
  architecture: text,
  kernel: text,
  distribution: text,
  /** The name that the maker of the machine or the board gives it. */
  model: text,
  cores: count,
  threads: count,
  memory_bytes: bytes,
  swap_bytes: bytes,
  /** Version of control groups, 1 or 2. */
  cgroup: count,
  virtual: flag,
  battery: flag,
  /** A graphical session is open. */
  desktop: flag,
  disks: list(z.object({ name: text, model: text, bytes: bytes, rotational: flag })),
  filesystems: list(z.object({
    path: text,
    device: text,
    type: text,
    bytes: bytes,
    free_bytes: bytes,
    rotational: flag,
  })),
  /** NVIDIA's cards; model, memory and driver only where `nvidia-smi` answers. */
  gpus: list(z.object({
    address: text,
    device: text,
    model: text,
    memory_bytes: bytes,
    driver: text,
  })),
  /** What `nvidia-smi` said where it failed. */
  gpu_problem: text,
  /** Version of NVIDIA's container toolkit. */
  gpu_toolkit: text,
});

/** Facts of a machine. */
export type MachineFacts = z.infer<typeof MachineFacts>;
