#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Takes a node out of the cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_remove_node
short_description: One step of taking a node out of the cluster, through the API
description:
  - Runs on a server that stays. It refuses to remove the only server, or one without which there is no majority.
options:
  node:
    description: Name of the node.
    type: str
    required: true
  host:
    description: Name of its host in the inventory, for messages.
    type: str
    required: true
  step:
    description:
      - C(drain) cordons the node and moves its pods away. C(delete) deletes it with its password and, through k3s, its etcd member.
      - C(replace) deletes the node of a machine that was reinstalled; a node that lives is refused.
    type: str
    choices: [drain, delete, replace]
    required: true
  gone:
    description: Whether the machine is not reached any more. Of a worker a secret stays that keeps it out.
    type: bool
    default: false
  server:
    description: Whether the node is a server.
    type: bool
    default: false
  drain_timeout:
    description: Seconds that pods have to leave.
    type: int
    default: 120
  drain_force:
    description: Whether to go on where they do not.
    type: bool
    default: false
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_remove_node:
    node: pi
    host: pi
    step: drain
"""

RETURN = r"""
changes:
  description: What was, or in a check would be, done, in words.
  returned: always
  type: list
  elements: str
told:
  description: What a person should know, each a sentence; also given as warnings.
  returned: always
  type: list
  elements: str
"""

import json
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.kubectl import Failed, is_ready, kubectl, patiently
from ansible.module_utils.k3s_tool.node_password import is_tombstone, keep_out, remove_secret, secret_of
from ansible.module_utils.k3s_tool.outcome import end
from ansible.module_utils.k3s_tool.storage_classes import located, stranded


def is_server(node):
    labels = node["metadata"].get("labels") or {}
    return any("node-role.kubernetes.io/" + role in labels for role in ("control-plane", "master", "etcd"))


def is_member(node):
    return "node-role.kubernetes.io/etcd" in (node["metadata"].get("labels") or {})


def refusal(nodes, name):
    """Why a server may not be removed: it is the last, or those that stay would have no majority."""
    others = [node for node in nodes if is_server(node) and node["metadata"]["name"] != name]
    if not any(is_server(node) for node in nodes if node["metadata"]["name"] == name):
        return None
    if not others:
        return "%s is the only server: without it there is no cluster" % name, "`k3s-tool reset` removes the whole cluster; or add another server first."
    ready = sum(is_ready(node) for node in others)
    back = "Bring the other servers back first; look at `k3s-tool status`."
    # Servers that share a database need no majority.
    if not any(is_member(node) for node in nodes):
        return None if ready else ("none of the servers that would stay is Ready", back)
    if ready < len(others) // 2 + 1:
        return "only %d of the %d servers that would stay are Ready, too few for a majority" % (ready, len(others)), back
    return None


# Seconds after a pod's grace period in which its kubelet must have said that it ended. One that has not does not hear the API, as on a
# server whose address in the tailnet changed, though its node counts as Ready for a while.
SAYS_NOTHING = 15

# What kube-controller-manager taints a cordoned node with (Kubernetes pkg/controller/nodelifecycle, doNoScheduleTaintingPass). Before it has, nothing
# takes pods that leave out of their Services, and nothing replaces them: after the server that led the controllers went away, until another one does.
CORDON_TAINT = "node.kubernetes.io/unschedulable"


def drain(params, node, result):
    """Moves pods away within the time limit. A node that is not Ready cannot tell of its pods: nothing to wait for."""
    name = params["node"]
    if params.get("gone") or not is_ready(node):
        return
    result["changes"].append("drained %s" % name)
    if params.get("check"):
        return
    limit = params.get("drain_timeout", 120)
    kubectl("cordon", name)
    noticed = comes_to_be(name, lambda node: any(taint["key"] == CORDON_TAINT for taint in node["spec"].get("taints") or []))
    if not noticed and not params.get("drain_force"):
        result["problem"] = "%s was not drained: kube-controller-manager does not respond, so nothing would replace its pods" % name
        return
    try:
        kubectl("drain", name, "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=%ds" % limit,
                "--skip-wait-for-delete-timeout=%d" % SAYS_NOTHING, timeout=limit + 30)
    except Failed as failure:
        if not params.get("drain_force"):
            result["problem"] = "%s could not be drained within %d s: %s" % (name, limit, failure)
            result["hint"] = ("A disruption budget may hold pods: give it more replicas elsewhere and run again, "
                              "or continue anyway: `k3s-tool config set k3s_uninstall_drain_force true --scope %s`, then run again." % params["host"])


def delete(params, node, result):
    """
    Deletes node and password; waits until the node is gone, which on a server is after its etcd member was removed. A machine that was not
    reached keeps k3s and its token: a worker is kept out, of a server it can only be said.
    """
    name, secret = params["node"], secret_of(params["node"])
    gone = params.get("gone") and params["step"] == "delete"
    if node:
        result["changes"].append("deleted node %s" % name)
    if secret and not (gone and is_tombstone(secret)):
        result["changes"].append("deleted secret %s" % secret["metadata"]["name"])
    if gone and not params.get("server"):
        result["warnings"].append("%s was not touched and still has k3s. The cluster refuses it from now on, should it be switched on; adding it again "
                                  "(`k3s-tool node add`, then `k3s-tool provision`) lets it in." % name)
    elif gone:
        result["warnings"].append("%s was a server and was not touched: it still has k3s, the cluster's data and its token, and may join again by itself when it "
                                  "is switched on. Erase its disk, or take it off the tailnet, before you switch it on." % name)
    lost = params["step"] == "delete" and stranded(map(located, json.loads(kubectl("get", "pv", "-o", "json"))["items"]), name)
    result["warnings"] += [lost] if lost else []
    if params.get("check"):
        return
    if node:
        kubectl("delete", "node", name, "--ignore-not-found", "--timeout=90s", timeout=120)
    # The node owned the secret: it may have gone with it.
    secret = secret_of(name)
    if gone and not params.get("server") and secret and is_tombstone(secret):
        return
    if secret:
        remove_secret(secret)
    if gone and not params.get("server"):
        keep_out(name)


def comes_to_be(name, true_of, limit=60):
    """Whether something is true of a node, or becomes so within `limit` seconds: the API notices after 40 s that a machine is gone, and another server
    leads the controllers after 15 s (Kubernetes component-base config/v1alpha1/defaults.go)."""
    end = time.monotonic() + limit
    while not true_of(json.loads(kubectl("get", "node", name, "-o", "json"))):
        if time.monotonic() > end:
            return False
        time.sleep(1)
    return True


def remove(params):
    """The step: changes, warnings, problem and hint."""
    result = {"changes": [], "warnings": [], "problem": None, "hint": "Look at `k3s-tool status`; when the cluster answers, run again."}
    try:
        nodes = patiently(lambda: json.loads(kubectl("get", "nodes", "-o", "json"))["items"])
    except (Failed, ValueError) as failure:
        result["problem"] = "the API server does not answer: %s" % failure
        return result
    node = next((item for item in nodes if item["metadata"]["name"] == params["node"]), None)
    refused = refusal(nodes, params["node"])
    try:
        if refused:
            result["problem"], result["hint"] = refused
        elif params["step"] == "drain" and node:
            drain(params, node, result)
        elif params["step"] == "replace" and node and not comes_to_be(params["node"], lambda node: not is_ready(node)):
            result["problem"] = "%s is a Ready node of the cluster: there is nothing to replace" % params["node"]
            result["hint"] = "Is there another machine of that name? Leave --replace %s out, or remove that node first: `k3s-tool node remove %s`." % (params["host"], params["host"])
        elif params["step"] in ("delete", "replace"):
            delete(params, node, result)
    except Failed as failure:
        result["problem"] = "%s could not be removed: %s" % (params["node"], failure)
    return result


def main():
    module = AnsibleModule(argument_spec={
        "node": {"type": "str", "required": True},
        "host": {"type": "str", "required": True},
        "step": {"type": "str", "required": True, "choices": ["drain", "delete", "replace"]},
        "gone": {"type": "bool", "default": False},
        "server": {"type": "bool", "default": False},
        "drain_timeout": {"type": "int", "default": 120},
        "drain_force": {"type": "bool", "default": False},
    }, supports_check_mode=True)
    end(module, **remove({**module.params, "check": module.check_mode}))


if __name__ == "__main__":
    main()
