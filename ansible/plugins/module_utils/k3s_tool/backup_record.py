# Apache-2.0 (see LICENSE)
"""What a cluster knows of its backups: annotations of the server that made them, which `k3s-tool status` reads. No secret is in them."""

from __future__ import annotations

import json

from ansible.module_utils.k3s_tool.kubectl import kubectl

MADE = "k3s-tool.io/backup"
FAILED = "k3s-tool.io/backup-failed"
SCHEDULE = "k3s-tool.io/backup-schedule"
LONGEST = 300


def made(node, time, name, ask=kubectl):
    """The newest backup, an ISO time and a name; an earlier failure is over."""
    annotate(node, {MADE: {"time": time, "name": name}, FAILED: None}, ask)


def failed(node, time, message, ask=kubectl):
    annotate(node, {FAILED: {"time": time, "message": message[:LONGEST]}}, ask)


def scheduled(node, every, since, ask=kubectl):
    """Backups come every so many seconds, since an ISO time."""
    annotate(node, {SCHEDULE: {"every": every, "since": since}}, ask)


def unscheduled(node, ask=kubectl):
    annotate(node, {SCHEDULE: None, FAILED: None}, ask)


def annotate(node, values, ask):
    words = [key + "-" if value is None else "%s=%s" % (key, json.dumps(value)) for key, value in values.items()]
    ask("annotate", "node", node, "--overwrite", *words, timeout=30)
