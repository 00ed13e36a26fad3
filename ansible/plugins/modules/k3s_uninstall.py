#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Removes k3s from a host and leaves everything else as it was."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_uninstall
short_description: Remove k3s from a host, and nothing else
description:
  - Removes what k3s' own scripts remove (k3s C(install.sh), create_killall and create_uninstall), and what those forget. Tailscale's firewall rules, other
    people's mounts and what links lead to stay.
  - Each step looks first, so that it can be run again. It stops before anything is deleted where something of somebody else is mounted inside.
options:
  keep_volumes:
    description: Whether volumes of the local path provisioner stay.
    type: bool
    default: true
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_uninstall:
    keep_volumes: false
"""

RETURN = r"""
changes:
  description: What was, or in a check would be, done, in words.
  returned: always
  type: list
  elements: str
told:
  description: What a person should know, each a sentence; also given as warnings.
  returned: always
  type: list
  elements: str
"""

import contextlib
import glob
import os
import re
import shlex
import signal
import stat
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool import programs
from ansible.module_utils.k3s_tool.lock import working
from ansible.module_utils.k3s_tool.outcome import end
from ansible.module_utils.k3s_tool.storage import MARK, Host, names_in

UNITS = ("k3s-tool-notify.timer", "k3s-tool-backup.timer", "k3s-tool-backup.service", "k3s.service", "k3s-agent.service")
DATA = "/var/lib/rancher/k3s"
KUBELET = "/var/lib/kubelet"
FILES = (
    "/etc/systemd/system/k3s.service", "/etc/systemd/system/k3s.service.env", "/etc/systemd/system/k3s-agent.service",
    "/etc/systemd/system/k3s-agent.service.env", "/usr/local/bin/k3s", "/usr/local/bin/k3s-killall.sh", "/usr/local/bin/k3s-uninstall.sh",
    "/usr/local/bin/k3s-agent-uninstall.sh", "/etc/sysctl.d/90-k3s-tool.conf", "/etc/modules-load.d/k3s-tool.conf",
    "/etc/systemd/system/k3s-tool-notify.timer", "/etc/systemd/system/k3s-tool-notify.service", "/usr/local/lib/k3s-tool/notify.py",
    "/etc/systemd/system/k3s.service.d/k3s-tool-storage.conf", "/etc/systemd/system/k3s-agent.service.d/k3s-tool-storage.conf",
    "/etc/systemd/system/k3s-tool-backup.timer", "/etc/systemd/system/k3s-tool-backup.service",
)
TREES = ("/usr/local/lib/k3s-tool/backup", "/etc/rancher/k3s", "/etc/rancher/node", "/run/k3s", "/run/flannel", "/run/k3s-tool", "/run/systemd/system.control/k3s.slice.d", "/var/lib/cni", KUBELET, "/var/log/pods", "/var/log/containers")
# Directories that hold trees of ours and go when they are empty.
PARENTS = ("/etc/rancher", "/var/lib/rancher", "/usr/local/lib/k3s-tool", "/etc/systemd/system/k3s.service.d", "/etc/systemd/system/k3s-agent.service.d")
# Where the kubelet, containerd and CNI mount; a mount anywhere else inside our trees is somebody else's.
OWN_MOUNTS = ("/run/k3s", KUBELET + "/pods", KUBELET + "/plugins", DATA + "/agent/containerd")
NAMESPACES = "/run/netns"
LINKS = ("cni0", "flannel.1", "flannel-v6.1", "flannel-wg", "flannel-wg-v6", "kube-ipvs0", "nodelocaldns")
CHAINS = ("KUBE-", "CNI-", "FLANNEL-")
# Rules in chains of others that jump to no chain of ours are known by their comment. kube-router `pkg/controllers/netpol/npc_iptables.go`.
COMMENTS = re.compile(r"^(KUBE-ROUTER rule |kube-router netpol|flanneld )")
# kube-router `network_policy_controller.go` and `utils/ipset.go` (TMP- is its half-written swap), kube-proxy `ipvs/ipset.go`.
SETS = re.compile(r"^(?:(?:inet6:)?(?:KUBE-|kube-router-)|TMP-[A-Z2-7]{16}$)")
# kube-router, kube-proxy, flannel and the portmap plugin, where they speak nftables.
TABLES = re.compile(r"^table (\w+) (kube-router-filter-ipv[46]|kube-proxy|flannel-ipv[46]|cni_hostport)$")


class Refused(Exception):
    """Why nothing (more) is deleted: a sentence, and what to do."""


def run(*argv, text=None):
    """Exit code and output of a program; see `programs.run`."""
    return programs.run(argv, 120, text)[:2]


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


def mount_points(table):
    """All mount points, one for each mount, from the text of /proc/self/mounts (which writes blanks and backslashes in octal)."""
    words = [line.split(" ") for line in table.splitlines()]
    return [re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), word[1]) for word in words if len(word) > 1]


def below(points, places):
    """Those of the mount points that are below one of the places, deepest first."""
    return sorted((point for point in points if any(point.startswith(place + "/") for place in places)), reverse=True)


def mounted():
    with open("/proc/self/mounts", errors="surrogateescape") as file:
        return mount_points(file.read())


def actual(path):
    """A path as the kernel has it in its table of mounts: links above its last part followed, the last part itself not."""
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def remove_tree(path, points, keep=()):
    """
    Removes a directory with all it holds but the names to keep; of a mount point, what it holds. No link is followed and no other mount point
    is entered: those of the table (`points`; a bind mount may be of the same device), nor, where the device changes, one that came since.

    Gives what could not be removed, as (path, reason).
    """
    failed = []
    try:
        device = os.lstat(path).st_dev
        with os.scandir(path) as entries:
            entries = [entry for entry in entries if entry.name not in keep]
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            if not stat.S_ISDIR(status.st_mode):
                os.unlink(entry.path)
            elif entry.path in points or status.st_dev != device and entry.path in mounted():
                failed.append((entry.path, "something is mounted there"))
            else:
                failed += remove_tree(entry.path, points)
        if not keep and path not in points and not failed:
            os.rmdir(path)
    except FileNotFoundError:
        pass
    except OSError as failure:
        failed.append((failure.filename or path, failure.strerror))
    return failed


def rules_to_delete(saved):
    """Input for `iptables-restore --noflush` that removes Kubernetes' chains, the jumps to them and its rules, from the text of iptables-save."""
    script, table, chains, rules = [], "", [], []
    for line in saved.splitlines():
        if line.startswith("*"):
            table, chains, rules = line, [], []
        elif line.startswith(":") and line[1:].startswith(CHAINS):
            chains.append(line[1:].split()[0])
        elif line.startswith("-A ") and not line[3:].startswith(CHAINS) and is_ours(line):
            rules.append("-D" + line[2:])
        elif line == "COMMIT" and (chains or rules):
            script += [table, *rules, *["-F " + chain for chain in chains], *["-X " + chain for chain in chains], "COMMIT"]
    return "\n".join(script) + "\n" if script else ""


def is_ours(rule):
    """Whether a rule in somebody else's chain is Kubernetes': by where it jumps to, the set it matches, or its comment."""
    try:
        words = shlex.split(rule)
    except ValueError:
        return False
    after = dict(zip(words, words[1:]))
    return (any(after.get(option, "").startswith(CHAINS) for option in ("-j", "-g"))
            or bool(SETS.match(after.get("--match-set", ""))) or bool(COMMENTS.match(after.get("--comment", ""))))


class Uninstall:
    """The steps, in order; each adds what it did (or, in a check, would do) to `changes`."""

    def __init__(self, keep_volumes=True, check=False):
        self.check, self.keep_volumes = check, keep_volumes
        self.changes, self.warnings, self.failed = [], [], []

    def done(self, text, action):
        self.changes.append(text)
        if not self.check:
            action()

    def refuse_mounts(self):
        """
        Refuses to go on while anything is mounted inside what is to be deleted, but for what k3s' own parts mounted, which `unmount` takes care
        of. A mount on a tree itself, or on its parent, is the disk that k3s was given: its content is k3s'.
        """
        points, own = mounted(), [os.path.realpath(path) for path in OWN_MOUNTS]
        foreign = [point for point in below(points, [actual(path) for path in (*TREES, DATA)]) if not below([point], own)]
        volumes = actual(os.path.join(DATA, "storage"))
        if self.keep_volumes:
            foreign = [point for point in foreign if point != volumes and not point.startswith(volumes + "/")]
        if foreign:
            raise Refused("still mounted inside what would be deleted: %s. No file was deleted" % ", ".join(sorted(set(foreign))),
                          "Unmount it (`umount %s`), then run again. What is on it stays." % shlex.quote(foreign[0]))

    def stop_units(self):
        for unit in UNITS:
            if os.path.exists("/etc/systemd/system/" + unit):
                self.done("stopped " + unit, lambda: run("systemctl", "disable", "--now", unit))

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
        """Takes away what the kubelet, containerd and CNI mounted, and makes sure of it: a volume that stays mounted is never deleted."""
        def own():
            places = [os.path.realpath(path) for path in OWN_MOUNTS]
            points = mounted()
            return below(points, places) + [point for point in points if point.startswith(os.path.join(NAMESPACES, "cni-"))]
        for point in own():
            self.done("unmounted " + point, lambda: run("umount", point)[0] == 0 or run("umount", "--lazy", point))
        left = [] if self.check else own()
        if left:
            raise Refused("could not unmount %s. No file was deleted" % ", ".join(sorted(set(left))),
                          "See what uses it (`fuser -vm %s`), end that or reboot, then run again." % shlex.quote(left[0]))

    def network(self):
        # k3s brings these programs along (install.sh, killall); they are still there.
        os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", *glob.glob(DATA + "/data/*/bin"), *glob.glob(DATA + "/data/*/bin/aux")])
        for name in sorted(os.listdir(NAMESPACES)) if os.path.isdir(NAMESPACES) else []:
            if name.startswith("cni-"):
                self.done("removed network namespace " + name, lambda: run("ip", "netns", "delete", name))
        for link in LINKS:
            if os.path.exists("/sys/class/net/" + link):
                self.done("removed interface " + link, lambda: run("ip", "link", "delete", link))
        for family in ("iptables", "ip6tables"):
            for kind in ("", "-nft", "-legacy"):
                self.rules(family + kind)
        # Only now: a set that a rule matches cannot be destroyed.
        for name in run("ipset", "list", "-name")[1].split():
            if SETS.match(name):
                self.done("removed ipset " + name, lambda: run("ipset", "destroy", name))
        for found in filter(None, map(TABLES.match, run("nft", "list", "tables")[1].splitlines())):
            self.done("removed nftables' table %s %s" % found.groups(), lambda: run("nft", "delete", "table", *found.groups()))

    def rules(self, program):
        script = rules_to_delete(run(program + "-save")[1])
        if not script:
            return
        self.done("removed Kubernetes' rules of " + program, lambda: run(program + "-restore", "--noflush", text=script))
        if not self.check and rules_to_delete(run(program + "-save")[1]):
            self.warnings.append("Some of Kubernetes' rules could not be removed; see `%s-save`. They are gone after a reboot." % program)

    def files(self):
        commands = [path for path in glob.glob("/usr/local/bin/*") if os.path.islink(path) and os.readlink(path) in ("k3s", "/usr/local/bin/k3s")]
        for path in (*commands, *FILES):
            if os.path.lexists(path):
                self.done("removed " + path, lambda: os.unlink(path))
        for path in (*PARENTS, *TREES, DATA):
            if os.path.islink(path):
                self.warnings.append("%s was a link to %s: the link is removed, what is there stays. Delete it yourself when you no longer need it."
                                     % (path, os.readlink(path)))
                self.done("removed the link " + path, lambda: os.unlink(path))
        self.storage(Host())  # before its record goes
        for path in TREES:
            self.tree(path)
        volumes = os.path.join(DATA, "storage")
        keep = ("storage",) if self.keep_volumes and os.path.isdir(volumes) and (os.listdir(volumes) or actual(volumes) in mounted()) else ()
        if keep and not os.path.islink(DATA):
            self.warnings.append("Volumes of applications were kept in %s." % volumes)
        self.tree(DATA, keep)
        for path in PARENTS:
            if not self.check and os.path.isdir(path) and not os.listdir(path) and actual(path) not in mounted():
                self.done("removed " + path, lambda: os.rmdir(path))
        if self.changes:
            self.done("reloaded systemd", lambda: run("systemctl", "daemon-reload"))
        if self.failed:
            raise Refused("could not remove %s" % ", ".join("%s (%s)" % failure for failure in self.failed[:3]),
                          "See what holds it (`lsattr -d`, `fuser -v`), then run again.")

    def storage(self, host):
        """Directories of storage_paths: with volumes in them they stay, with the mark by which a later cluster knows them."""
        for path in (entry["path"] for entry in host.recorded()):
            if not os.path.exists(os.path.join(path, MARK)):
                continue
            if self.keep_volumes and names_in(path):
                self.warnings.append("Volumes of applications were kept in %s." % path)
            else:
                self.tree(path, ("lost+found",) if actual(path) in mounted() else ())

    def tree(self, path, keep=()):
        """Removes a tree of ours; an empty one that is a mount point, or holds only what is kept, needs nothing."""
        if not os.path.isdir(path) or os.path.islink(path):
            return
        points = set(mounted())
        if set(os.listdir(path)) - set(keep) or not keep and actual(path) not in points:
            self.done("removed " + path, lambda: self.failed.extend(remove_tree(actual(path), points, keep)))


def uninstall(keep_volumes=True, check=False):
    """All steps: changes, warnings, and the problem and hint where they stopped early."""
    job, problem, hint = Uninstall(keep_volumes, check), None, None
    try:
        for step in (job.refuse_mounts, job.stop_units, job.kill_containers, job.unmount, job.refuse_mounts, job.network, job.files):
            step()
    except Refused as refused:
        problem, hint = refused.args
    return {"changes": job.changes, "warnings": job.warnings, "problem": problem, "hint": hint}


def main():
    module = AnsibleModule(argument_spec={"keep_volumes": {"type": "bool", "default": True}}, supports_check_mode=True)
    with contextlib.nullcontext() if module.check_mode else working():
        end(module, **uninstall(module.params["keep_volumes"], module.check_mode))


if __name__ == "__main__":
    main()
