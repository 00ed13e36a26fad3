# Apache-2.0 (see LICENSE)
"""This server's kubectl."""

from __future__ import annotations

import subprocess
import time

K3S = "/usr/local/bin/k3s"


class Failed(Exception):
    """What kubectl said when it failed."""


def kubectl(*arguments, document=None, timeout=120):
    """Output of kubectl; a document goes in on stdin, so that it does not show up in the process list."""
    try:
        done = subprocess.run([K3S, "kubectl", *arguments], input=(document or "").encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed("kubectl %s: %s" % (arguments[0], error)) from error
    if done.returncode:
        raise Failed(done.stderr.decode(errors="replace").strip()[-1500:] or "kubectl %s failed" % arguments[0])
    return done.stdout.decode()


def is_ready(node):
    """Whether a node, as kubectl gives it, is Ready."""
    return any(entry.get("type") == "Ready" and entry.get("status") == "True" for entry in node.get("status", {}).get("conditions", []))


def patiently(ask, limit=30):
    """What `ask` gives, asked again while the API is away: it may be for some seconds, when another server has just joined or gone."""
    deadline = time.monotonic() + limit
    while True:
        try:
            return ask()
        except (Failed, ValueError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
