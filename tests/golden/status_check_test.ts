import assert from "node:assert/strict";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { statusError } from "../cluster/fake_api_server.ts";
import { deploymentObject, nodeObject, podObject } from "../cluster/objects_fixture.ts";
import { gitRepository, kustomization } from "../gitops/flux/flux_fixture.ts";
import { peerFields, statusJson } from "../tailscale/status_fixture.ts";
import { assertGolden } from "./golden.ts";
import { CLUSTER, inHomelab } from "./homelab.ts";

/** One server in whose cluster nothing is wrong. */
const WELL = {
  inventory: `all:
  vars: {cluster_name: homelab, k3s_version: v1.35.6+k3s1}
  children:
    control_plane: {hosts: {nuc: {ansible_host: 100.64.0.1, tailscale_ip: 100.64.0.1}}}
`,
  tailnet: statusJson({ peers: [peerFields("nuc", "100.64.0.1", { Tags: ["tag:server"] })] }),
  routes: {
    ...CLUSTER,
    "/api/v1/nodes": () => ({ items: [nodeObject("nuc", { controlPlane: true })] }),
    "/api/v1/services": () => ({ items: [] }),
    "/apis/apps/v1/deployments": () => ({ items: [] }),
    "/apis/batch/v1/jobs": () => ({ items: [] }),
    "/api/v1/pods": () => ({ items: [] }),
  },
} as const;

Deno.test("status --check prints each problem on a line and ends with 1", async () => {
  const { code, stdout } = await inHomelab(["status", "--check"]);
  assert.equal(code, 1);
  await assertGolden("status-check.txt", stdout);
  const { stdout: json } = await inHomelab(["status", "--check", "-o", "json"]);
  const { items } = DOCUMENTS.StatusCheck.parse(JSON.parse(json));
  assert.equal(items.length, stdout.trimEnd().split("\n").length);
});

Deno.test("where nothing is wrong status --check prints nothing and ends with 0", async () => {
  const { code, stdout, stderr } = await inHomelab(["status", "--check"], WELL);
  assert.deepEqual([code, stdout, stderr], [0, "", "No problems.\n"]);
  assert.equal((await inHomelab(["status", "--check", "-q"], WELL)).stderr, "");
});

const withUid = (object: ReturnType<typeof kustomization>) => ({
  ...object,
  metadata: { ...object.metadata, uid: `uid-${object.metadata.name}` },
});

/** As k3s records them (pkg/certmonitor/certmonitor.go). */
const certificateEvent = (reason: string, time: string, end?: string) => ({
  metadata: { uid: `${reason} ${time}`, name: `${reason} ${time}`, namespace: "default" },
  type: end === undefined ? "Normal" : "Warning",
  reason,
  message: "Node certificates require attention - restart k3s on this node to trigger automatic " +
    "rotation: kubelet/client-kubelet.crt: certificate CN=a is not valid before " +
    "2020-01-01T00:00:00Z\nkubelet/serving-kubelet.crt: certificate CN=b will expire within 120 " +
    `days at ${end}`,
  lastTimestamp: `2026-11-23T${time}:00Z`,
  involvedObject: { kind: "Node", name: "nuc", uid: "nuc" },
});

/** A cluster whose server knows of backups; and an annotation of another node. */
const backups = (known: Record<string, unknown>, others?: Record<string, string>) => {
  const noted = (entries: Record<string, unknown>) =>
    Object.fromEntries(
      Object.entries(entries).map(([key, value]) => [
        `k3s-tool.io/${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    );
  const node = (annotations: Record<string, string>, name = "nuc", ip = "100.64.0.1") => {
    const object = nodeObject(name, { controlPlane: name === "nuc", ip });
    return { ...object, metadata: { ...object.metadata, annotations } };
  };
  const pi = "    workers: {hosts: {pi: {ansible_host: 100.64.0.4, tailscale_ip: 100.64.0.4}}}\n";
  return {
    inventory: WELL.inventory + (others === undefined ? "" : pi),
    routes: {
      ...WELL.routes,
      "/api/v1/nodes": () => ({
        items: [
          node(noted(known)),
          ...others === undefined ? [] : [node(noted(others), "pi", "100.64.0.4")],
        ],
      }),
    },
  };
};

Deno.test("each kind of trouble is found, and nothing else", async () => {
  const node = (options: Parameters<typeof nodeObject>[1]) => ({
    "/api/v1/nodes": () => ({ items: [nodeObject("nuc", { controlPlane: true, ...options })] }),
  });
  const full = () => ({ node: { fs: { usedBytes: 85, capacityBytes: 100 } } });
  const inventory = (from: string, to: string) => WELL.inventory.replace(from, to);
  const system = (name: string, namespace: string) => ({
    ...deploymentObject(name, { ready: 0, wanted: 1 }),
    metadata: { uid: name, name, namespace },
  });
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ routes: { ...WELL.routes, ...node({ ready: "False" }) } }, /^nuc: NotReady/],
    [{ routes: { ...WELL.routes, ...node({ cordoned: true }) } }, /^nuc: is cordoned/],
    [
      { routes: { ...WELL.routes, "/api/v1/nodes/nuc/proxy/stats/summary": full } },
      /^nuc: the disk is 85% full$/,
    ],
    [
      {
        routes: {
          ...WELL.routes,
          "/api/v1/events": () => ({
            items: [
              certificateEvent("CertificateExpirationWarning", "12:00", "2026-12-01T12:00:00Z"),
              certificateEvent("CertificateExpirationOK", "11:00"),
            ],
          }),
        },
      },
      /^nuc: a certificate expires in 8d; restart k3s to renew it: .* restart k3s$/,
    ],
    [
      {
        routes: {
          ...WELL.routes,
          "/api/v1/events": () => ({
            items: [
              certificateEvent(
                "CertificateExpirationWarning",
                "10:00",
                "2026-11-22T12:00:00+02:00",
              ),
              certificateEvent("CertificateExpirationWarning", "11:30", "2027-03-01T12:00:00Z"),
              certificateEvent("CACertificateExpirationWarning", "11:30", "2026-11-22T12:00:00Z"),
            ],
          }),
        },
      },
      /^nuc: a certificate authority expired 24h ago; rotate it as/,
    ],
    [
      backups({
        "backup": { time: "2026-11-23T01:00:00Z", name: "home.age" },
        "backup-failed": { time: "2026-11-23T10:00:00Z", message: "the disk\u001b[2J is full" },
      }),
      /^nuc: a backup failed 120m ago: the disk.* is full; see k3s-tool exec --limit nuc -- sudo systemctl status k3s-tool-backup\.service$/,
    ],
    [
      backups({
        "backup": { time: "2026-11-21T11:59:00Z", name: "home.age" },
        "backup-schedule": { every: 86400, since: "2026-11-01T00:00:00Z" },
      }),
      /^nuc: no backup for 2d, one is scheduled every 24h$/,
    ],
    [
      {
        inventory: inventory(
          "k3s_version:",
          "backup_schedule: {every: daily, recipient: age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq}, k3s_version:",
        ),
      },
      /^homelab: the timer of backup_schedule is not set up; .*--tags backup$/,
    ],
    [
      backups({ "backup-schedule": { every: 3600, since: "2026-11-23T09:00:00Z" } }),
      /^nuc: no backup for 3h, one is scheduled every 60m$/,
    ],
    [
      { inventory: inventory("v1.35.6", "v1.35.7") },
      /^nuc: runs v1\.35\.6\+k3s1, the inventory says v1\.35\.7/,
    ],
    [
      {
        inventory: inventory(
          "tailscale_ip: 100.64.0.1",
          "tailscale_ip: 100.64.0.1, node_labels: {disk: ssd}, node_taints: [{key: a, effect: NoSchedule}]",
        ),
      },
      /^nuc: lacks label disk=ssd, taint a:NoSchedule; .*--tags node_config/,
    ],
    [
      { inventory: `${WELL.inventory}    workers: {hosts: {pi: {tailscale_ip: 100.64.0.4}}}\n` },
      /^pi: is in the inventory and not in the cluster/,
    ],
    [
      {
        routes: {
          ...WELL.routes,
          "/apis/apps/v1/deployments": () => ({
            items: [system("coredns", "kube-system"), system("web", "default")],
          }),
          "/api/v1/pods": () => ({ items: [podObject("other")] }),
        },
      },
      /^kube-system\/coredns: Deployment is down, 0 of 1 pods ready/,
    ],
    [
      {
        routes: {
          ...WELL.routes,
          "/apis/source.toolkit.fluxcd.io/v1/gitrepositories": () => ({
            items: [withUid(gitRepository())],
          }),
          "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations": () => ({
            items: [
              withUid(
                kustomization("web", {
                  ready: "False",
                  reason: "BuildFailed",
                  message: "line\u001b[2J 3",
                }),
              ),
            ],
          }),
        },
      },
      /^flux-system\/web: Kustomization: line.* 3$/,
    ],
  ];
  for (const [change, said] of cases) {
    const { code, stdout, stderr } = await inHomelab(["status", "--check"], { ...WELL, ...change });
    assert.equal(code, 1, `${said} ${stdout}${stderr}`);
    const lines = stdout.trimEnd().split("\n");
    assert.equal(lines.length, 1, stdout);
    assert.match(lines[0]!, said);
    assert.ok(!stdout.includes("\u001b"));
  }
});

Deno.test("a release with a known fault is named, and those that fixed it are not", async () => {
  const versions = {
    "v1.32.9+k3s1": "v1.33.13+k3s1",
    "v1.35.5+k3s1": "v1.35.6+k3s1",
    "v1.36.1+k3s2": "v1.36.2+k3s1",
    "v1.36.2+k3s1": undefined,
    "v1.37.0+k3s1": undefined,
  };
  for (const [version, fixed] of Object.entries(versions)) {
    const node = nodeObject("nuc", { controlPlane: true });
    const nodeInfo = { ...node.status.nodeInfo, kubeletVersion: version };
    const items = [{ ...node, status: { ...node.status, nodeInfo } }];
    const { stdout } = await inHomelab(["status", "--check"], {
      ...WELL,
      inventory: WELL.inventory.replace("v1.35.6+k3s1", version),
      routes: { ...WELL.routes, "/api/v1/nodes": () => ({ items }) },
    });
    const said =
      `nuc: k3s ${version} loses the pod network when tailscaled restarts (k3s #12436); ` +
      `upgrade to ${fixed} or newer with: k3s-tool upgrade\n`;
    assert.equal(stdout, fixed === undefined ? "" : said);
  }
});

Deno.test("backups in time are no problem, and status shows the newest of all servers", async () => {
  const fine = backups({
    "backup": { time: "2026-11-22T13:00:00Z", name: "home-1.age" },
    // Over, as one was made after it; and what nobody understands.
    "backup-failed": { time: "2026-11-22T12:00:00Z", message: "full" },
    "backup-schedule": { every: 86400, since: "2026-11-01T00:00:00Z" },
  }, { "backup": "{", "backup-failed": "{}", "backup-schedule": '{"every": -1}' });
  const { code, stdout } = await inHomelab(["status", "--check"], { ...WELL, ...fine });
  assert.deepEqual([code, stdout], [0, ""]);
  const shown = await inHomelab(["status"], { ...WELL, ...fine });
  assert.match(shown.stdout, /^Newest backup 23h old, one every 24h\.$/m);
  const { stdout: json } = await inHomelab(["status", "-o", "json"], { ...WELL, ...fine });
  assert.deepEqual(JSON.parse(json).backup, {
    newest: { node: "nuc", time: "2026-11-22T13:00:00Z", name: "home-1.age" },
    failed: null,
    schedule: { node: "nuc", every: 86400, since: "2026-11-01T00:00:00Z" },
  });
  assert.doesNotMatch((await inHomelab(["status"], WELL)).stdout, /backup/);
  assert.match((await inHomelab(["status", "-o", "wide"], WELL)).stdout, /^No backup yet\.$/m);
});

Deno.test("status --check ends with 4 where the cluster is out of reach, and with 3 without a kubeconfig", async () => {
  const routes = { "/api/v1/nodes": () => statusError(401, "Unauthorized", "Unauthorized") };
  assert.equal((await inHomelab(["status", "--check"], { routes })).code, 4);
  assert.equal((await inHomelab(["status", "--check"], { noKubeconfig: true })).code, 3);
  assert.equal((await inHomelab(["status", "--check", "--watch"])).code, 2);
});

Deno.test("status --check of one node says nothing of others", async () => {
  const { stdout } = await inHomelab(["status", "stray", "--check"]);
  assert.match(stdout, /^stray: /m);
  assert.ok(stdout.trimEnd().split("\n").every((line) => line.startsWith("stray: ")), stdout);
});
