/**
 * What `doctor --hosts` makes of what hosts said: between nodes (packets, latency, ports, clocks) and of
 * each by itself. Pure functions.
 *
 * @module
 */

import { counted } from "../../errors/safe_text.ts";
import { type Check, fail, ok, warn } from "./check.ts";
import type { ClockOffset, Health, HostHealth } from "./health.ts";

/** Seconds above which etcd warns of a peer's clock (etcd `server/etcdserver/api/rafthttp`). */
const CLOCK_WARN_S = 1;
/** Seconds by which tokens and new certificates are still accepted (go-jose's leeway). */
const CLOCK_FAIL_S = 60;

/** etcd's default heartbeat, in milliseconds; a write takes at least one round trip. */
const ROUND_TRIP_WARN_MS = 100;
/** k3s gives etcd 5000 ms for an election (k3s `pkg/etcd/etcd.go`); it wants ten round trips (etcd, "Tuning"). */
const ROUND_TRIP_FAIL_MS = 5000 / 10;

/** Days before the end of a certificate from which it is worth a warning, as in notify.py. */
export const CERTIFICATE_DAYS = 14;
const DAY_S = 86_400;

/** A disk that is fuller than this, in percent, makes the kubelet evict pods (k3s `pkg/daemons/agent`: 5 % free). */
const DISK_FAIL_PERCENT = 95;

/** What each host said, in the order of the inventory; a host that said nothing is missing. */
export type Answers = ReadonlyMap<string, HostHealth>;

/** All that was found of the nodes and between them. */
export function nodeChecks(
  answers: Answers,
  { members, now }: { readonly members: ReadonlySet<string>; readonly now: number },
): readonly Check[] {
  return [
    ...[...answers].flatMap(([host, { health }]) => [
      ...peerChecks(host, answers),
      ...latencyChecks(host, health, members),
      ...firewallChecks(host, answers),
      ...routeChecks(host, health),
      ...dnsChecks(host, health),
      ...certificateChecks(host, health, now),
      ...machineChecks(host, health),
    ]),
    ...clockChecks(answers),
  ];
}

/** Packets and ports, to those peers that answered doctor itself; the others have their own finding. */
export function peerChecks(host: string, answers: Answers): readonly Check[] {
  const health = answers.get(host)?.health;
  const peers = health?.peers.filter(({ name }) => answers.get(name)?.health.k3s) ?? [];
  if (health === undefined || peers.length === 0) return [];
  const about = { name: "packets", host };
  const checks: Check[] = [];
  const names = (found: readonly { readonly name: string }[]) =>
    found.map(({ name }) => name).join(", ");
  const openOn = (found: readonly { readonly name: string }[]) =>
    found.map(({ name }) => {
      const { kind, missing } = answers.get(name)!.health.firewall;
      return `On ${name}: ${openFirewall(kind, missing.length > 0 ? missing : ["tailscale0"])}`;
    }).join(". ");

  const closed = peers.filter((peer) => peer.closed.length > 0);
  if (closed.length > 0) {
    const what = closed.map((peer) => `${peer.name} (${peer.closed.join(", ")})`).join(", ");
    checks.push(
      fail({ name: "ports", host }, `ports that do not answer: ${what}`, openOn(closed)),
    );
  }
  if (!health.ping) {
    return [
      ...checks,
      warn(
        about,
        "ping is not installed; large packets and latency were not checked",
        "On that machine, install it: sudo apt install iputils-ping",
      ),
    ];
  }
  const silent = peers.filter(({ small }) => small === 0);
  const large = peers.filter(({ small, large }) => small > 0 && large === 0);
  const cut = peers.filter((peer) => peer.small > 0 && peer.pods_small === 0);
  const podsLarge = peers.filter((peer) =>
    peer.large > 0 && (peer.pods_small ?? 0) > 0 && peer.pods_large === 0
  );
  if (silent.length > 0) {
    checks.push(warn(
      about,
      `no answer to pings from ${names(silent)}; large packets were not checked`,
      `On ${host}, see whether Tailscale reaches it: tailscale ping ${silent[0]!.name}`,
    ));
  }
  if (large.length > 0) {
    checks.push(fail(
      about,
      `packets of ${large[0]!.sent} bytes to ${names(large)} are lost, small ones arrive`,
      `On ${host} and ${
        names(large)
      }, set the MTU: sudo ip link set dev tailscale0 mtu 1280; then look for a rule that drops large packets: sudo nft list ruleset`,
    ));
  }
  if (cut.length > 0) {
    checks.push(fail(
      about,
      `the pod network does not reach ${names(cut)} (VXLAN, UDP port 8472)`,
      openOn(cut),
    ));
  }
  if (podsLarge.length > 0) {
    checks.push(fail(
      about,
      `large packets through the pod network to ${names(podsLarge)} are lost, small ones arrive`,
      `On ${host}, restart k3s: sudo systemctl restart ${health.k3s}`,
    ));
  }
  if (checks.length > 0) return checks;
  const unchecked = peers.filter(({ pods_small }) => pods_small === null);
  const except = unchecked.length === 0
    ? ""
    : `; the pod network was not checked to ${names(unchecked)}`;
  return [ok(about, `${peers[0]!.sent} bytes reach ${names(peers)}${except}`)];
}

/** The command that lets cluster traffic through the firewall of a machine. */
function openFirewall(kind: Health["firewall"]["kind"], networks: readonly string[]): string {
  switch (kind) {
    case "ufw":
      return networks.map((each) =>
        each === "tailscale0" ? "sudo ufw allow in on tailscale0" : `sudo ufw allow from ${each}`
      ).join(" && ");
    case "firewalld":
      return [
        ...networks.map((each) =>
          each === "tailscale0"
            ? "sudo firewall-cmd --permanent --zone=trusted --add-interface=tailscale0"
            : `sudo firewall-cmd --permanent --zone=trusted --add-source=${each}`
        ),
        "sudo firewall-cmd --reload",
      ].join(" && ");
    default:
      return "sudo nft list ruleset";
  }
}

/** A firewall that is on and lacks what the cluster needs; rules for ports alone are enough where peers get through. */
export function firewallChecks(host: string, answers: Answers): readonly Check[] {
  const health = answers.get(host)?.health;
  if (health === undefined) return [];
  const { kind } = health.firewall;
  const about = { name: "firewall", host };
  if (kind === "none" || kind === "unknown") return [];
  const seen = [...answers.values()].flatMap((each) =>
    each.health.peers.filter(({ name }) => name === host)
  );
  const isReached = seen.length > 0 &&
    seen.every((peer) => peer.closed.length === 0 && (peer.pods_small ?? 0) > 0);
  const missing = health.firewall.missing.filter((each) => each !== "tailscale0" || !isReached);
  if (missing.length === 0) return [ok(about, `${kind} lets cluster traffic through`)];
  return [warn(
    about,
    `${kind} is on and has no rule for ${missing.join(", ")}`,
    `On that machine: ${openFirewall(kind, missing)}`,
  )];
}

/** How far members of etcd are from each other. */
export function latencyChecks(
  host: string,
  health: Health,
  members: ReadonlySet<string>,
): readonly Check[] {
  if (!members.has(host)) return [];
  const slow = health.peers.filter(({ name, rtt_ms }) =>
    members.has(name) && (rtt_ms ?? 0) > ROUND_TRIP_WARN_MS
  );
  if (slow.length === 0) return [];
  const most = Math.max(...slow.map(({ rtt_ms }) => rtt_ms ?? 0));
  const what = slow.map(({ name, rtt_ms }) => `${name} ${Math.round(rtt_ms ?? 0)} ms`).join(", ");
  const say = most > ROUND_TRIP_FAIL_MS ? fail : warn;
  return [say(
    { name: "latency", host },
    `slow for etcd: round trip to ${what}`,
    `Servers should be within ${ROUND_TRIP_WARN_MS} ms; above ${ROUND_TRIP_FAIL_MS} ms, elections fail. ` +
      `See whether Tailscale relays: tailscale ping ${slow[0]!.name}`,
  )];
}

/** Routes from the tailnet that cover the machine's own network. */
export function routeChecks(host: string, { shadowed }: Health): readonly Check[] {
  if (shadowed.length === 0) return [];
  return [warn(
    { name: "routes", host },
    `a route accepted from the tailnet covers its own network ${shadowed.join(", ")}`,
    "If that machine uses no other accepted route, on it: sudo tailscale set --accept-routes=false. " +
      "Otherwise, stop advertising that network from the subnet router",
  )];
}

/** What the cluster's DNS answers, at the address that pods use. */
export function dnsChecks(host: string, { dns, k3s }: Health): readonly Check[] {
  if (dns === null) return [];
  const about = { name: "dns", host };
  if (dns.answer === "ok") return [ok(about, `${dns.server} answers`)];
  if (dns.answer !== "silent") {
    return [warn(
      about,
      `the cluster DNS ${dns.server} says ${dns.answer} for ${dns.name}`,
      "See its log: kubectl -n kube-system logs -l k8s-app=kube-dns",
    )];
  }
  return [fail(
    about,
    `the cluster DNS ${dns.server} does not answer; pods here cannot resolve names`,
    "See whether it runs: kubectl -n kube-system get pods -l k8s-app=kube-dns; if it does, on that " +
      `machine: sudo systemctl restart ${k3s}`,
  )];
}

/** Certificates that have ended or will soon. `now` in milliseconds. */
export function certificateChecks(
  host: string,
  { certificates, k3s }: Health,
  now: number,
): readonly Check[] {
  const sorted = certificates.toSorted((a, b) => a.end - b.end);
  const [first] = sorted;
  if (first === undefined) return [];
  const about = { name: "certificates", host };
  const daysTo = (end: number) => Math.floor((end - now / 1000) / DAY_S);
  const near = sorted.filter(({ end }) => daysTo(end) < CERTIFICATE_DAYS);
  if (near.length === 0) return [ok(about, `valid for ${daysTo(first.end)} days`)];
  const ended = daysTo(first.end) < 0;
  const more = near.length > 1 ? ` (and ${near.length - 1} more)` : "";
  const authority = near.some(({ name }) => /-ca\.crt$/.test(name));
  return [(ended ? fail : warn)(
    about,
    ended
      ? `${first.name}${more} has expired`
      : `${first.name}${more} expires in ${daysTo(first.end)} days`,
    authority
      ? "A certificate authority is expiring; to renew it, see https://docs.k3s.io/cli/certificate"
      : `On that machine, k3s renews them when it starts: sudo systemctl restart ${k3s || "k3s"}`,
  )];
}

/** Control groups and the disk of images. */
export function machineChecks(host: string, { cgroup, disk }: Health): readonly Check[] {
  const checks: Check[] = [];
  if (!cgroup.memory) {
    checks.push(fail(
      { name: "cgroups", host },
      "the kernel's memory cgroup is switched off",
      "Add cgroup_memory=1 cgroup_enable=memory to the kernel's command line (on a Raspberry Pi " +
        "/boot/firmware/cmdline.txt) and reboot",
    ));
  } else if (cgroup.version === 1) {
    checks.push(warn(
      { name: "cgroups", host },
      "cgroup v1, which Kubernetes no longer develops",
      "Add systemd.unified_cgroup_hierarchy=1 to the kernel's command line and reboot",
    ));
  }
  if (disk.used_percent >= disk.threshold) {
    checks.push((disk.used_percent >= DISK_FAIL_PERCENT ? fail : warn)(
      { name: "disk", host },
      `the disk of ${disk.path} is ${disk.used_percent}% full; the kubelet removes images from ${disk.threshold}%`,
      "On that machine, remove images that no container uses (they are pulled again when needed): sudo k3s crictl rmi --prune",
    ));
  }
  return checks;
}

/** Clocks against the middle one, this machine's among them; only what the round trip cannot explain. */
export function clockChecks(answers: Answers): readonly Check[] {
  const clocks = [...answers].flatMap(([host, { clock }]) =>
    clock === undefined ? [] : { host, clock }
  );
  if (clocks.length === 0) return [];
  const here: { readonly host?: string; readonly clock: ClockOffset } = {
    clock: { ahead: 0, roundTrip: 0 },
  };
  const all = [here, ...clocks].toSorted((a, b) => a.clock.ahead - b.clock.ahead);
  const middle = all[Math.floor((all.length - 1) / 2)]!.clock;
  const checks = all.flatMap(({ host, clock }) => {
    const off = clock.ahead - middle.ahead;
    const certain = Math.abs(off) - (clock.roundTrip + middle.roundTrip) / 2;
    if (certain <= CLOCK_WARN_S) return [];
    const about = host === undefined ? { name: "clock" } : { name: "clock", host };
    // Of two clocks nobody knows which one is wrong.
    if (all.length === 2) {
      return [(certain > CLOCK_FAIL_S ? fail : warn)(
        { name: "clock", host: clocks[0]!.host },
        `its clock and this machine's differ by ${Math.abs(off).toFixed(1)} s`,
        "On both machines, turn on time synchronisation: sudo timedatectl set-ntp true",
      )];
    }
    const where = host === undefined ? "On this machine" : "On that machine";
    return [(certain > CLOCK_FAIL_S ? fail : warn)(
      about,
      `the clock is ${Math.abs(off).toFixed(1)} s ${off > 0 ? "ahead of" : "behind"} the others`,
      `${where}, turn on time synchronisation: sudo timedatectl set-ntp true; then check: timedatectl`,
    )];
  });
  if (checks.length > 0) return checks;
  const most = Math.max(...clocks.map(({ clock }) => Math.abs(clock.ahead)));
  const what = `${counted(clocks.length, "host")} within ${most.toFixed(1)} s of this machine`;
  return [ok({ name: "clock" }, what)];
}
