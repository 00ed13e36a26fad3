/**
 * Inventories of any size, commented as a person would, for benchmarks.
 *
 * @module
 */

/** Writes a commented inventory with one control plane host and `hosts - 1` workers. */
export async function writeInventory(
  file: string,
  { hosts }: { readonly hosts: number },
): Promise<void> {
  const workers = Array.from({ length: hosts - 1 }, (_, index) => worker(index + 2));
  await Deno.writeTextFile(
    file,
    `# The machines at home
all:
  vars:
    k3s_version: v1.35.6+k3s1   # keep within one minor of kubectl
    cluster_name: homelab
    tailscale_network: 100.64.0.0/10
  children:
    control_plane:
      hosts:
        node1: {ansible_host: 100.64.0.1, tailscale_ip: 100.64.0.1}
    workers:
      hosts:
${workers.join("")}`,
  );
}

function worker(number: number): string {
  const address = `100.64.${number >> 8}.${number & 255}`;
  return `        # rack ${number % 7}, bought second hand
        node${number}:
          ansible_host: ${address}
          tailscale_ip: ${address}   # fixed
          reserved_cpu: "2"
          reserved_memory: 4Gi

`;
}
