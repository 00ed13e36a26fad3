/**
 * Looks for the cluster's secrets where they must not be: output, logs and events of the tool, process
 * lists, files that everybody can read.
 *
 * @module
 */

import { run } from "./cli/command.ts";
import { runPaths } from "./paths.ts";
import { onHost, tryOnHost } from "./hosts/on_host.ts";
import type { Host } from "./state.ts";

/** Lists this machine's processes, those of its hosts among them, again and again until it is stopped. */
export function sampleProcesses(): { stop(): Promise<string> } {
  let stopped = false;
  const samples: string[] = [];
  const sampling = (async () => {
    while (!stopped) {
      samples.push(await run(["ps", "-eo", "args", "--width", "100000"]));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return {
    async stop() {
      stopped = true;
      await sampling;
      return samples.join("\n");
    },
  };
}

/** A secret, and the file of the workstation where it belongs. */
export interface Secret {
  readonly text: string;
  readonly file?: string;
}

/** Where to look besides files and journals, and for what besides the cluster's own secrets. */
export interface SecretSearch {
  readonly output: string;
  readonly processes: string;
  /** By what they are. */
  readonly more?: Readonly<Record<string, Secret>>;
}

/** Places where a secret was found; empty if all is well. */
export async function findSecrets(
  hosts: readonly Host[],
  { output, processes, more = {} }: SecretSearch,
): Promise<string[]> {
  const [server] = hosts;
  if (server === undefined) throw new Error("no host");
  const found: string[] = [];
  for (
    const [name, { text: secret, file: home }] of Object.entries({
      ...await secretsOf(server),
      ...more,
    })
  ) {
    if (output.includes(secret)) found.push(`${name} in the tool's output`);
    if (processes.includes(secret)) found.push(`${name} in a process list`);
    for (const file of await filesWith(secret)) {
      if (!isKubeconfig(file) && file !== home) found.push(`${name} in ${file}`);
    }
    for (const host of hosts) {
      for (const file of await readableFilesWith(host, secret)) {
        found.push(`${name} in ${file} of ${host.name}, readable by everybody`);
      }
      const journal = await tryOnHost(host, "journalctl --no-pager | grep -cF -f /dev/stdin", {
        stdin: secret,
      });
      if (journal.stdout.trim() !== "0") found.push(`${name} in the journal of ${host.name}`);
    }
  }
  return found;
}

/** The secrets of a cluster by what they are; each long enough to be no accident. */
async function secretsOf(server: Host): Promise<Record<string, Secret>> {
  const token = (await onHost(server, "cat /var/lib/rancher/k3s/server/token")).trim();
  const kubeconfig = await onHost(server, "cat /etc/rancher/k3s/k3s.yaml");
  const key = /client-key-data: (\S{40})/.exec(kubeconfig)?.[1];
  const secret = token.split(":").at(-1);
  if (key === undefined || secret === undefined || secret.length < 16) {
    throw new Error("the cluster's secrets do not look as they should");
  }
  return { "the join token": { text: secret }, "the administrator's key": { text: key } };
}

/** Files of the workstation's home that hold a text. */
async function filesWith(text: string): Promise<string[]> {
  const argv = ["grep", "-rlF", "-f", "/dev/stdin", runPaths.workstationHome];
  const child = new Deno.Command("grep", {
    args: argv.slice(1),
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { stdout } = await child.output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

/** A kubeconfig may hold the administrator's key: where it belongs, readable by its owner only. */
function isKubeconfig(file: string): boolean {
  const known = /\/(\.kube\/config[^/]*|kubeconfig[^/]*)$/.test(file) ||
    /kubeconfigs?\//.test(file);
  return known && ((Deno.statSync(file).mode ?? 0) & 0o077) === 0;
}

/** What a user without any rights finds, wherever directories let it in. */
async function readableFilesWith(host: Host, text: string): Promise<string[]> {
  const own = "/tmp/lab-secret";
  const { stdout } = await tryOnHost(
    host,
    `cd /; cat >${own}; chmod 644 ${own}; setpriv --reuid=65534 --regid=65534 --clear-groups ` +
      "find /etc /run /tmp /var/log /var/lib/rancher /home /usr/local -xdev " +
      `-type f -readable -size -2M -exec grep -lF -f ${own} {} + 2>/dev/null; rm -f ${own}`,
    { stdin: text },
  );
  const files = stdout.split("\n").filter((line) => line !== "");
  if (!files.includes(own)) throw new Error(`${host.name} was not searched`);
  return files.filter((file) => file !== own);
}
