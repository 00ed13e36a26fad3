# Apache-2.0 (see LICENSE)
"""What differs between the cluster and a manifest."""

from __future__ import annotations

import json
import re

from ansible.module_utils.k3s_tool import kubectl

APPLY = ("apply", "--server-side", "--force-conflicts", "--field-manager=k3s-tool", "-f", "-")
# What the API server keeps for itself; everything else counts.
KEPT = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")


def objects_of(text):
    """Objects of kubectl's JSON: one, a List, several one after the other, or none."""
    found, decoder, at = [], json.JSONDecoder(), 0
    text = text.strip()
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        found += (value.get("items") or []) if str(value.get("kind", "")).endswith("List") else [value]
        while at < len(text) and text[at].isspace():
            at += 1
    return found


def key_of(item):
    return item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]


def name_of(item):
    """`Deployment flux-system/source-controller`."""
    kind, namespace, name = key_of(item)
    return "%s %s%s" % (kind, namespace + "/" if namespace else "", name)


def normal(item):
    """An object without its status and without what the API server keeps."""
    metadata = {key: value for key, value in item["metadata"].items() if key not in KEPT}
    return dict({key: value for key, value in item.items() if key != "status"}, metadata=metadata)


def live_objects(document):
    """The manifest's objects as they are in the cluster; those that are not there are left out."""
    try:
        return objects_of(kubectl.kubectl("get", "-f", "-", "--ignore-not-found", "-o", "json", document=document))
    except kubectl.Failed as error:
        if re.search(r"no matches for kind|could not find the requested resource", str(error)):
            return []
        raise


def differing(document):
    """The manifest's objects as an apply would leave them, those that it would change, and those that are there now."""
    live = live_objects(document)
    now = {key_of(item): normal(item) for item in live}
    then = objects_of(kubectl.kubectl(*APPLY, "--dry-run=server", "-o", "json", document=document))
    return then, [item for item in then if now.get(key_of(item)) != normal(item)], live


def manifest_of(items):
    """Objects as a document for kubectl."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def condition(item, kind="Ready"):
    """A condition of an object; {} where it has none of this kind."""
    conditions = (item.get("status") or {}).get("conditions") or []
    return next((entry for entry in conditions if entry.get("type") == kind), {})
