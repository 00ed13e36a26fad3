# Apache-2.0 (see LICENSE)
"""Brings a backup back on a server: received and checked, armed, and applied at the next start of k3s. See docs/decisions/0013-backups.md.

It can be killed at any moment. What is received has no effect until one rename arms it; what is armed is applied from the beginning until it has been
applied whole; and k3s is not started in between, as its unit is disabled.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import sqlite3
import tarfile
import time

from ansible.module_utils.k3s_tool.kubectl import K3S, kubectl
from ansible.module_utils.k3s_tool.lock import work_ended
from ansible.module_utils.k3s_tool.programs import run
from ansible.module_utils.k3s_tool.server import DATA, armed_backup, awaited

CONFIG = "/etc/rancher/k3s"
LONGEST_MANIFEST = 1 << 24
# What a backup may bring to a host; its inventory is the workstation's. Whoever knows a public key can encrypt to it, so names are not trusted.
PART = re.compile(r"^(datastore|server/(token|agent-token|tls/.+|cred/.+)|config/.+|manifests/.+)$")
# What provisioning writes by the inventory, and k3s at its start.
CONFIG_MADE = ("config.yaml", "k3s.yaml", "cluster-token", "resolv.conf", "k3s-tool.sums", "config.yaml.d/k3s-tool-registration.yaml")
MANIFESTS_MADE = ("k3s-tool.yaml",)
RESET_SECONDS = 300


class Refused(Exception):
    """Why nothing was restored."""


def staged(data=DATA):
    return data + "/server/restore-staged"


def armed(data=DATA):
    return data + "/server/restore"


def stage(stream, data=DATA, ended=work_ended):
    """Receives the content of a backup, all of it or nothing, and compares it with its manifest. It has no effect until it is armed: by this
    run, not by what one that was killed has left at work."""
    if not ended():
        raise Refused("an earlier restore is still running on this host")
    server, part = data + "/server", data + "/server/restore-staged.part"
    os.makedirs(server, mode=0o700, exist_ok=True)
    os.chmod(server, 0o700)
    lock = os.open(server, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise Refused("another restore sends its backup to this host") from error
    try:
        for left in (part, staged(data)):
            shutil.rmtree(left, ignore_errors=True)
        os.mkdir(part, 0o700)
        receive(stream, part)
        while stream.read(1 << 16):
            pass  # what fills up the archive: the sender must not meet a closed pipe
        os.sync()
        os.rename(part, staged(data))
        os.fsync(lock)
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError) as error:
        raise Refused("the received backup is incomplete or damaged: %s" % error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
        os.close(lock)


def receive(stream, directory):
    """Writes the parts below a directory, with their times: a file that is newer than the datastore's copy keeps k3s from starting
    (k3s pkg/cluster/bootstrap.go, isNewerFile)."""
    with tarfile.open(fileobj=stream, mode="r|gz") as tar:
        head = tar.next()
        if head is None or head.name != "manifest.json" or head.size > LONGEST_MANIFEST:
            raise Refused("what arrived has no manifest")
        manifest = json.loads(tar.extractfile(head).read())
        for part in manifest["parts"]:
            entry = tar.next()
            if entry is None or not entry.isreg() or (entry.name, entry.size) != (part["path"], part["bytes"]):
                raise Refused("%s did not arrive whole" % part["path"])
            path = place_of(part["path"], directory)
            digest = hashlib.sha256()
            with open(path, "xb") if path else contextlib.nullcontext() as file:
                source = tar.extractfile(entry)
                for block in iter(lambda: source.read(1 << 20), b""):
                    digest.update(block)
                    if file:
                        file.write(block)
            if digest.hexdigest() != part["sha256"]:
                raise Refused("%s was changed on its way" % part["path"])
            if path:
                os.utime(path, (entry.mtime, entry.mtime))
        if tar.next() is not None:
            raise Refused("more arrived than the manifest lists")
    with open(directory + "/manifest.json", "x", encoding="utf-8") as file:
        json.dump(manifest, file)


def place_of(name, directory):
    """Where a part is written, None where it is not; its directories are made."""
    if ".." in name.split("/") or not PART.match(name):
        return None
    path = os.path.join(directory, name)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    return path


def arm(data=DATA, config=CONFIG):
    """The next start of k3s on this server begins with what was staged. One rename; what was armed before and not finished is forgotten. The server that
    it joined through is forgotten, too: others join this one (and k3s refuses to restore where one is set, pkg/cli/server/server.go)."""
    if not os.path.isfile(staged(data) + "/manifest.json"):
        raise Refused("no backup was sent to this host")
    if os.path.isdir(armed(data)):
        forget(data)
    remove(config + "/config.yaml")
    remove(awaited(data))
    os.rename(staged(data), armed(data))
    fsync(data + "/server")


def forget(data=DATA):
    """Removes what is armed: first its name, so that it is never half of a backup."""
    gone = armed(data) + ".done"
    shutil.rmtree(gone, ignore_errors=True)
    os.rename(armed(data), gone)
    fsync(data + "/server")
    shutil.rmtree(gone)


def leave(data=DATA, config=CONFIG, now=time.time):
    """A server that is to join the restored one: its datastore is put aside, and it gets the cluster's keys as it joins. Until then it
    must not start a new cluster, even if the restored one never comes up."""
    os.makedirs(data + "/server", mode=0o700, exist_ok=True)
    touch(awaited(data))
    put_aside(data, now)
    for path in (data + "/server/tls", data + "/server/cred"):
        shutil.rmtree(path, ignore_errors=True)
    for path in (data + "/server/token", data + "/server/agent-token", data + "/server/node-token", config + "/config.yaml"):
        remove(path)
    for path in (staged(data), armed(data)):
        shutil.rmtree(path, ignore_errors=True)


def put_aside(data=DATA, now=time.time):
    with contextlib.suppress(FileNotFoundError):
        os.rename(data + "/server/db", "%s/server/db-before-restore-%d" % (data, now()))


def apply(data=DATA, config=CONFIG, run_program=run, now=time.time):
    """Makes the armed backup this server's datastore and keys, while k3s is stopped. From the beginning, however far an earlier try got."""
    source, server = armed(data), data + "/server"
    manifest = armed_backup(data)
    begun, applied = source + "/begun", source + "/applied"
    if manifest is None or os.path.exists(applied):
        return
    if not os.path.exists(begun):
        put_aside(data, now)
        touch(begun)
    for path in (server + "/db", server + "/tls", server + "/cred"):
        shutil.rmtree(path, ignore_errors=True)
    put(source + "/server", server, lambda name: True)
    put(source + "/manifests", server + "/manifests", lambda name: name not in MANIFESTS_MADE)
    put(source + "/config", config, lambda name: name not in CONFIG_MADE and not os.path.exists("%s/%s" % (config, name)))
    if manifest["datastore"] == "sqlite":
        apply_sqlite(source + "/datastore", server + "/db")
    else:
        apply_etcd(source + "/datastore", server + "/db", run_program)
        forget_copies(server, os.stat(begun).st_mtime)
    os.sync()
    touch(applied)


def put(source, target, wanted):
    """Copies the files of a tree, with their times, for root alone."""
    for directory, _, names in os.walk(source):
        for name in names:
            path = os.path.join(directory, name)
            below = os.path.relpath(path, source)
            if wanted(below):
                new = os.path.join(target, below)
                os.makedirs(os.path.dirname(new), mode=0o700, exist_ok=True)
                remove(new)  # it may be a link
                shutil.copy2(path, new)
                os.chmod(new, 0o600)


def apply_sqlite(source, db):
    """state.db, without the passwords of nodes: machines with new disks have new ones, and k3s keeps the first that comes with a name."""
    os.makedirs(db, mode=0o700)
    part = db + "/state.db.part"
    shutil.copyfile(source, part)
    os.chmod(part, 0o600)
    try:
        with contextlib.closing(sqlite3.connect(part)) as database:
            database.execute(r"DELETE FROM kine WHERE name LIKE '/registry/secrets/kube-system/%.node-password.k3s'")
            database.commit()
    except sqlite3.Error as error:
        raise Refused("the backup's database cannot be read: %s" % error) from error
    os.rename(part, db + "/state.db")


def apply_etcd(source, db, run_program):
    """Has k3s make a cluster of one member of the snapshot. k3s puts db/etcd aside, which must be there (k3s pkg/etcd/etcd.go, Restore), and unpacks
    what is named .zip."""
    os.makedirs(db, mode=0o700)
    os.mkdir(db + "/etcd", 0o700)
    with open(source, "rb") as file:
        zipped = file.read(2) == b"PK"
    path = source + ".zip" if zipped else source
    if zipped and not os.path.exists(path):
        os.link(source, path)
    code, out, said = run_program([K3S, "server", "--cluster-reset", "--cluster-reset-restore-path", path], timeout=RESET_SECONDS)
    # It ends by itself, with words that are an error's (k3s pkg/etcd/etcd.go, Reset).
    if code and "has been reset" not in out + said or not os.path.isdir(db + "/etcd/member/wal"):
        raise Refused("k3s cannot restore the snapshot: %s" % ((out + said).strip()[-1500:] or "exit code %d" % code))
    for name in os.listdir(db):
        if name.startswith("etcd-old-"):
            shutil.rmtree(os.path.join(db, name))


def forget_copies(server, since):
    """Removes the copies of the keys that k3s put aside at a reset, by the second (k3s pkg/cluster/bootstrap.go, ReconcileBootstrapData): the keys
    are those of the backup."""
    for name in os.listdir(server):
        copy = re.match(r"tls-(\d{1,12})$", name)
        if copy and int(copy.group(1)) >= int(since):
            shutil.rmtree(os.path.join(server, name))


def finish(node, data=DATA, ask=kubectl):
    """Once the restored API answers: passwords of nodes that etcd's snapshot brought back go, but this node's, which k3s has settled; then the backup."""
    manifest = armed_backup(data)
    if manifest is None:
        return
    if manifest["datastore"] == "etcd":
        secrets = ask("-n", "kube-system", "get", "secrets", "--field-selector", "type=k3s.cattle.io/node-password", "-o", "name").split()
        others = [name for name in secrets if name != "secret/%s.node-password.k3s" % node]
        if others:
            ask("-n", "kube-system", "delete", "--ignore-not-found", *others)
    forget(data)


def touch(path):
    with open(path, "w", encoding="utf-8") as file:
        os.fsync(file.fileno())
    fsync(os.path.dirname(path))


def fsync(directory):
    descriptor = os.open(directory, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def remove(path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
