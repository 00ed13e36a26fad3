# Apache-2.0 (see LICENSE)
"""A snapshot of the cluster's datastore, made while k3s runs."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import time

from ansible.module_utils.k3s_tool.kubectl import K3S
from ansible.module_utils.k3s_tool.programs import run
from ansible.module_utils.k3s_tool.server import DATA, keeps_etcd, uses_database


class Failed(Exception):
    """Why there is no snapshot."""


class Absent(Failed):
    """There is nothing of k3s here."""


def unwritable(directory, said):
    """The failure of what writes a snapshot to a directory, by the words of SQLite, k3s or the system."""
    full = re.search("disk is full|no space left on device|disk quota exceeded", said, re.IGNORECASE)
    return Failed("the disk of %s is full" % directory) if full else None


def kind_of(data=DATA):
    """The datastore of this server: state.db is SQLite's as long as it has that name, as k3s renames it when its content has been moved to etcd; a WAL
    is etcd's (k3s pkg/etcd/etcd.go, walDir and sqliteFile)."""
    if os.path.isfile(data + "/server/db/state.db"):
        return "sqlite"
    return "etcd" if keeps_etcd(data) else None


def place(data=DATA):
    """The kind of the datastore, and the directory of its snapshots, which only root may read, as every Secret of the cluster is in them."""
    kind = kind_of(data)
    if kind is None and uses_database(data):
        raise Failed("the cluster's data is in a database: back it up with that database's tools, such as pg_dump, mysqldump or etcdctl")
    if kind is None:
        raise Absent("there is no datastore of k3s on this host")
    directory = data + "/server/db/snapshots"
    os.makedirs(directory, mode=0o700, exist_ok=True)
    os.chmod(directory, 0o700)
    return kind, directory


def save(name, node, data=DATA, run_program=run, now=time.time):
    """Makes a snapshot below server/db/snapshots: its path, size and kind."""
    kind, directory = place(data)
    path = save_etcd(name, directory, run_program) if kind == "etcd" else save_sqlite(data, "%s/%s-%s-%d.sqlite" % (directory, name, node, now()))
    os.chmod(path, 0o600)
    size = os.stat(path).st_size
    return {"path": path, "size": size, "kind": kind}


def save_etcd(name, directory, run_program):
    """Asks the running k3s, which names the file NAME-NODE-SECONDS (k3s pkg/etcd/snapshot.go), with .zip where its configuration compresses them."""
    before = set(os.listdir(directory))
    code, _, said = run_program([K3S, "etcd-snapshot", "save", "--name", name, "--etcd-snapshot-dir", directory], timeout=600)
    if code:
        raise unwritable(directory, said) or Failed("k3s etcd-snapshot save failed: %s" % (said.strip()[-1000:] or "exit code %d" % code))
    made = [entry for entry in set(os.listdir(directory)) - before if entry.startswith(name + "-") and not entry.endswith((".part", ".tmp"))]
    if not made:
        raise Failed("k3s etcd-snapshot save reported success, but no new snapshot is in %s" % directory)
    return os.path.join(directory, max(made, key=lambda entry: os.stat(os.path.join(directory, entry)).st_mtime))


def save_sqlite(data, path):
    """SQLite's online backup: a copy of the live file and its log would be torn. The copy is checked and then named, so that a name is a whole snapshot."""
    part = path + ".part"
    try:
        os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        with contextlib.closing(sqlite3.connect("file:%s/server/db/state.db?mode=rw" % data, uri=True, timeout=60)) as source:
            with contextlib.closing(sqlite3.connect(part)) as target:
                # All pages in one step: kine writes all the time, and each write between steps starts a backup again.
                source.backup(target)
                # The copy's header names WAL mode as the original's does; as one file without a log it can be moved.
                target.execute("PRAGMA journal_mode=DELETE")
                [verdict] = target.execute("PRAGMA quick_check(1)").fetchone()
                # The API server writes its first objects at once: without any, this is not where the cluster's data is.
                [table] = target.execute("SELECT count(*) FROM sqlite_master WHERE name = 'kine'").fetchone()
                filled = table and target.execute("SELECT 1 FROM kine LIMIT 1").fetchone()
        if verdict != "ok":
            raise Failed("the copy of the datastore is damaged: %s" % verdict)
        if not filled:
            raise Failed("the SQLite database of k3s on this host is empty: it holds no object of a cluster")
        descriptor = os.open(part, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        os.replace(part, path)
    except (OSError, sqlite3.Error) as error:
        raise unwritable(os.path.dirname(path), str(error)) or Failed("SQLite cannot back up the datastore: %s" % error) from error
    finally:
        for left in (part, part + "-journal", part + "-wal", part + "-shm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(left)
    return path
