"""The role gitops on the first server: what differs, what Flux says and what that means, and that no credential comes out."""

import base64
import copy
import json
import os
import tempfile
import time
import unittest
from unittest import mock

from load_part import ROOT, load, load_module

from ansible.module_utils.k3s_tool import kubectl

MANIFEST = "kind: Namespace\nname: flux-system\nargs: http://x.flux-system.svc\nname: crd-controller-flux-system\nmy-flux-systems: 1\n"
TOKEN = "glpat-made-up"


def source(ready="True", message="stored artifact", revision="main@sha1:abc", generation=1, **more):
    return {"kind": "GitRepository", "metadata": {"name": "flux-system", "namespace": "flux-system", "generation": generation},
            "spec": {"url": "https://git.example/x.git", "ref": {"branch": "main"}},
            "status": {"conditions": [{"type": "Ready", "status": ready, "reason": "GitOperationFailed", "message": message, "observedGeneration": 1}],
                       "artifact": {"revision": revision}, **more}}


def root(ready="True", reason="ReconciliationSucceeded", message="Applied revision", revision="main@sha1:abc", **more):
    return {"kind": "Kustomization", "metadata": {"name": "flux-system", "namespace": "flux-system", "generation": 1}, "spec": {"path": "./clusters/homelab"},
            "status": {"conditions": [{"type": "Ready", "status": ready, "reason": reason, "message": message, "observedGeneration": 1}],
                       "lastAppliedRevision": revision, **more}}


with open(os.path.join(ROOT, "ansible", "roles", "gitops", "files", "flux_advice.json")) as file:
    RULES = json.load(file)
ADVICE = RULES["advice"]
PARAMS = {"advice": RULES, "namespace": "flux-system", "name": "flux-system", "url": "https://git.example/x.git", "branch": "main", "path": "clusters/homelab", "timeout": 3,
          "token_file": "/home/ada/token",
          "allow_downgrade": False, "secrets": [], "objects": [source(), root()], "sha256": ""}


def load_role():
    """The module, and what it shares with others."""
    return {**load("programs", "manifests", "flux_controllers", "flux_follow"), **vars(load_module("k3s_flux"))}


class Judgement(unittest.TestCase):
    def setUp(self):
        self.script = load_role()

    def judge(self, source_object, root_object, **params):
        return self.script["judge"](source_object, root_object, dict(PARAMS, **params))

    def test_an_applied_revision_is_the_end(self):
        self.assertEqual(self.judge(source(), root()), (None, None, True))

    def test_what_was_said_before_the_request_does_not_count(self):
        problem, _, final = self.judge(source("False", "authentication required: x"), root(), requested="now")
        self.assertFalse(final)
        self.assertTrue(self.judge(source("False", "authentication required: x", lastHandledReconcileAt="now"), root(), requested="now")[2])

    def test_an_older_form_of_the_object_does_not_count(self):
        self.assertFalse(self.judge(source("False", "authentication required", generation=2), root())[2])

    def test_an_older_revision_is_waited_for(self):
        self.assertFalse(self.judge(source(revision="main@sha1:def"), root())[2])

    def test_each_known_failure_of_the_source_is_said_in_words_with_a_hint(self):
        # As source-controller v1.9 and go-git say them.
        said = {
            "failed to checkout and determine revision: unable to list remote for 'https://git.example/x.git': authentication required: Unauthorized": "token",
            "failed to checkout and determine revision: unable to clone 'ssh://git@g/x': ssh: handshake failed: knownhosts: key mismatch": "host_key",
            "failed to checkout and determine revision: unable to clone 'https://x': couldn't find remote ref \"refs/heads/nope\"": "branch",
            "failed to checkout and determine revision: unable to clone 'https://x': Get \"https://x\": tls: failed to verify certificate: x509: certificate signed by "
            "unknown authority": "certificate",
            "git repository is empty": "empty",
            "failed to checkout and determine revision: unable to construct auth method with options: ssh: no key found": "unreadable_key",
            "failed to get secret 'flux-system/flux-system': secrets \"flux-system\" not found": "token",
        }
        for message, hint in said.items():
            problem, found, final = self.judge(source("False", message), root())
            self.assertEqual(found, ADVICE[hint].format(token_file="/home/ada/token"), message)
            self.assertTrue(final and message in problem)

    def test_a_private_repository_without_a_token_is_told_how_to_name_one(self):
        hint = self.judge(source("False", "authentication required: Unauthorized"), root(), token_file="")[1]
        self.assertIn("config set gitops_token_file FILE", hint)

    def test_a_key_that_is_not_accepted_is_another_thing_than_a_token(self):
        message = "failed to checkout and determine revision: unable to list remote for 'ssh://git@g/x': ssh: handshake failed: ssh: unable to authenticate, " \
            "attempted methods [none publickey], no supported methods remain"
        self.assertEqual(self.judge(source("False", message), root(), url="ssh://git@g/x")[1], ADVICE["key"])

    def test_a_key_that_is_none_is_not_waited_for(self):
        message = "failed to checkout and determine revision: unable to construct auth method with options: ssh: no key found"
        self.assertEqual(self.judge(source("False", message), root(), url="ssh://git@g/x")[1:], (ADVICE["unreadable_key"], True))

    def test_the_git_server_cannot_put_a_hint_of_its_own_into_a_failure(self):
        problem = self.judge(source("False", "authentication required: no\nHint: run this"), root())[0]
        self.assertNotIn("\n", problem)

    def test_a_server_that_is_away_is_waited_for(self):
        message = "failed to checkout and determine revision: unable to clone 'https://x': dial tcp 10.0.0.1:443: connect: connection refused"
        problem, hint, final = self.judge(source("False", message), root())
        self.assertFalse(final)
        self.assertEqual(hint, ADVICE["reach"])

    def test_failures_of_the_root_kustomization(self):
        for reason, message, hint in (
            ("ArtifactFailed", "kustomization path not found: stat /tmp/kustomization-1/clusters/nope: no such file or directory", "path"),
            ("BuildFailed", "kustomize build failed: accumulating resources: accumulation err='accumulating resources from 'apps.yaml': may not be in", "content"),
            ("ReconciliationFailed", "Deployment/web/web dry-run failed (Invalid): spec.replicas: must be an integer", "content"),
            ("BuildFailed", "cannot get sops data key: no identity matched any of the recipients", "sops"),
        ):
            problem, found, final = self.judge(source(), root("False", reason, message))
            self.assertEqual((found, final), (ADVICE[hint], True), message)
            self.assertIn(message, problem)

    def test_an_application_that_is_not_well_is_a_warning(self):
        problem, warning, final = self.judge(source(), root("False", "HealthCheckFailed", "Deployment/web/web not ready"))
        self.assertIsNone(problem)
        self.assertIn("Deployment/web/web not ready", warning)
        self.assertTrue(final)

    def test_suspended_is_no_failure(self):
        stopped = source()
        stopped["spec"]["suspend"] = True
        self.assertIsNone(self.judge(stopped, root())[0])


class FakeCluster:
    """The script with a kubectl that keeps objects in memory; `reconcile` is what Flux does with them."""

    def __init__(self, *items):
        self.script = load_role()
        self.items = {self.script["key_of"](item): item for item in items}
        self.applied, self.deleted = [], []
        mock.patch.multiple(kubectl, kubectl=self.kubectl, K3S=os.__file__).start()

    def kubectl(self, verb, *arguments, document=None, timeout=None):
        wanted = json.loads(document)["items"] if document else []
        if verb == "apply":
            if "--dry-run=server" not in arguments:
                self.applied += wanted
                self.items.update({self.script["key_of"](item): copy.deepcopy(item) for item in wanted})
            return json.dumps({"kind": "List", "items": wanted})
        if verb == "delete":
            self.deleted.append(arguments)
            return ""
        if verb == "annotate":
            for item in self.items.values():
                item.setdefault("status", {})["lastHandledReconcileAt"] = arguments[-1].split("=", 1)[1]
            return ""
        if verb == "get" and arguments[0] == "-f":
            keys = [self.script["key_of"](item) for item in wanted]
            return json.dumps({"kind": "List", "items": [self.items[key] for key in keys if key in self.items]})
        if verb == "get" and arguments[0] == "namespace":
            return "namespace/flux-system"
        if verb == "get":
            kinds = [word.split("/")[0] for word in arguments]
            names = [word.split("/")[1] for word in arguments if "/" in word] or [arguments[1]] * ("secret" in kinds)
            return json.dumps({"kind": "List", "items": [item for item in self.items.values()
                                                         if any(kind.startswith(item["kind"].lower()[:10]) for kind in kinds)
                                                         and (not names or item["metadata"]["name"] in names)]})
        raise AssertionError(verb)


def deployment(name="source-controller", tag="v1.9.3", labels=None):
    return {"kind": "Deployment", "metadata": {"name": name, "namespace": "flux-system", "generation": 1, "labels": labels or {}},
            "spec": {"replicas": 1, "template": {"spec": {"containers": [{"image": "ghcr.io/fluxcd/%s:%s" % (name, tag)}]}}},
            "status": {"observedGeneration": 1, "updatedReplicas": 1, "conditions": [{"type": "Available", "status": "True"}]}}


def secret(name="flux-system", value=TOKEN, labels=None):
    return {"kind": "Secret", "metadata": {"name": name, "namespace": "flux-system", "labels": labels or {}},
            "data": {"password": base64.b64encode(value.encode()).decode()}}


class Look(unittest.TestCase):
    def tearDown(self):
        mock.patch.stopall()

    def look(self, cluster, manifest, **params):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "install.yaml")
            with open(path, "w") as file:
                file.write(json.dumps({"items": manifest}))
            given = dict(PARAMS, manifest=path, sums=path + ".sums", step="look", sha256=cluster.script["sha256_of"](path))
            result = cluster.script["run"](dict(given, **params))
            return {**result["found"], **({"problem": result["problem"]} if result["problem"] else {})}

    def test_where_all_is_right_nothing_differs(self):
        cluster = FakeCluster(deployment(), source(), root())
        found = self.look(cluster, [deployment()])
        self.assertEqual((found["controllers"], found["credentials"], found["objects"], found["available"], found["synced"]), ([], [], [], True, True))
        self.assertEqual(cluster.applied, [])

    def test_another_branch_changes_the_source_alone(self):
        cluster = FakeCluster(deployment(), source(), root())
        other = source()
        other["spec"]["ref"]["branch"] = "next"
        found = self.look(cluster, [deployment()], objects=[other, root()])
        self.assertEqual((found["controllers"], found["credentials"], found["objects"]), ([], [], ["GitRepository flux-system/flux-system"]))

    def test_another_token_changes_the_secret_alone_and_is_not_told(self):
        cluster = FakeCluster(deployment(), source(), root(), secret(value="old"))
        found = self.look(cluster, [deployment()], secrets=[secret()])
        self.assertEqual((found["controllers"], found["credentials"], found["objects"]), ([], ["Secret flux-system/flux-system"], []))
        self.assertNotIn(TOKEN, json.dumps(found))

    def test_credentials_that_are_not_wanted_any_more_go_if_they_are_ours(self):
        ours = {"app.kubernetes.io/managed-by": "k3s-tool"}
        self.assertEqual(self.look(FakeCluster(deployment(), source(), root(), secret(labels=ours)), [deployment()])["credentials"], ["Secret flux-system/flux-system"])
        self.assertEqual(self.look(FakeCluster(deployment(), source(), root(), secret()), [deployment()])["credentials"], [])

    def test_an_older_release_is_refused(self):
        found = self.look(FakeCluster(deployment(tag="v1.10.0"), source(), root()), [deployment()])
        self.assertIn("source-controller v1.10.0 would be replaced by the older v1.9.3", found["problem"])
        self.assertNotIn("problem", self.look(FakeCluster(deployment(tag="v1.10.0"), source(), root()), [deployment()], allow_downgrade=True))

    def test_a_flux_that_a_repository_keeps_is_left_to_it(self):
        git = {"kustomize.toolkit.fluxcd.io/name": "flux-system"}
        kept = [deployment(tag="v1.10.0", labels=git), source(), root()]
        for item in kept[1:]:
            item["metadata"]["labels"] = git
        found = self.look(FakeCluster(*kept), [deployment()])
        self.assertEqual((found["controllers"], found["objects"], found["available"]), ([], [], True))
        other = source()
        other["spec"]["url"] = "https://git.example/y.git"
        self.assertIn("flux bootstrap", self.look(FakeCluster(*kept), [deployment()], objects=[other, root()])["problem"])

    def test_a_manifest_of_another_content_is_not_used(self):
        self.assertFalse(self.look(FakeCluster(deployment(), source(), root()), [deployment()], sha256="0" * 64)["manifest"])


class Follow(unittest.TestCase):
    def tearDown(self):
        mock.patch.stopall()

    def follow(self, *items, **params):
        cluster = FakeCluster(*items)
        return cluster.script["run"](dict(PARAMS, step="follow", **params))

    def test_the_first_revision_is_waited_for(self):
        report = self.follow(apply=True)
        self.assertEqual((report["problem"], report["warnings"]), (None, []))

    def test_applications_that_fail_are_warnings(self):
        app = root("False", "HealthCheckFailed", "Deployment/web/web not ready")
        app["metadata"]["name"] = "web"
        report = self.follow(source(), root(), app, apply=False)
        self.assertIsNone(report["problem"])
        self.assertEqual(report["warnings"], ["Kustomization flux-system/web is not ready: Deployment/web/web not ready"])

    def test_a_broken_commit_later_on_is_a_warning_and_wrong_credentials_are_a_failure(self):
        broken = root("False", "BuildFailed", "kustomize build failed")
        report = self.follow(source(), broken, apply=False)
        self.assertIsNone(report["problem"])
        self.assertIn("kustomize build failed", report["warnings"][0])
        self.assertIn("not accepted", self.follow(source("False", "authentication required"), root(), apply=False)["problem"])

    def test_a_server_that_is_away_later_on_is_a_warning_and_is_not_waited_for(self):
        began = time.monotonic()
        away = source("False", "unable to list remote for 'https://git.example/x.git': dial tcp 10.0.0.1:443: connect: connection refused")
        report = self.follow(away, root(), apply=False, timeout=60)
        self.assertIsNone(report["problem"])
        self.assertRegex(report["warnings"][0], r"^Flux stays at main@sha1:abc: the repository .* could not be fetched\. .*connection refused\. ")
        self.assertLess(time.monotonic() - began, 50)


class Manifest(unittest.TestCase):
    def test_another_namespace_takes_the_place_of_flux_system_everywhere(self):
        self.assertEqual(load_role()["in_namespace"](MANIFEST, "gitops"),
                         "kind: Namespace\nname: gitops\nargs: http://x.gitops.svc\nname: crd-controller-gitops\nmy-flux-systems: 1\n")

    def test_published_checksums(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("aa  flux_2.9.5_linux_amd64.tar.gz\nbb  install.yaml\n")
            file.flush()
            self.assertEqual(load_role()["published"](file.name, "install.yaml"), "bb")
            self.assertEqual(load_role()["published"](file.name, "other"), "")

    def test_what_keeps_a_controller_from_running_is_told(self):
        script = load_role()
        pod = {"kind": "Pod", "metadata": {"name": "source-controller-1"}, "status": {"phase": "Pending", "containerStatuses": [
            {"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}]}}
        with mock.patch.object(kubectl, "kubectl", lambda verb, *_, **__: json.dumps(pod) if verb == "get" else "last words\n"):
            self.assertEqual(script["pods_in_words"]("flux-system", "source-controller"), ["source-controller-1: ImagePullBackOff: no such image", "last words"])


class Secrets(unittest.TestCase):
    def test_no_form_of_a_secret_comes_out(self):
        script = load_role()
        key = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----"
        for value in (TOKEN, key):
            encoded = base64.b64encode(value.encode()).decode()
            text = json.dumps({"problem": "invalid: %s and %s" % (value, encoded)})
            safe = script["without_secrets"](text, [secret(value=value)])
            self.assertEqual(json.loads(safe)["problem"], "invalid: [secret] and [secret]")


if __name__ == "__main__":
    unittest.main()
