import assert from "node:assert/strict";
import type { Check } from "../../../src/actions/doctor/check.ts";
import type { ClockOffset, Health, HostHealth } from "../../../src/actions/doctor/health.ts";
import {
  type Answers,
  certificateChecks,
  clockChecks,
  dnsChecks,
  firewallChecks,
  latencyChecks,
  machineChecks,
  nodeChecks,
  peerChecks,
  routeChecks,
} from "../../../src/actions/doctor/nodes.ts";

const NOW = Date.UTC(2026, 10, 27);
const DAY = 86_400;

const peer = (name: string, fields: Partial<Health["peers"][number]> = {}) => ({
  name,
  sent: 1280,
  rtt_ms: 1,
  small: 3,
  large: 3,
  pods_small: 3,
  pods_large: 3,
  closed: [],
  ...fields,
});

const healthy = (fields: Partial<Health> = {}): Health => ({
  k3s: "k3s-agent",
  root: true,
  ping: true,
  shadowed: [],
  peers: [],
  firewall: { kind: "none", missing: [] },
  dns: { server: "10.43.0.10", name: "kubernetes.default.svc.cluster.local", answer: "ok" },
  certificates: [{ name: "agent/serving-kubelet.crt", end: NOW / 1000 + 300 * DAY }],
  cgroup: { version: 2, memory: true },
  disk: { path: "/var/lib/rancher", used_percent: 40, threshold: 85 },
  ...fields,
});

const said = (health: Health, clock?: ClockOffset): HostHealth => ({ health, clock });
const at = (ahead: number, roundTrip = 0.01): ClockOffset => ({ ahead, roundTrip });

/** Answers of n1, with what it says of n2, and of n2. */
const pair = (
  toN2: Partial<Health["peers"][number]>,
  n2: Partial<Health> = {},
  n1: Partial<Health> = {},
): Answers =>
  new Map([
    ["n1", said(healthy({ peers: [peer("n2", toN2)], ...n1 }), at(0))],
    ["n2", said(healthy({ peers: [peer("n1")], ...n2 }), at(0.1))],
  ]);

const told = (checks: readonly Check[]) => checks.map(({ status, name }) => `${status} ${name}`);
const words = (checks: readonly Check[]) =>
  checks.map(({ message, hint }) => `${message} → ${hint}`).join("\n");

Deno.test("a healthy cluster has no finding", () => {
  const checks = nodeChecks(pair({}), { members: new Set(["n1", "n2"]), now: NOW });
  assert.deepEqual(checks.filter(({ status }) => status !== "ok"), []);
  assert.deepEqual(
    new Set(checks.map(({ name }) => name)),
    new Set(["packets", "dns", "certificates", "clock"]),
  );
});

Deno.test("each way a packet can be lost has its own words", () => {
  const cases: [Partial<Health["peers"][number]>, string, RegExp][] = [
    [{}, "ok packets", /1280 bytes reach n2/],
    [{ large: 0, pods_large: 0 }, "fail packets", /1280 bytes to n2 are lost.*mtu 1280/],
    [{ small: 0, large: 0 }, "warn packets", /no answer to pings from n2.*tailscale ping n2/],
    [{ pods_small: 0, pods_large: 0 }, "fail packets", /UDP port 8472.*On n2: sudo nft list/],
    [{ pods_large: 0 }, "fail packets", /through the pod network.*restart k3s-agent/],
    [{ pods_small: null, pods_large: null }, "ok packets", /reach n2/],
    [{ closed: [10250] }, "fail ports", /do not answer: n2 \(10250\)/],
  ];
  for (const [found, status, message] of cases) {
    const checks = peerChecks("n1", pair(found));
    assert.deepEqual(told(checks), [status], JSON.stringify(found));
    assert.match(words(checks), message);
  }
});

Deno.test("a peer that doctor cannot reach itself, or that runs no k3s, is one finding elsewhere", () => {
  const dead = { small: 0, large: 0, closed: [10250] };
  const alone: Answers = new Map([...pair(dead)].slice(0, 1));
  assert.deepEqual(peerChecks("n1", alone), []);
  assert.deepEqual(peerChecks("n1", pair(dead, { k3s: "" })), []);
});

Deno.test("without ping that is said once, and ports are judged all the same", () => {
  const found = { small: 0, large: 0, closed: [10250] };
  const checks = peerChecks("n1", pair(found, {}, { ping: false }));
  assert.deepEqual(told(checks), ["fail ports", "warn packets"]);
  assert.match(words(checks), /apt install iputils-ping/);
});

Deno.test("a closed port is opened in the firewall that runs there", () => {
  const missing = ["tailscale0", "10.42.0.0/16"];
  const of = (kind: "ufw" | "firewalld") =>
    words(peerChecks("n1", pair({ closed: [10250] }, { firewall: { kind, missing } })));
  assert.match(of("ufw"), /On n2: sudo ufw allow in on tailscale0 && sudo ufw allow from 10\.42/);
  assert.match(
    of("firewalld"),
    /--zone=trusted --add-interface=tailscale0 && .*--add-source=10\.42\.0\.0\/16 && sudo firewall-cmd --reload/,
  );
});

Deno.test("a firewall without a rule is a warning, unless peers get through rules for ports", () => {
  const firewall = { kind: "ufw" as const, missing: ["tailscale0", "10.42.0.0/16"] };
  const n2 = (toN2: Partial<Health["peers"][number]>) =>
    words(firewallChecks("n2", pair(toN2, { firewall })));
  assert.match(n2({ closed: [10250] }), /no rule for tailscale0, 10\.42\.0\.0\/16/);
  assert.match(n2({ pods_small: 0 }), /no rule for tailscale0, 10\.42/);
  assert.match(n2({}), /no rule for 10\.42\.0\.0\/16 → On that machine: sudo ufw allow from/);
  assert.deepEqual(told(firewallChecks("n1", pair({}))), []);
  const open = pair({}, { firewall: { kind: "firewalld", missing: [] } });
  assert.deepEqual(told(firewallChecks("n2", open)), ["ok firewall"]);
});

Deno.test("latency matters between servers alone", () => {
  const health = healthy({ peers: [peer("n2", { rtt_ms: 140 }), peer("n3", { rtt_ms: 700 })] });
  assert.deepEqual(told(latencyChecks("n1", health, new Set(["n1"]))), []);
  assert.deepEqual(told(latencyChecks("n3", health, new Set(["n1", "n2"]))), []);
  assert.deepEqual(told(latencyChecks("n1", health, new Set(["n1", "n2"]))), ["warn latency"]);
  const all = latencyChecks("n1", health, new Set(["n1", "n2", "n3"]));
  assert.deepEqual(told(all), ["fail latency"]);
  assert.match(words(all), /n2 140 ms, n3 700 ms/);
});

Deno.test("a clock is wrong where it differs from the others by more than the round trip explains", () => {
  const clocks = (...offsets: ClockOffset[]): Answers =>
    new Map(offsets.map((clock, index) => [`n${index + 1}`, said(healthy(), clock)]));
  const judged = (...offsets: ClockOffset[]) =>
    clockChecks(clocks(...offsets)).map(({ status, host = "here" }) => `${status} ${host}`);
  assert.deepEqual(judged(at(0), at(0.9)), ["ok here"]);
  assert.deepEqual(judged(at(0), at(5)), ["warn n2"]);
  assert.deepEqual(judged(at(0), at(-300)), ["fail n2"]);
  assert.deepEqual(judged(at(0), at(5, 9)), ["ok here"]); // too slow to tell
  // Two hosts agree, so it is this machine that is wrong.
  assert.deepEqual(judged(at(30), at(30.1)), ["warn here"]);
  assert.deepEqual(clockChecks(new Map([["n1", said(healthy())]])), []);
});

Deno.test("certificates: expired, soon, of an authority, and fine", () => {
  const judged = (...days: [string, number][]) => {
    const certificates = days.map(([name, left]) => ({ name, end: NOW / 1000 + left * DAY }));
    return certificateChecks("n1", healthy({ certificates, k3s: "k3s" }), NOW);
  };
  assert.deepEqual(told(judged(["a.crt", 365], ["b.crt", 14.5])), ["ok certificates"]);
  const soon = judged(["a.crt", 365], ["b.crt", 13.5], ["c.crt", 2.5]);
  assert.deepEqual(told(soon), ["warn certificates"]);
  assert.match(words(soon), /^c\.crt \(and 1 more\) expires in 2 days → .*systemctl restart k3s$/);
  assert.match(words(judged(["a.crt", -0.5])), /a\.crt has expired/);
  assert.equal(judged(["a.crt", -0.5])[0]?.status, "fail");
  assert.match(words(judged(["server-ca.crt", 3])), /docs\.k3s\.io\/cli\/certificate/);
  assert.deepEqual(judged(), []);
});

Deno.test("routes, DNS, cgroups and disks", () => {
  assert.match(
    words(routeChecks("n1", healthy({ shadowed: ["192.168.1.0/24"] }))),
    /covers its own network 192\.168\.1\.0\/24 → .*--accept-routes=false/,
  );
  const dns = (answer: string) =>
    told(dnsChecks("n1", healthy({ dns: { server: "10.43.0.10", name: "x", answer } })));
  assert.deepEqual(dns("ok"), ["ok dns"]);
  assert.deepEqual(dns("SERVFAIL"), ["warn dns"]);
  assert.deepEqual(dns("silent"), ["fail dns"]);
  assert.deepEqual(dnsChecks("n1", healthy({ dns: null })), []);
  const machine = (fields: Partial<Health>) => told(machineChecks("n1", healthy(fields)));
  const disk = (used_percent: number, threshold = 85) =>
    machine({ disk: { path: "/var/lib/rancher", used_percent, threshold } });
  assert.deepEqual([disk(84), disk(85), disk(95), disk(85, 90)], [
    [],
    ["warn disk"],
    ["fail disk"],
    [],
  ]);
  assert.deepEqual(machine({ cgroup: { version: 1, memory: true } }), ["warn cgroups"]);
  assert.deepEqual(machine({ cgroup: { version: 2, memory: false } }), ["fail cgroups"]);
});
