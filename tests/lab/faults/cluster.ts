/**
 * The cluster that is put at risk, and what must be true of it after each fault.
 *
 * @module
 */

import { join } from "node:path";
import { onHost, tryOnHost } from "../hosts/on_host.ts";
import { helloManifests, isReady, kubectl, type KubeNode, nodes } from "../kubernetes.ts";
import { runDir } from "../paths.ts";
import { provision } from "../run_events.ts";
import type { Host } from "../state.ts";
import { initArgs, projectDir, tool, tryTool, VERSIONS } from "../tool.ts";
import { waitFor } from "../wait.ts";

const OBJECTS = 300;
const NODE_PORT = 30080;
const VOLUME = "/srv/volume";

/** Where the workstation's owner keeps backups. */
export const BACKUPS = join(projectDir, "backups");

/** Where the tool's temporary files are made while the experiment runs: short, as sockets have their names there. */
export const TEMPORARY = "/tmp/k3s-tool-faults";

/** What a file's name or a line has by chance, or what is not the tool's. */
const BY_CHANCE =
  /systemd-private|\/tmp\/(snap|\.)|\.(log|pid)$|\/kubelet\/pods\/|\/\.kube\/cache\//;

/** What a run leaves on purpose; the documentation says so. */
const ON_PURPOSE =
  /server\/db\/snapshots(\/before-upgrade|$)|\/agent\/images\/k3s-airgap-images-[^/]+$|server\/db\/\.metadata|server\/db-before-restore-|\/server\/tls|\/agent\/(?!images)|state\.db-(wal|shm)$|\.kube\/config\.[^/]+\.bak$|\/k3s-tool\/machines\//;

/** A cluster of one server and one worker with objects, an app and a volume. */
export class Cluster {
  /** Host that is the worker now; another machine may take its place. */
  worker: Host;
  /** The machine that is none of the cluster's. */
  spare: Host;
  readonly server: Host;
  readonly passphrase = join(projectDir, "passphrase");
  #objects = "";
  #volume = "";
  readonly #baseline = new Map<string, ReadonlySet<string>>();

  constructor([server, worker, spare]: readonly Host[]) {
    this.server = server!;
    this.worker = worker!;
    this.spare = spare!;
  }

  get members(): readonly Host[] {
    return [this.server, this.worker];
  }

  /** Creates it. */
  async create(): Promise<void> {
    await Deno.mkdir(TEMPORARY, { recursive: true });
    await Deno.writeTextFile(this.passphrase, "correct horse\n");
    await tool(...initArgs(this.members, { version: VERSIONS.older }));
    await tool("config", "set", "secrets_encryption", "true");
    await provision();
    const objects = Array.from({ length: OBJECTS }, (_, i) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: `object-${i}`, labels: { of: "faults" } },
      data: { value: crypto.randomUUID() },
    }));
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    await kubectl(this.server, "create -f - >/dev/null", list);
    await onHost(this.server, `mkdir -p ${VOLUME} && head -c 1000000 /dev/urandom >${VOLUME}/file`);
    await kubectl(this.server, "apply -f -", helloManifests("web", APP));
    await kubectl(this.server, "apply -f -", volumeManifests(this.server.name));
    await this.#appRuns();
    this.#objects = await this.#objectsNow();
    this.#volume = await this.#volumeNow();
    await this.takeBaseline();
  }

  /** The files that are there now are those that may be there. */
  async takeBaseline(): Promise<void> {
    for (const host of this.members) this.#baseline.set(host.name, await filesOn(host));
    this.#baseline.set("workstation", await filesOfWorkstation());
  }

  /** Keeps the release that runs, to go back to it. */
  async keepRelease(): Promise<void> {
    for (const host of this.members) {
      await onHost(host, `mkdir -p /root/older && cp -a ${REPLACED.join(" ")} /root/older/`);
    }
    await this.takeBaseline();
  }

  /** Gives hosts the release that was kept, as no command of the tool does. */
  async downgrade(): Promise<void> {
    for (const host of this.members) {
      const unit = host === this.server ? "k3s" : "k3s-agent";
      const back = REPLACED.map((path) =>
        `rm -rf ${path} && cp -a /root/older/${path.split("/").at(-1)} ${path}`
      );
      await onHost(
        host,
        `systemctl stop ${unit} && ${back.join(" && ")} && systemctl start ${unit}`,
      );
    }
    await tool("config", "set", "k3s_version", VERSIONS.older);
    await this.#settle((node) => node.status.nodeInfo.kubeletVersion === VERSIONS.older);
  }

  /** Waits until the API answers, where k3s is to run at all. */
  async answers(): Promise<void> {
    const { stdout } = await tryOnHost(this.server, "systemctl is-enabled k3s");
    if (stdout.trim() !== "enabled") return;
    await waitFor(() => nodes(this.server), { limit: 90, what: "the API", interval: 500 });
  }

  /** All that is wrong after a command has converged; waits for what takes a moment. */
  async problems({ version }: { readonly version: string }): Promise<string[]> {
    const found: string[] = [];
    const look = async (what: string, work: () => Promise<string | boolean | void>) => {
      try {
        const wrong = await work();
        if (wrong === false || typeof wrong === "string" && wrong !== "") {
          found.push(`${what}: ${wrong || "not so"}`);
        }
      } catch (error) {
        found.push(`${what}: ${error instanceof Error ? error.message : error}`);
      }
    };
    await look(
      "nodes",
      () => this.#settle((node) => node.status.nodeInfo.kubeletVersion === version),
    );
    await look("app", () => this.#appRuns());
    await look("objects", async () => await this.#objectsNow() === this.#objects);
    await look("volume", async () => await this.#volumeNow() === this.#volume);
    await look("a rerun", async () => {
      const run = await provision();
      const changed = run.events.filter(({ status }) => status === "changed");
      return changed.map(({ host, task }) => `${host} changed ${task}`).join(", ");
    });
    await look("inventory", async () => {
      const listed = (await tool("node", "list", "-o", "name")).trim().split(/\s+/).sort().join();
      const expected = this.members.map(({ name }) => name).sort().join();
      return listed === expected ? "" : `${listed} instead of ${expected}`;
    });
    for (const host of this.members) {
      await look(
        `left on ${host.name}`,
        async () => {
          const now = await filesOn(host);
          const before = this.#baseline.get(host.name) ?? now; // of a machine that has just joined
          this.#baseline.set(host.name, before);
          return newOf(now, before);
        },
      );
    }
    await look(
      `left on ${this.spare.name}, which is no member`,
      () => onHost(this.spare, LEFT_BY_K3S),
    );
    await look(
      "left on the workstation",
      async () => newOf(await filesOfWorkstation(), this.#baseline.get("workstation")),
    );
    return found;
  }

  async #settle(fits: (node: KubeNode) => boolean): Promise<void> {
    const expected = this.members.map(({ name }) => name).sort().join();
    await waitFor(async () => {
      const found = await nodes(this.server);
      const names = [...found.keys()].sort().join();
      if (names !== expected) throw new Error(`nodes ${names}`);
      for (const [name, node] of found) {
        if (!isReady(node)) throw new Error(`${name} is not Ready`);
        if (node.spec.unschedulable) throw new Error(`${name} is cordoned`);
        if (!fits(node)) throw new Error(`${name} runs ${node.status.nodeInfo.kubeletVersion}`);
      }
      return true;
    }, { limit: 60, what: "the nodes", interval: 500 });
  }

  async #appRuns(): Promise<void> {
    const rollout = "rollout status --timeout=90s deployment";
    await kubectl(this.server, `${rollout}/web && k3s kubectl ${rollout}/keeper`);
    for (const host of this.members) {
      await waitFor(
        async () => (await onHost(host, `curl -sfm 2 127.0.0.1:${NODE_PORT}/`)) !== "",
        { limit: 60, what: `the app to answer on ${host.name}`, interval: 500 },
      );
    }
  }

  #objectsNow(): Promise<string> {
    const columns = "custom-columns=:metadata.name,:metadata.uid,:data.value";
    return kubectl(
      this.server,
      `get configmaps -l 'of in (faults,later)' --no-headers -o ${columns}`,
    );
  }

  #volumeNow(): Promise<string> {
    const bound = "get pvc kept -o jsonpath='{.metadata.uid} {.spec.volumeName} {.status.phase}'";
    return onHost(this.server, `k3s kubectl ${bound}; sha256sum ${VOLUME}/file`);
  }
}

const APP = { replicas: 2, nodePort: NODE_PORT };

/** What an upgrade replaces on a host. */
const REPLACED = [
  "/usr/local/bin/k3s",
  "/etc/rancher/k3s/k3s-tool.sums",
  "/var/lib/rancher/k3s/agent/images",
];

/** Files, mounts and processes of k3s on a machine that it was removed from. */
const LEFT_BY_K3S = "ls -d /etc/systemd/system/k3s* /usr/local/bin/k3s /etc/rancher/k3s/* " +
  "/var/lib/rancher/k3s 2>/dev/null; findmnt -rno TARGET | grep -E 'kubelet/|rancher/k3s|/run/k3s' " +
  "| grep -vE '^/var/lib/(kubelet|rancher|containerd)$'; pgrep -a 'k3s|containerd-shim'; " +
  "find /tmp /home/lab/.ansible /root/.ansible -type f 2>/dev/null | grep -v systemd-private; true";

/** A volume of a directory of the server, and an app that has it. */
function volumeManifests(host: string): string {
  const spec = {
    accessModes: ["ReadWriteOnce"],
    storageClassName: "",
  };
  const hello = JSON.parse(helloManifests("keeper", { replicas: 1, nodePort: NODE_PORT + 1 }));
  const [deployment, service] = hello.items;
  const pod = deployment.spec.template.spec;
  pod.volumes = [{ name: "kept", persistentVolumeClaim: { claimName: "kept" } }];
  pod.containers[0].volumeMounts = [{ name: "kept", mountPath: "/kept" }];
  const key = "kubernetes.io/hostname";
  const terms = [{ matchExpressions: [{ key, operator: "In", values: [host] }] }];
  return JSON.stringify({
    apiVersion: "v1",
    kind: "List",
    items: [
      {
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name: "kept" },
        spec: {
          ...spec,
          capacity: { storage: "10Mi" },
          persistentVolumeReclaimPolicy: "Retain",
          local: { path: VOLUME },
          nodeAffinity: { required: { nodeSelectorTerms: terms } },
        },
      },
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "kept" },
        spec: { ...spec, volumeName: "kept", resources: { requests: { storage: "1Mi" } } },
      },
      deployment,
      service,
    ],
  });
}

/** Names of files, mounts, failed units and programs of a run on a host that a command could leave. */
async function filesOn(host: Host): Promise<ReadonlySet<string>> {
  const listed = await onHost(
    host,
    "find /tmp /var/tmp /dev/shm /root /home /etc /usr/local /opt /run/lock /var/lib/k3s* " +
      "/var/lib/rancher -xdev -path '*/containerd' -prune -o -print 2>/dev/null; " +
      "ls -d /run/k3s-tool* 2>/dev/null; " +
      "findmnt -rno TARGET | grep -vE '/run/(containerd|k3s|netns|user)|/var/lib/kubelet/' | sed 's/^/mount /'; " +
      "systemctl list-units --failed --plain --no-legend | sed 's/^/failed unit /'; " +
      "pgrep -af 'python3 -c|AnsiballZ|^python3 -$|ansible' | sed 's/^[0-9]* /process /' | grep -v pgrep; true",
  );
  return new Set(listed.split("\n").filter((line) => line !== ""));
}

/** The same of the workstation: its home but for the records of runs, temporary files, processes of runs. */
async function filesOfWorkstation(): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const walk = async (directory: string) => {
    for await (const entry of Deno.readDir(directory)) {
      const path = join(directory, entry.name);
      // The record of a run is kept; what only the run itself needs is below tmp and sockets.
      if (entry.isDirectory) await walk(path);
      else found.add(path.replace(/\/runs\/[^/]+\/(?=tmp|sockets)/, "/runs/RUN/"));
    }
  };
  await walk(projectDir);
  await walk(TEMPORARY);
  for (const path of [...found]) {
    if (path.startsWith(`${BACKUPS}/`) && path.endsWith(".age")) found.delete(path);
    if (/\/runs\/[^/]+\/[^/]+$/.test(path) && !path.includes("/runs/RUN/")) found.delete(path);
  }
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const environment = await Deno.readTextFile(`/proc/${name}/environ`).catch(() => "");
    if (!environment.includes(`K3S_TOOL_EVENTS=${runDir}`)) continue;
    const words = await Deno.readTextFile(`/proc/${name}/cmdline`).catch(() => "");
    found.add(`process ${words.replaceAll("\0", " ").slice(0, 80)}`);
  }
  return found;
}

function newOf(now: ReadonlySet<string>, before: ReadonlySet<string> = new Set()): string {
  return [...now].filter((each) =>
    !before.has(each) && !BY_CHANCE.test(each) && !ON_PURPOSE.test(each)
  ).slice(0, 12).join(", ");
}

/** Runs a command until it has converged, or a command that its message names: how. */
export async function converge(args: readonly string[]): Promise<string> {
  const first = await tryTool(...args);
  if (first.code === 0) return "again";
  const said = first.stderr.trim();
  const named = /k3s-tool ((?:provision|upgrade|backup restore|node replace)\b[^\n;()`]*)/g;
  const command = [...said.matchAll(named)].at(-1)?.[1]?.trim().replace(/\.$/, "");
  if (command === undefined) throw new Error(`exit code ${first.code}: ${said}`);
  const words = command.split(/\s+/).map((word) => word.replace(/^'(.*)'$/, "$1"));
  const next = await tryTool(...words, ...words.includes("--yes") ? [] : ["--yes"]);
  if (next.code === 0) return command;
  throw new Error(
    `exit code ${first.code}: ${said}\nThen k3s-tool ${command}: exit code ${next.code}: ${next.stderr.trim()}`,
  );
}
