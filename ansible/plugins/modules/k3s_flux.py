#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Looks at Flux, installs it, and makes it follow a repository."""

from __future__ import annotations

DOCUMENTATION = r"""
module: k3s_flux
short_description: Flux, its credentials, its source and its root Kustomization
description:
  - Runs on a server. Objects are compared with the cluster by a server-side dry run and applied with the field manager C(k3s-tool).
  - Credentials come in as an option that is never logged, go on by stdin into the API, and never come out.
options:
  step:
    description:
      - C(look) reports what differs and changes nothing. C(install) applies the manifest and waits for the controllers.
      - C(credentials) applies the Secrets and deletes those that are no longer wanted. C(follow) applies the objects, asks Flux to look, and waits for the
        first revision.
    type: str
    choices: [look, install, credentials, follow]
    required: true
  namespace:
    description: Namespace of Flux.
    type: str
    required: true
  name:
    description: Name of the source and of the root Kustomization.
    type: str
    required: true
  url:
    description: Address of the repository.
    type: str
    required: true
  branch:
    description: Branch to follow.
    type: str
    required: true
  path:
    description: Directory of the repository that is applied.
    type: str
    required: true
  token_file:
    description: File on the workstation with the token, for messages.
    type: str
    default: ""
  objects:
    description: The source and the root Kustomization.
    type: list
    elements: dict
    required: true
  secrets:
    description: The Secrets with the credentials, a list in JSON. A text, as Ansible hides what is secret by its value, and names are no secret.
    type: json
    default: "[]"
  advice:
    description: What Flux says when something is wrong, what that means and what helps (roles/gitops/files/flux_advice.json).
    type: dict
    required: true
  manifest:
    description: Flux's install manifest on this host.
    type: path
    required: true
  sums:
    description: File with the checksums of the release.
    type: path
    required: true
  sha256:
    description: Digest of the manifest, instead of that file.
    type: str
    default: ""
  apply:
    description: Whether anything is applied, or only waited for.
    type: bool
    default: true
  allow_downgrade:
    description: Whether an older release may replace a newer one.
    type: bool
    default: false
  timeout:
    description: Seconds for the controllers, and for the first revision.
    type: int
    default: 300
author: k3s-tool
"""

EXAMPLES = r"""
- k3s_flux:
    step: look
    namespace: flux-system
    name: flux-system
    url: https://git.example/x.git
    branch: main
    path: clusters/homelab
    objects: []
    advice: "{{ lookup('ansible.builtin.file', 'flux_advice.json') | from_json }}"
    manifest: /etc/rancher/k3s/k3s-tool-flux/install-v2.9.5.yaml
    sums: /etc/rancher/k3s/k3s-tool-flux/flux_2.9.5_checksums.txt
"""

RETURN = r"""
found:
  description: "What C(look) found: C(cluster), C(manifest), C(available), C(synced), and what differs by name, C(controllers), C(credentials), C(objects)."
  returned: with C(look)
  type: dict
told:
  description: What a person should know, each a sentence; also given as warnings.
  returned: with C(follow)
  type: list
  elements: str
"""

import base64
import json
import os
import re

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.k3s_tool import kubectl
from ansible.module_utils.k3s_tool.flux_controllers import downgrade, install, kept_by_git, other_namespace, read_manifest, unavailable
from ansible.module_utils.k3s_tool.flux_follow import follow, get_pair, judge
from ansible.module_utils.k3s_tool.manifests import APPLY, differing, live_objects, manifest_of, name_of, objects_of
from ansible.module_utils.k3s_tool.outcome import end

UNANSWERED = "See `journalctl -u k3s` on this host and `k3s-tool status`."


def look(params):
    """What differs between the cluster and what is wanted; nothing is changed."""
    if not os.path.exists(kubectl.K3S):
        return {"cluster": False}
    text = read_manifest(params)
    result = {"cluster": True, "manifest": text is not None, "available": False, "synced": False, "controllers": ["Flux's controllers"],
              "credentials": [name_of(item) for item in params["secrets"]], "objects": [name_of(item) for item in params["objects"]]}
    if kubectl.kubectl("get", "namespace", params["namespace"], "--ignore-not-found", "-o", "name").strip() == "":
        elsewhere = other_namespace(params["namespace"])
        if elsewhere:
            result.update(problem="Flux runs already, in the namespace %s; a second Flux would conflict with it" % elsewhere,
                          hint="Set flux_namespace: %s, or remove that one first: flux uninstall --namespace %s" % (elsewhere, elsewhere))
        return result
    if text is None:
        return result
    wanted, changed, live = differing(text)
    if kept_by_git(live):
        changed = []
    elif downgrade(live, wanted) and not params["allow_downgrade"]:
        result.update(problem="Flux is newer than the inventory's: %s" % downgrade(live, wanted),
                      hint="Set gitops_flux_version to the installed release or a newer one. To downgrade anyway, at your own risk, set gitops_flux_allow_downgrade: true.")
        return result
    result["controllers"] = [name_of(item) for item in changed]
    result["available"] = not changed and not unavailable(live)
    if any(item["kind"] == "CustomResourceDefinition" for item in changed) and not live_objects(manifest_of(params["objects"])):
        return result
    result["credentials"] = [name_of(item) for item in differing(manifest_of(params["secrets"]))[1]] if params["secrets"] else []
    result["credentials"] += stale_secrets(params)
    _, changed, live = differing(manifest_of(params["objects"]))
    if changed and kept_by_git(live):
        if any(place(item) not in [place(other) for other in params["objects"]] for item in live):
            result.update(problem="the repository that Flux follows now holds Flux's own settings (flux bootstrap) and would undo a change of git_repo_url, git_branch or git_path",
                          hint="Change them in its gotk-sync.yaml, or set them here to what is there: %s" % ", ".join(sum((place(item) for item in live), [])))
        changed = []
    result["objects"] = [name_of(item) for item in changed]
    result["synced"] = not result["objects"] and judge(*get_pair(params), params)[0:3:2] == (None, True)
    return result


def place(item):
    """What the inventory says of an object: URL and branch of a source, the path of a Kustomization."""
    spec = item["spec"]
    return [spec["url"], (spec.get("ref") or {}).get("branch", "")] if item["kind"] == "GitRepository" else [spec.get("path", "")]


def stale_secrets(params):
    """The Secret of credentials that are no longer wanted, where this tool made it."""
    if any(item["metadata"]["name"] == params["name"] for item in params["secrets"]):
        return []
    found = objects_of(kubectl.kubectl("get", "secret", params["name"], "-n", params["namespace"], "--ignore-not-found", "-o", "json"))
    return [name_of(item) for item in found if (item["metadata"].get("labels") or {}).get("app.kubernetes.io/managed-by") == "k3s-tool"]


def load_secrets(params):
    """Applies the Secrets and deletes what is no longer wanted."""
    stale = stale_secrets(params)
    if params["secrets"]:
        kubectl.kubectl(*APPLY, document=manifest_of(params["secrets"]))
    if stale:
        kubectl.kubectl("delete", "secret", params["name"], "-n", params["namespace"], "--ignore-not-found")


def without_secrets(text, secrets):
    """A text in which no value of a Secret stands, neither in clear nor as base64."""
    for item in secrets:
        for value in item["data"].values():
            for form in (value, base64.b64decode(value).decode(errors="replace").strip()):
                if len(form) > 3:
                    text = text.replace(json.dumps(form)[1:-1], "[secret]")
    return text


def forget_other_versions(params):
    """Removes manifests and checksums of other versions."""
    folder, kept = os.path.dirname(params["manifest"]), {os.path.basename(params["manifest"]), os.path.basename(params["sums"])}
    for name in os.listdir(folder):
        if name not in kept and re.match(r"^(install-.*\.yaml|flux_.*_checksums\.txt)$", name):
            os.remove(os.path.join(folder, name))


def run(params):
    """The step: what was found, changes, warnings, problem and hint."""
    step = params["step"]
    if step == "look":
        found = look(params)
        return {"found": found, "problem": found.pop("problem", None), "hint": found.pop("hint", None)}
    if step == "install":
        changes, problem, hint = install(params)
        if not problem:
            forget_other_versions(params)
        return {"changes": changes if params["apply"] else [], "problem": problem, "hint": hint}
    if step == "credentials":
        load_secrets(params)
        return {"changes": ["credentials"]}
    warnings, problem, hint = follow(params)
    return {"changes": [name_of(item) for item in params["objects"]] if params["apply"] else [], "warnings": warnings, "problem": problem, "hint": hint}


def main():
    module = AnsibleModule(argument_spec={
        "step": {"type": "str", "required": True, "choices": ["look", "install", "credentials", "follow"]},
        "namespace": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "url": {"type": "str", "required": True},
        "branch": {"type": "str", "required": True},
        "path": {"type": "str", "required": True},
        "token_file": {"type": "str", "default": "", "no_log": False},
        "objects": {"type": "list", "elements": "dict", "required": True},
        "secrets": {"type": "json", "default": "[]", "no_log": True},
        "advice": {"type": "dict", "required": True},
        "manifest": {"type": "path", "required": True},
        "sums": {"type": "path", "required": True},
        "sha256": {"type": "str", "default": ""},
        "apply": {"type": "bool", "default": True},
        "allow_downgrade": {"type": "bool", "default": False},
        "timeout": {"type": "int", "default": 300},
    }, supports_check_mode=True)
    params = {**module.params, "secrets": json.loads(module.params["secrets"])}
    if module.check_mode and params["step"] != "look":
        module.exit_json(changed=params["apply"])
    try:
        result = run(params)
    except kubectl.Failed as error:
        result = {"problem": "the cluster could not be asked: %s" % error}
    result = json.loads(without_secrets(json.dumps(result), params["secrets"]))
    end(module, result.get("changes", []), result.get("warnings", []), result.get("problem"), result.get("hint") or UNANSWERED,
        **({"found": result["found"]} if "found" in result else {}))


if __name__ == "__main__":
    main()
