#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Brings labels, taints and annotations of nodes to what the inventory says, and waits for the nodes to be Ready."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_nodes
short_description: Settings of nodes, through the API
description:
  - Brings labels, taints and annotations of nodes to what the inventory says, and waits for the nodes to be Ready on their address with the
    wanted version. Runs on a server. One C(kubectl get) serves all nodes.
  - What the inventory owns is recorded in annotations of the node, so that what it no longer says is removed and what others set is left alone.
options:
  nodes:
    description: By name of the node C(labels), C(taints), C(annotations), C(worker), C(ip) and C(version).
    type: dict
    required: true
  reserved:
    description: Keys that nobody may set, as lists under C(labels), C(annotations) and C(taints); a key that ends with * matches every key with that prefix.
    type: dict
    default: {}
  known:
    description: Nodes of the whole inventory. Others with the address or machine-id of one of C(nodes) are returned as its C(former) names.
    type: list
    elements: str
    default: []
  judge:
    description: Whether the task fails where a node is not as it should be. Else it returns that, for each node's own host to fail by itself.
    type: bool
    default: true
  timeout:
    description: How long nodes may take to be Ready, in seconds.
    type: int
    default: 180
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_nodes:
    nodes:
      pi: {labels: {disk: ssd}, taints: [], annotations: {}, worker: true, ip: 100.64.0.3, version: v1.36.2+k3s1}
"""

RETURN = r"""
nodes:
  description: By name of the node its C(changes), as words, its C(problem), or null, and with C(known) its C(former) names.
  returned: always
  type: dict
"""

import json
import re
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool.kubectl import Failed, is_ready, kubectl
from ansible.module_utils.k3s_tool.programs import sentence

PREFIX = "k3s-tool.io/owned-"
WORKER_ROLE = "node-role.kubernetes.io/worker"
NAME = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
KEY = re.compile(r"^(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?%s$" % NAME)
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def is_reserved(key, entries):
    """Whether Kubernetes or k3s keeps a key for itself; an entry that ends with * matches every key with that prefix."""
    return any(key.startswith(entry[:-1]) if entry.endswith("*") else key == entry for entry in entries)


def invalid(wanted, reserved):
    """What the API would refuse in the settings of a node, or None."""
    for kind in ("labels", "annotations"):
        for key, value in wanted[kind].items():
            if not KEY.match(key):
                return "%r is not a valid key for %s" % (key, kind)
            if is_reserved(key, reserved.get(kind, [])):
                return "%s is set by Kubernetes or k3s itself: take it out of the node's %s" % (key, kind)
            if kind == "labels" and value and not re.match("^%s$" % NAME, value):
                return "%r is not a valid value for the label %s" % (value, key)
    for taint in wanted["taints"]:
        if not KEY.match(taint["key"]) or taint["effect"] not in EFFECTS:
            return "%r is not a valid taint" % taint_text(taint)
        if is_reserved(taint["key"], reserved.get("taints", [])):
            return "%s is set by Kubernetes itself: take it out of the node's taints" % taint["key"]
        if taint["value"] and not re.match("^%s$" % NAME, taint["value"]):
            return "%r is not a valid value for the taint %s" % (taint["value"], taint["key"])
    return None


def text_of(value):
    """A label's text of an inventory's value: YAML's true is Kubernetes' "true"."""
    return ("true" if value else "false") if isinstance(value, bool) else "" if value is None else str(value)


def normal(node):
    """Settings of a node as the inventory has them, in one form: {labels, annotations, taints}."""
    labels = {key: text_of(value) for key, value in (node.get("labels") or {}).items()}
    if node.get("worker"):
        labels.setdefault(WORKER_ROLE, "true")
    taints = [{"key": str(taint["key"]), "value": text_of(taint.get("value")), "effect": str(taint["effect"])} for taint in node.get("taints") or []]
    return {"labels": labels, "taints": taints, "annotations": {key: text_of(value) for key, value in (node.get("annotations") or {}).items()}}


def taint_id(taint):
    return "%s:%s" % (taint["key"], taint["effect"])


def taint_text(taint):
    return "%s%s:%s" % (taint["key"], "=" + taint["value"] if taint.get("value") else "", taint["effect"])


def owned(metadata, kind):
    """Keys that an earlier run recorded as the inventory's."""
    try:
        keys = json.loads((metadata.get("annotations") or {}).get(PREFIX + kind, "[]"))
    except ValueError:
        return []
    return [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []


def plan(node, wanted):
    """The merge patch that brings a Node object to what is wanted, and its changes in words; (None, []) where nothing differs."""
    metadata, patch, changes = node["metadata"], {}, []
    for kind in ("labels", "annotations"):
        has, part = metadata.get(kind) or {}, {}
        for key, value in wanted[kind].items():
            if has.get(key) != value:
                part[key] = value
                changes.append("%s %s=%s %s" % (kind[:-1], key, value, "changed" if key in has else "added"))
        for key in owned(metadata, kind):
            if key in has and key not in wanted[kind]:
                part[key] = None
                changes.append("%s %s removed" % (kind[:-1], key))
        if part:
            patch[kind] = part
    before = node.get("spec", {}).get("taints") or []
    mine = {taint_id(taint): taint for taint in wanted["taints"]}
    gone = [key for key in owned(metadata, "taints") if key not in mine]
    after = [taint for taint in before if taint_id(taint) not in mine and taint_id(taint) not in gone]
    after += [{key: value for key, value in taint.items() if value} for taint in mine.values()]
    old, new = {taint_text(taint) for taint in before}, {taint_text(taint) for taint in after}
    changes += ["taint %s added" % text for text in sorted(new - old)] + ["taint %s removed" % text for text in sorted(old - new)]
    annotations = patch.setdefault("annotations", {})
    for kind, keys in (("labels", wanted["labels"]), ("annotations", wanted["annotations"]), ("taints", mine)):
        record = json.dumps(sorted(keys)) if keys else None
        if (metadata.get("annotations") or {}).get(PREFIX + kind) != record:
            annotations[PREFIX + kind] = record
            changes.append("record of owned %s updated" % kind)
    if not changes:
        return None, []
    # The version makes the API refuse the patch if somebody else changed the node in between: taints are replaced as a whole.
    document = {"metadata": {**patch, "resourceVersion": metadata.get("resourceVersion")}}
    if old != new:
        document["spec"] = {"taints": after}
    return document, changes


def unready(node, wanted):
    """Why a node does not count as ready yet, or None."""
    status = node.get("status", {})
    addresses = [entry.get("address") for entry in status.get("addresses", []) if entry.get("type") == "InternalIP"]
    ready = next((entry for entry in status.get("conditions", []) if entry.get("type") == "Ready"), {})
    if ready.get("status") != "True":
        return "the node is not Ready: %s" % (ready.get("message") or ready.get("reason") or "its kubelet has not reported yet")
    if wanted["ip"] not in addresses:
        return "the node's InternalIP is %s, not %s" % (", ".join(addresses) or "unknown", wanted["ip"])
    version = status.get("nodeInfo", {}).get("kubeletVersion", "")
    if wanted.get("version") and version != wanted["version"]:
        return "the node's kubelet is %s, not %s" % (version, wanted["version"])
    etcd = (node["metadata"].get("annotations") or {}).get("etcd.k3s.cattle.io/node-address")
    if etcd and etcd != wanted["ip"]:
        return "etcd uses %s on this node, not %s" % (etcd, wanted["ip"])
    return None


def owned_keys(node, wanted):
    """What the inventory has a say in on a node: keys that it wants or wanted, by kind."""
    metadata = node["metadata"]
    keys = {kind: set(wanted[kind]) | set(owned(metadata, kind)) for kind in ("labels", "annotations")}
    return {**keys, "taints": {taint_id(taint) for taint in wanted["taints"]} | set(owned(metadata, "taints"))}


def shown(node, keys):
    """Labels, annotations and taints of a node that are among the keys, one a line: what a diff compares."""
    lines = ["%s %s=%s" % (kind[:-1], key, value) for kind in ("labels", "annotations")
             for key, value in sorted((node["metadata"].get(kind) or {}).items()) if key in keys[kind]]
    lines += sorted("taint " + taint_text(taint) for taint in node.get("spec", {}).get("taints") or [] if taint_id(taint) in keys["taints"])
    return "".join(line + "\n" for line in lines)


def patched(node, patch):
    """The node as it is after a merge patch."""
    metadata = dict(node["metadata"])
    for kind in ("labels", "annotations"):
        merged = {**(metadata.get(kind) or {}), **patch["metadata"].get(kind, {})}
        metadata[kind] = {key: value for key, value in merged.items() if value is not None}
    return {"metadata": metadata, "spec": {"taints": patch.get("spec", node.get("spec", {})).get("taints") or []}}


def settle(name, node, result, wanted, check):
    """Changes what differs on one node; a check only says it."""
    patch, changes = plan(node, wanted)
    if not patch:
        return
    if not check:
        kubectl("patch", "node", name, "--type=merge", "-p", json.dumps(patch))
    header, keys = "node/" + name, owned_keys(node, wanted)
    result["changes"] = changes
    result["diff"] = {"before_header": header, "after_header": header, "before": shown(node, keys), "after": shown(patched(node, patch), keys)}


def address_of(node):
    return next((entry.get("address") for entry in node.get("status", {}).get("addresses", []) if entry.get("type") == "InternalIP"), None)


def former(name, ip, found, known):
    """
    Names under which the machine of a node was a node before: with its address, or, where it is not Ready, with its machine-id (machines that were
    cloned share one). Names that the inventory has are never meant.
    """
    machine = found.get(name, {}).get("status", {}).get("nodeInfo", {}).get("machineID")
    return sorted(other for other, node in found.items() if other != name and other not in known and (
        address_of(node) == ip
        or machine and machine == node.get("status", {}).get("nodeInfo", {}).get("machineID") and not is_ready(node)))


def reconcile(params, now=time.monotonic, pause=time.sleep):
    """Works on all nodes until each is settled and ready, or the time is up; the result of each by name."""
    nodes, check = params["nodes"], params.get("check", False)
    wanted = {name: normal(node) for name, node in nodes.items()}
    results = {name: {"changes": [], "problem": invalid(wanted[name], params.get("reserved") or {})} for name in nodes}
    open_nodes = {name for name in nodes if not results[name]["problem"]}
    settled, deadline = set(), now() + params.get("timeout", 180)
    while open_nodes:
        try:
            found = {item["metadata"]["name"]: item for item in json.loads(kubectl("get", "nodes", "-o", "json"))["items"]}
            error = None
        except (Failed, ValueError) as failure:
            found, error = {}, "the API server does not answer: %s" % failure
        for name in sorted(open_nodes):
            node, result = found.get(name), results[name]
            result["problem"] = error or "the node has not registered"
            if params.get("known"):
                result["former"] = former(name, nodes[name]["ip"], found, params["known"])
            if node:
                try:
                    if name not in settled:
                        settle(name, node, result, wanted[name], check)
                        settled.add(name)
                    result["problem"] = unready(node, nodes[name])
                except Failed as failure:
                    result["problem"] = "its settings could not be applied: %s" % failure
            elif check and (nodes[name].get("labels") or nodes[name].get("taints")):
                result["changes"] = ["settings of the new node"]
            # A check changes nothing, so the expected settings are not there yet.
            if check:
                result["problem"] = None
            if not result["problem"]:
                open_nodes.discard(name)
        if not open_nodes or now() >= deadline:
            break
        pause(0.3)
    return results


def main():
    module = AnsibleModule(argument_spec={
        "nodes": {"type": "dict", "required": True},
        "reserved": {"type": "dict", "default": {}},
        "known": {"type": "list", "elements": "str", "default": []},
        "judge": {"type": "bool", "default": True},
        "timeout": {"type": "int", "default": 180},
    }, supports_check_mode=True)
    results = reconcile({**module.params, "check": module.check_mode})
    diffs = [result.pop("diff") for result in results.values() if "diff" in result]
    problems = [(name, result["problem"]) for name, result in results.items() if result["problem"]]
    found = {"nodes": results, "changed": any(result["changes"] for result in results.values()), **({"diff": diffs} if diffs else {})}
    if problems and module.params["judge"]:
        name = problems[0][0]
        unit = "k3s-agent" if module.params["nodes"][name].get("worker") else "k3s"
        module.fail_json(msg=sentence("; ".join(problem for _, problem in problems), "See `journalctl -u %s` on %s and `k3s-tool status`." % (unit, name)), **found)
    module.exit_json(**found)


if __name__ == "__main__":
    main()
