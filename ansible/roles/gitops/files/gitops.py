"""Looks at Flux, installs it, and makes it follow a repository: the entry point (uses the other parts).

Run as `python3 -` with its parameters appended; prints one JSON document. Credentials come in and go on by stdin alone and never come out.
"""


def look(params):
    """What differs between the cluster and what is wanted; nothing is changed."""
    if not os.path.exists(K3S):
        return {"cluster": False}
    text = read_manifest(params)
    result = {"cluster": True, "manifest": text is not None, "available": False, "synced": False, "controllers": ["Flux's controllers"],
              "credentials": [name_of(item) for item in params["secrets"]], "objects": [name_of(item) for item in params["objects"]]}
    if kubectl("get", "namespace", params["namespace"], "--ignore-not-found", "-o", "name").strip() == "":
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
                      hint="Set gitops_flux_version to the installed release or a newer one; gitops_flux_allow_downgrade: true does it all the same, at your own risk.")
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
    found = objects_of(kubectl("get", "secret", params["name"], "-n", params["namespace"], "--ignore-not-found", "-o", "json"))
    return [name_of(item) for item in found if (item["metadata"].get("labels") or {}).get("app.kubernetes.io/managed-by") == "k3s-tool"]


def load_secrets(params):
    """Applies the Secrets and deletes what is no longer wanted."""
    stale = stale_secrets(params)
    if params["secrets"]:
        kubectl(*APPLY, document=manifest_of(params["secrets"]))
    if stale:
        kubectl("delete", "secret", params["name"], "-n", params["namespace"], "--ignore-not-found")


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
    mode = params["mode"]
    if mode == "look":
        return look(params)
    if mode == "install":
        changes, problem, hint = install(params)
        if not problem:
            forget_other_versions(params)
        return {"changes": changes if params["apply"] else [], "problem": problem, "hint": hint}
    if mode == "secrets":
        load_secrets(params)
        return {"changes": ["secrets"]}
    warnings, problem, hint = follow(params)
    return {"changes": params["objects"] if params["apply"] else [], "warnings": warnings, "problem": problem, "hint": hint}


def main(params):
    try:
        result = run(params)
    except Failed as error:
        result = {"problem": "the cluster could not be asked: %s" % error, "hint": "See `journalctl -u k3s` on this host and `k3s-tool status`."}
    sys.stdout.write(without_secrets(json.dumps(result), params.get("secrets") or []))
    return 0
