# Apache-2.0 (see LICENSE)
"""The source and the root Kustomization, and what Flux says of them."""

from __future__ import annotations

import re
import time
from datetime import datetime, timezone

from ansible.module_utils.k3s_tool import kubectl
from ansible.module_utils.k3s_tool.manifests import APPLY, condition, manifest_of, name_of, objects_of

REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
KINDS = {"GitRepository": "gitrepositories.source.toolkit.fluxcd.io", "Kustomization": "kustomizations.kustomize.toolkit.fluxcd.io"}


def said(item):
    """What Flux says, on one line: a Git server's own words stand in it, and must not look like a hint of ours."""
    return " ".join((condition(item).get("message") or "nothing yet").split())


def judged(item, requested):
    """True where the object's controller has come to a result for its present form, and for the request where one was made."""
    ready, working = condition(item), condition(item, "Reconciling")
    if ready.get("status") not in ("True", "False") or ready.get("observedGeneration") != item["metadata"].get("generation"):
        return False
    if requested and (item.get("status") or {}).get("lastHandledReconcileAt") != requested:
        return False
    return not (working.get("status") == "True" and working.get("reason") == "Progressing")


def known(rules, message, params):
    """What the first rule that knows a message says of it: the problem and the key of the advice; None where none does."""
    rule = next((rule for rule in rules if re.search(rule["said"], message)), None)
    return rule and ("%s. Flux says: %s" % (rule["problem"].format(**params), message), rule["advice"])


def source_problem(message, params):
    """What is wrong with the source, the hint, and whether waiting is in vain."""
    advice = params["advice"]["advice"]
    found = known(params["advice"]["source"], message, params)
    if not found:
        return "the repository %s could not be fetched. Flux says: %s" % (params["url"], message), advice["reach"], False
    problem, key = found
    if key == "credentials":
        key = "key" if params["url"].startswith("ssh:") else "token" if params["token_file"] else "no_token"
    return problem, advice[key].format(**params), True


def kustomization_problem(item, params):
    """The same for the root Kustomization."""
    reason, message, advice = condition(item).get("reason"), said(item), params["advice"]["advice"]
    found = known(params["advice"]["applied"], message, params)
    if found:
        return found[0], advice[found[1]], True
    if re.search(params["advice"]["broken"], reason or ""):
        return "what the repository holds could not be applied. Flux says: %s" % message, advice["content"], True
    return "the repository's content is not applied yet. Flux says: %s" % message, advice["reach"], False


def judge(source, kustomization, params):
    """None while nothing is decided, else (problem, hint, in vain); the problem is None where the revision is applied."""
    requested, reach = params.get("requested"), params["advice"]["advice"]["reach"]
    for item in (source, kustomization):
        if (item.get("spec") or {}).get("suspend"):
            return None, "%s is suspended, so Flux applies nothing new; resume it with: flux resume" % name_of(item), True
    if not judged(source, requested):
        return "the repository %s was not fetched yet. Flux says: %s" % (params["url"], said(source)), reach, False
    if condition(source)["status"] == "False":
        return source_problem(said(source), params)
    status = kustomization.get("status") or {}
    revision = source["status"]["artifact"]["revision"]
    if not judged(kustomization, requested):
        return "the repository's content is not applied yet. Flux says: %s" % said(kustomization), reach, False
    if condition(kustomization)["status"] == "True":
        done = status.get("lastAppliedRevision") == revision
        return (None, None, True) if done else ("revision %s is not applied yet" % revision, reach, False)
    # Applied, but something in it is not well: the applications' own business.
    if condition(kustomization).get("reason") in ("HealthCheckFailed", "DependencyNotReady"):
        return None, "%s: %s" % (name_of(kustomization), said(kustomization)), True
    return kustomization_problem(kustomization, params)


def get_pair(params):
    """The source and the root Kustomization as they are now."""
    names = ["%s/%s" % (KINDS[kind], params["name"]) for kind in ("GitRepository", "Kustomization")]
    found = {item["kind"]: item for item in objects_of(kubectl.kubectl("get", *names, "-n", params["namespace"], "-o", "json"))}
    return found["GitRepository"], found["Kustomization"]


def ill_kustomizations(params):
    """A sentence for each other Kustomization that Flux could not bring about."""
    found = objects_of(kubectl.kubectl("get", KINDS["Kustomization"], "-A", "-o", "json"))
    others = [item for item in found if (item["metadata"]["namespace"], item["metadata"]["name"]) != (params["namespace"], params["name"])]
    ill = [item for item in others if condition(item).get("status") == "False" and judged(item, None) and condition(item).get("reason") != "DependencyNotReady"]
    return ["%s is not ready: %s" % (name_of(item), said(item)) for item in ill]


def request(params):
    """Asks Flux to look now; the moment that it will say it has handled."""
    moment = datetime.now(timezone.utc).isoformat()
    for kind in ("GitRepository", "Kustomization"):
        kubectl.kubectl("annotate", "--overwrite", "-n", params["namespace"], "%s/%s" % (KINDS[kind], params["name"]), "%s=%s" % (REQUESTED_AT, moment))
    return moment


def follow(params):
    """Applies the objects, asks Flux to look, and waits for the revision to be applied; warnings, problem and hint."""
    before = {} if params["apply"] else get_pair(params)[1].get("status") or {}
    if params["apply"]:
        kubectl.kubectl(*APPLY, document=manifest_of(params["objects"]))
    params = dict(params, requested=request(params))
    deadline = time.monotonic() + params["timeout"]
    while True:
        source, kustomization = get_pair(params)
        problem, hint, final = judge(source, kustomization, params)
        # Where a revision runs already, a server that is away is not waited for: Flux goes on trying.
        away = before.get("lastAppliedRevision") and judged(source, params["requested"]) and condition(source)["status"] == "False"
        if final or away or time.monotonic() > deadline:
            break
        time.sleep(1)
    if problem is None:
        return ([hint] if hint else []) + ill_kustomizations(params), None, None
    if before.get("lastAppliedRevision") and hint in (params["advice"]["advice"]["content"], params["advice"]["advice"]["reach"]):
        # Flux was set up before and still is: what is in the repository now, or that its server is away, is no failure of this run.
        kept = re.sub(r"sha\d+:([0-9a-f]{7})[0-9a-f]*", r"\1", before["lastAppliedRevision"])
        return ["Flux stays at %s: %s. %s" % (kept, problem, hint)], None, None
    return [], problem, hint
