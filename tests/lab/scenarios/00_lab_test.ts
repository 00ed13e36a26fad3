/**
 * The lab itself: what the other scenarios stand on.
 *
 * @module
 */

import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { attempt, run } from "../cli/command.ts";
import * as faults from "../hosts/faults.ts";
import { down, up } from "../lab.ts";
import { listLeftovers } from "../hosts/leftovers.ts";
import { labSource, runDir, runPaths } from "../paths.ts";
import { onHost, tryOnHost } from "../hosts/on_host.ts";
import {
  exclusively,
  type Host,
  hostNamed,
  LabBusyError,
  LabStateError,
  runningLab,
} from "../state.ts";
import { MIRROR_URL, VERSIONS } from "../tool.ts";
import { execAtWorkstation, tryAtWorkstation } from "../hosts/workstation.ts";

/** What `tailscale status --json` says of a machine, as far as it is read here. */
interface Peer {
  HostName: string;
  DNSName: string;
  OS: string;
  TailscaleIPs: string[];
  Online: boolean;
  Expired?: boolean;
  KeyExpiry?: string;
  LastSeen?: string;
  Tags?: string[];
  AltSharerUserID?: number;
}

async function peers(): Promise<Map<string, Peer>> {
  const status: { Peer: Record<string, Peer> } = JSON.parse(
    await execAtWorkstation(["tailscale", "status", "--json"]),
  );
  return new Map(
    Object.values(status.Peer).map((peer) => [peer.DNSName.split(".")[0] ?? "", peer]),
  );
}

/** What of this machine a lab could change, line by line. */
async function machine(): Promise<string[]> {
  const looks = await Promise.all([
    run(["ip", "-brief", "address"]),
    run(["ip", "netns", "list"]),
    run(["nft", "list", "ruleset"]),
    run(["losetup", "--list"]),
    run(["findmnt", "--list", "--noheadings", "--output", "TARGET,SOURCE"]),
    run(["find", "/sys/fs/cgroup", "-maxdepth", "2", "-type", "d"]),
    run(["find", "/etc/netns", "/run/tailscale", "/run/systemd/nspawn"]).catch(() => ""),
    run(["sysctl", "net.ipv4.ip_forward", "fs.inotify", "vm.overcommit_memory", "kernel.panic"]),
  ]);
  return looks.flatMap((text) => text.trimEnd().split("\n")).filter((line) => line !== "").sort();
}

/** What is there now, or is otherwise now, than it was; something else that ended meanwhile is no matter. */
async function changesSince(before: readonly string[]): Promise<string[]> {
  return (await machine()).filter((line) => !before.includes(line));
}

/** Runs a shell line on a host as a person at the workstation would. */
function fromWorkstation(host: Host, command: string): Promise<string> {
  return execAtWorkstation(["ssh", `lab@${host.tailscaleAddress}`, "--", command]);
}

Deno.test("a lab of three hosts", async (t) => {
  await down();
  const before = await machine();
  const hosts = await up({ hosts: 3, servers: 1 });
  const [n1, n2, n3] = hosts as [Host, Host, Host];

  await t.step("hosts are Debian machines with systemd, and no two are the same", async () => {
    const said = await Promise.all(hosts.map((host) =>
      onHost(
        host,
        "hostname; systemctl is-system-running --wait; cat /etc/machine-id /etc/ssh/ssh_host_*.pub",
      )
    ));
    for (const [i, text] of said.entries()) {
      match(text, new RegExp(`^n${i + 1}\nrunning\n`));
    }
    const identities = said.map((text) => text.split("\n").slice(2).join("\n"));
    strictEqual(new Set(identities).size, 3);
  });

  await t.step("hosts have what the k3s stand-in needs, and nothing of k3s", async () => {
    await onHost(n1, "for p in containerd ctr runc iptables conntrack; do command -v $p; done");
    await onHost(n1, "test -x /usr/lib/cni/bridge");
    await onHost(n1, "test ! -e /etc/rancher && ! command -v k3s");
  });

  await t.step(
    "hosts can set kernel settings, as a kubelet does, until the lab is down",
    async () => {
      await onHost(n1, "sysctl -q -w kernel.panic=11 net.ipv4.conf.all.forwarding=1");
      strictEqual(await onHost(n2, "sysctl -n kernel.panic"), "11\n");
    },
  );

  await t.step("plain ssh over the tailnet works for an owner with sudo", async () => {
    for (const host of hosts) strictEqual(await fromWorkstation(host, "sudo id -u"), "0\n");
  });

  await t.step("the tailnet holds the hosts at their addresses", async () => {
    const seen = await peers();
    for (const host of hosts) {
      const peer = seen.get(host.name);
      strictEqual(peer?.TailscaleIPs[0], host.tailscaleAddress);
      strictEqual(peer?.DNSName, `${host.name}.lab.ts.net.`);
      strictEqual(peer?.Online, true);
    }
    match(await onHost(n1, "timeout 2 getent hosts n2"), /^100\.64\.0\.2 /);
    strictEqual((await tryOnHost(n1, "timeout 2 getent hosts example.com")).code, 2); // not 124
  });

  await t.step("the tailnet holds what people have besides their nodes", async () => {
    const seen = await peers();
    const phone = seen.get("adas-phone");
    deepStrictEqual([phone?.OS, phone?.HostName, phone?.Online], ["iOS", "localhost", true]);
    const laptop = seen.get("old-laptop");
    strictEqual(laptop?.Online, false);
    ok(Date.now() - Date.parse(laptop?.LastSeen ?? "") > 11 * 86_400_000);
    strictEqual(seen.get("attic-pi")?.Expired, true);
    ok((seen.get("nas")?.AltSharerUserID ?? 0) > 0);
    deepStrictEqual(seen.get("build-server")?.Tags, ["tag:ci", "tag:server"]);
    const strange = seen.get("strange")?.HostName ?? "";
    ok(strange.includes("\x1b[2J") && strange.length > 300);
  });

  await t.step("the mirror serves releases that match their checksums, to all", async () => {
    const site = `${MIRROR_URL}/${encodeURIComponent(VERSIONS.newer)}`;
    await onHost(
      n2,
      `cd /tmp && curl -fsSO ${site}/sha256sum-amd64.txt
       while read -r _ f; do curl -fsSO ${site}/$f; done <sha256sum-amd64.txt
       sha256sum --check --strict sha256sum-amd64.txt`,
    );
    match(await execAtWorkstation(["curl", "-fsS", `${site}/sha256sum-amd64.txt`]), / {2}k3s\n/);
    const said = await onHost(n2, "chmod +x /tmp/k3s && /tmp/k3s --version");
    ok(said.startsWith(`k3s version ${VERSIONS.newer} `), said);
  });

  await t.step("a host reboots in order and is the same host again", async () => {
    await onHost(n2, "echo kept >/root/mark");
    const boot = await onHost(n2, "cat /proc/sys/kernel/random/boot_id");
    strictEqual(await faults.reboot("n2"), true);
    ok(await onHost(n2, "cat /proc/sys/kernel/random/boot_id") !== boot);
    strictEqual(await fromWorkstation(n2, "sudo cat /root/mark; hostname"), "kept\nn2\n");
    match(await onHost(n2, "tailscale ip -4"), /^100\.64\.0\.2\n/);
  });

  await t.step("a host that is cut off the tailnet is seen offline, and comes back", async () => {
    await faults.tailscaleDown("n3");
    strictEqual((await peers()).get("n3")?.Online, false);
    ok((await tryAtWorkstation(["ssh", "-o", "ConnectTimeout=2", "lab@100.64.0.3", "true"])).code);
    await onHost(n3, "true");
    await faults.tailscaleUp("n3");
    strictEqual(await fromWorkstation(n3, "hostname"), "n3\n");
  });

  await t.step("a host whose power is cut is seen offline, and boots with its disk", async () => {
    await onHost(n3, "echo kept >/root/mark && sync");
    await faults.powerOff("n3");
    strictEqual((await peers()).get("n3")?.Online, false);
    await faults.powerOn("n3");
    strictEqual(await fromWorkstation(n3, "sudo cat /root/mark"), "kept\n");
  });

  await t.step("a key that expires shuts its host out until it is renewed", async () => {
    await faults.expireKey("n3", new Date(Date.now() - 60_000));
    strictEqual((await peers()).get("n3")?.Expired, true);
    ok((await tryAtWorkstation(["ssh", "-o", "ConnectTimeout=2", "lab@100.64.0.3", "true"])).code);
    await faults.expireKey("n3", new Date(Date.now() + 86_400_000));
    strictEqual(await fromWorkstation(n3, "hostname"), "n3\n");
  });

  await t.step("a full disk is that of one host", async () => {
    await faults.fillDisk("n2");
    const full = await tryOnHost(n2, "head -c 100000 /dev/zero >/var/lib/more");
    match(full.stderr, /No space left on device/);
    await onHost(n3, "head -c 100000 /dev/zero >/var/lib/more");
    await faults.freeDisk("n2");
    await onHost(n2, "head -c 100000 /dev/zero >/var/lib/more");
  });

  await t.step("services stop and start, and processes are killed", async () => {
    await faults.stopService("n2", "dbus.socket");
    strictEqual((await tryOnHost(n2, "systemctl is-active dbus.socket")).stdout, "inactive\n");
    await faults.startService("n2", "dbus.socket");
    const old = await onHost(n2, "systemctl show -P MainPID tailscaled");
    strictEqual(await faults.kill9("n2", "^/usr/sbin/tailscaled"), true);
    strictEqual(await faults.kill9("n2", "no-such-program"), false);
    await faults.tailscaleUp("n2"); // its unit restarts it; this waits
    ok(await onHost(n2, "systemctl show -P MainPID tailscaled") !== old);
  });

  await t.step("a fresh disk makes a new host with the old name and address", async () => {
    await faults.reset("n3");
    strictEqual(await fromWorkstation(n3, "test -e /root/mark || echo fresh"), "fresh\n");
  });

  await t.step("a second lab is refused, and so is a second command that changes it", async () => {
    await rejects(up({ hosts: 1 }), LabStateError);
    await exclusively(() => rejects(faults.powerOff("n3"), LabBusyError));
    strictEqual((await runningLab()).hosts.length, 3);
    await rejects(hostNamed("n9"), LabStateError);
  });

  await t.step("the run directory is closed to other users", async () => {
    strictEqual((await Deno.stat(runDir)).mode! & 0o777, 0o700);
    strictEqual((await Deno.stat(runPaths.state)).mode! & 0o777, 0o600);
  });

  await t.step("down leaves nothing behind", async () => {
    deepStrictEqual(await down(), []);
    deepStrictEqual(await changesSince(before), []);
  });

  await t.step(
    "a lab whose daemons were killed and whose state is lost is cleaned up",
    async () => {
      await up({ hosts: 1 });
      const { daemons } = await runningLab();
      for (const daemon of Object.values(daemons)) Deno.kill(daemon.pid, "SIGKILL");
      await Deno.remove(runPaths.state);
      ok((await listLeftovers()).length > 0);
      const [again] = await up({ hosts: 1 });
      ok(again !== undefined);
      strictEqual(await fromWorkstation(again, "hostname"), "n1\n");
      deepStrictEqual(await down(), []);
      deepStrictEqual(
        (await machine()).filter((line) => !line.includes("inotify")),
        before.filter((line) => !line.includes("inotify")),
      );
    },
  );
});

Deno.test("the command line says what is wrong with it", async () => {
  await down();
  const lab = (...args: string[]) =>
    attempt([Deno.execPath(), "run", "-A", `${labSource}cli/main.ts`, ...args]);
  const unknown = await lab("upp");
  deepStrictEqual([unknown.code, unknown.stdout], [2, ""]);
  match(unknown.stderr, /no command upp\nusage: /);
  strictEqual((await lab("up", "--hosts", "0")).code, 1);
  strictEqual((await lab("up", "--host", "3")).code, 2);
  match((await lab("up", "--ready-delay", "soon")).stderr, /READY is delayed by whole seconds/);
  strictEqual((await lab("status")).stdout, "no lab is up\n");
  match((await lab("ssh", "n1")).stderr, /no lab is up; start one with `lab up`/);
});
