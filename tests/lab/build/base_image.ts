import { join } from "node:path";
import { run } from "../cli/command.ts";
import { cacheDir } from "../paths.ts";
import { say, step } from "../cli/progress.ts";
import { RequirementError } from "../cli/requirements.ts";
import { cached, hashTexts } from "./content_hash.ts";

/** Debian releases of the hosts, by what debootstrap and the mirror call them, with the number people know. */
export const DEBIAN = { bookworm: 12, trixie: 13 } as const;

/** One of them. */
export type DebianRelease = keyof typeof DEBIAN;

/** A small Debian with what a person's machine has, and what k3s would bring along itself. */
const common = [
  "systemd,systemd-sysv,dbus,libpam-systemd,openssh-server,sudo,python3",
  "iproute2,iputils-ping,iptables,nftables,ipset,conntrack,kmod,procps,curl,ca-certificates",
  "containerd,runc,containernetworking-plugins",
  "age", // a schedule of backups installs it where there is a network
];

/** Two firewalls, off until a scenario switches one on; on one release, as each look at a host with them takes longer. */
const firewalls = ["ufw", "firewalld"];

function packagesOf(suite: DebianRelease): string {
  return [...common, ...suite === "trixie" ? firewalls : []].join(",");
}

/** Units that do nothing for a lab host but cost time, or would get in k3s's way. */
const masked = [
  "containerd.service", // the k3s stand-in starts its own
  "console-getty.service",
  "getty.target",
  "systemd-networkd.service",
  "systemd-networkd.socket",
  "systemd-udevd.service",
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "dpkg-db-backup.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  "systemd-tmpfiles-clean.timer",
];

const files: Record<string, string> = {
  "etc/sudoers.d/lab": "lab ALL=(ALL) NOPASSWD:ALL\n",
  // The other key exchanges of OpenSSH take 0.15 s of the processor for each connection.
  "etc/ssh/sshd_config.d/lab.conf":
    "UseDNS no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nKexAlgorithms curve25519-sha256\n",
  "etc/systemd/journald.conf.d/lab.conf": "[Journal]\nStorage=persistent\nSystemMaxUse=200M\n",
  "etc/resolv.conf": "nameserver 10.77.0.1\n", // nobody answers there: look-ups fail at once
};

/** Where the base image of a release is in the cache; it may not have been built yet. */
export function baseImagePath(suite: DebianRelease): string {
  return join(
    cacheDir,
    "base",
    hashTexts(suite, packagesOf(suite), masked.join(), JSON.stringify(files), setUpUsers),
  );
}

/** Builds a base image for hosts with debootstrap unless the cache has it; returns its path. */
export async function buildBaseImage(suite: DebianRelease): Promise<string> {
  const path = baseImagePath(suite);
  const { made } = await cached(path, async (dir) => {
    const mirror = await debianMirror();
    say(`lab: building the base image of hosts with Debian ${suite} from ${mirror} (about 90 s)`);
    await step("base image built", () => makeBaseImage(suite, dir, mirror));
  });
  if (!made) say(`lab: the base image of Debian ${suite} is in the cache`);
  return path;
}

async function makeBaseImage(suite: DebianRelease, dir: string, mirror: string): Promise<void> {
  await run([
    "debootstrap",
    "--variant=minbase",
    `--include=${packagesOf(suite)}`,
    suite,
    dir,
    mirror,
  ], { env: { DEBIAN_FRONTEND: "noninteractive" } });
  for (const [path, content] of Object.entries(files)) {
    await Deno.mkdir(join(dir, path, ".."), { recursive: true });
    await Deno.remove(join(dir, path)).catch(() => {}); // debootstrap copies the machine's own
    await Deno.writeTextFile(join(dir, path), content, { mode: 0o644 });
  }
  await run(["chroot", dir, "sh", "-euc", setUpUsers]);
  await run(["systemctl", `--root=${dir}`, "mask", ...masked]);
  if (suite === "trixie") await run(["systemctl", `--root=${dir}`, "disable", "firewalld.service"]);
}

/** Run inside the new image. Each host gets SSH host keys and a machine id of its own. */
const setUpUsers = `
useradd --create-home --shell /bin/bash --uid 1000 lab
rm -f /etc/ssh/ssh_host_*
: >/etc/machine-id
rm -f /var/lib/dbus/machine-id
apt-get clean
rm -rf /var/lib/apt/lists/*
`;

/** The Debian mirror that this machine itself uses. */
async function debianMirror(): Promise<string> {
  const candidates = ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"];
  for (const path of candidates) {
    const text = await Deno.readTextFile(path).catch(() => "");
    const found = text.match(/^URIs:\s*(\S+)/m) ?? text.match(/^deb\s+(?:\[.*?\]\s+)?(\S+)/m);
    if (found?.[1]) return found[1];
  }
  throw new RequirementError(
    `no Debian mirror is named in ${
      candidates.join(" or ")
    }: the hosts' base image is made from the machine's own`,
  );
}
