# Apache-2.0 (see LICENSE)
"""The backup that a timer makes on a server: an age file like that of `k3s-tool backup create`, but for the inventory, which servers do not have."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid

from ansible.module_utils.k3s_tool import backup_record, kubectl, snapshot
from ansible.module_utils.k3s_tool.backup import Refused as BackupRefused, back_up
from ansible.module_utils.k3s_tool.backup_directory import NAME, listed, moment_of, sync
from ansible.module_utils.k3s_tool.server import armed_backup
from ansible.module_utils.k3s_tool.storage import Host, IN_MEMORY, covering

HOME = "/usr/local/lib/k3s-tool/backup"
CONFIG = HOME + "/config.json"
# Names of the backups that this server has made: it deletes no others. People may keep theirs in the same directory.
MADE = HOME + "/made.json"
DAY = 86400


class Refused(Exception):
    """Why there is no backup."""


def mount_of(directory, expected, host):
    """The mount point that a directory is on. Where the disk that is expected there is missing, nothing may be written to the one below it."""
    with contextlib.suppress(OSError):
        os.stat(directory)  # an automount mounts now
    mounts = host.mounts()
    found = covering(os.path.realpath(directory), mounts)
    if len(expected) > len(found):
        raise Refused("the disk for the backups in %s is not mounted at %s" % (directory, expected))
    if mounts.get(found) in IN_MEMORY:
        raise Refused("%s is in memory (%s at %s)" % (directory, mounts[found], found))
    return found


def make(config, host=None, now=time.time, content=back_up, age=("age",)):
    """Makes a backup, whole or not at all: its name and time."""
    directory, cluster = config["directory"], config["cluster"]
    if armed_backup():
        raise Refused("a restore is under way on this server")
    mount_of(directory, config["mount"], host or Host())
    os.makedirs(directory, mode=0o700, exist_ok=True)
    moment = datetime.datetime.fromtimestamp(int(now()), datetime.timezone.utc)
    said = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    # The directory may be shared with other servers: only what this one has left is removed.
    mine = ".k3s-tool-scheduled-%s-" % re.sub(r"[^\w.-]", "_", config["host"])
    for left in os.listdir(directory):
        if left.startswith(mine) and left.endswith(".part"):
            os.unlink(os.path.join(directory, left))
    part = "%s/%s%s.part" % (directory, mine, uuid.uuid4())
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            request = {"cluster": cluster, "host": config["host"], "node": config["node"], "time": said, "inventory": {}}
            manifest = encrypted(lambda stream: content(request, stream), [*age, "--encrypt", "--recipient", config["recipient"]], file)
            os.fsync(descriptor)
        with open(part, "rb") as file:
            if file.readline() != b"age-encryption.org/v1\n":
                raise Refused("what age has written is not an age file")
        name = "%s-%s-%s-%s.age" % (cluster, moment.strftime("%Y%m%dT%H%M%SZ"), manifest["k3s"], manifest["datastore"])
        if not NAME.fullmatch(name):
            raise Refused("%s cannot be the name of a backup" % name)
        os.rename(part, os.path.join(directory, name))
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
    sync(directory)
    return name, said


def prune(config, name, path=MADE):
    """Deletes old backups of those that this server has made, never the one just made."""
    directory, cluster = config["directory"], config["cluster"]
    there = {each["name"] for each in listed(directory)}
    try:
        with open(path, encoding="utf-8") as file:
            known = [each for each in json.load(file) if isinstance(each, str)]
    except (FileNotFoundError, ValueError, TypeError):
        known = []
    made = sorted(there & {*known, name})
    for old in outdated(made, cluster, config["keep"]):
        if old != name:
            os.unlink(os.path.join(directory, old))
            made.remove(old)
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(made, file)
    os.rename(path + ".part", path)


def encrypted(write, argv, file):
    """What `write` gives for a stream, once age has encrypted it to a file. Where age ends early its own words say why."""
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=file, stderr=subprocess.PIPE) as age:
        result = None
        try:
            result = write(age.stdin)
        except BrokenPipeError:
            pass
        finally:
            with contextlib.suppress(BrokenPipeError):
                age.stdin.close()
            age.stdin = None
            said = age.stderr.read().decode(errors="replace").strip()
            code = age.wait()
    if code or result is None:
        raise Refused("age could not write the backup: %s" % (said.splitlines()[0] if said else "exit code %d" % code))
    return result


def outdated(names, cluster, keep):
    """Backups that go: the rule of `k3s-tool backup prune` (src/actions/backup/retention.ts). The newest stays."""
    newest = sorted((name for name in names if moment_of(name) and NAME.fullmatch(name).group(1) == cluster), key=moment_of, reverse=True)
    kept = set(newest[:1])
    day = lambda name: int(moment_of(name).timestamp()) // DAY  # noqa: E731
    rules = ((keep["daily"], day), (keep["weekly"], lambda name: (day(name) + 3) // 7), (keep["monthly"], lambda name: moment_of(name).strftime("%Y%m")))
    for count, period in rules:
        seen = set()
        for name in newest:
            if len(seen) >= count:
                break
            if period(name) not in seen:
                seen.add(period(name))
                kept.add(name)
    return [name for name in newest if name not in kept]


def main(path=CONFIG):
    """What the timer starts."""
    # What is half done is removed, also where the service is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with open(path) as file:
        config = json.load(file)
    began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    try:
        name, moment = make(config)
    except Exception as error:  # whatever it is, `status` must know
        known = isinstance(error, (Refused, BackupRefused, snapshot.Failed, kubectl.Failed, OSError))
        why = str(error) if known else "%s: %s" % (type(error).__name__, error)
        print("No backup was made: %s" % why, file=sys.stderr)
        tell(lambda: backup_record.failed(config["node"], began, why))
        return 1
    print("Made %s" % name)
    tell(lambda: backup_record.made(config["node"], moment, name))
    try:
        prune(config, name)
    except OSError as error:
        print("Old backups could not be deleted: %s" % error, file=sys.stderr)
        return 1
    return 0


def tell(note):
    try:
        note()
    except kubectl.Failed as error:
        print("The result could not be recorded in the cluster: %s" % error, file=sys.stderr)
