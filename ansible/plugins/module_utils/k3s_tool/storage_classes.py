# Apache-2.0 (see LICENSE)
"""
Storage classes for directories of nodes: objects of a local-path-provisioner of our own (docs/decisions/0010-storage-classes.md).

What its configuration means is in rancher/local-path-provisioner: README.md ("Configuration") and provisioner.go.
"""

from __future__ import annotations

import hashlib
import json
import os

from ansible.module_utils.k3s_tool.storage import MARK

PROVISIONER = "k3s-tool.io/local-path"
NAMESPACE = "k3s-tool-storage"
NAME = "local-path-provisioner"
CONFIG = "local-path-config"
ACCOUNT = "local-path-provisioner-service-account"
OWNED = {"app.kubernetes.io/managed-by": "k3s-tool"}
HOSTNAME = "kubernetes.io/hostname"
DEFAULT = "storageclass.kubernetes.io/is-default-class"
# What k3s brings (k3s manifests/local-storage.yaml).
K3S_NAMESPACE = "kube-system"
K3S_CLASS = "local-path"

MARKED = """#!/bin/sh
set -eu
mark="${VOL_DIR%/*}/""" + MARK + """"
if [ ! -f "$mark" ]; then
  echo "$mark is missing: is the disk mounted?" >&2
  exit 1
fi
"""
SETUP = MARKED + 'mkdir -m 0777 -p "$VOL_DIR"\n'
TEARDOWN = MARKED + 'rm -rf "$VOL_DIR"\n'


def volume_of(item):
    """Name, class, node, directory and claim of a volume that our provisioner made; None for another one."""
    return located(item) if (item["metadata"].get("annotations") or {}).get("pv.kubernetes.io/provisioned-by") == PROVISIONER else None


def located(item):
    """The same of any volume that is a directory of one node, whoever made it; None for one that is not."""
    metadata, spec = item["metadata"], item["spec"]
    terms = ((spec.get("nodeAffinity") or {}).get("required") or {}).get("nodeSelectorTerms") or []
    values = [value for term in terms for rule in term.get("matchExpressions") or [] if rule.get("key") == HOSTNAME for value in rule.get("values") or []]
    path = (spec.get("local") or spec.get("hostPath") or {}).get("path")
    if not values or not path:
        return None
    claim = spec.get("claimRef") or {}
    return {"name": metadata["name"], "class": spec.get("storageClassName", ""), "node": values[0], "path": os.path.dirname(path.rstrip("/")),
            "claim": "%s/%s" % (claim.get("namespace", "?"), claim.get("name", "?"))}


def homeless(volumes, nodes):
    """Volumes of nodes of the inventory that are in no directory which it has for their class."""
    return [volume for volume in volumes if volume["node"] in nodes and not any(
        entry["path"] == volume["path"] and entry["class"] == volume["class"] for entry in nodes[volume["node"]])]


def names_of(volumes):
    names = ", ".join("%s (claim %s)" % (volume["name"], volume["claim"]) for volume in volumes[:5])
    return names + (" and %d more" % (len(volumes) - 5) if len(volumes) > 5 else "")


def deleting(volume):
    """The commands that delete a volume and its claim."""
    return "`kubectl delete pvc -n %s %s`, `kubectl delete pv %s`" % (*volume["claim"].split("/", 1), volume["name"])


def said_of(volumes):
    """A sentence that names volumes which would lose their directory, and what to do."""
    by_place = {}
    for volume in volumes:
        by_place.setdefault((volume["node"], volume["path"], volume["class"]), []).append(volume)
    return ("; ".join("storage_paths of %s no longer has %s for the class %s, but volumes are there: %s" % (*place, names_of(there))
                      for place, there in by_place.items()),
            "Put the path back, or move what you need and delete the claims and volumes first: %s." % deleting(volumes[0]))


def stranded(volumes, node):
    """A sentence that names volumes which only a node has that is removed; None where there are none."""
    there = [volume for volume in volumes if volume and volume["node"] == node]
    return there and ("Volumes are on %s: %s. They stay in the cluster, and pods that use them wait for a node of that name. "
                      "If none will come, delete the claims and volumes: %s." % (node, names_of(there), deleting(there[0]))) or None


def configured(config_map):
    """Paths by class and node of a ConfigMap of ours; {} where there is none."""
    try:
        classes = json.loads(((config_map or {}).get("data") or {}).get("config.json") or "{}").get("storageClassConfigs", {})
        return {name: {entry["node"]: entry.get("paths") or [] for entry in one["nodePathMap"]} for name, one in classes.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def usable(nodes, prepared, before):
    """Entries by node that are set up: those of nodes of this run, and those that the provisioner knows already."""
    return {node: [entry for entry in entries if node in prepared or entry["path"] in before.get(entry["class"], {}).get(node, [])]
            for node, entries in nodes.items()}


def classes_of(nodes, default_class):
    """What each class is: its nodes, whether it keeps volumes, whether it is the default."""
    classes = {}
    for node in sorted(nodes):
        for entry in nodes[node]:
            one = classes.setdefault(entry["class"], {"nodes": [], "reclaim": entry.get("reclaim") or "Delete", "default": False})
            one["nodes"] += [node] if node not in one["nodes"] else []
            one["default"] = entry["class"] == default_class if default_class else one["default"] or bool(entry.get("default"))
    return classes


def config_of(nodes, volumes):
    """config.json of the provisioner. A class or node of which only volumes are left has no path: nothing is made there, what is there can be deleted."""
    classes = {}
    for node in sorted(nodes):
        for entry in nodes[node]:
            classes.setdefault(entry["class"], {}).setdefault(node, []).append(entry["path"])
    for volume in volumes:
        classes.setdefault(volume["class"], {}).setdefault(volume["node"], [])
    return {"storageClassConfigs": {name: {"nodePathMap": [{"node": node, "paths": sorted(paths)} for node, paths in sorted(by_node.items())]}
                                    for name, by_node in sorted(classes.items())}}


def config_map(nodes, volumes, helper_image):
    helper = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "helper-pod"}, "spec": {
        "priorityClassName": "system-node-critical",
        # A disk that is full, and a node with a taint, must be tidied too.
        "tolerations": [{"operator": "Exists"}],
        "containers": [{"name": "helper-pod", "image": helper_image, "imagePullPolicy": "IfNotPresent"}]}}
    return named("v1", "ConfigMap", CONFIG, data={
        "config.json": json.dumps(config_of(nodes, volumes), indent=1), "setup": SETUP, "teardown": TEARDOWN, "helperPod.yaml": json.dumps(helper, indent=1)})


def named(version, kind, name, namespace=NAMESPACE, **fields):
    metadata = {"name": name, "labels": dict(OWNED), **({"namespace": namespace} if namespace else {}), **fields.pop("metadata", {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}


def objects(nodes, volumes, default_class, images):
    """All objects that make the classes work, the classes last."""
    rbac = "rbac.authorization.k8s.io"
    config = config_map(nodes, volumes, images["helper"])
    subjects = [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}]
    digest = hashlib.sha256(json.dumps(config["data"], sort_keys=True).encode()).hexdigest()[:16]
    namespace = named("v1", "Namespace", NAMESPACE, namespace=None)
    # Its helper pods mount directories of the host, which a cluster may allow in few namespaces.
    namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "privileged"
    return [
        namespace,
        named("v1", "ServiceAccount", ACCOUNT),
        named(rbac + "/v1", "ClusterRole", NAMESPACE, namespace=None, rules=[
            {"apiGroups": [""], "resources": ["nodes", "persistentvolumeclaims"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": [""], "resources": ["persistentvolumes"], "verbs": ["get", "list", "watch", "create", "patch", "update", "delete"]},
            {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch", "update"]},
            {"apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"], "verbs": ["get", "list", "watch"]}]),
        named(rbac + "/v1", "ClusterRoleBinding", NAMESPACE, namespace=None, subjects=subjects,
              roleRef={"apiGroup": rbac, "kind": "ClusterRole", "name": NAMESPACE}),
        named(rbac + "/v1", "Role", NAME, rules=[
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch", "create", "patch", "update", "delete"]},
            {"apiGroups": [""], "resources": ["pods/log", "configmaps"], "verbs": ["get", "list", "watch"]}]),
        named(rbac + "/v1", "RoleBinding", NAME, subjects=subjects, roleRef={"apiGroup": rbac, "kind": "Role", "name": NAME}),
        config,
        deployment(images["provisioner"], digest),
        *(storage_class(name, one) for name, one in sorted(classes_of(nodes, default_class).items())),
    ]


def deployment(image, digest):
    labels = {"app": NAME}
    return named("apps/v1", "Deployment", NAME, spec={
        "replicas": 1, "revisionHistoryLimit": 0,
        # Two of them would each make every volume.
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": labels},
        "template": {
            # Another configuration starts it again; by itself it would notice within two minutes.
            "metadata": {"labels": labels, "annotations": {"k3s-tool.io/config": digest}},
            "spec": {
                "priorityClassName": "system-cluster-critical", "serviceAccountName": ACCOUNT,
                "nodeSelector": {"kubernetes.io/os": "linux"},
                "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"},
                                {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"}],
                "containers": [{
                    "name": NAME, "image": image, "imagePullPolicy": "IfNotPresent",
                    "command": ["local-path-provisioner", "start", "--config", "/etc/config/config.json", "--provisioner-name", PROVISIONER],
                    "env": [{"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}],
                    "volumeMounts": [{"name": "config", "mountPath": "/etc/config"}]}],
                "volumes": [{"name": "config", "configMap": {"name": CONFIG}}]}}})


def storage_class(name, one):
    # `local` volumes are never made by the kubelet where their disk is missing, as `hostPath` ones are.
    annotations = {"defaultVolumeType": "local", **({DEFAULT: "true"} if one["default"] else {})}
    return named("storage.k8s.io/v1", "StorageClass", name, namespace=None, metadata={"annotations": annotations}, provisioner=PROVISIONER,
                 reclaimPolicy=one["reclaim"], volumeBindingMode="WaitForFirstConsumer",
                 allowedTopologies=[{"matchLabelExpressions": [{"key": HOSTNAME, "values": sorted(one["nodes"])}]}])


def default_of(classes):
    """The class that counts as the default: the youngest, then the first by name (Kubernetes pkg/volume/util/storageclass.go, GetDefaultClass)."""
    marked = [item for item in classes if (item["metadata"].get("annotations") or {}).get(DEFAULT) == "true"]
    youngest = max((item["metadata"].get("creationTimestamp") or "" for item in marked), default="")
    names = sorted(item["metadata"]["name"] for item in marked if (item["metadata"].get("creationTimestamp") or "") == youngest)
    return names[0] if names else None
