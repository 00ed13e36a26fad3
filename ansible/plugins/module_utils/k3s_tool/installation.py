# Apache-2.0 (see LICENSE)
"""The k3s that is installed on this host."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.k3s_tool.files import make_directory, replace
from ansible.module_utils.k3s_tool.programs import problem, read, run, sha256_of
from ansible.module_utils.k3s_tool.server import DATA, DATABASE, armed_backup, holds_datastore, keeps_sqlite, look_server, parse_version, uses_database
from ansible.module_utils.k3s_tool.system import listeners

BINARY = "/usr/local/bin/k3s"
RECORD = "/etc/rancher/k3s/k3s-tool.sums"
REGISTRIES = "/etc/rancher/k3s/registries.yaml"
# A service that systemd had to start again counts as running when it has lived so long.
SETTLED_SECONDS = 60


def probe_binary():
    """Version of the installed binary, and whether it is one of those in the published sums it came with."""
    if not os.path.exists(BINARY):
        return {"version": None, "verified": False}
    with ThreadPoolExecutor(max_workers=1) as pool:
        digest = pool.submit(sha256_of, BINARY)
        version = parse_version(run([BINARY, "--version"])[1])
        return {"version": version or "unknown", "verified": listed(digest.result(), read(RECORD))}


def listed(digest, sums):
    """Whether the text of a sums file lists a digest for a k3s binary."""
    rows = [line.split() for line in sums.splitlines()]
    return any(len(row) == 2 and row[0] == digest and row[1].lstrip("*") in ("k3s", "k3s-arm64", "k3s-armhf") for row in rows)


def unit_state(name, files):
    """State of a unit; `current` tells whether it runs what its files say now (it writes their digest when it starts)."""
    keys = ("ActiveState", "SubState", "UnitFileState", "NeedDaemonReload", "NRestarts", "ExecMainStartTimestampMonotonic")
    values = dict(line.split("=", 1) for line in run(["systemctl", "show", name, "-p", ",".join(keys)])[1].splitlines() if "=" in line)
    started = read(started_record(name)).split()
    return {
        "active": runs(values, time.monotonic(), bool(listeners([10250], read("/proc/net/tcp") + read("/proc/net/tcp6")))),
        "enabled": values.get("UnitFileState") == "enabled",
        "current": started[:1] == [digest_of(files)] and values.get("NeedDaemonReload") == "no",
    }


def started_record(name):
    """The file with the digest of what a unit was started with."""
    return "/run/k3s-tool/%s.started" % name


def digest_of(files):
    digest = hashlib.sha256()
    for path in files:
        digest.update(read(path).encode(errors="replace"))
    return digest.hexdigest()


def note_started(name):
    """Notes that what runs is what the unit would be started with now, as the unit itself does when it starts."""
    record = started_record(name)
    make_directory(os.path.dirname(record), 0o755)
    replace(record, "%s  -\n" % digest_of(digested("/etc/systemd/system/%s.service" % name)), 0o644)


def runs(values, now, kubelet):
    """Whether a unit runs, by systemd's properties: k3s may say READY minutes after it has started, and one that ends again and again runs too, for a while.

    `now` is the monotonic clock in seconds; `kubelet` tells whether one listens: an agent that no server lets in is activating without one, for ever.
    """
    alive = values.get("ActiveState") == "active" or (values.get("ActiveState") == "activating" and values.get("SubState") == "start" and kubelet)
    age = now - int(values.get("ExecMainStartTimestampMonotonic") or 0) / 1e6
    return alive and (values.get("NRestarts", "0") == "0" or age > SETTLED_SECONDS)


def joined_through(config, data=DATA):
    """The server of config.yaml that this host has joined through; None where it has not joined, or has started the cluster.

    An agent has joined when a server has given it the kubelet's certificate (k3s pkg/agent/config/config.go).
    """
    if not holds_datastore(data) and not os.path.exists(data + "/agent/client-kubelet.crt"):
        return None
    match = re.search(r"""^server:\s*["']?(https://[^\s"']+)""", config, re.MULTILINE)
    return match.group(1) if match else None


def own_address(config):
    """The address of config.yaml that this node has, or None: etcd knows a server by it (k3s pkg/etcd/etcd.go, peerURL)."""
    match = re.search(r"""^node-ip:\s*["']?([0-9.]+)""", config, re.MULTILINE)
    return match.group(1) if match else None


def database_of(config):
    """A digest of where the database is that servers share, without user, password and parameters, which may change; None where nothing says so."""
    match = re.search(r"^datastore-endpoint: (.*)$", config, re.MULTILINE)
    return hashlib.sha256(re.sub(r"://(?:.*@)?([^?]*).*", r"://\1", json.loads(match.group(1))).encode()).hexdigest() if match else None


def whose(path):
    """Who wrote a configuration file: C(own) for this tool, C(other), or None where there is none."""
    if not os.path.lexists(path):
        return None
    return "own" if read(path).startswith("# Written by k3s-tool") else "other"


def digested(unit_file):
    """Files whose digest a unit writes at its start; registries.yaml where the unit names it."""
    return ["/etc/rancher/k3s/config.yaml", unit_file, RECORD] + ([REGISTRIES] if REGISTRIES in read(unit_file) else [])


def is_closed(path):
    """Whether a directory keeps out everybody but its owner; one that is not there does."""
    return not os.path.isdir(path) or not os.stat(path).st_mode & 0o077


def judge_installation(role, config):
    """Problems and warnings about a k3s that was installed in another way or for another role."""
    problems, warnings = [], []
    is_server = os.path.exists("/etc/systemd/system/k3s.service") or os.path.isdir(DATA + "/server/db")
    is_agent = os.path.exists("/etc/systemd/system/k3s-agent.service")
    reset = "Remove it first (`k3s-tool node remove`, or `k3s-tool reset --limit` for this host), or correct the inventory."
    if role == "workers" and is_server:
        problems.append(problem("other_role", "this host runs a k3s server, but the inventory has it as a worker", reset))
    if role == "control_plane" and is_agent and not is_server:
        problems.append(problem("other_role", "this host runs a k3s agent, but the inventory has it as a control plane", reset))
    texts = [config] + [read(path) for path in glob.glob("/etc/systemd/system/k3s*.service*")]
    if any(re.search(r"vpn-auth", text) for text in texts):
        warnings.append("k3s was installed here with --vpn-auth, which is fragile; this run replaces it with explicit Tailscale addresses.")
    return problems, warnings


def probe_k3s(params):
    """Problems, warnings and facts about k3s on this host."""
    unit = "k3s" if params["role"] == "control_plane" else "k3s-agent"
    files = digested("/etc/systemd/system/%s.service" % unit)
    problems, warnings = judge_installation(params["role"], read(files[0]))
    facts = probe_binary()
    facts["unit"] = unit_state(unit, files)
    certificate = "server/tls/server-ca.crt" if params["role"] == "control_plane" else "agent/server-ca.crt"
    # Where another installation joined may be an address of the LAN.
    facts["joined"] = joined_through(read(files[0])) if whose(files[0]) == "own" else None
    facts["address"] = own_address(read(files[0]))
    facts["server"] = look_server()
    facts["cluster"] = sha256_of("%s/%s" % (DATA, certificate))
    facts["files"] = {path: sha256_of(path) for path in params.get("files", []) + files}
    facts["registries"] = whose(REGISTRIES)
    facts["agent_closed"] = is_closed(DATA + "/agent")
    # Somebody else installed the k3s that runs.
    facts["foreign"] = facts["unit"]["active"] and whose(files[1]) != "own"
    # With it secrets are encrypted (k3s pkg/daemons/control/deps/deps.go).
    facts["encrypts"] = os.path.exists(DATA + "/server/cred/encryption-config.json")
    facts["images"] = sorted(os.path.basename(path) for path in glob.glob(DATA + "/agent/images/k3s-airgap-images-*-v*.tar*"))
    if armed_backup():
        facts["unit"]["current"] = False  # its next start is what finishes the restore
    facts["sqlite"] = keeps_sqlite()
    facts["database"] = database_of(read(DATABASE)) if uses_database() else None
    facts["pods_below"] = "cgroup-root=/k3s" in read(files[0])
    facts["notifies"] = os.path.exists("/etc/systemd/system/k3s-tool-notify.timer")
    facts["gitops"] = os.path.isdir("/etc/rancher/k3s/k3s-tool-flux")
    return problems, warnings, facts
