#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Starts k3s on a host and waits until the API says that it has started."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_start
short_description: Start k3s and wait for its node
description:
  - Enables and starts (or restarts) the unit of k3s without waiting for systemd, then waits until the API says that it has started.
  - "It has started when the unit is alive (activating or active) and was not started again meanwhile, and the node is Ready by a report of
    the kubelet that is younger than the service. A report's time has whole seconds; in the second of the start the node's Lease decides. The
    Lease alone would cost ten seconds: a kubelet that is new to the cluster makes it at its second try (client-go C(component-helpers/lease))."
  - "systemd is no judge of that: since 1.34.1 C(k3s agent) sends READY only after a heartbeat of the node that is newer than its network
    (k3s C(pkg/agent/run.go), C(pkg/agent/netpol)), and a kubelet whose status does not change reports every five minutes. Older releases
    send it before the kubelet runs. A kubelet's first report after its start is always sent (Kubernetes
    C(pkg/kubelet/kubelet_node_status.go)), and says Ready only when its container manager has started."
  - "Nor is a node that is Ready one whose Services work: until kube-proxy has read them, its rules are those of before the start, and a pod
    that moves meanwhile gets no requests through this node. Its own metric says when it wrote the rules (C(pkg/proxy/iptables/proxier.go));
    its C(/healthz) is healthy before it did (C(SyncLoop))."
  - Where a backup was armed by M(k3s_restore), it is made this server's datastore and keys first.
  - The API is asked with the kubelet's own credentials, so on every node alike.
options:
  unit:
    description: C(k3s) or C(k3s-agent).
    type: str
    required: true
  node:
    description: Name of this host's node.
    type: str
    required: true
  host:
    description: Name of this host in the inventory, for messages; the node's where it is not given.
    type: str
    default: ""
  restart:
    description: Whether a service that runs already is started again.
    type: bool
    default: false
  unchanged:
    description: Whether what runs is what the files say, though another unit started it; that is noted, so that it is known later.
    type: bool
    default: false
  server:
    description: Address of the server to join, which must answer on port 6443 first. Empty where there is none to join.
    type: str
    default: ""
  token:
    description: What this host joins with, written to C(/etc/rancher/k3s/cluster-token) before the start. Empty where there is no server to join.
    type: str
    default: ""
  make_token:
    description: Whether a random token is written there where there is none, for the first server of those that share a database.
    type: bool
    default: false
  timeout:
    description: How long all of it may take, in seconds.
    type: int
    default: 360
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_start:
    unit: k3s-agent
    node: pi
    server: 100.64.0.1
"""

RETURN = r"""
code:
  description: "Which of the known failures it is: C(node_password_rejected), C(token_rejected), C(other_token), C(database_refused), C(keeps_ending); else missing."
  returned: on failure
  type: str
"""

import calendar
import http.client
import json
import os
import re
import secrets
import socket
import ssl
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool import programs
from ansible.module_utils.k3s_tool.files import write_files
from ansible.module_utils.k3s_tool.installation import note_started
from ansible.module_utils.k3s_tool.kubectl import Failed as KubectlFailed, patiently
from ansible.module_utils.k3s_tool.lock import working
from ansible.module_utils.k3s_tool.outcome import writing
from ansible.module_utils.k3s_tool.restore import Refused, apply, finish, remove
from ansible.module_utils.k3s_tool.server import armed_backup, awaited

TOKEN = "/etc/rancher/k3s/cluster-token"

# The kubelet may read its own node and lease (Kubernetes' node authorizer). Where k3s keeps its credentials: k3s pkg/agent/config/config.go;
# the file's shape, with paths of certificates: pkg/daemons/control/deps/deps.go.
KUBECONFIG = "/var/lib/rancher/k3s/agent/kubelet.kubeconfig"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/%s"
NODE = "/api/v1/nodes/%s"

# When kube-proxy last wrote the rules of Services, in seconds since the epoch; older releases do not name a family (Kubernetes
# pkg/proxy/metrics/metrics.go). k3s leaves the port at its default (Kubernetes pkg/cluster/ports/ports.go, k3s pkg/daemons/agent/agent_linux.go).
PROXY = ("127.0.0.1", 10249)
RULES_WRITTEN = re.compile(rb'kubeproxy_sync_proxy_rules_last_timestamp_seconds(?:\{ip_family="IPv4"\})? ([0-9.e+]+)$')
# How long nothing may listen there before kube-proxy counts as switched off (disable-kube-proxy), or as listening elsewhere, in seconds.
PROXY_LISTENS = 15

DATABASE = "The database that the servers share does not answer this host, or does not let it in: %(said)s"
DATABASE_HINT = ("Can this host reach it, and are the address, the user, the password and the certificates right? "
                 "Correct the file that datastore_endpoint_file names, or the database, then run again.")

# What k3s says when it is not let in by a server or by its datastore, and how often it must have said so. It goes on trying for ever.
# Wording: pkg/agent/config/config.go (password), pkg/etcd/etcd.go (name), pkg/server/auth/auth.go and pkg/clientaccess/token.go (token),
# pkg/cluster/storage.go (the token of what is in a datastore), kine pkg/drivers/generic/generic.go (SQL), pkg/etcd/store/store.go (etcd). What it says of
# a database has no password.
REFUSALS = (
    (r"Node password rejected|duplicate node name found", 1, "node_password_rejected",
     "The cluster knows a node %(node)s with another password: this machine was reinstalled under its old name, or two machines have that name",
     "Was it reinstalled? `k3s-tool provision --replace %(host)s` deletes the old node and its password, then joins the machine again. "
     "If another machine has the name, give one of them another name in the inventory."),
    (r"server is not ready:.*not authorized|Failed to validate (?:server token|connection to cluster).*not authorized|CA hash does not match", 3, "token_rejected",
     "The server does not accept the join token of this host",
     "Was the token rotated? `k3s-tool rotate token` finishes that, and gives this host the new one. "
     "If this host was part of another cluster: `k3s-tool reset --limit %(host)s`, then provision again."),
    (r"bootstrap data already found and encrypted with different token", 1, "other_token",
     "The datastore is encrypted with another token: it has the data of another cluster, or of this one before its servers were reset",
     "If a token rotation was interrupted, finish it: `k3s-tool rotate token`. If servers share a database: empty it. Or, to go on with the cluster that is in it, "
     "write its server token to /etc/rancher/k3s/cluster-token on this host, then run again."),
    (r"(?i)failed to ping (?:database )?connection: (?P<said>.*)", 5, "database_refused", DATABASE, DATABASE_HINT),
    (r"preparing server: .*(?:configured endpoint: |bootstrap cluster data: (?=context deadline exceeded))(?P<said>.*)", 2, "database_refused", DATABASE, DATABASE_HINT),
)
RESTORE_HINT = "Correct what it names, then run `k3s-tool backup restore` again. What was here before is in /var/lib/rancher/k3s/server/db-before-restore-*."
AFTER = {"alive": True, "enabled": True}
LOOP = "keeps_ending"
JOURNAL_LINES = 12
FATAL = re.compile(r"level=fatal|\bpanic: |^F\d{4} |Failed to start ContainerManager|flag provided but not defined")

# The certificate with which the kubelet is a node (k3s pkg/agent/config/config.go), and the device of flannel. flannel keeps the device that it finds,
# with its hardware address (flannel pkg/backend/vxlan/device.go, ensureLink), and the other nodes forget that address when a node with it is deleted
# (vxlan_network.go, handleSubnetEvents), even where another node has it by then: pods there would not be reached any more.
CERTIFICATE = "/var/lib/rancher/k3s/agent/client-kubelet.crt"
DEVICE = "flannel.1"


def run(*argv):
    """Exit code and output of a program; where it failed, with what it said about that."""
    code, out, said = programs.run(argv, 30)
    return code, (out + (said if code else "")).strip()


def unit_state(unit):
    """What systemd says about the unit now; `started` is the wall clock time its main process was started, in seconds.

    A unit whose start is interrupted by a restart is `failed` for a moment, with the job that starts it still queued (systemd, src/core/job.c).
    """
    keys = "ActiveState,SubState,Job,UnitFileState,InvocationID,NRestarts,ExecMainStartTimestampMonotonic"
    values = dict(line.split("=", 1) for line in run("systemctl", "show", unit, "-p", keys)[1].splitlines() if "=" in line)
    monotonic = int(values.get("ExecMainStartTimestampMonotonic") or 0) / 1e6
    return {
        "failed": values.get("ActiveState") == "failed" and values.get("Job") in (None, "", "0"),
        "alive": alive(values.get("ActiveState"), values.get("SubState")),
        "enabled": values.get("UnitFileState") == "enabled",
        "invocation": values.get("InvocationID", ""),
        "restarts": int(values.get("NRestarts") or 0),
        "started": time.time() - (time.monotonic() - monotonic),
    }


def words(state):
    """A state of the unit, as a diff shows it."""
    return "%s, %s\n" % ("running" if state["alive"] else "not running", "enabled" if state["enabled"] else "not enabled")


def alive(active, sub):
    """Whether the main process runs: it may still be on its way to saying READY."""
    return active in ("active", "reloading") or (active == "activating" and sub in ("start", "start-post"))


def seconds_of(text):
    """Seconds since the epoch of a time as Kubernetes writes it (with or without a fraction of a second), 0 where there is none."""
    match = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z$", text or "")
    return calendar.timegm(time.strptime(match.group(1), "%Y-%m-%dT%H:%M:%S")) + float(match.group(2) or 0) if match else 0.0


def not_started(node, lease, since):
    """Why a node does not show that a service has started that was started at `since` (seconds since the epoch), or None.
    The Lease is a function, as it is rarely needed."""
    conditions = {entry.get("type"): entry for entry in node.get("status", {}).get("conditions", [])}
    ready = conditions.get("Ready", {})
    if ready.get("status") != "True":
        return "the node is not Ready: %s" % (ready.get("message") or ready.get("reason") or "its kubelet has not reported yet")
    reported = seconds_of(ready.get("lastHeartbeatTime"))
    if reported < int(since) or (reported == int(since) and seconds_of(lease().get("spec", {}).get("renewTime")) < since):
        return "its kubelet has not reported since the service started"
    if conditions.get("EtcdIsVoter", {}).get("status") == "False":
        return "its etcd member does not vote yet"
    return None


def get(path):
    """What the API has at the path, asked as the kubelet. Not by kubectl: its start costs more than a node that starts can spare."""
    with open(KUBECONFIG, encoding="utf-8") as file:
        found = dict(re.findall(r"^\s*(server|certificate-authority|client-certificate|client-key): *\"?([^\s\"]+)", file.read(), re.M))
    context = ssl.create_default_context(cafile=found["certificate-authority"])
    # Python 3.13 refuses certificates without an authority key identifier, as k3s' own are.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    context.load_cert_chain(found["client-certificate"], found["client-key"])
    connection = http.client.HTTPSConnection(found["server"].split("//")[-1], timeout=5, context=context)
    try:
        connection.request("GET", path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        said = json.loads(answer.read())
        if answer.status != 200:
            raise ValueError(str(said.get("message", answer.status)))
        return said
    finally:
        connection.close()


def node_of(certificate):
    """The name of the node that a certificate of a kubelet (PEM) is for, or None."""
    first = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", certificate, re.S)
    try:
        der = ssl.PEM_cert_to_DER_cert(first.group()) if first else b""
    except ValueError:
        return None
    # The name of the subject, with its length in the byte before it.
    at = der.find(b"system:node:")
    return der[at:at + der[at - 1]].decode(errors="replace").split(":")[-1] if at > 0 else None


def registered():
    """The node that this host is, or was when k3s last ran; None where it never was one."""
    return node_of(programs.read(CERTIFICATE))


def asked(node, since):
    """`not_started` by what the API says now."""
    try:
        return not_started(get(NODE % node), lambda: get(LEASE % node), since)
    except (OSError, ValueError, KeyError, AttributeError, http.client.HTTPException) as failure:
        return "the API does not say anything about the node yet: %s" % str(failure)[:300]


def rules_written():
    """When kube-proxy last wrote the rules of Services, 0 where it did not yet; None where it does not answer."""
    connection = http.client.HTTPConnection(*PROXY, timeout=5)
    try:
        connection.request("GET", "/metrics")
        times = [float(found.group(1)) for found in map(RULES_WRITTEN.match, connection.getresponse()) if found]
        return max(times, default=0.0)
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def journal(unit, *matches):
    """Lines of what k3s said; where it said nothing, of what systemd says about it."""
    for match in ("_SYSTEMD_UNIT=%s.service" % unit, "UNIT=%s.service" % unit):
        lines = run("journalctl", match, *matches, "-n", "400", "-o", "cat", "--no-pager", "-q")[1].splitlines()
        if lines:
            return lines
    return []


def last_words(lines):
    """The end of a journal, preceded by the line that says why k3s gave up where that came earlier."""
    end = lines[-JOURNAL_LINES:]
    fatal = [line for line in lines[:-JOURNAL_LINES] if FATAL.search(line)]
    if fatal and not any(FATAL.search(line) for line in end):
        end = fatal[-1:] + end[1:]
    return "\n".join(line[:500] for line in end)


def refused(lines, names):
    """The refusal that a journal reports: its code, problem and hint; or None. `names` are the host's and the node's."""
    for pattern, least, code, problem, hint in REFUSALS:
        found = [match for match in (re.search(pattern, line) for line in lines) if match]
        if len(found) >= least:
            told = {**names, **{name: text.rstrip('"').replace('\\"', '"')[:500] for name, text in found[-1].groupdict().items()}}
            return code, problem % told, hint % told
    return None


def reaches(address, port, limit):
    """Whether a connection to the server succeeds within `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        try:
            socket.create_connection((address, port), timeout=3).close()
            return True
        except OSError:
            if time.monotonic() > end:
                return False
            time.sleep(0.3)


class Start:
    """One start of a unit, awaited. What it does to the host is in functions that a test replaces."""

    def __init__(self, unit, node, host, restart, timeout):
        self.unit, self.names, self.restart, self.timeout = unit, {"node": node, "host": host or node}, restart, timeout
        self.state, self.ask, self.rules, self.run, self.journal = unit_state, asked, rules_written, run, journal
        self.registered = registered
        self.now, self.pause = time.monotonic, time.sleep
        self.hint = "Full log: `journalctl -u %s` on this host. Fix what it names, then run the command again: finished steps are not repeated." % unit
        self.begun, self.silent = int(time.time()), None

    def go(self):
        """None when k3s has started, else a code ("" where it has none), what went wrong and what to do."""
        before = self.state(self.unit)
        self.run("systemctl", "daemon-reload")
        steps = [["enable", self.unit]]
        if self.restart or not before["alive"]:
            if self.registered() not in (None, self.names["node"]):
                # It was renamed: as a new node it gets a device with another address, as the old node is deleted after it has joined.
                self.run("systemctl", "stop", self.unit)
                self.run("ip", "link", "delete", DEVICE)
            # No waiting for systemd: its READY may come minutes later.
            steps += [["reset-failed", self.unit], ["--no-block", "restart" if self.restart else "start", self.unit]]
        for step in steps:
            code, said = self.run("systemctl", *step)
            if code and step[0] != "reset-failed":
                return "", "systemctl %s failed: %s" % (" ".join(step), said), self.hint
        return self.wait(before["invocation"] if self.restart and before["alive"] else "")

    def wait(self, replaced):
        """Waits for another invocation than the one that is replaced; as `go`."""
        end, least, started, reason = self.now() + self.timeout, None, {}, "its main process was not started"
        while True:
            state = self.state(self.unit)
            least = state["restarts"] if least is None else min(least, state["restarts"])
            if state["failed"] or state["restarts"] - least >= 2:
                why = "failed, and systemd stopped restarting it" if state["failed"] else "exits every time it starts"
                return refused(self.journal(self.unit, "--since=@%d" % self.begun), self.names) or (LOOP, self.told(why), self.hint)
            if state["alive"] and state["invocation"] != replaced:
                # Its time is taken once: the clock may be set while the node comes up.
                since = started.setdefault(state["invocation"], state["started"])
                reason = self.ask(self.names["node"], since) or self.unproxied(since)
                after = self.state(self.unit)
                if not reason and after["alive"] and after["invocation"] == state["invocation"]:
                    return None
                # An agent that ran before goes on trying: what it was told before this start, or just now, may have been settled.
                lines = self.journal(self.unit, "_SYSTEMD_INVOCATION_ID=" + state["invocation"], "--since=@%d" % (self.begun + 1))
                refusal = refused(lines, self.names) if reason else None
                if refusal:
                    return refusal
            if self.now() >= end:
                return "", self.told("did not start within %d s: %s" % (self.timeout, reason)), self.hint
            self.pause(0.3)

    def unproxied(self, since):
        """Why a Ready node may not pass on requests as the cluster is now, or None."""
        written = self.rules()
        if written is None:
            self.silent = self.now() if self.silent is None else self.silent
            return "its kube-proxy does not answer" if self.now() - self.silent < PROXY_LISTENS else None
        return "its kube-proxy has not written the rules of Services since the service started" if written < since else None

    def told(self, what):
        """What happened to the unit, and what k3s said last."""
        return "%s.service %s. Last log lines:\n%s" % (self.unit, what, last_words(self.journal(self.unit, "--since=@%d" % self.begun)))


def apply_backup(module):
    """Makes the armed backup this server's data, with k3s stopped."""
    code, said = run("systemctl", "stop", "k3s")
    if code:
        module.fail_json(msg="systemctl stop k3s failed: %s\nHint: See `systemctl status k3s` on this host." % said)
    try:
        apply()
    except (Refused, OSError) as failure:
        module.fail_json(msg="The backup cannot be restored: %s\nHint: %s" % (failure, RESTORE_HINT))


def finish_backup(module):
    """Tidies up once the restored API answers."""
    try:
        patiently(lambda: finish(module.params["node"]))
    except (KubectlFailed, OSError) as failure:
        module.fail_json(msg="The backup is restored, but its node passwords could not be removed: %s\nHint: %s" % (failure, RESTORE_HINT))


def main():
    module = AnsibleModule(argument_spec={
        "unit": {"type": "str", "required": True},
        "node": {"type": "str", "required": True},
        "host": {"type": "str", "default": ""},
        "restart": {"type": "bool", "default": False},
        "unchanged": {"type": "bool", "default": False},
        "server": {"type": "str", "default": ""},
        "token": {"type": "str", "default": "", "no_log": True},
        "make_token": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 360},
    }, supports_check_mode=True)
    asked_for = module.params
    unit, server = asked_for["unit"], asked_for["server"]
    before = unit_state(unit)
    changed = asked_for["restart"] or not (before["alive"] and before["enabled"])
    diff = {"before_header": unit, "after_header": unit, "before": words(before), "after": "restarted\n" if asked_for["restart"] and before["alive"] else words(AFTER)}
    if module.check_mode:
        module.exit_json(changed=changed, diff=diff, msg="%s.service would be %s" % (unit, "restarted" if before["alive"] else "enabled and started"))
    if server and not reaches(server, 6443, 30):
        module.fail_json(msg="The server %s does not answer on port 6443 from this host\nHint: A firewall on the server or the access rules "
                             "of the tailnet are in the way: TCP 6443 must be open between the hosts." % server)
    # Not as a parameter, which Ansible would give back: it knows only those for secrets that it was given.
    token = secrets.token_hex(32) if asked_for["make_token"] and not os.path.exists(TOKEN) else asked_for["token"]
    if token:
        with writing(module):
            changed = bool(write_files([{"path": TOKEN, "content": token, "mode": "0600"}])) or changed
    restored = armed_backup() if unit == "k3s" else None
    if restored:
        with working():
            apply_backup(module)
    failure = Start(unit, asked_for["node"], asked_for["host"], asked_for["restart"], asked_for["timeout"]).go()
    if failure:
        code, problem, hint = failure
        module.fail_json(msg="%s\nHint: %s" % (problem, hint), changed=changed, **({"code": code} if code else {}))
    if restored:
        finish_backup(module)
    elif asked_for["unchanged"]:
        with writing(module):
            note_started(unit)
    if unit == "k3s":
        remove(awaited())  # it has joined the restored cluster
    module.exit_json(changed=changed or bool(restored), diff=diff)


if __name__ == "__main__":
    main()
