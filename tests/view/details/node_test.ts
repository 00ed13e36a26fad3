import assert from "node:assert/strict";
import { condition, HOMELAB, liveState, node } from "../live_fixture.ts";
import { part, sections } from "./details_text.ts";

Deno.test("a node: how it stands, what it has, who is on it", () => {
  const details = sections("Node", "nuc");
  assert.deepEqual(details.map(({ title }) => title), [
    "Status",
    "Resources",
    "Conditions",
    "Tailscale",
    "Events",
    "Pods (3)",
    "System",
    "Taints",
    "Labels",
  ]);
  assert.equal(
    part(details, "Status"),
    `Status:
  Status     Ready
  Since      2026-11-20T12:00:00.000Z (3d ago)
  Role       control-plane
  Inventory  nuc
  Age        10d`,
  );
  assert.equal(
    part(details, "Resources"),
    `Resources:
          CAPACITY  RESERVED  ALLOCATABLE  REQUESTED  USED
  CPU     4         0.5       3.5          0.3        0.7    ██░░░░░░░░  20%
  Memory  8Gi       1Gi       7Gi          192Mi      5.9Gi  ████████▍░  84%
  Disk    100Gi     5Gi       95Gi                    40Gi   ████░░░░░░  40%
  Pods    110       0         110                     3      ▎░░░░░░░░░   3%`,
  );
  assert.equal(
    part(details, "Conditions"),
    `Conditions:
  MemoryPressure  False  since 3d
  DiskPressure    False  since 3d
  Ready           True   since 3d  KubeletReady: kubelet is posting status`,
  );
  assert.equal(
    part(details, "Pods"),
    `Pods (3):
  default/web-1        1/1  Running                    0 restarts  3h -> Pod default/web-1
  default/web-2        0/1  Running: CrashLoopBackOff  7 restarts  3h -> Pod default/web-2
  kube-system/agent-a  1/1  Running                    0 restarts  3h -> Pod kube-system/agent-a`,
  );
});

Deno.test("a node: volumes on its disks and of its pods, their sizes, and how full the disks are", () => {
  const GIB = 2 ** 30;
  const volumes = [
    { claim: "default/db", used: 90 * GIB, capacity: 100 * GIB },
    { claim: "media/films", used: 1 * GIB, capacity: 4096 * GIB },
  ];
  const usage = { nuc: { cpu: 1, memory: 1, disk: undefined, volumes } };
  const volume = (name: string, claim: string, node = "nuc") => ({
    ...{ uid: name, name, claim, node, class: "fast", size: 5 * GIB },
    ...{ path: `/srv/fast/${name}`, phase: "Bound" },
  });
  const known = [
    volume("pvc-1", "default/db"),
    volume("pvc-2", "default/idle"),
    volume("pvc-3", ""),
    volume("pvc-4", "default/other", "dgx"),
  ];
  const state = liveState({ ...HOMELAB, usage, persistentVolumes: known });
  assert.equal(
    part(sections("Node", "nuc", { state }), "Volumes"),
    `Volumes:
  CLAIM         CLASS  SIZE  DISK   USED
  default/db    fast   5Gi   100Gi  90Gi  █████████░  90%
  default/idle  fast   5Gi   -      -
  pvc-3         fast   5Gi   -      -
  media/films          -     4Ti    1Gi   ▏░░░░░░░░░   0%`,
  );
});

Deno.test("a node that is ill says why, who says so, and what is short", () => {
  const dgx = sections("Node", "dgx");
  assert.match(part(dgx, "Status"), /Unreachable 12m\n.*Since .*\n +Why +its Tailscale is offline/);
  assert.match(part(dgx, "Status"), /Source +the tailnet/);
  assert.match(
    part(dgx, "Tailscale"),
    /Online +no\n +Last seen +2026-11-23T11:48:00.000Z \(12m ago\)/,
  );
  assert.match(part(dgx, "Resources"), /CPU +4 +0.5 +3.5 +0 +- +\?/);
  assert.match(part(dgx, "Taints"), /nvidia.com\/gpu=true:NoSchedule/);
  assert.match(part(dgx, "Resources"), /GPU ×4 +4 +4 +0\b/);
  assert.match(part(dgx, "System"), /GPU +RTX 4090, 24 GiB, driver 570\.133/);
  assert.doesNotMatch(part(sections("Node", "nuc"), "Resources"), /GPU/);

  const pressed = liveState({
    nodes: [
      node("nuc", { conditions: [condition("DiskPressure", "True"), condition("Ready", "True")] }),
    ],
  });
  const details = sections("Node", "nuc", { state: pressed });
  assert.match(part(details, "Status"), /Pressure +DiskPressure/);
  assert.match(part(details, "Pods"), /not known/);
  assert.match(part(details, "Events"), /not known/);
  assert.match(part(details, "Status"), /Inventory +not known/);
});

Deno.test("a host that is no node yet says what is next, a node without a host that it is not in the inventory", () => {
  assert.match(
    part(sections("Node", "attic"), "Status"),
    /Not provisioned\n.*\n.*\n +Next +k3s-tool provision/,
  );
  assert.match(part(sections("Node", "stray"), "Status"), /Inventory +not in it/);
  assert.match(part(sections("Node", "pi"), "Tailscale"), /Key +4d left/);
  const lonely = liveState({ ...HOMELAB, peers: [] });
  assert.match(
    part(sections("Node", "attic", { state: lonely }), "Tailscale"),
    /Address +100.64.0.5\n +Machine +no machine in the tailnet has this address/,
  );
});
