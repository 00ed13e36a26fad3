"""Part of the GitOps scripts: the source and the root Kustomization, and what Flux says of them (uses kubectl.py)."""

from datetime import datetime, timezone

REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
KINDS = {"GitRepository": "gitrepositories.source.toolkit.fluxcd.io", "Kustomization": "kustomizations.kustomize.toolkit.fluxcd.io"}

# What Flux says when waiting does not help, what that means, and what does help; {url}, {branch} and {path} are filled in.
SOURCE_PROBLEMS = (
    # First, as a server's own words stand behind it.
    (r"authentication required|authorization failed|unable to authenticate|invalid auth|credential|HTTP 40[13]|status code: 40[13]|[Rr]epository not found"
     r"|identity key is encrypted|failed to get secret|authentication options|construct auth method",
     "Flux's credentials are not accepted by {url}", "credentials"),
    (r"couldn't find remote ref|reference not found|unable to resolve ref", "there is no branch {branch} in {url}", "branch"),
    (r"repository is empty|remote repository is empty", "the repository {url} is empty", "empty"),
    (r"knownhosts|host key|known_hosts", "the SSH host key of {url} is not one of the known ones", "host_key"),
    (r"x509|certificate", "the certificate of {url} is not trusted", "certificate"),
)
HINTS = {
    "branch": "Set git_branch to a branch that exists, or push that one.",
    "empty": "Commit and push what is to run (`k3s-tool gitops init` writes a start), then run again.",
    "host_key": "If the server has a new key, and it is the right one: `k3s-tool gitops deploy-key --renew-host-key`; or correct gitops_known_hosts_file.",
    "certificate": "Name the authority that signed it: gitops_ca_file, a file in PEM form on the workstation.",
    "token": "Put a token that may read the repository into {token_file} on the workstation.",
    "no_token": "A private repository needs a token that may read it, in a file on the workstation: k3s-tool config set gitops_token_file FILE",
    "key": "Add the public key that `k3s-tool gitops deploy-key` shows to the repository; reading is enough.",
    "reach": "Can the nodes resolve and reach that address? Flux keeps trying; see how it stands: k3s-tool gitops status",
    "path": "Set git_path to a directory of the branch, or commit and push one (`k3s-tool gitops init` writes it).",
    "sops": "gitops_age_key_file must name the age key that the repository's secrets are encrypted for.",
    "content": "Correct it in the repository (`k3s-tool gitops validate` finds such things), commit and push. Then: k3s-tool gitops status",
}


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


def source_problem(message, params):
    """What is wrong with the source, the hint, and whether waiting is in vain."""
    for pattern, words, hint in SOURCE_PROBLEMS:
        if re.search(pattern, message):
            if hint == "credentials":
                hint = "key" if params["url"].startswith("ssh:") else "token" if params["token_file"] else "no_token"
            return "%s. Flux says: %s" % (words.format(**params), message), HINTS[hint].format(**params), True
    return "the repository %s could not be fetched. Flux says: %s" % (params["url"], message), HINTS["reach"], False


def kustomization_problem(item, params):
    """The same for the root Kustomization."""
    reason, message = condition(item).get("reason"), said(item)
    if re.search(r"path not found", message):
        return "there is no directory %s in the branch %s. Flux says: %s" % (params["path"], params["branch"], message), HINTS["path"], True
    if re.search(r"sops|decrypt|age\.agekey", message):
        return "a secret of the repository could not be decrypted. Flux says: %s" % message, HINTS["sops"], True
    if reason in ("BuildFailed", "ReconciliationFailed", "PruneFailed"):
        return "what the repository holds could not be applied. Flux says: %s" % message, HINTS["content"], True
    return "the repository's content is not applied yet. Flux says: %s" % message, HINTS["reach"], False


def judge(source, kustomization, params):
    """None while nothing is decided, else (problem, hint, in vain); the problem is None where the revision is applied."""
    requested = params.get("requested")
    for item in (source, kustomization):
        if (item.get("spec") or {}).get("suspend"):
            return None, "%s is suspended, so Flux applies nothing new; go on with: flux resume" % name_of(item), True
    if not judged(source, requested):
        return "the repository %s was not fetched yet. Flux says: %s" % (params["url"], said(source)), HINTS["reach"], False
    if condition(source)["status"] == "False":
        return source_problem(said(source), params)
    status = kustomization.get("status") or {}
    revision = source["status"]["artifact"]["revision"]
    if not judged(kustomization, requested):
        return "the repository's content is not applied yet. Flux says: %s" % said(kustomization), HINTS["reach"], False
    if condition(kustomization)["status"] == "True":
        done = status.get("lastAppliedRevision") == revision
        return (None, None, True) if done else ("revision %s is not applied yet" % revision, HINTS["reach"], False)
    # Applied, but something in it is not well: the applications' own business.
    if condition(kustomization).get("reason") in ("HealthCheckFailed", "DependencyNotReady"):
        return None, "%s: %s" % (name_of(kustomization), said(kustomization)), True
    return kustomization_problem(kustomization, params)


def get_pair(params):
    """The source and the root Kustomization as they are now."""
    names = ["%s/%s" % (KINDS[kind], params["name"]) for kind in ("GitRepository", "Kustomization")]
    found = {item["kind"]: item for item in objects_of(kubectl("get", *names, "-n", params["namespace"], "-o", "json"))}
    return found["GitRepository"], found["Kustomization"]


def ill_kustomizations(params):
    """A sentence for each other Kustomization that Flux could not bring about."""
    found = objects_of(kubectl("get", KINDS["Kustomization"], "-A", "-o", "json"))
    others = [item for item in found if (item["metadata"]["namespace"], item["metadata"]["name"]) != (params["namespace"], params["name"])]
    ill = [item for item in others if condition(item).get("status") == "False" and judged(item, None) and condition(item).get("reason") != "DependencyNotReady"]
    return ["%s is not ready: %s" % (name_of(item), said(item)) for item in ill]


def request(params):
    """Asks Flux to look now; the moment that it will say it has handled."""
    moment = datetime.now(timezone.utc).isoformat()
    for kind in ("GitRepository", "Kustomization"):
        kubectl("annotate", "--overwrite", "-n", params["namespace"], "%s/%s" % (KINDS[kind], params["name"]), "%s=%s" % (REQUESTED_AT, moment))
    return moment


def follow(params):
    """Applies the objects, asks Flux to look, and waits for the revision to be applied; warnings, problem and hint."""
    before = {} if params["apply"] else get_pair(params)[1].get("status") or {}
    if params["apply"]:
        kubectl(*APPLY, document=manifest_of(params["objects"]))
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
    if before.get("lastAppliedRevision") and hint in (HINTS["content"], HINTS["reach"]):
        # Flux was set up before and still is: what is in the repository now, or that its server is away, is no failure of this run.
        kept = re.sub(r"sha\d+:([0-9a-f]{7})[0-9a-f]*", r"\1", before["lastAppliedRevision"])
        return ["Flux stays at %s: %s. %s" % (kept, problem, hint)], None, None
    return [], problem, hint
