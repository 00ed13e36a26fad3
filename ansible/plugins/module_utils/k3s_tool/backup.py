# Apache-2.0 (see LICENSE)
"""What of a server brings its cluster back on other machines, as one gzip'd tar: see docs/decisions/0013-backups.md.

k3s' own list of what a restore needs: the datastore and the token (k3s docs, datastore/backup-restore), and the keys that all servers of a cluster share
(k3s pkg/daemons/config/types.go, ControlRuntimeBootstrap). Certificates that only this server has are made again by k3s.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import hashlib
import io
import json
import os
import socket
import tarfile
import time

from ansible.module_utils.k3s_tool.kubectl import Failed as KubectlFailed, K3S, kubectl
from ansible.module_utils.k3s_tool.programs import run
from ansible.module_utils.k3s_tool.server import DATA, parse_version
from ansible.module_utils.k3s_tool.snapshot import place, save

FORMAT = 1
# How a temporary snapshot is named: one that a killed run left is known by it.
NAME = "k3s-tool-backup"
CONFIG = "/etc/rancher/k3s"
SERVER = ("token", "agent-token", "tls/**/*-ca.crt", "tls/**/*-ca.key", "tls/*service*.key", "cred/passwd", "cred/ipsec.psk", "cred/encryption-*.json")
# k3s writes these itself, at each start (k3s manifests/).
PACKAGED = ("ccm.yaml", "coredns.yaml", "local-storage.yaml", "rolebindings.yaml", "runtimes.yaml", "traefik.yaml", "metrics-server/")


class Refused(Exception):
    """Why there is no backup."""


def parts(data=DATA, config=CONFIG):
    """(name in the backup, path) of every file but the datastore."""
    found = []
    for pattern in SERVER:
        for path in glob.glob("%s/server/%s" % (data, pattern), recursive=True):
            found.append(("server/" + os.path.relpath(path, data + "/server"), path))
    for root, name in ((config, "config"), (data + "/server/manifests", "manifests")):
        for path in glob.glob(root + "/**", recursive=True):
            below = os.path.relpath(path, root)
            if name == "config" or not below.startswith(PACKAGED):
                found.append((name + "/" + below, path))
    files = sorted({each for each in found if os.path.isfile(each[1])})
    for _, path in files:
        if not path.isprintable():
            raise Refused("%s has a name that a backup cannot store: rename it, or move it away" % ascii(path))
    return files


def volumes(ask=kubectl):
    """Names of the PersistentVolumes, which are not in a backup; None where the API does not answer."""
    try:
        items = json.loads(ask("get", "persistentvolumes", "-o", "json", timeout=30))["items"]
    except (KubectlFailed, ValueError, KeyError):
        return None
    found = []
    for item in items:
        claim = item["spec"].get("claimRef") or {}
        found.append({"name": item["metadata"]["name"], "claim": "%s/%s" % (claim["namespace"], claim["name"]) if claim else None})
    return found


def digest_of(file):
    digest = hashlib.sha256()
    for block in iter(lambda: file.read(1 << 20), b""):
        digest.update(block)
    return digest.hexdigest()


def described(sources):
    """The parts as the manifest lists them; a source is a path, or bytes."""
    found = []
    for name, source in sources:
        with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
            sha256 = digest_of(file)
            found.append({"path": name, "bytes": file.tell(), "sha256": sha256})
    return found


class Hashed:
    """A file, and the digest of what was read of it."""

    def __init__(self, file):
        self.file, self.digest = file, hashlib.sha256()

    def read(self, size):
        block = self.file.read(size)
        self.digest.update(block)
        return block


def write(stream, manifest, sources):
    """The tar, the manifest first. A part that has changed since it was described ends it."""
    described_as = {part["path"]: part["sha256"] for part in json.loads(manifest)["parts"]}
    with tarfile.open(fileobj=stream, mode="w|gz", format=tarfile.PAX_FORMAT) as tar:
        for (name, source), size in zip([("manifest.json", manifest), *sources], [len(manifest), *[part["bytes"] for part in json.loads(manifest)["parts"]]]):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = size, 0o600, int(time.time() if isinstance(source, bytes) else os.stat(source).st_mtime)
            with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
                hashed = Hashed(file)
                tar.addfile(entry, hashed)
            if hashed.digest.hexdigest() != described_as.get(name, hashed.digest.hexdigest()):
                raise Refused("%s was changed while it was backed up" % name)


def version_of(run_program=run):
    return parse_version(run_program([K3S, "--version"])[1])


def back_up(request, stream, data=DATA, config=CONFIG, snapshot=save, ask=kubectl, version=version_of):
    """
    Writes a backup of this server to a stream.

    `request` has `cluster`, `host`, `node`, `time` and `inventory`, a map of the inventory's files. No file with secrets stays behind: the snapshot
    is removed, and so is one that a killed run left. Gives the manifest.
    """
    _, directory = place(data)
    lock = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise Refused("another backup is being made on this host") from error
    try:
        clean(directory)
        k3s = version()
        if not k3s:
            raise Refused("cannot read the version of k3s")
        made = snapshot(NAME, request["node"], data)
        inventory = [("inventory/" + name, text.encode()) for name, text in sorted(request["inventory"].items())]
        sources = [("datastore", made["path"])] + parts(data, config) + inventory
        manifest = {
            "format": FORMAT, "cluster": request["cluster"], "host": request["host"], "node": request["node"], "machine": socket.gethostname(),
            "time": request["time"], "k3s": k3s, "datastore": made["kind"], "volumes": volumes(ask), "parts": described(sources),
        }
        write(stream, json.dumps(manifest, indent=1).encode(), sources)
        return manifest
    finally:
        clean(directory)
        os.close(lock)


def clean(directory):
    """Removes temporary snapshots, and what k3s notes of them."""
    for path in glob.glob("%s/%s-*" % (directory, NAME)) + glob.glob("%s/../.metadata/%s-*" % (directory, NAME)):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
