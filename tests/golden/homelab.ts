/**
 * A homelab in one piece: an inventory, a tailnet and a cluster that belong together.
 *
 * @module
 */

import type { Context } from "../../src/cli/program/context.ts";
import { type Route, withApiServer } from "../cluster/fake_api_server.ts";
import {
  deploymentObject,
  nodeObject,
  podObject,
  serviceObject,
} from "../cluster/objects_fixture.ts";
import { type CommandResult, runCommand } from "../cli/fake_context.ts";
import type { FakeRunner } from "../process/fake_runner.ts";
import { peerFields, statusJson, tailscaleSays } from "../tailscale/status_fixture.ts";

/** The moment everything is looked at. */
export const NOW = Date.parse("2026-11-23T12:00:00Z");

/** nuc and dgx are in the cluster, pi is not yet, attic has moved to another address. */
export const INVENTORY = `all:
  vars:
    cluster_name: homelab
    k3s_version: v1.35.6+k3s1
  children:
    control_plane:
      hosts:
        nuc: {ansible_host: 100.64.0.1, tailscale_ip: 100.64.0.1}
    workers:
      hosts:
        dgx: {ansible_host: 100.64.0.3, tailscale_ip: 100.64.0.3}
        pi: {ansible_host: 100.64.0.4, tailscale_ip: 100.64.0.4}
        attic: {ansible_host: 100.64.0.50, tailscale_ip: 100.64.0.50}
`;

/** The tailnet of that homelab. */
export const TAILNET = statusJson({
  self: { KeyExpiry: "2027-03-01T00:00:00Z" },
  peers: [
    peerFields("nuc", "100.64.0.1", { Tags: ["tag:server"] }),
    peerFields("dgx", "100.64.0.3", { Online: false, LastSeen: "2026-11-23T11:48:00Z" }),
    peerFields("pi", "100.64.0.4", { KeyExpiry: "2026-11-28T00:00:00Z" }),
    peerFields("attic", "100.64.0.5"),
    peerFields("stray", "100.64.0.6"),
    peerFields("phone", "100.64.0.7", { HostName: "localhost", OS: "iOS" }),
    peerFields("nas", "100.100.0.8", {
      DNSName: "nas.grace.ts.net.",
      UserID: 2,
      AltSharerUserID: 2,
    }),
  ],
  User: { "1": { LoginName: "ada@example.com" }, "2": { LoginName: "grace@example.org" } },
});

/** A Job that has given up. */
const MIGRATION = {
  metadata: {
    uid: "job-migrate",
    name: "migrate",
    namespace: "default",
    creationTimestamp: "2026-11-23T10:00:00Z",
  },
  spec: { completions: 1 },
  status: {
    failed: 7,
    conditions: [{
      type: "Failed",
      status: "True",
      reason: "BackoffLimitExceeded",
      message: "Job has reached the specified backoff limit",
    }],
  },
};

/** A CronJob that waits for its time. */
const BACKUP = {
  metadata: {
    uid: "cronjob-backup",
    name: "backup",
    namespace: "default",
    creationTimestamp: "2026-11-13T10:00:00Z",
  },
  spec: { schedule: "0 3 * * *", jobTemplate: { spec: {} } },
};

/** The API server of that homelab. */
export const CLUSTER: Readonly<Record<string, Route>> = {
  "/api/v1/nodes": () => ({
    items: [
      nodeObject("nuc", { controlPlane: true }),
      nodeObject("dgx", { ip: "100.64.0.3", ready: "Unknown", since: "2026-11-23T11:49:00Z" }),
      nodeObject("stray", { ip: "100.64.0.6", cordoned: true }),
    ],
  }),
  "/api/v1/pods": () => ({
    items: [
      podObject("web-1", { labels: { app: "web" } }),
      podObject("web-2", { labels: { app: "web" }, ready: false, waiting: "ImagePullBackOff" }),
      podObject("done", { phase: "Succeeded", ready: false }),
    ],
  }),
  "/api/v1/services": () => ({
    items: [serviceObject("web"), serviceObject("kubernetes", { selector: null })],
  }),
  "/apis/apps/v1/deployments": () => ({
    items: [deploymentObject("web", { ready: 1, wanted: 2 })],
  }),
  "/apis/apps/v1/statefulsets": () => ({ items: [] }),
  "/apis/apps/v1/daemonsets": () => ({ items: [] }),
  "/apis/batch/v1/jobs": () => ({ items: [MIGRATION] }),
  "/apis/batch/v1/cronjobs": () => ({ items: [BACKUP] }),
  "/api/v1/events": () => ({ items: [] }),
  "/apis/metrics.k8s.io/v1beta1/nodes": () => ({
    items: [{ metadata: { name: "nuc" }, usage: { cpu: "700m", memory: "3584Mi" } }],
  }),
  "/api/v1/nodes/nuc/proxy/stats/summary": () => ({
    node: { fs: { usedBytes: 27 * 2 ** 30, capacityBytes: 96 * 2 ** 30 } },
  }),
};

/** What a test may leave out or change. */
export interface HomelabOptions {
  readonly inventory?: string;
  readonly tailnet?: string;
  readonly runner?: FakeRunner;
  readonly routes?: Readonly<Record<string, Route>>;
  /** No kubeconfig at all. */
  readonly noKubeconfig?: boolean;
  readonly context?: Partial<Context>;
}

/** Runs a command in the homelab. Its kubeconfig and folder are not part of what it says. */
export async function inHomelab(
  argv: readonly string[],
  options: HomelabOptions = {},
): Promise<CommandResult> {
  let result: CommandResult | undefined;
  let now = NOW;
  await withApiServer(options.routes ?? CLUSTER, async ({ directory, kubeconfig, server }) => {
    await Deno.writeTextFile(`${directory}/hosts.yml`, options.inventory ?? INVENTORY);
    const said = await runCommand(argv, {
      directory,
      runner: options.runner ?? tailscaleSays(options.tailnet ?? TAILNET),
      env: {
        K3S_TOOL_TAILSCALE_SOCKET: "/proc/nonexistent/tailscaled.sock",
        ...options.noKubeconfig ? {} : { KUBECONFIG: kubeconfig },
      },
      context: {
        clock: { now: () => now, sleep: (ms) => Promise.resolve(void (now += ms)) },
        ...options.context,
      },
    });
    const neutral = (text: string) =>
      text.replaceAll(directory, "HOME").replaceAll(server, "http://SERVER");
    result = { ...said, stdout: neutral(said.stdout), stderr: neutral(said.stderr) };
  });
  return result!;
}
