#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Brings the cluster's storage classes to the directories that the inventory has for volumes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_storage_classes
short_description: Storage classes for directories of nodes, and what provisions them
description:
  - Runs on a server. Makes a class for each name, for those nodes alone that have a directory for it, with a local-path-provisioner of our own; removes
    what is no longer listed, and all of it where nothing is.
  - Refuses to take a directory away in which volumes are, with their names.
options:
  nodes:
    description: Directories by name of the node, of the whole inventory; each with C(path), C(class), C(default), C(reclaim).
    type: dict
    required: true
  prepared:
    description: Names of the nodes whose directories are set up; others count as far as they did before.
    type: list
    elements: str
    default: []
  default_class:
    description: Name of the default class; empty for the one that is marked with C(default).
    type: str
    default: ""
  image:
    description: Image of the provisioner, where k3s brings none.
    type: str
    default: ""
  helper_image:
    description: Image with a shell that makes and deletes directories, where k3s brings none.
    type: str
    default: ""
  look:
    description: Only looks for volumes that would lose their directory.
    type: bool
    default: false
  timeout:
    description: Seconds for the provisioner to run.
    type: int
    default: 180
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_storage_classes:
    nodes: {nas: [{path: /srv/fast, class: fast, reclaim: Retain}]}
    prepared: [nas]
"""

RETURN = r"""
changes:
  description: What was, or in a check would be, done, in words.
  returned: always
  type: list
  elements: str
"""

import json
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool import kubectl, storage_classes
from ansible.module_utils.k3s_tool.files import write_files
from ansible.module_utils.k3s_tool.manifests import APPLY, differing, key_of, live_objects, manifest_of, name_of, objects_of
from ansible.module_utils.k3s_tool.outcome import end
from ansible.module_utils.k3s_tool.programs import sentence
from ansible.module_utils.k3s_tool.storage import CLASSES_RECORD, forget


class Classes:
    """The steps; each adds what it did (or, in a check, would do) to `changes`."""

    def __init__(self, params, check, record=CLASSES_RECORD, pause=time.sleep):
        self.params, self.check, self.record, self.pause = params, check, record, pause
        self.changes = []

    def work(self):
        """The problem and hint where nothing, or not all, was done."""
        found = objects_of(kubectl.kubectl("get", "pv,sc", "-o", "json"))
        volumes = [volume for volume in map(storage_classes.volume_of, (item for item in found if item["kind"] == "PersistentVolume")) if volume]
        classes = {item["metadata"]["name"]: item for item in found if item["kind"] == "StorageClass"}
        lost = storage_classes.homeless(volumes, self.params["nodes"])
        if lost:
            return storage_classes.said_of(lost)
        if self.params["look"]:
            return None
        before = live_objects(manifest_of([
            storage_classes.named("v1", "ConfigMap", storage_classes.CONFIG),
            storage_classes.named("v1", "ConfigMap", storage_classes.CONFIG, storage_classes.K3S_NAMESPACE),
            storage_classes.named("apps/v1", "Deployment", storage_classes.NAME, storage_classes.K3S_NAMESPACE)]))
        live = {key_of(item): item for item in before}
        own = live.get(("ConfigMap", storage_classes.NAMESPACE, storage_classes.CONFIG))
        nodes = storage_classes.usable(self.params["nodes"], self.params["prepared"], storage_classes.configured(own))
        wanted = storage_classes.classes_of(nodes, self.params["default_class"])
        for name in wanted:
            if name in classes and classes[name]["provisioner"] != storage_classes.PROVISIONER:
                return ("the cluster has a storage class %s of another provisioner (%s)" % (name, classes[name]["provisioner"]),
                        "Name another class in storage_paths.")
        ours = [name for name, item in classes.items() if item["provisioner"] == storage_classes.PROVISIONER]
        if not wanted and not volumes:
            return self.remove_all(ours, own)
        return self.apply(nodes, volumes, wanted, classes, images_of(live, self.params))

    def delete_class(self, name, why):
        self.changes.append("StorageClass %s %s" % (name, why))
        if not self.check:
            kubectl.kubectl("delete", "storageclass", name, "--ignore-not-found")

    def remove_all(self, ours, own):
        for name in sorted(ours):
            self.delete_class(name, "deleted")
        if own:
            self.changes.append("provisioner in the namespace %s deleted" % storage_classes.NAMESPACE)
        if not self.check:
            if own:
                for kind, name in (("namespace", storage_classes.NAMESPACE), ("clusterrolebinding", storage_classes.NAMESPACE),
                                   ("clusterrole", storage_classes.NAMESPACE)):
                    kubectl.kubectl("delete", kind, name, "--ignore-not-found")
            forget(self.record)
        return None

    def apply(self, nodes, volumes, wanted, classes, images):
        for name, item in sorted(classes.items()):
            if item["provisioner"] != storage_classes.PROVISIONER:
                continue
            if name not in wanted:
                self.delete_class(name, "deleted: no node has a path for it")
            elif item.get("reclaimPolicy") != wanted[name]["reclaim"]:
                # Of a class that exists it cannot be changed. Volumes have their own, which stays.
                self.delete_class(name, "made again: new volumes are on %s" % wanted[name]["reclaim"])
        self.apply_objects(storage_classes.objects(nodes, volumes, self.params["default_class"], images))
        self.lead(classes, [name for name, one in wanted.items() if one["default"]])
        if self.check:
            return None
        write_files([{"path": self.record, "content": "", "mode": "0644"}])
        return self.await_provisioner()

    def apply_objects(self, items):
        """The namespace first: without it the API server refuses a dry run of what is in it."""
        if not live_objects(manifest_of(items[:1])):
            self.changes += [name_of(item) + " created" for item in items]
            if not self.check:
                kubectl.kubectl(*APPLY, document=manifest_of(items))
            return
        # In a check a class that is going to be made again is still there, and refuses.
        skipped = [change.split()[1] for change in self.changes] if self.check else []
        items = [item for item in items if item["kind"] != "StorageClass" or item["metadata"]["name"] not in skipped]
        _, changed, live = differing(manifest_of(items))
        if changed:
            there = {key_of(item) for item in live}
            self.changes += ["%s %s" % (name_of(item), "changed" if key_of(item) in there else "created") for item in changed]
            if not self.check:
                kubectl.kubectl(*APPLY, document=manifest_of(items))

    def lead(self, classes, defaults):
        """Makes our default class again where another one is younger: it would count. k3s marks its own at each start (decision 10)."""
        found = classes
        if self.changes and not self.check:
            found = {item["metadata"]["name"]: item for item in objects_of(kubectl.kubectl("get", "sc", "-o", "json"))}
        # What is not there yet will be the youngest.
        if not defaults or defaults[0] not in found or storage_classes.default_of(found.values()) in defaults:
            return
        item = found[defaults[0]]
        self.pause(1.1)  # times of creation are in seconds
        self.delete_class(defaults[0], "made again: another default was younger")
        item["metadata"] = {key: value for key, value in item["metadata"].items() if key in ("name", "labels", "annotations")}
        if not self.check:
            kubectl.kubectl(*APPLY, document=json.dumps(item))

    def await_provisioner(self):
        arguments = ("rollout", "status", "deployment/" + storage_classes.NAME, "-n", storage_classes.NAMESPACE, "--timeout=%ds" % self.params["timeout"])
        try:
            kubectl.kubectl(*arguments, timeout=self.params["timeout"] + 30)
        except kubectl.Failed as failure:
            return ("the provisioner of storage_paths does not run: %s" % (waiting_for() or failure),
                    "See `kubectl -n %s describe pods`." % storage_classes.NAMESPACE)
        return None


def images_of(live, params):
    """Images of the provisioner that k3s brings, so that an upgrade of k3s brings ours with it and no other is needed; else those that are given."""
    deployment = live.get(("Deployment", storage_classes.K3S_NAMESPACE, storage_classes.NAME))
    config = live.get(("ConfigMap", storage_classes.K3S_NAMESPACE, storage_classes.CONFIG))
    found = deployment["spec"]["template"]["spec"]["containers"][0]["image"] if deployment else None
    lines = ((config or {}).get("data") or {}).get("helperPod.yaml", "").splitlines()
    helper = [line.split("image:", 1)[1].strip().strip("\"'") for line in lines if line.strip().lstrip("- ").startswith("image:")]
    return {"provisioner": found or params["image"], "helper": helper[0] if helper and found else params["helper_image"]}


def waiting_for():
    """What keeps the provisioner's pods, as their containers say."""
    try:
        pods = objects_of(kubectl.kubectl("get", "pods", "-n", storage_classes.NAMESPACE, "-l", "app=" + storage_classes.NAME, "-o", "json"))
    except kubectl.Failed:
        return None
    states = [(each.get("state") or {}).get("waiting") or {} for pod in pods for each in (pod.get("status") or {}).get("containerStatuses") or []]
    said = ["%s (%s)" % (state["reason"], state.get("message", "no reason given")) for state in states if state.get("reason")]
    return said[0] if said else None


def main():
    module = AnsibleModule(argument_spec={
        "nodes": {"type": "dict", "required": True},
        "prepared": {"type": "list", "elements": "str", "default": []},
        "default_class": {"type": "str", "default": ""},
        "image": {"type": "str", "default": ""},
        "helper_image": {"type": "str", "default": ""},
        "look": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 180},
    }, supports_check_mode=True)
    job = Classes(module.params, module.check_mode)
    try:
        problem, hint = job.work() or (None, None)
    except kubectl.Failed as failure:
        module.fail_json(msg=sentence("the storage classes could not be set up: %s" % failure, "Does the API server answer? `k3s-tool status`."))
    end(module, job.changes, problem=problem, hint=hint)


if __name__ == "__main__":
    main()
