# Apache-2.0 (see LICENSE)
"""Files with a given text and mode, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile


def current(path):
    """Text and mode of a regular file of this user; (None, None) where there is none."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW), errors="replace") as file:
            status = os.fstat(file.fileno())
            return (file.read(), stat.S_IMODE(status.st_mode)) if status.st_uid == os.geteuid() else (None, None)
    except OSError:
        return None, None


def make_directory(path, mode, parent_mode=0o755):
    """Makes a directory with this mode, its parent with another and what is above with the usual one; one that exists is left as it is."""
    if not os.path.isdir(path):
        parent = os.path.dirname(path)
        if not os.path.isdir(parent):
            os.makedirs(parent, exist_ok=True)
            os.chmod(parent, parent_mode)
        os.mkdir(path)
        os.chmod(path, mode)


def directory_with(path, mode, check=False):
    """Creates a directory with this mode, or sets the mode of an existing one; returns the diff as a list."""
    before = stat.S_IMODE(os.stat(path).st_mode) if os.path.isdir(path) else None
    if before == mode:
        return []
    if not check:
        make_directory(path, mode)
        os.chmod(path, mode)
    return [{"before_header": path, "after_header": path, "before": "" if before is None else "mode %04o\n" % before, "after": "mode %04o\n" % mode}]


@contextlib.contextmanager
def replacing(path, mode):
    """A file to write, in bytes, that takes the place of another when the block ends without an error: a reader, or a power failure, sees the old one or
    the new one."""
    handle, temporary = tempfile.mkstemp(prefix=".k3s-tool-", dir=os.path.dirname(path))
    try:
        with open(handle, "wb") as file:
            yield file
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def replace(path, content, mode):
    """Puts a whole file with this text in the place of another; see `replacing`. A failure has the file's name, and not that of what would take its place."""
    try:
        with replacing(path, mode) as file:
            file.write(content.encode())
    except OSError as failure:
        failure.filename = path
        raise


def shown(entry, before, content):
    """What a diff shows of a file; a text that is secret, or is removed and may have been, is not in it."""
    if entry.get("content") is not None:
        return {"before": before or "", "after": content}
    return {"before": "(not shown)\n" if before is not None else "", "after": "(not shown, changed)\n" if content is not None else ""}


def keep_copy(path, directory):
    """Copies a file into a directory that only this user can read; a copy that is there stays."""
    text, _ = current(path)
    kept = os.path.join(directory, os.path.basename(path))
    if text is not None and not os.path.lexists(kept):
        make_directory(directory, 0o700)
        replace(kept, text, 0o600)


def write_files(entries, check=False, secrets=(), keep=None):
    """Writes files that differ ({path, content, mode, directory_mode, parent_mode}; modes in octal), removes those that are to be C(absent), gives each
    C(directory) its mode, and returns the diff of each that was, or would be, changed. A text that is secret is in C(secrets), by path; what was there before is
    copied to the directory C(keep) and not shown: somebody else wrote it."""
    diffs = []
    for entry in entries:
        path, mode = entry["path"], int(entry["mode"], 8)
        if entry.get("directory"):
            diffs += directory_with(path, mode, check)
            continue
        content = entry["content"] if entry.get("content") is not None else dict(secrets).get(path)
        if (content is None) != bool(entry.get("absent")):
            raise ValueError("%s has either a text or is absent" % path)
        before, mode_before = current(path)
        if (before, mode_before) == (content, mode) or (content is None and not os.path.lexists(path)):
            continue
        seen = "(kept in %s)\n" % keep if keep and before is not None else before
        diffs.append({"before_header": path, "after_header": path, **shown(entry, seen, content)} if before != content else
                     {"before_header": path, "after_header": path, "before": "mode %04o\n" % mode_before, "after": "mode %04o\n" % mode})
        if keep and not check:
            keep_copy(path, keep)
        if content is None:
            if not check:
                os.unlink(path)
        elif not check:
            make_directory(os.path.dirname(path), int(entry.get("directory_mode") or "0755", 8), int(entry.get("parent_mode") or "0755", 8))
            replace(path, content, mode)
    return diffs
