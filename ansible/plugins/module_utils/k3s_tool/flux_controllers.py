# Apache-2.0 (see LICENSE)
"""Flux's install manifest and its controllers."""

from __future__ import annotations

import re
import time

from ansible.module_utils.k3s_tool import kubectl
from ansible.module_utils.k3s_tool.manifests import APPLY, condition, live_objects, objects_of
from ansible.module_utils.k3s_tool.programs import read, sha256_of

PART_OF_FLUX = "app.kubernetes.io/part-of=flux"


def published(path, name):
    """The digest that a file of checksums lists for a name; '' where it lists none."""
    try:
        with open(path) as file:
            rows = [line.split() for line in file]
    except OSError:
        return ""
    return next((row[0].lower() for row in rows if len(row) == 2 and row[1].lstrip("*") == name), "")


def read_manifest(params):
    """The verified manifest for the wanted namespace; None where it is not here or is another file."""
    wanted = params["sha256"] or published(params["sums"], "install.yaml")
    if not wanted or sha256_of(params["manifest"]) != wanted:
        return None
    with open(params["manifest"]) as file:
        return in_namespace(file.read(), params["namespace"])


def in_namespace(text, namespace):
    """The manifest for another namespace. Flux's own generator puts it in the same places (flux2 pkg/manifestgen/install/templates.go)."""
    return re.sub(r"(?<![a-z0-9])flux-system(?![a-z0-9])", namespace, text)


def version_number(image):
    """(2, 9, 5) of `…:v2.9.5`; None where the tag is no version."""
    match = re.search(r":v?(\d+)\.(\d+)\.(\d+)(?:@.*)?$", image)
    return tuple(int(part) for part in match.groups()) if match else None


def images(items):
    """Image of each Deployment by its name."""
    return {item["metadata"]["name"]: item["spec"]["template"]["spec"]["containers"][0]["image"] for item in items if item["kind"] == "Deployment"}


def downgrade(live, wanted):
    """The first controller that would go back to an older version, in words; None where there is none."""
    before, after = images(live), images(wanted)
    for name in sorted(set(before) & set(after)):
        old, new = version_number(before[name]), version_number(after[name])
        if old and new and new < old:
            return "%s %s would be replaced by the older %s" % (name, before[name].rsplit(":", 1)[1], after[name].rsplit(":", 1)[1])
    return None


def kept_by_git(live):
    """True where a repository holds these objects of Flux itself (`flux bootstrap`): then they are its business."""
    return any("kustomize.toolkit.fluxcd.io/name" in (item["metadata"].get("labels") or {}) for item in live)


def other_namespace(namespace):
    """Another namespace that Flux runs in; None where there is none."""
    found = objects_of(kubectl.kubectl("get", "deployments", "-A", "-l", PART_OF_FLUX, "-o", "json"))
    return next((item["metadata"]["namespace"] for item in found if item["metadata"]["namespace"] != namespace), None)


def unavailable(items):
    """Names of Deployments that are not Available in their present form."""
    def is_available(item):
        status = item.get("status") or {}
        return status.get("observedGeneration", 0) >= item["metadata"].get("generation", 0) and condition(item, "Available").get("status") == "True" \
            and status.get("updatedReplicas", 0) >= (item["spec"].get("replicas", 1) or 0)
    return [item["metadata"]["name"] for item in items if item["kind"] == "Deployment" and not is_available(item)]


def pod_reasons(pod):
    """What keeps a pod from being ready, in the API's words."""
    status, found = pod.get("status") or {}, []
    for entry in (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or []):
        state = entry.get("state") or {}
        part = state.get("waiting") or state.get("terminated") or {}
        if part.get("reason"):
            found.append("%s: %s" % (part["reason"], part.get("message") or "no message"))
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        found.append("%s: %s" % (scheduled.get("reason"), scheduled.get("message")))
    return found or ["%s, not ready" % status.get("phase", "Unknown")]


def pods_in_words(namespace, name):
    """Lines on the pods of one controller: why they are not ready, and what they logged last."""
    try:
        pods = objects_of(kubectl.kubectl("get", "pods", "-n", namespace, "-l", "app=" + name, "-o", "json"))
        lines = ["%s: %s" % (pod["metadata"]["name"], reason) for pod in pods for reason in pod_reasons(pod)[:2]]
    except kubectl.Failed as error:
        return ["%s: %s" % (name, error)]
    try:
        lines += kubectl.kubectl("logs", "-n", namespace, "deployment/" + name, "--tail=5", timeout=20).strip().splitlines()
    except kubectl.Failed:
        pass  # a container that never started has no log
    return [line[:400] for line in lines] or ["%s: it has no pod yet" % name]


def install(params):
    """Applies the manifest where it differs, and waits for the controllers; the changes, and the problem or None."""
    namespace, deadline = params["namespace"], time.monotonic() + params["timeout"]
    text = read_manifest(params)
    if text is None:
        return [], "%s on this host is not the published manifest" % params["manifest"], "Run the command again to download it again."
    applied = objects_of(kubectl.kubectl(*APPLY, "-o", "json", document=text)) if params["apply"] else live_objects(text)
    names = [item["metadata"]["name"] for item in applied if item["kind"] == "Deployment"]
    definitions = [item["metadata"]["name"] for item in applied if item["kind"] == "CustomResourceDefinition"]
    while True:
        found = objects_of(kubectl.kubectl("get", "deployments", "-n", namespace, "-o", "json"))
        missing = unavailable([item for item in found if item["metadata"]["name"] in names])
        missing += [name for name in names if name not in [item["metadata"]["name"] for item in found]]
        if not missing:
            break
        if time.monotonic() > deadline:
            said = "\n".join(line for name in missing for line in pods_in_words(namespace, name))
            return names, "Flux's controllers did not become available within %d s:\n%s" % (params["timeout"], said), \
                "Fix the cause and run the command again; finished steps are not repeated. If images cannot be pulled, check that the nodes can reach the registry."
        time.sleep(1)
    if definitions:
        kubectl.kubectl("wait", "--for=condition=Established", "--timeout=30s", *["crd/" + name for name in definitions])
    return names, None, None
