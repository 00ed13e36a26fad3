/**
 * What `doctor` looks at on each host, over one ssh connection and without changing anything:
 * login, sudo, Python, k3s, the MTU of the network interfaces, and the disks of volumes.
 *
 * @module
 */

import { lastLine } from "../../errors/safe_text.ts";
import { failureHint } from "../../ansible/events/failure_hint.ts";
import { pythonOf, sshArgv } from "../../ansible/run/ssh.ts";
import type { InventoryHost } from "../../inventory/model.ts";
import type { ActionSystem } from "../action_system.ts";
import { type Check, fail, ok, warn } from "./check.ts";

/** How long all of a host may take, in milliseconds. */
const HOST_TIMEOUT_MS = 30_000;

/** What VXLAN adds to a packet, in bytes (RFC 7348 over IPv4: 14 + 20 + 8 + 8). */
const VXLAN_OVERHEAD = 50;

/** What `provision` leaves in each storage path (ansible/plugins/module_utils/k3s_tool/storage.py). */
const MARK = ".k3s-tool-storage";

/**
 * Prints `name=value` lines; reads only. A unit whose main process runs is active, though since 1.34.1
 * `k3s agent` may say READY to systemd minutes later (k3s `pkg/agent/run.go`).
 */
export const PROBE = `
# A bridge without ports has an MTU that no packet meets.
for i in tailscale0 flannel.1 cni0; do
  [ "$i" = cni0 ] && [ -z "$(ls /sys/class/net/cni0/brif 2>/dev/null)" ] && continue
  [ -r "/sys/class/net/$i/mtu" ] && echo "mtu.$i=$(cat "/sys/class/net/$i/mtu")"
done
root=
[ "$(id -u)" = 0 ] && { echo sudo=root; root=env; } || { sudo -n true 2>/dev/null && { echo sudo=yes; root='sudo -n'; } || echo sudo=no; }
command -v python3 >/dev/null 2>&1 && echo python=yes || echo python=no
for u in k3s k3s-agent; do
  [ -e "/etc/systemd/system/$u.service" ] || continue
  s=$(systemctl is-active "$u" 2>/dev/null)
  [ "$s/$(systemctl show "$u" -p SubState --value 2>/dev/null)" = activating/start ] && s=active
  echo "unit.$u=$s"
done
r=/etc/rancher/k3s/k3s-tool-storage.json
n=0
sed -n 's/^ *"mount": "\\(.*\\)"$/\\1/p' "$r" 2>/dev/null | sort -u | while read -r m; do
  n=$((n + 1))
  mountpoint -q "$m" && echo "disk.$n=on $m" || echo "disk.$n=off $m"
done
n=0
# Only root sees into it.
[ -z "$root" ] || sed -n 's/^ *"path": "\\(.*\\)",$/\\1/p' "$r" 2>/dev/null | while read -r p; do
  n=$((n + 1))
  $root test -e "$p/${MARK}" </dev/null && echo "path.$n=on $p" || echo "path.$n=off $p"
done
echo end=yes
`;

/** Looks at one host, and whether it can be asked more, by a program in Python. */
export async function checkHost(
  system: ActionSystem,
  host: InventoryHost,
): Promise<{ readonly checks: readonly Check[]; readonly canRun: boolean }> {
  const answer = await askHost(
    system,
    host,
    PROBE.replace("command -v python3", `command -v ${pythonOf(host)}`),
  );
  if ("checks" in answer) return { checks: answer.checks, canRun: false };
  const facts = parseFacts(answer.stdout);
  const checks = [
    ok({ name: "ssh", host: host.name }, "login works"),
    ...toolChecks(host, facts),
    ...networkChecks(host, facts),
    ...diskChecks(host, facts),
  ];
  return { checks, canRun: facts.get("python") === "yes" };
}

/**
 * What a script prints on a host, over ssh; the checks that say why where it was not run to its end,
 * the line `end=yes`.
 */
export async function askHost(
  system: ActionSystem,
  host: InventoryHost,
  script: string,
): Promise<{ readonly stdout: string } | { readonly checks: readonly Check[] }> {
  const about = { name: "ssh", host: host.name } as const;
  const argv = sshArgv(host, system.directories.state);
  if (typeof argv === "string") {
    return { checks: [warn(about, `not checked: ${argv}`)] };
  }
  const { code, stdout, stderr, timedOut } = await system.runner.run([...argv, "sh -s"], {
    stdin: script,
    timeoutMs: HOST_TIMEOUT_MS,
    signal: system.signal,
    env: { LC_ALL: "C.UTF-8" },
  });
  if (/^end=yes$/m.test(stdout)) return { stdout };
  const said = timedOut ? "Connection timed out" : lastLine(stderr);
  const hint = failureHint(host.name, timedOut ? said : stderr, { connecting: true });
  return { checks: [fail(about, said || `ssh ended with code ${code}`, hint)] };
}

/** `name=value` lines of the probe; anything else a login shell may print is left out. */
export function parseFacts(stdout: string): ReadonlyMap<string, string> {
  const facts = new Map<string, string>();
  for (const line of stdout.split("\n")) {
    const match = /^(end|sudo|python|mtu\.[a-z0-9.]+|unit\.[a-z0-9-]+)=([a-z0-9-]*)$/.exec(line) ??
      /^((?:disk|path)\.\d{1,3})=((?:on|off) \/[\w.@+/-]*)$/.exec(line);
    if (match?.[1] !== undefined) facts.set(match[1], match[2] ?? "");
  }
  return facts;
}

/** Disks that `storage_paths` were on when they were set up; on the root disk there is nothing to miss. */
export function diskChecks(
  host: Pick<InventoryHost, "name">,
  facts: ReadonlyMap<string, string>,
): readonly Check[] {
  const about = { name: "storage", host: host.name };
  const all = (kind: string) =>
    [...facts].flatMap(([name, value]) => name.startsWith(kind) ? [value] : []);
  const off = (each: string) => each.startsWith("off ") ? [each.slice(4)] : [];
  const disks = all("disk.");
  const missing = disks.flatMap(off);
  const strange = all("path.").flatMap(off);
  if (missing.length === 0 && strange.length > 0) {
    return [fail(
      about,
      `${MARK} is missing in the storage path ${strange.join(", ")}; pods with volumes there wait`,
      "Is another disk mounted there? Mount the right one, or start with an empty one. " +
        `On that machine, run: sudo mkdir -p ${strange[0]}; ` +
        `then run: sudo touch ${strange[0]}/${MARK}`,
    )];
  }
  if (missing.length === 0) {
    const mounts = disks.map((each) => each.slice(3)).filter((path) => path !== "/");
    return mounts.length === 0 ? [] : [ok(about, `mounted: ${mounts.join(", ")}`)];
  }
  return [fail(
    about,
    `the disk of storage_paths is not mounted at ${
      missing.join(", ")
    }; pods with volumes there wait`,
    `On that machine, mount it: sudo mount ${missing[0]}; if that fails, see: sudo dmesg`,
  )];
}

function toolChecks(host: InventoryHost, facts: ReadonlyMap<string, string>): readonly Check[] {
  const checks: Check[] = [];
  const on = (name: string) => ({ name, host: host.name });
  const hint = (said: string) => failureHint(host.name, said, { connecting: false });
  if (facts.get("sudo") === "no" && !host.vars.has("ansible_become_password")) {
    const message = "sudo asks for a password";
    checks.push(warn(on("sudo"), message, hint("sudo: a password is required")));
  }
  if (facts.get("python") === "no") {
    checks.push(fail(on("python"), "Python 3 is not installed", hint("python3: not found")));
  }
  for (const unit of ["k3s", "k3s-agent"]) {
    const active = facts.get(`unit.${unit}`);
    if (active === undefined) continue;
    const next =
      `On that machine, check: journalctl -u ${unit} -n 50; then run: k3s-tool provision`;
    checks.push(
      active === "active"
        ? ok(on(unit), "running")
        : fail(on(unit), active || "state unknown", next),
    );
  }
  return checks;
}

/**
 * tailscale0 carries 1280 bytes, so flannel.1 may carry 1230 and no more; where tailscaled was
 * restarted under an older k3s, flannel.1 is gone and pods are cut off (k3s #12436).
 */
export function networkChecks(
  host: Pick<InventoryHost, "name">,
  facts: ReadonlyMap<string, string>,
): readonly Check[] {
  const mtu = (name: string) => {
    const value = facts.get(`mtu.${name}`);
    return value === undefined || value === "" ? undefined : Number(value);
  };
  const about = { name: "network", host: host.name };
  const broken = (message: string, hint: string) => [fail(about, message, hint)];
  const [tailscale, flannel, bridge] = [mtu("tailscale0"), mtu("flannel.1"), mtu("cni0")];
  if (tailscale === undefined) {
    return broken(
      "the interface tailscale0 does not exist",
      "On that machine, start Tailscale: sudo tailscale up",
    );
  }
  const unit = ["k3s", "k3s-agent"].find((name) => facts.get(`unit.${name}`) === "active");
  if (unit === undefined) return [];
  if (flannel === undefined) {
    return broken(
      "the interface flannel.1 does not exist; its pods cannot reach other nodes",
      `On that machine, restart k3s: sudo systemctl restart ${unit}`,
    );
  }
  const largest = tailscale - VXLAN_OVERHEAD;
  const tooLarge = ([["flannel.1", flannel], ["cni0", bridge ?? 0]] as const)
    .filter(([, size]) => size > largest);
  const sizes = `tailscale0 ${tailscale}, flannel.1 ${flannel}` +
    (bridge === undefined ? "" : `, cni0 ${bridge}`);
  if (tooLarge.length > 0) {
    return broken(
      `MTU too large for the tailnet (${sizes}): large packets are lost`,
      `The maximum is ${largest}. On that machine, restart k3s: sudo systemctl restart ${unit}`,
    );
  }
  return [ok(about, `MTU ${sizes}`)];
}
