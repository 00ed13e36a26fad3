"""Removes k3s from this host and leaves everything else as it was, Tailscale's firewall rules above all.

Run as `python3 -` with its parameters appended; prints {"changes": […], "warnings": […]}. Each step looks first, so it can be run again.
"""

import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time

UNITS = ("k3s", "k3s-agent")
DATA = "/var/lib/rancher/k3s"
FILES = (
    "/etc/systemd/system/k3s.service", "/etc/systemd/system/k3s.service.env", "/etc/systemd/system/k3s-agent.service",
    "/etc/systemd/system/k3s-agent.service.env", "/usr/local/bin/k3s", "/usr/local/bin/k3s-killall.sh", "/usr/local/bin/k3s-uninstall.sh",
    "/usr/local/bin/k3s-agent-uninstall.sh", "/etc/sysctl.d/90-k3s-tool.conf", "/etc/modules-load.d/k3s-tool.conf",
)
TREES = ("/etc/rancher/k3s", "/etc/rancher/node", "/run/k3s", "/run/flannel", "/run/k3s-tool", "/var/lib/cni", "/var/lib/kubelet", "/var/log/pods", "/var/log/containers")
LINKS = ("cni0", "flannel.1", "flannel-v6.1", "flannel-wg", "flannel-wg-v6", "kube-ipvs0", "nodelocaldns")
CHAINS = ("KUBE-", "CNI-", "FLANNEL-")


def run(*argv, text=None):
    """Exit code and output of a program; 127 where it is missing."""
    try:
        done = subprocess.run(argv, input=text, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True, timeout=120)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return 127, ""
    return done.returncode, done.stdout


def shims(processes):
    """Process ids of k3s' container shims and all below them, from (pid, parent, command line)."""
    mine = {pid for pid, _, command in processes if "containerd-shim" in command and ("/run/k3s/containerd" in command or DATA + "/data" in command)}
    grown = True
    while grown:
        below = {pid for pid, parent, _ in processes if parent in mine}
        grown = not below <= mine
        mine |= below
    return mine


def processes():
    found = []
    for path in glob.glob("/proc/[0-9]*"):
        try:
            with open(path + "/stat") as file:
                parent = int(file.read().rsplit(")", 1)[1].split()[1])
            with open(path + "/cmdline") as file:
                found.append((int(path[6:]), parent, file.read().replace("\0", " ")))
        except (OSError, ValueError, IndexError):
            continue
    return found


def mounts_below(table, places):
    """Mount points under the given places, deepest first, from the text of /proc/self/mounts."""
    points = {line.split()[1].replace("\\040", " ") for line in table.splitlines() if len(line.split()) > 1}
    return sorted((point for point in points if any(point.startswith(place) for place in places)), reverse=True)


def rules_to_delete(saved):
    """Input for `iptables-restore --noflush` that removes Kubernetes' chains and the jumps to them, from the text of iptables-save."""
    script, table, chains, jumps = [], "", [], []
    for line in saved.splitlines():
        if line.startswith("*"):
            table, chains, jumps = line, [], []
        elif line.startswith(":") and line[1:].startswith(CHAINS):
            chains.append(line[1:].split()[0])
        elif line.startswith("-A "):
            words = line.split()
            if not words[1].startswith(CHAINS) and (any(word.startswith(CHAINS) for word in words[2:]) or "flanneld" in line):
                jumps.append("-D" + line[2:])
        elif line == "COMMIT" and (chains or jumps):
            script += [table, *jumps, *["-F " + chain for chain in chains], *["-X " + chain for chain in chains], "COMMIT"]
    return "\n".join(script) + "\n" if script else ""


class Uninstall:
    """The steps, in order; each adds what it did (or, in a check, would do) to `changes`."""

    def __init__(self, params):
        self.check, self.keep_volumes = params.get("check", False), params.get("keep_volumes", True)
        self.changes, self.warnings = [], []

    def done(self, text, action):
        self.changes.append(text)
        if not self.check:
            action()

    def stop_units(self):
        for unit in UNITS:
            if os.path.exists("/etc/systemd/system/%s.service" % unit):
                self.done("stopped %s.service" % unit, lambda: run("systemctl", "disable", "--now", unit))

    def kill_containers(self):
        found = shims(processes())
        if not found:
            return
        def kill():
            end = time.monotonic() + 20
            while time.monotonic() < end:
                left = shims(processes())
                for pid in left:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                if not left:
                    return
                time.sleep(0.1)
            self.warnings.append("Some containers could not be ended; they are gone after a reboot.")
        self.done("ended %d container processes" % len(found), kill)

    def unmount(self):
        with open("/proc/self/mounts") as file:
            points = mounts_below(file.read(), ("/run/k3s/", "/var/lib/kubelet/", DATA + "/", "/run/netns/cni-"))
        for point in points:
            self.done("unmounted " + point, lambda: run("umount", point)[0] == 0 or run("umount", "-l", point))

    def network(self):
        for name in sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else []:
            if name.startswith("cni-"):
                self.done("removed network namespace " + name, lambda: run("ip", "netns", "delete", name))
        for link in LINKS:
            if os.path.exists("/sys/class/net/" + link):
                self.done("removed interface " + link, lambda: run("ip", "link", "delete", link))
        for family in ("iptables", "ip6tables"):
            for kind in ("", "-nft", "-legacy"):
                script = rules_to_delete(run("%s%s-save" % (family, kind))[1])
                if script:
                    self.done("removed Kubernetes' rules of %s%s" % (family, kind), lambda: run("%s%s-restore" % (family, kind), "--noflush", text=script))

    def files(self):
        links = [path for path in glob.glob("/usr/local/bin/*") if os.path.islink(path) and os.readlink(path) in ("k3s", "/usr/local/bin/k3s")]
        for path in (*links, *FILES):
            if os.path.lexists(path):
                self.done("removed " + path, lambda: os.unlink(path))
        for path in TREES:
            if os.path.isdir(path) and (os.listdir(path) or not os.path.ismount(path)):
                self.done("removed " + path, lambda: self.empty(path, ()))
        volumes = os.path.join(DATA, "storage")
        keep = ("storage",) if self.keep_volumes and os.path.isdir(volumes) and os.listdir(volumes) else ()
        if keep:
            self.warnings.append("Volumes of applications were kept in %s." % volumes)
        if os.path.isdir(DATA) and set(os.listdir(DATA)) - set(keep) or os.path.isdir(DATA) and not keep and not os.path.ismount(DATA):
            self.done("removed " + DATA, lambda: self.empty(DATA, keep))
        for path in ("/etc/rancher", "/var/lib/rancher"):
            if not self.check and os.path.isdir(path) and not os.listdir(path) and not os.path.ismount(path):
                os.rmdir(path)
        if self.changes:
            self.done("told systemd", lambda: run("systemctl", "daemon-reload"))

    @staticmethod
    def empty(path, keep):
        """Removes a directory, or where it is a mount or something is kept in it, what else it holds."""
        for name in os.listdir(path):
            if name in keep:
                continue
            entry = os.path.join(path, name)
            if os.path.isdir(entry) and not os.path.islink(entry):
                shutil.rmtree(entry, ignore_errors=True)
            else:
                os.unlink(entry)
        if not keep and not os.path.ismount(path):
            shutil.rmtree(path, ignore_errors=True)


def main(params):
    job = Uninstall(params)
    for step in (job.stop_units, job.kill_containers, job.unmount, job.network, job.files):
        step()
    json.dump({"changes": job.changes, "warnings": job.warnings}, sys.stdout)
    return 0
