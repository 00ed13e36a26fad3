# Apache-2.0 (see LICENSE)
"""What `doctor --hosts` asks of a host: its clock, its way to the other nodes, and what ends or fills up. Reads only."""

from __future__ import annotations

import base64
import glob
import ipaddress
import json
import os
import re
import shutil
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

from ansible.module_utils.k3s_tool.programs import read, run
from ansible.module_utils.k3s_tool.system import memory_controller, probe_firewall
from ansible.module_utils.k3s_tool.tailscale import json_of, shadowed_networks

CONFIG = "/etc/rancher/k3s/config.yaml"
DATA = "/var/lib/rancher/k3s"
HEADERS = 28  # IPv4 and ICMP
VXLAN = 50
TAILSCALE_MTU = 1280


def tell(request, asked, out):
    """Answers each line of `asked` with the time, then says all the rest in one line of JSON."""
    for _ in range(request["clocks"]):
        print("k3s-tool-clock=%.6f" % time.time(), file=out, flush=True)
        asked.readline()
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"  # not in that of every login
    print("k3s-tool-health=%s" % json.dumps(probe(request)), file=out, flush=True)


def probe(request):
    # An agent may be "activating" for minutes after its node is Ready.
    k3s = next((unit for unit in ("k3s", "k3s-agent") if run(["systemctl", "is-active", unit])[1].strip() in ("active", "activating")), "")
    root = os.geteuid() == 0
    return {
        "k3s": k3s,
        "root": root,
        "shadowed": probe_routes(),
        "peers": probe_peers(request["peers"]) if k3s else [],
        "ping": bool(shutil.which("ping")),
        "firewall": probe_firewall(request["networks"]) if root else {"kind": "unknown", "missing": []},
        "dns": probe_dns(**request["dns"]) if k3s and request["dns"] else None,
        "certificates": probe_certificates(DATA) if root else [],
        "cgroup": probe_cgroup(),
        "disk": probe_disk(),
    }


def probe_routes():
    """The host's own networks that a route accepted from the tailnet covers."""
    _, routes, _ = run(["ip", "-j", "-4", "route", "show", "table", "52"])
    _, links, _ = run(["ip", "-j", "-4", "addr"])
    return shadowed_networks(json_of(routes, []), json_of(links, []))


def vtep_addresses(neighbours, entries):
    """
    Addresses of flannel.1 on other nodes, by their Tailscale address (`ip -j neigh` and `bridge -j fdb` of flannel.1). A node that got another network,
    as after a restore, has several: those of its former networks stay.
    """
    by_mac = {entry.get("mac"): entry["dst"] for entry in entries if entry.get("dst")}
    found = {}
    for each in neighbours:
        if each.get("dst") and by_mac.get(each.get("lladdr")):
            found.setdefault(by_mac[each["lladdr"]], []).append(each["dst"])
    return found


def probe_peers(peers):
    """For each peer: pings through the tailnet and through the pod network, and the ports that do not answer."""
    mtu = read("/sys/class/net/flannel.1/mtu").strip()
    pods = int(mtu) if mtu.isdigit() else TAILSCALE_MTU - VXLAN
    _, neighbours, _ = run(["ip", "-j", "neigh", "show", "dev", "flannel.1"])
    _, entries, _ = run(["bridge", "-j", "fdb", "show", "dev", "flannel.1"])
    vteps = vtep_addresses(json_of(neighbours, []), json_of(entries, []))

    def look(peer):
        known = vteps.get(peer["address"], [])
        vtep = next((address for address in known[:-1] if ping(address, 56)["received"]), known[-1] if known else None)
        small = ping(peer["address"], 56)
        return {
            "name": peer["name"],
            "sent": pods + VXLAN,
            "rtt_ms": small["rtt_ms"],
            "small": small["received"],
            "large": ping(peer["address"], pods + VXLAN - HEADERS)["received"] if small["received"] else 0,
            "pods_small": ping(vtep, 56)["received"] if vtep else None,
            "pods_large": ping(vtep, pods - HEADERS)["received"] if vtep else None,
            "closed": [port for port in peer["ports"] if not connects(peer["address"], port)],
        }

    with ThreadPoolExecutor(max_workers=16) as pool:
        return list(pool.map(look, peers))


def ping(address, size):
    """How many of three packets that must not be fragmented came back, and the mean round trip."""
    return parse_ping(run(["ping", "-n", "-q", "-M", "do", "-c", "3", "-i", "0.2", "-W", "2", "-s", str(size), address], timeout=8)[1])


def parse_ping(text):
    received = re.search(r"(\d+) received", text)
    rtt = re.search(r"= [\d.]+/([\d.]+)/", text)
    return {"received": int(received[1]) if received else 0, "rtt_ms": float(rtt[1]) if rtt else None}


def connects(address, port):
    """Whether something answers: a refused connection got there, too."""
    try:
        socket.create_connection((address, port), timeout=3).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return True


def probe_dns(services, server, domain):
    """What the cluster's DNS says of a name that each cluster has, asked as a pod would: at the service's address, the tenth of the network unless
    another is given (k3s pkg/cli/server/server.go)."""
    server = server or str(ipaddress.ip_network(services)[10])
    name = "kubernetes.default.svc." + domain
    return {"server": server, "name": name, "answer": ask_dns(server, name)}


def ask_dns(server, name, port=53):
    """"ok", what the server says instead, or "silent"."""
    query = struct.pack(">HHHHHH", int.from_bytes(os.urandom(2), "big"), 0x0100, 1, 0, 0, 0)
    query += b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0" + struct.pack(">HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(2)
        for _ in range(3):
            try:
                sock.connect((server, port))
                sock.send(query)
                answer = sock.recv(4096)
            except socket.timeout:
                continue
            except OSError as error:
                return error.strerror or str(error)
            if len(answer) < 12 or answer[:2] != query[:2]:
                continue
            code, answers = answer[3] & 15, struct.unpack(">H", answer[6:8])[0]
            return {0: "ok" if answers else "no address", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}.get(code, "code %d" % code)
    return "silent"


def probe_certificates(directory):
    """The certificates of k3s, with the time they end in seconds since 1970."""
    found = []
    for pattern in ("server/tls/*.crt", "server/tls/etcd/*.crt", "agent/*.crt"):
        for path in sorted(glob.glob(os.path.join(directory, pattern))):
            end = ends_at(read(path))
            if end is not None:
                found.append({"name": os.path.relpath(path, directory), "end": end})
    return found


def ends_at(text):
    """When the first certificate of a PEM text ends; None where there is none that can be read."""
    match = re.search(r"-----BEGIN CERTIFICATE-----(.+?)-----END", text, re.S)
    try:
        certificate = children(base64.b64decode(match[1]))[0][1]
        fields = [each for each in children(children(certificate)[0][1]) if each[0] != 0xA0]
        tag, end = children(fields[3][1])[1]  # serial number, algorithm, issuer, validity
        moment = datetime.strptime(end.decode(), "%y%m%d%H%M%SZ" if tag == 0x17 else "%Y%m%d%H%M%SZ")
    except (TypeError, ValueError, IndexError):
        return None
    return int(moment.replace(tzinfo=timezone.utc).timestamp())


def children(data):
    """Tags and contents of the DER elements in it."""
    found, at = [], 0
    while at < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[at:at + size], "big")
            at += size
        found.append((tag, data[at:at + length]))
        at += length
    return found


def probe_cgroup():
    controllers = read("/sys/fs/cgroup/cgroup.controllers")
    return {"version": 2 if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else 1, "memory": memory_controller(controllers, read("/proc/cgroups"))}


def probe_disk():
    """How full the disk of images is, and above what the kubelet removes images: 85 % unless it is told otherwise."""
    path = "/var/lib/rancher" if os.path.isdir("/var/lib/rancher") else "/var/lib"
    stat = os.statvfs(path)
    used = stat.f_blocks - stat.f_bfree
    thresholds = re.findall(r"image-gc-high-threshold=(\d{1,3})\b", read(CONFIG))  # the last one counts
    return {"path": path, "used_percent": round(100 * used / ((used + stat.f_bavail) or 1)), "threshold": int(thresholds[-1]) if thresholds else 85}
