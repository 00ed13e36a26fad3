# Apache-2.0 (see LICENSE)
"""What every look at a host needs: programs, files, and how a problem is told."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess


def run(argv, timeout=10, text=None):
    """Exit code and output of a program, which may read a text; 127 where it is missing, 124 where it took too long."""
    source = subprocess.DEVNULL if text is None else subprocess.PIPE
    try:
        program = subprocess.Popen(argv, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"})
    except (FileNotFoundError, PermissionError):
        return 127, "", "not found"
    try:
        out, err = program.communicate(None if text is None else text.encode(), timeout=timeout)
    except subprocess.TimeoutExpired:
        program.kill()  # and no waiting for it: one that hangs in a driver does not end
        program.stdout.close()
        program.stderr.close()
        return 124, "", "no answer within %d s" % timeout
    return program.returncode, out.decode(errors="replace"), err.decode(errors="replace")


def problem(ident, message, hint):
    """One thing that keeps this host out of the run."""
    return {"id": ident, "message": message, "hint": hint}


def sentence(message, hint):
    """A failure as a person reads it: a sentence, and what to do. The name of a setting, label or file stays as it is written."""
    first = message[:1].upper() if re.match("[a-z]+ ", message) else message[:1]
    return "%s%s\nHint: %s" % (first, message[1:], hint)


def read(path, default=""):
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return default


def sha256_of(path):
    """Hex digest of a file, None where there is none."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
    except OSError:
        return None
    return digest.hexdigest()
