import { parseArgs, type ParseArgsConfig } from "node:util";
import { buildGitOps, buildLab } from "../build/build.ts";
import { runAttached } from "./command.ts";
import { faultCommand } from "../hosts/fault_commands.ts";
import { reboot, reset } from "../hosts/faults.ts";
import { putFluxImages } from "../git/flux_images.ts";
import { down, type LabOptions, up } from "../lab.ts";
import { say, step } from "./progress.ts";
import { startChanges } from "../scale/scale_changes.ts";
import { startScaleCluster } from "../scale/scale_cluster.ts";
import { sshArgv } from "../hosts/ssh.ts";
import { exclusively, hostNamed, runningLab } from "../state.ts";
import { statusLines } from "./status.ts";
import { UsageError } from "./usage_error.ts";
import { attachAtWorkstation } from "../hosts/workstation.ts";

const usage = `usage: lab COMMAND
  build [--no-gitops]                builds what the lab is made of; \`up\` does so too where needed
  up [--hosts 3] [--servers 1]       boots hosts with fresh disks and a tailnet;
     [--ready-delay SECONDS]         k3s tells systemd READY so much later than it could
     [--k3s-release DIR]             a real release's files in the stand-in's place; twice: oldest first
     [--gitops]                      with Flux, kustomize and sops
  status                             hosts, and whether they are on the tailnet
  ssh n2 [-- COMMAND]                root's shell on a host, over the bridge
  exec -- COMMAND…                   runs a command at the workstation
  reboot n2 | reset n2               reboots a host | gives it a fresh disk
  fault tailscale-down|tailscale-up|tailscale-logout n2
  fault key-expires n2 SECONDS       its Tailscale key, from now; may be negative
  fault fill-disk|free-disk n2
  fault ready-delay n2 SECONDS       as --ready-delay, from k3s' next start on; 0: no delay
  fault stop|start n2 SERVICE
  fault kill9 n2 PATTERN
  fault kill-host|boot n2            cuts the power | switches it on again
  fault api-stop|api-start           the k3s service on all servers
  scale [--changes 0]                1,000 nodes and 10,000 pods without machines or a lab, until Ctrl-C;
                                     so many pods change each second
  down                               ends the lab and removes all of it`;

/** Runs one lab command and returns its exit code. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case "build":
      await build(rest);
      return 0;
    case "up":
      await bringUp(rest);
      return 0;
    case "status":
      return await status();
    case "ssh":
      return await openShell(rest);
    case "exec":
      await runningLab();
      return await attachAtWorkstation(afterDashes(rest));
    case "reboot":
      await step(`${one(rest)} rebooted`, () => reboot(one(rest)));
      return 0;
    case "reset":
      await reset(one(rest));
      return 0;
    case "fault":
      await faultCommand(rest);
      return 0;
    case "scale":
      return await scale(rest);
    case "down":
      return await end();
    case "--help":
    case "-h":
    case "help":
      await print(usage);
      return 0;
    default:
      throw new UsageError(
        `${command === undefined ? "no command" : `no command ${command}`}\n${usage}`,
      );
  }
}

async function build(args: string[]): Promise<void> {
  const { values } = options(args, { "no-gitops": { type: "boolean" } });
  await exclusively(() =>
    step("everything is built", async () => {
      await buildLab();
      if (values["no-gitops"] !== true) await buildGitOps();
    })
  );
}

async function bringUp(args: string[]): Promise<void> {
  const { gitops, ...options } = upOptions(args);
  const hosts = await up(options);
  if (gitops) await step("Flux, kustomize and sops added", () => putFluxImages(hosts));
}

function upOptions(args: string[]): LabOptions & { gitops: boolean } {
  const { values } = options(args, {
    hosts: { type: "string", default: "3" },
    servers: { type: "string", default: "1" },
    "ready-delay": { type: "string" },
    "k3s-release": { type: "string", multiple: true },
    gitops: { type: "boolean", default: false },
  });
  const delay = values["ready-delay"];
  const releases = values["k3s-release"];
  return {
    gitops: values.gitops,
    hosts: Number(values.hosts),
    servers: Number(values.servers),
    ...(delay === undefined ? {} : { readyDelay: Number(delay) }),
    ...(releases === undefined ? {} : { k3sReleases: releases }),
  };
}

function options<T extends NonNullable<ParseArgsConfig["options"]>>(args: string[], options: T) {
  try {
    return parseArgs({ args, options });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function status(): Promise<number> {
  const { lines, healthy } = await statusLines();
  await print(lines.join("\n"));
  return healthy ? 0 : 1;
}

async function openShell([name, ...rest]: string[]): Promise<number> {
  if (name === undefined) throw new UsageError("ssh needs a host: lab ssh n2 [-- COMMAND]");
  const host = await hostNamed(name);
  return await runAttached(
    sshArgv(host, rest.length === 0 ? undefined : afterDashes(rest).join(" ")),
  );
}

async function scale(args: string[]): Promise<number> {
  const { values } = options(args, { changes: { type: "string", default: "0" } });
  const perSecond = Number(values.changes);
  if (!(perSecond >= 0)) throw new UsageError(`--changes is a number, not ${values.changes}`);
  const asked = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => asked.resolve());
  }
  await using cluster = await startScaleCluster();
  await using _changes = await startChanges(cluster.api, { perSecond });
  await print(`KUBECONFIG=${cluster.kubeconfig}`);
  await asked.promise;
  return 0;
}

async function end(): Promise<number> {
  const left = await step("down", down);
  for (const thing of left) say(`lab: left behind: ${thing}`);
  return left.length === 0 ? 0 : 1;
}

function afterDashes(args: string[]): string[] {
  const command = args[0] === "--" ? args.slice(1) : args;
  if (command.length === 0) throw new UsageError("the command is missing: lab exec -- COMMAND…");
  return command;
}

function one(args: string[]): string {
  const [name, ...more] = args;
  if (name === undefined || more.length > 0) throw new UsageError("one host is wanted, such as n2");
  return name;
}

async function print(text: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${text}\n`));
}
