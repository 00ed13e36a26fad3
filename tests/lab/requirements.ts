import { attempt, run } from "./command.ts";
import { say, step } from "./progress.ts";

/** Programs that the lab calls, and the Debian packages that bring them. */
const programs: Record<string, string> = {
  debootstrap: "debootstrap",
  "systemd-nspawn": "systemd-container",
  ip: "iproute2",
  nft: "nftables",
  iptables: "iptables",
  losetup: "mount",
  "mkfs.ext4": "e2fsprogs",
  setsid: "util-linux",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  find: "findutils",
  tmux: "tmux",
  setpriv: "util-linux",
  git: "git",
};

/** Thrown when this machine cannot hold a lab; the message says what to do. */
export class RequirementError extends Error {
  override name = "RequirementError";
}

/** Checks that this machine can hold a lab and installs missing Debian packages, saying which. */
export async function ensureRequirements(): Promise<void> {
  if (Deno.uid() !== 0) throw new RequirementError("the lab needs root: it boots machines");
  for (const device of ["/dev/net/tun", "/dev/loop-control"]) {
    await Deno.stat(device).catch(() => {
      throw new RequirementError(`${device} is missing: the lab needs a kernel that offers it`);
    });
  }
  if (!await onPath("go")) {
    throw new RequirementError("go is not on PATH: the lab builds its parts with Go 1.26 or newer");
  }
  const missing = new Set<string>();
  for (const [program, debianPackage] of Object.entries(programs)) {
    if (!await onPath(program)) missing.add(debianPackage);
  }
  if (missing.size === 0) return;
  if (!await onPath("apt-get")) {
    throw new RequirementError(`missing, and there is no apt-get: ${[...missing].join(" ")}`);
  }
  say(`lab: installing Debian packages on this machine: ${[...missing].join(" ")}`);
  await step("packages installed", () => installPackages([...missing]));
}

async function installPackages(packages: string[]): Promise<void> {
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...packages];
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  if ((await attempt(install, { env })).code === 0) return;
  // The usual reason is a package list that is missing or old.
  await run(["apt-get", "update"], { env });
  await run(install, { env });
}

async function onPath(program: string): Promise<boolean> {
  return (await attempt(["sh", "-c", 'command -v "$1"', "sh", program])).code === 0;
}
