import { hasProgram } from "../../process/has_program.ts";
import { attempt, run } from "./command.ts";
import { say, step } from "./progress.ts";

/** Programs that the lab calls, and the Debian packages that bring them. */
const programs = {
  debootstrap: "debootstrap",
  "systemd-nspawn": "systemd-container",
  ip: "iproute2",
  nft: "nftables",
  iptables: "iptables",
  losetup: "mount",
  "mkfs.ext4": "e2fsprogs",
  setsid: "util-linux",
  nsenter: "util-linux",
  ps: "procps",
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
  if (!await hasProgram("go")) {
    throw new RequirementError("go is not on PATH: the lab builds its parts with Go 1.26 or newer");
  }
  const missing = await missingPackages(Object.keys(programs));
  if (missing.length === 0) return;
  if (!await hasProgram("apt-get")) {
    throw new RequirementError(`missing, and there is no apt-get: ${missing.join(" ")}`);
  }
  say(`lab: installing Debian packages on this machine: ${missing.join(" ")}`);
  await step("packages installed", () => installPackages(missing));
}

/**
 * Installs the Debian packages of some of the lab's programs, saying which; where that is not possible
 * it says so and goes on, as tests that need them are then left out.
 */
export async function installWherePossible(names: readonly (keyof typeof programs)[]) {
  const missing = await missingPackages(names);
  if (missing.length === 0) return;
  const words = missing.join(" ");
  if (Deno.uid() !== 0 || !await hasProgram("apt-get")) {
    say(`not installed, so the tests that need it are left out: ${words}`);
    return;
  }
  say(`installing Debian packages on this machine: ${words}`);
  await installPackages(missing);
}

async function missingPackages(names: readonly string[]): Promise<string[]> {
  const missing = new Set<string>();
  for (const name of names) {
    if (!await hasProgram(name)) missing.add(programs[name as keyof typeof programs]);
  }
  return [...missing];
}

async function installPackages(packages: string[]): Promise<void> {
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...packages];
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  if ((await attempt(install, { env })).code === 0) return;
  // The usual reason is a package list that is missing or old.
  await run(["apt-get", "update"], { env });
  await run(install, { env });
}
