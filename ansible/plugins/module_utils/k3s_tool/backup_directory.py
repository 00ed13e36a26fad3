# Apache-2.0 (see LICENSE)
"""A directory with backups on a host: those that it made, or copies of what a workstation made. Root is not needed for a directory of one's own."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import hashlib
import os
import re
import shutil
import uuid

# As src/actions/backup/backup_name.ts has it.
NAME = re.compile(r"([a-z0-9][a-z0-9-]*)-(\d{8}T\d{6}Z)-(v\d[\w.+-]*)-(sqlite|etcd)\.age")
UNFINISHED = re.compile(r"\.k3s-tool-copy-[0-9a-f-]{36}\.part")
CHUNK = 1 << 20
# As many bytes of a file as its age header needs to tell what opens it.
START = 256


class Refused(Exception):
    """Why nothing was done."""


def moment_of(name):
    """When a backup was made, by its name; None for what is none."""
    found = NAME.fullmatch(name)
    try:
        return found and datetime.datetime.strptime(found.group(2), "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        return None


def listed(directory):
    """Backups in a directory, each with the start of its file."""
    try:
        found = [entry for entry in os.scandir(directory) if moment_of(entry.name) and entry.is_file(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    return [{"name": entry.name, "bytes": entry.stat().st_size, "start": start_of(entry.path)} for entry in sorted(found, key=lambda entry: entry.name)]


def start_of(path):
    """Empty where the file cannot be read."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read(START).decode("latin-1")
    return ""


def send(directory, name, stream):
    """Writes a backup to a stream."""
    with opened(directory, name) as file:
        shutil.copyfileobj(file, stream, CHUNK)


def receive(directory, name, wanted, stream):
    """Writes a copy, whole or not at all; False where the very same is there already. `wanted` has its `bytes` and `sha256`."""
    required(name)
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        remove_unfinished(directory)
    except OSError as error:
        raise Refused("%s cannot be used: %s" % (directory, error.strerror))
    path = os.path.join(directory, name)
    if os.path.lexists(path):
        with opened(directory, name) as file:
            if sha256(file) != wanted["sha256"]:
                raise Refused("%s already exists with different content" % path)
        return False
    part = os.path.join(directory, ".k3s-tool-copy-%s.part" % uuid.uuid4())
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Refused("nothing can be written in %s: %s" % (directory, error.strerror))
    try:
        with open(descriptor, "w+b") as file:
            with contextlib.suppress(OSError):  # not every file system of a network has locks
                fcntl.flock(file, fcntl.LOCK_EX)  # for as long as this writes it
            os.fchmod(descriptor, 0o600)
            left = wanted["bytes"]
            try:
                while left:
                    chunk = stream.read(min(left, CHUNK))
                    if not chunk:
                        raise Refused("the copy ended %d bytes early" % left)
                    file.write(chunk)
                    left -= len(chunk)
                file.flush()
                os.fsync(descriptor)
            except OSError as error:
                raise Refused("the copy cannot be written: %s" % error.strerror)
            file.seek(0)
            if sha256(file) != wanted["sha256"]:
                raise Refused("the copy is not what was sent: its checksum differs")
        os.rename(part, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
    sync(directory)
    return True


def remove(directory, names):
    """Deletes backups; one that is gone already is no failure."""
    for name in names:
        required(name)
        try:
            os.unlink(os.path.join(directory, name))
        except FileNotFoundError:
            pass
        except OSError as error:
            raise Refused("%s cannot be deleted: %s" % (name, error.strerror))


def remove_unfinished(directory):
    """What runs that were killed have left; one that is being written is locked."""
    for name in os.listdir(directory):
        if not UNFINISHED.fullmatch(name):
            continue
        path = os.path.join(directory, name)
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)
            finally:
                os.close(descriptor)


def required(name):
    if not NAME.fullmatch(name):
        raise Refused("%s is not the name of a backup" % name)


def opened(directory, name):
    required(name)
    try:
        return open(os.open(os.path.join(directory, name), os.O_RDONLY | os.O_NOFOLLOW), "rb")
    except FileNotFoundError:
        raise Refused("there is no backup %s in %s" % (name, directory))
    except OSError as error:
        raise Refused("%s cannot be read: %s" % (name, error.strerror))


def sha256(file):
    digest = hashlib.sha256()
    for chunk in iter(lambda: file.read(CHUNK), b""):
        digest.update(chunk)
    return digest.hexdigest()


def sync(directory):
    """Not every file system of a network has it."""
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
