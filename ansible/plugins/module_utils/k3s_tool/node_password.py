# Apache-2.0 (see LICENSE)
"""The secrets with the passwords of nodes, which decide who may join under a name."""

from __future__ import annotations

import json

from ansible.module_utils.k3s_tool.kubectl import kubectl

# A machine that was off when it was removed would join again by itself once it is on. A secret of its name without a password keeps it out: k3s refuses
# a node whose password the secret does not hold (k3s pkg/nodepassword/nodepassword.go, ensure). It is not of k3s' own type, as k3s deletes secrets of
# that type that have no node after ten minutes, and has a finalizer, as k3s replaces others at each start (controller.go, sync and migrateSecrets).
TOMBSTONE = "k3s-tool.io/removed-node"


def secrets_of(names):
    """The secrets that hold the passwords of nodes, of those that have one."""
    text = kubectl("get", "secret", *("%s.node-password.k3s" % name for name in names), "-n", "kube-system", "--ignore-not-found", "-o", "json")
    found = json.loads(text) if text.strip() else {"items": []}
    return found.get("items", [found])


def secret_of(name):
    """The secret that holds the password of a node, or None."""
    return next(iter(secrets_of([name])), None)


def is_tombstone(secret):
    return TOMBSTONE in (secret["metadata"].get("finalizers") or [])


def remove_secret(secret):
    """Deletes the secret of a node; a tombstone's finalizer first, or it would stay."""
    name = secret["metadata"]["name"]
    if is_tombstone(secret):
        kubectl("patch", "secret", name, "-n", "kube-system", "--type=merge", "-p", json.dumps({"metadata": {"finalizers": None}}))
    kubectl("delete", "secret", name, "-n", "kube-system", "--ignore-not-found")


def keep_out(name):
    """Leaves a tombstone, so that the machine of that name is refused until it is admitted again."""
    kubectl("create", "-f", "-", document=json.dumps({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "%s.node-password.k3s" % name, "namespace": "kube-system", "finalizers": [TOMBSTONE]},
    }))
