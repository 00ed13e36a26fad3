/**
 * What a machine is, as the module `k3s_machine_facts` reads it there. What it could not read is
 * missing: unknown is not none.
 *
 * @module
 */

import * as z from "zod/mini";

// A detail of a wrong type is dropped rather than all that is known of a machine.
const text = z.catch(z.optional(z.string().check(z.maxLength(200))), undefined);
const amount = z.catch(z.optional(z.number().check(z.nonnegative())), undefined);
const flag = z.catch(z.optional(z.boolean()), undefined);
const list = <T extends z.ZodMiniType>(item: T) => z.catch(z.array(item), []);

/** Facts of a machine; sizes are in bytes. */
export const MachineFacts = z.object({
  architecture: text,
  kernel: text,
  distribution: text,
  /** The name that the maker of the machine or the board gives it. */
  model: text,
  cores: amount,
  threads: amount,
  memory_bytes: amount,
  swap_bytes: amount,
  /** Version of control groups, 1 or 2. */
  cgroup: amount,
  virtual: flag,
  battery: flag,
  /** A graphical session is open. */
  desktop: flag,
  disks: list(z.object({ name: text, model: text, bytes: amount, rotational: flag })),
  filesystems: list(z.object({
    path: text,
    device: text,
    type: text,
    bytes: amount,
    free_bytes: amount,
    rotational: flag,
  })),
  /** NVIDIA's cards; model, memory and driver only where `nvidia-smi` answers. */
  gpus: list(z.object({
    address: text,
    device: text,
    model: text,
    memory_bytes: amount,
    driver: text,
  })),
  /** What `nvidia-smi` said where it failed. */
  gpu_problem: text,
  /** Version of NVIDIA's container toolkit. */
  gpu_toolkit: text,
});

/** Facts of a machine. */
export type MachineFacts = z.infer<typeof MachineFacts>;
