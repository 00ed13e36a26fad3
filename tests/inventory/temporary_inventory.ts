/**
 * Inventories in temporary directories.
 *
 * @module
 */

import { dirname, join } from "node:path";

/** An inventory for a test to read and change. */
export interface TemporaryInventory extends AsyncDisposable {
  readonly directory: string;
  /** Absolute path of hosts.yml. */
  readonly file: string;
  /** Text of hosts.yml, or of a file beside it. */
  read(name?: string): string;
}

/** Writes `hosts.yml` and files beside it; all of it goes with the test. */
export async function temporaryInventory(
  text: string,
  beside: Readonly<Record<string, string>> = {},
): Promise<TemporaryInventory> {
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "k3s-tool-test-" }));
  for (const [name, content] of Object.entries({ "hosts.yml": text, ...beside })) {
    const path = join(directory, name);
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, content);
  }
  return {
    directory,
    file: join(directory, "hosts.yml"),
    read: (name = "hosts.yml") => Deno.readTextFileSync(join(directory, name)),
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

/** A small inventory that is valid and commented. */
export const SMALL = `# my machines
all:
  vars:
    k3s_version: v1.36.3+k3s1 # keep
  children:
    control_plane:
      hosts:
        nuc: # the small one
          ansible_host: 100.64.0.1
          tailscale_ip: 100.64.0.1
    workers:
      hosts:
        dgx:
          ansible_host: 100.64.0.3
          tailscale_ip: 100.64.0.3
          reserved_cpu: "4"
`;
