#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Lets the cluster use a node's NVIDIA cards: the device plugin, how many pods share a card, and what the node offers in the end."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_gpu
short_description: NVIDIA's device plugin for one node, through the API
description:
  - Runs on a server. A DaemonSet runs the plugin on nodes with the label C(k3s-tool.io/gpu-replicas), whose value is how many pods share a card; a
    ConfigMap has the plugin's configuration of each node under the node's name. The objects go away with the last such node.
  - Changing how many pods share a card restarts the plugin on that node, and nothing else.
  - Done is when the node offers cards times replicas of C(nvidia.com/gpu). Otherwise it says what plugin and kubelet say, in words.
options:
  node:
    description: Name of the node.
    type: str
    required: true
  state:
    description: Whether pods may use its cards.
    type: str
    choices: [present, absent]
    default: present
  cards:
    description: How many cards the driver has.
    type: int
    default: 0
  description:
    description: The cards in words, for the node's annotation C(k3s-tool.io/gpu).
    type: str
    default: ""
  replicas:
    description: How many pods share a card; 1 for none.
    type: int
    default: 1
  image:
    description: The plugin's image, with its digest. Needed where pods may use the cards.
    type: str
  asked_for:
    description: Whether the inventory asks for it. Where it does not, what is wrong is a warning.
    type: bool
    default: true
  problem:
    description: What is wrong with the host (C(message), C(hint)), so that nothing is changed in the cluster.
    type: dict
    default: {}
  timeout:
    description: Seconds until the node offers its cards. Pulling the image counts.
    type: int
    default: 300
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_gpu:
    node: dgx
    cards: 1
    replicas: 4
    image: nvcr.io/nvidia/k8s-device-plugin:v0.18.2@sha256:b5788e29e7ae5272de8de863ebe386d6611e608421a6ecc5b4e7d5952aba637f
"""

RETURN = r"""
changes:
  description: What was done, in words.
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
import os
import re
import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool import kubectl
from ansible.module_utils.k3s_tool.manifests import APPLY, differing, manifest_of, objects_of
from ansible.module_utils.k3s_tool.outcome import end

RESOURCE = "nvidia.com/gpu"
LABEL, ANNOTATION = "k3s-tool.io/gpu-replicas", "k3s-tool.io/gpu"
NAMESPACE, NAME = "kube-system", "k3s-tool-gpu"
LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/managed-by": "k3s-tool"}
# How long a plugin may take to register with a kubelet that was restarted, before it is restarted itself.
GRACE = 20

# What kubelet and plugin say when something is wrong (k8s: pkg/kubelet; containerd: internal/cri/server; NVIDIA: go-nvml, libnvidia-container).
KNOWN = (
    (r"no runtime for \"nvidia\" is configured", "k3s has not found NVIDIA's container runtime on this host",
     "It looks for nvidia-container-runtime when it starts, in its PATH and in /usr/local/nvidia/toolkit: `which nvidia-container-runtime` there, then restart k3s."),
    (r"RuntimeClass \"nvidia\" not found|runtimeclass.*nvidia.*not found", "the cluster has no RuntimeClass nvidia, which k3s makes itself",
     "Take runtimes out of k3s_disable, and remove server/manifests/runtimes.yaml.skip on the servers."),
    (r"[Dd]river/library version mismatch", "the NVIDIA driver was updated, and the kernel still runs the older one", "Reboot the machine."),
    (r"driver not loaded|couldn't communicate with the NVIDIA driver|DRIVER_NOT_LOADED", "the NVIDIA driver is not loaded", "See `nvidia-smi` on the machine."),
    (r"ErrImagePull|ImagePullBackOff|[Ff]ailed to pull", "the image of the device plugin could not be pulled",
     "Can the machine reach the registry? gpu_support_plugin_image names another image."),
    (r"libnvidia-ml|LIBRARY_NOT_FOUND|could not load NVML|Incompatible (?:strategy|platform)", "the device plugin does not find the NVIDIA driver in its container",
     "See `nvidia-container-cli info` on the machine: driver and container toolkit must fit together."),
)


def configuration(replicas):
    """The plugin's configuration of one node (NVIDIA/k8s-device-plugin api/config/v1)."""
    shared = {"sharing": {"timeSlicing": {"resources": [{"name": RESOURCE, "replicas": replicas}]}}} if replicas > 1 else {}
    return json.dumps({"version": "v1", **shared}, indent=1) + "\n"


def plugin(image):
    """The DaemonSet. Each pod reads the file that has its node's name, so that one object serves all nodes and no pod needs to ask the API."""
    directory = "/var/lib/kubelet/device-plugins"
    return {
        "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": LABELS},
        "spec": {
            "selector": {"matchLabels": {"app.kubernetes.io/name": NAME}},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {
                    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [{"matchExpressions": [{"key": LABEL, "operator": "Exists"}]}]}}},
                    # Whatever taints its owner gave the node: without the plugin nobody could use its cards.
                    "tolerations": [{"operator": "Exists"}],
                    "priorityClassName": "system-node-critical",
                    "runtimeClassName": "nvidia",
                    "automountServiceAccountToken": False,
                    "containers": [{
                        "name": "plugin", "image": image,
                        "env": [{"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                                {"name": "CONFIG_FILE", "value": "/config/$(NODE_NAME)"}],
                        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                        "volumeMounts": [{"name": "device-plugins", "mountPath": directory}, {"name": "config", "mountPath": "/config", "readOnly": True}],
                    }],
                    "volumes": [{"name": "device-plugins", "hostPath": {"path": directory, "type": "Directory"}}, {"name": "config", "configMap": {"name": NAME}}],
                },
            },
        },
    }


def get(*arguments):
    """Objects that kubectl finds."""
    return objects_of(kubectl.kubectl("get", *arguments, "--ignore-not-found", "-o", "json"))


def offered(node):
    return int((node.get("status", {}).get("allocatable") or {}).get(RESOURCE, 0))


class Node:
    """One node's part in it; `now` and `pause` are replaced by tests."""

    def __init__(self, params, check=False, now=time.monotonic, pause=time.sleep):
        self.params, self.check, self.now, self.pause = params, check, now, pause
        self.name, self.changes, self.warnings, self.problem, self.hint = params["node"], [], [], None, None

    def do(self, words, *arguments, document=None):
        """A change: told, and made where this is no check."""
        self.changes.append(words)
        if not self.check:
            kubectl.kubectl(*arguments, document=document)

    def nodes(self):
        return {item["metadata"]["name"]: item for item in get("nodes")}

    def pods(self):
        return get("pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/name=" + NAME, "--field-selector", "spec.nodeName=" + self.name)

    def configure(self, nodes, text):
        """Brings the ConfigMap's entry to a text, None for none; entries of nodes that are gone go too. True where this node's changed."""
        found = get("configmap", NAME, "-n", NAMESPACE)
        data = found[0].get("data") or {} if found else {}
        patch = {name: None for name in data if name not in nodes}
        if data.get(self.name) != text:
            patch[self.name] = text
        if patch and (found or text):
            if not found:
                document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": LABELS}}
                self.do("made the ConfigMap %s/%s" % (NAMESPACE, NAME), *APPLY, document=manifest_of([document]))
            self.do("configured the device plugin for %s" % ", ".join(sorted(patch)),
                    "patch", "configmap", NAME, "-n", NAMESPACE, "--type=merge", "-p", json.dumps({"data": patch}))
        self.left = {**data, **patch}
        return self.name in patch and self.name in data

    def mark(self, node, replicas, description):
        """Label and annotation of the node; None removes one."""
        patch = {}
        for kind, key, value in (("labels", LABEL, replicas), ("annotations", ANNOTATION, description)):
            if (node["metadata"].get(kind) or {}).get(key) != value:
                patch[kind] = {key: value}
        words = ["%s %s" % (key, "removed" if value is None else "= " + value) for part in patch.values() for key, value in part.items()]
        if patch:
            self.do("marked the node: %s" % ", ".join(words), "patch", "node", self.name, "--type=merge", "-p", json.dumps({"metadata": patch}))

    def present(self):
        """Configuration, DaemonSet and label in this order: no pod starts before what it reads is there. Then the node offers its cards."""
        problem = self.params["problem"]
        nodes = self.nodes()
        if not problem and self.name not in nodes and self.check:
            self.changes.append("the GPU offered to pods")
            return
        if not problem and self.name not in nodes:
            problem = {"message": "the cluster has no node %s" % self.name, "hint": "See `k3s-tool status`."}
        if problem:
            self.problem, self.hint = "the GPU cannot be used: %s" % problem["message"], problem["hint"]
            return
        changed = self.configure(nodes, configuration(self.params["replicas"]))
        document = manifest_of([plugin(self.params["image"])])
        if differing(document)[1]:
            self.do("applied the DaemonSet %s/%s" % (NAMESPACE, NAME), *APPLY, document=document)
        old = self.pods() if changed else []
        self.mark(nodes[self.name], str(self.params["replicas"]), self.params["description"] or None)
        for pod in old:
            self.restart(pod)
        if not self.check:
            self.wait({pod["metadata"]["uid"] for pod in old})

    def restart(self, pod):
        self.do("restarted the device plugin", "delete", "pod", pod["metadata"]["name"], "-n", NAMESPACE, "--wait=false", "--ignore-not-found")

    def wait(self, replaced):
        """Until a plugin that is not one of the replaced ones runs, and the node offers what it should."""
        wanted, begun = self.params["cards"] * self.params["replicas"], self.now()
        restarts, offers = set(replaced), 0
        while True:
            nodes, pods = get("nodes", self.name), self.pods()
            offers = offered(nodes[0]) if nodes else 0
            running = [pod for pod in pods if pod["metadata"]["uid"] not in replaced and not pod["metadata"].get("deletionTimestamp")]
            if offers == wanted and any(pod["status"].get("phase") == "Running" for pod in running):
                return
            waited = self.now() - begun
            if waited > self.params["timeout"]:
                break
            # A run that ended between a change and the restart left a plugin with what it read before.
            stale = [pod for pod in running if pod["metadata"]["uid"] not in restarts and pod["status"].get("phase") == "Running" and offers != wanted]
            if waited > GRACE and stale and not restarts:
                for pod in stale:
                    restarts.add(pod["metadata"]["uid"])
                    self.restart(pod)
            self.pause(1)
        self.problem, self.hint = self.explain("the node offers %d %s, not %d" % (offers, RESOURCE, wanted))

    def explain(self, what):
        """Why, by what is said about the plugin's pod and by it."""
        pods, said = self.pods(), []
        for pod in pods:
            for status in pod["status"].get("containerStatuses") or []:
                for state in (status.get("state") or {}).values():
                    said += [state.get("reason") or "", state.get("message") or ""]
            name = pod["metadata"]["name"]
            said += [event.get("message", "") for event in get("events", "-n", NAMESPACE, "--field-selector", "involvedObject.name=" + name)]
            for previous in ([], ["--previous"]):
                try:
                    said.append(kubectl.kubectl("logs", name, "-n", NAMESPACE, "--tail=40", *previous))
                except kubectl.Failed:
                    continue
        if not pods:
            said += [event.get("message", "") for event in get("events", "-n", NAMESPACE, "--field-selector", "involvedObject.name=" + NAME)]
        text = "\n".join(said)
        for pattern, message, hint in KNOWN:
            if re.search(pattern, text):
                return "%s: %s" % (what, message), hint
        last = [line for line in text.splitlines() if line.strip()][-1:]
        return "%s%s" % (what, ". The device plugin said last: %s" % last[0][:300] if last else ": the device plugin has no pod there"), \
            "See `k3s-tool doctor --gpu`, and `kubectl -n %s logs daemonset/%s`." % (NAMESPACE, NAME)

    def absent(self):
        """The plugin leaves the node; refused while pods use the runtime, which ends with the toolkit."""
        if not os.path.exists(kubectl.K3S):
            return
        nodes = kubectl.patiently(self.nodes)
        if self.name in nodes:
            pods = [pod for pod in get("pods", "-A", "--field-selector", "spec.nodeName=" + self.name) if pod["spec"].get("runtimeClassName") == "nvidia"
                    and pod["status"].get("phase") not in ("Succeeded", "Failed") and pod["metadata"].get("labels", {}).get("app.kubernetes.io/name") != NAME]
            if pods:
                self.problem = "gpu is false, but pods on %s use the GPU: %s" % (self.name, ", ".join(
                    "%s/%s" % (pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in pods))
                self.hint = "Delete them, or take runtimeClassName: nvidia out of them, then run again."
                return
            self.mark(nodes[self.name], None, None)
        self.configure(nodes, None)
        if not any(self.left.values()):
            for kind in ("daemonset", "configmap"):
                if get(kind, NAME, "-n", NAMESPACE):
                    self.do("removed the %s %s/%s" % (kind, NAMESPACE, NAME), "delete", kind, NAME, "-n", NAMESPACE)
        # Of a node that is gone, Kubernetes itself clears the pods away.
        end_at = self.now() + self.params["timeout"]
        while self.name in nodes and not self.check and self.pods() and self.now() < end_at:
            self.pause(0.5)


def main():
    module = AnsibleModule(argument_spec={
        "node": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "cards": {"type": "int", "default": 0},
        "description": {"type": "str", "default": ""},
        "replicas": {"type": "int", "default": 1},
        "image": {"type": "str"},
        "asked_for": {"type": "bool", "default": True},
        "problem": {"type": "dict", "default": {}},
        "timeout": {"type": "int", "default": 300},
    }, required_if=[("state", "present", ("image",))], supports_check_mode=True)
    node = Node(module.params, module.check_mode)
    try:
        node.present() if module.params["state"] == "present" else node.absent()
    except (kubectl.Failed, ValueError) as error:
        if module.check_mode:  # of a cluster that does not exist yet
            end(module, ["the GPU offered to pods"])
        node.problem, node.hint = "the cluster could not be asked: %s" % error, "See `journalctl -u k3s` on this host and `k3s-tool status`."
    if node.problem and not module.params["asked_for"] and module.params["state"] == "present":
        node.warnings.append("%s. %s" % (node.problem[:1].upper() + node.problem[1:], node.hint))
        node.problem = None
    end(module, node.changes, node.warnings, node.problem, node.hint)


if __name__ == "__main__":
    main()
