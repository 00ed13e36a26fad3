/**
 * A machine with Tailscale, ssh and an ansible-playbook whose events the test writes.
 *
 * @module
 */

import { FakeRunner } from "../process/fake_runner.ts";
import { peerFields, statusJson } from "../tailscale/status_fixture.ts";

/** An inventory of one server and one worker. */
export const INVENTORY = `# my machines
all:
  vars:
    k3s_version: v1.35.6+k3s1
    cluster_name: homelab
  children:
    control_plane:
      hosts:
        nuc: {ansible_host: 100.64.0.1, tailscale_ip: 100.64.0.1}
    workers:
      hosts:
        pi: {ansible_host: 100.64.0.2, tailscale_ip: 100.64.0.2} # in the attic
`;

/** What a started ansible-playbook was given. */
export interface Started {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly extraVars: Record<string, unknown>;
}

/** One event as the callback plugin writes it. */
export type Line = { readonly type: string; readonly [field: string]: unknown };

/** Events of a run in which every host of the inventory ends one task. */
export const GOOD_RUN: readonly Line[] = [
  { type: "run_start", playbook: "site.yml", check: false },
  { type: "play_start", play: "Control plane", hosts: ["nuc", "pi"] },
  { type: "host_start", host: "nuc", task: "Start k3s" },
  { type: "host_start", host: "pi", task: "Start k3s" },
  ...["nuc", "pi"].map((host) => ({
    type: "result",
    host,
    play: "Control plane",
    task: "Start k3s",
    status: "changed",
    seconds: 1.5,
  })),
  { type: "run_end", stats: { nuc: { ok: 1, changed: 1 }, pi: { ok: 1, changed: 1 } } },
];

/** A run in which `pi` fails and `nuc` does not. */
export const BAD_RUN: readonly Line[] = [
  ...GOOD_RUN.slice(0, 5),
  {
    type: "result",
    host: "pi",
    play: "Control plane",
    task: "Check the disk",
    status: "failed",
    seconds: 0.5,
    message: "only 3 MiB are free\nHint: Make room on pi.",
  },
  { type: "run_end", stats: { nuc: { ok: 1 }, pi: { failures: 1 } } },
];

/** The machine; `started` fills as ansible-playbook is started. */
export function ansibleMachine(
  { events = GOOD_RUN, rc = 0, peers = ["nuc", "pi"], onStarted = () => {} }: {
    readonly events?: readonly Line[];
    readonly rc?: number;
    /** Machines that are online. */
    readonly peers?: readonly string[];
    /** Called before the events are written. */
    readonly onStarted?: (started: Started) => void | Promise<void>;
  } = {},
): { readonly runner: FakeRunner; readonly started: readonly Started[] } {
  const started: Started[] = [];
  const all = ["nuc", "pi"].map((name, index) =>
    peerFields(name, `100.64.0.${index + 1}`, {
      Online: peers.includes(name),
      LastSeen: "2026-11-20T08:00:00Z",
    })
  );
  const runner = new FakeRunner()
    .on("tailscale", { stdout: statusJson({ peers: all }) })
    .on("ssh -V", { stderr: "OpenSSH_9.2p1\n" })
    .on("ansible-playbook --version", { stdout: "ansible-playbook [core 2.19.14]\n" })
    .onStart("ansible-playbook", async (argv, { env = {}, logFile, stopped }) => {
      const file = argv.find((word) => word.startsWith("@"))?.slice(1) ?? "";
      const extraVars = JSON.parse(await Deno.readTextFile(file));
      const one = { argv, env, extraVars };
      started.push(one);
      await onStarted(one);
      await Deno.writeTextFile(logFile, "PLAY RECAP\n");
      const lines = events.map((event) => JSON.stringify(event) + "\n").join("");
      await Deno.writeTextFile(env.K3S_TOOL_EVENTS ?? "", lines, { append: true });
      return stopped.aborted ? 99 : rc;
    });
  return { runner, started };
}

/** Writes the inventory where commands look for it and returns its path. */
export async function writeInventory(directory: string, text = INVENTORY): Promise<string> {
  await Deno.mkdir(`${directory}/inventory`, { recursive: true });
  await Deno.writeTextFile(`${directory}/inventory/hosts.yml`, text);
  return `${directory}/inventory/hosts.yml`;
}
