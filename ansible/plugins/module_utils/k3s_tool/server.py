# Apache-2.0 (see LICENSE)
"""What of a k3s server is on this host."""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl

DATA = "/var/lib/rancher/k3s"
# What names the database that servers share (role k3s_service).
DATABASE = "/etc/rancher/k3s/config.yaml.d/k3s-tool-datastore.yaml"


def parse_version(output):
    """`v1.36.2+k3s1` of the first line of `k3s --version`."""
    match = re.search(r"k3s version (v\d+\.\d+\.\d+\S*)", output)
    return match.group(1) if match else None


def armed_backup(data=DATA):
    """The manifest of a backup that the next start of k3s begins with (see restore.py), or None."""
    try:
        with open(data + "/server/restore/manifest.json", encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def holds_datastore(data=DATA):
    """Whether the cluster's data is here, or about to be: a backup that is being restored, a WAL of etcd, or SQLite's file (k3s pkg/etcd/etcd.go,
    walDir and sqliteFile); or this server has begun with a database."""
    return armed_backup(data) is not None or keeps_etcd(data) or os.path.isfile(data + "/server/db/state.db") or uses_database(data)


def keeps_etcd(data=DATA):
    """Whether a member of etcd is here."""
    return os.path.isdir(data + "/server/db/etcd/member/wal")


def uses_database(data=DATA, named=DATABASE):
    """Whether this server has the cluster's keys from a database, or has put them there: k3s makes none before it has looked (k3s
    pkg/cluster/bootstrap.go)."""
    return os.path.isfile(named) and os.path.isfile(data + "/server/tls/server-ca.crt")


def awaited(data=DATA):
    """The file that says that this server gave its data up for a restore (see restore.py)."""
    return data + "/server/restore-awaited"


def keeps_sqlite(data=DATA):
    """Whether the data is in SQLite, which serves one server; k3s renames the file when its content has been moved to etcd (k3s pkg/etcd/etcd.go)."""
    backup = armed_backup(data)
    return backup["datastore"] == "sqlite" if backup else os.path.exists(data + "/server/db/state.db")


def answers(data=DATA, port=6443):
    """Whether the API server here is ready, its datastore included."""
    tls = data + "/server/tls"
    try:
        context = ssl.create_default_context(cafile=tls + "/server-ca.crt")
        context.load_cert_chain(tls + "/client-admin.crt", tls + "/client-admin.key")
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=3, context=context)
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


def journal(since, execute):
    """What k3s on this server has said in its journal since a time. `execute` runs a program."""
    return execute(["journalctl", "_SYSTEMD_UNIT=k3s.service", "--since=" + since, "-o", "cat", "--no-pager", "-q"], 30)[1]


def explained(said, execute):
    """What a command of k3s said, with what the server says of it in its journal where the command has only a number (k3s pkg/util/apierrors.go,
    SendErrorWithID). `execute` runs a program."""
    said = re.sub(r'^time="[^"]*" level=\w+ msg="(?:Error: )?(.*)"$', r"\1", said.strip(), flags=re.M)[-1500:]
    number = re.search(r"error ID (\d+)", said)
    if not number:
        return said
    found = [line for line in journal("-10min", execute).splitlines() if "error ID %s: " % number.group(1) in line]
    return "%s (%s)" % (said, found[-1].split("error ID %s: " % number.group(1))[-1].rstrip('"')[:500]) if found else said


def look_server(data=DATA):
    """What says whether other hosts can join through this one."""
    holds = holds_datastore(data)
    return {"holds": holds, "answers": holds and answers(data), "awaits": not holds and os.path.exists(awaited(data))}
