# Apache-2.0 (see LICENSE)
"""The operating system of this host: platform, ports, resolvers, firewall, other hosts, kernel."""

from __future__ import annotations

import glob
import os
import re
import shutil
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.k3s_tool.programs import problem, read, run

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "armv8l": "arm"}
UNITS = {**{name: 1000.0 ** power for power, name in enumerate(["n", "u", "m", "", "k", "M", "G", "T", "P", "E"], -3)},
         **{name + "i": 1024.0 ** power for power, name in enumerate("KMGTPE", 1)}}
# The least that reservations must leave of a machine: processors and bytes.
LEFT_FOR_PODS = {"cpu": 0.2, "memory": 512 * 2**20}
SHOWN = {"cpu": lambda value: "%g CPU" % value,
         "memory": lambda value: "%.1f GiB" % (value / 2**30) if value >= 2**30 else "%d MiB" % (value // 2**20)}
MAGIC_DNS = ("100.100.100.100", "fd7a:115c:a1e0::53")


def judge_platform(machine, params):
    """Problems with architecture, init system, programs, cgroups, memory and disk."""
    found = []
    if machine not in ARCHITECTURES:
        found.append(problem("architecture", "the architecture %s is not supported" % machine, "k3s runs on x86_64, aarch64 and armv7l."))
    if not os.path.isdir("/run/systemd/system"):
        found.append(problem("systemd", "this host does not run systemd", "k3s is installed as systemd units; use a distribution with systemd."))
    if sys.version_info < (3, 8):
        found.append(problem("python", "Python is %d.%d, Ansible needs 3.8 or newer" % sys.version_info[:2], "Install a newer python3 on this host."))
    path = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
    missing = [name for name in params.get("commands", []) if not shutil.which(name, path=path)]
    if missing:
        found.append(problem("programs", "programs are missing: %s" % ", ".join(missing),
                             "Install them, on Debian or Ubuntu: `apt install iproute2 procps mount systemd`."))
    if not memory_controller(read("/sys/fs/cgroup/cgroup.controllers"), read("/proc/cgroups")):
        boot = next((path for path in ("/boot/firmware/cmdline.txt", "/boot/cmdline.txt") if os.path.exists(path)), "the kernel's command line")
        found.append(problem("cgroup_memory", "the kernel's memory cgroup is switched off",
                             "Add `cgroup_memory=1 cgroup_enable=memory` to %s and reboot." % boot))
    total = int((re.search(r"MemTotal:\s+(\d+)", read("/proc/meminfo")) or [0, "0"])[1]) // 1024
    if total < params.get("minimum_memory_mb", 0):
        found.append(problem("memory", "%d MB of memory, %d MB are needed" % (total, params["minimum_memory_mb"]), "Use a machine with more memory."))
    cpus = os.cpu_count() or 1
    found += judge_reservations(params.get("reserved", {}), {"cpu": cpus, "memory": total * 2**20}, params.get("reserved_by", {}))
    return found, {"memory_mb": total, "cpus": cpus}


def amount(quantity):
    """The value of a Kubernetes quantity in base units; None where it is none, or none that is finite."""
    match = re.match(r"\+?(\d+\.?\d*|\.\d+)(?:([KMGTPE]i|[numkMGTPE])|([eE][+-]?\d+))?$", str(quantity).strip())
    if not match:
        return None
    number, suffix, exponent = match.groups()
    value = float(number + (exponent or "")) * UNITS.get(suffix or "", 1)
    return value if value < float("inf") else None


def judge_reservations(reserved, machine, reserved_by):
    """
    Reservations (by resource, "" for none) that leave too little of the machine for pods: its kubelet would not start, or could run none.
    `reserved_by` has the profile that a reservation is part of.
    """
    found = []
    for resource, least in LEFT_FOR_PODS.items():
        quantity = str(reserved.get(resource) or "").strip()
        if not quantity:
            continue
        asked, has, shown = amount(quantity), machine[resource], SHOWN[resource]
        if asked is not None and has - asked >= least - 1e-6:
            continue
        profile = reserved_by.get(resource)
        what = "profile: %s reserves %s %s" % (profile, quantity, {"cpu": "CPU"}.get(resource, resource)) if profile else "reserved_%s is %s" % (resource, quantity)
        found.append(problem(
            "reserved_" + resource, "%s, but this machine has %s and at least %s must remain for pods" % (what, shown(has), shown(least)),
            "%s reserved_%s to at most %s: `k3s-tool config set`, or in the inventory." % (
                "Choose another profile, or set" if profile else "Set", resource, most(resource, has - least))))
    return found


def most(resource, value):
    """The largest reservation, as Kubernetes writes it: rounded down."""
    value = max(0, value)
    return "%dm" % (value * 1000 + 1e-6) if resource == "cpu" else "%dMi" % (value // 2**20)


def memory_controller(controllers, cgroups):
    """Whether the memory controller is there: cgroup v2's list, else v1's table."""
    if "memory" in controllers.split():
        return True
    rows = [line.split() for line in cgroups.splitlines() if line.startswith("memory")]
    return any(len(row) > 3 and row[3] == "1" and row[1] != "0" for row in rows)


def judge_disk(params, installed):
    """Space under /var/lib, in MB: a problem before the first install, a warning afterwards."""
    free = shutil.disk_usage("/var/lib").free // 2**20
    if free >= params.get("minimum_disk_mb", 0):
        return [], []
    message = "%d MB free under /var/lib, %d MB are needed" % (free, params["minimum_disk_mb"])
    return ([], [message + "."]) if installed else ([problem("disk", message, "Free some space, or mount a separate disk at /var/lib/rancher.")], [])


def listeners(ports, tables):
    """Socket inodes by port of those that listen, from the text of /proc/net/tcp and tcp6."""
    found = {}
    for line in tables.splitlines():
        fields = line.split()
        if len(fields) > 9 and fields[3] == "0A":
            port = int(fields[1].rsplit(":", 1)[1], 16)
            if port in ports:
                found.setdefault(port, set()).add(fields[9])
    return found


def judge_ports(ports):
    """Ports that something else than k3s listens on."""
    wanted = listeners(ports, read("/proc/net/tcp") + read("/proc/net/tcp6"))
    inodes = {"socket:[%s]" % inode: port for port, group in wanted.items() for inode in group}
    found, owners = [], {}
    for link in glob.glob("/proc/[0-9]*/fd/*") if inodes else []:
        try:
            port = inodes.get(os.readlink(link))
        except OSError:
            continue
        if port:
            owners[port] = link.split("/")[2]
    for port in sorted(wanted):
        pid = owners.get(port)
        name = read("/proc/%s/comm" % pid).strip() if pid else "an unknown program"
        if not name.startswith("k3s") and not re.search(r"/k3s(-agent)?\.service", read("/proc/%s/cgroup" % pid)):
            found.append(problem("port_%d" % port, "port %d is taken by %s" % (port, name), "Stop that program, or give it another port: k3s needs %d." % port))
    return found


def nameservers(text):
    return [fields[1] for fields in (line.split() for line in text.splitlines()) if len(fields) > 1 and fields[0] == "nameserver"]


def local_resolver(address):
    """A resolver that pods cannot use: loopback, or MagicDNS, which asks the host's resolver again."""
    return address.startswith("127.") or address == "::1" or address in MAGIC_DNS


def probe_resolvers():
    """Whether pods need another resolv.conf than the host's, and the real resolvers that were found."""
    own = nameservers(read("/etc/resolv.conf"))
    if own and not any(local_resolver(address) for address in own):
        return {"managed": False, "upstream": own}
    for path in ("/run/systemd/resolve/resolv.conf", "/run/NetworkManager/no-stub-resolv.conf", "/etc/resolv.pre-tailscale-backup.conf", "/etc/resolv.conf"):
        upstream = [address for address in nameservers(read(path)) if not local_resolver(address)]
        if upstream:
            return {"managed": True, "upstream": upstream[:3]}
    return {"managed": True, "upstream": []}


def missing_ufw_rules(status, networks):
    """What `ufw status` does not yet allow: tailscale0 and the cluster's networks."""
    lines = [re.sub(r"\s+", " ", line) for line in status.splitlines() if "ALLOW" in line and "FWD" not in line]
    missing = [] if any("Anywhere on tailscale0 ALLOW" in line for line in lines) else ["tailscale0"]
    return missing + [network for network in networks if not any(re.search(r"^Anywhere ALLOW (IN )?" + re.escape(network) + r"\b", line) for line in lines)]


def probe_firewall(networks):
    """The firewall that is active, and which of our rules it lacks."""
    if re.search(r"(?m)^ENABLED=yes", read("/etc/ufw/ufw.conf")):
        code, output, _ = run(["ufw", "status"])
        if code == 0 and "Status: active" in output:
            return {"kind": "ufw", "missing": missing_ufw_rules(output, networks)}
    if shutil.which("firewall-cmd") and run(["firewall-cmd", "--state"])[0] == 0:
        trusted = " ".join(run(["firewall-cmd", "--permanent", "--zone=trusted", option])[1] for option in ("--list-interfaces", "--list-sources")).split()
        return {"kind": "firewalld", "missing": [name for name in ["tailscale0", *networks] if name not in trusted]}
    return {"kind": "none", "missing": []}


def reachable(address, port):
    """Whether a peer answers over the tailnet: a refused connection is an answer; behind a firewall, tailscaled's own ping."""
    try:
        socket.create_connection((address, port), timeout=2).close()
        return "yes"
    except ConnectionRefusedError:
        return "yes"
    except OSError:
        code, output, _ = run(["tailscale", "ping", "--c=2", "--timeout=2s", "--until-direct=false", address], timeout=8)
        return "filtered" if code == 0 and "pong" in output else "no"


def probe_reach(peers, servers):
    """`reachable` for each peer (address by name), at the same time: servers on the API's port, others on the kubelet's."""
    with ThreadPoolExecutor(max_workers=16) as pool:
        answers = {name: pool.submit(reachable, address, 6443 if name in servers else 10250) for name, address in peers.items() if address}
        return {name: answer.result() for name, answer in answers.items()}
