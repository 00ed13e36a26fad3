"""Storage classes for directories of nodes: which exist, for which nodes, which is the default, and what is never taken away."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

from load_part import load_module

MODULE = load_module("k3s_storage_classes")
PART = vars(MODULE.storage_classes)
FAST = {"path": "/srv/fast", "class": "fast", "reclaim": "Retain"}
BULK = {"path": "/srv/bulk", "class": "bulk"}


def volume(name="pvc-1", node="nas", path="/srv/fast", kind="fast", provisioner="k3s-tool.io/local-path"):
    return {"kind": "PersistentVolume", "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": provisioner}}, "spec": {
        "storageClassName": kind, "local": {"path": "%s/%s_default_data" % (path, name)}, "claimRef": {"namespace": "default", "name": "data"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}]}}}}


def k3s_class(created="2026-01-01T00:00:00Z"):
    return {"kind": "StorageClass", "metadata": {"name": "local-path", "creationTimestamp": created, "annotations": {PART["DEFAULT"]: "true"}},
            "provisioner": "rancher.io/local-path", "reclaimPolicy": "Delete"}


class FakeCluster:
    """A kubectl that keeps objects in memory and refuses what the API server does."""

    def __init__(self, *items):
        self.items, self.clock, self.writes = {}, 0, []
        for item in items:
            self.items[self.key(item)] = item

    @staticmethod
    def key(item):
        return item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]

    def __call__(self, verb, *arguments, document=None, timeout=None):
        if verb == "get" and arguments[0] == "-f":
            keys = [self.key(item) for item in json.loads(document)["items"]]
            return json.dumps({"kind": "List", "items": [self.items[key] for key in keys if key in self.items]})
        if verb == "get":
            kinds = {"pv,sc": ("PersistentVolume", "StorageClass"), "sc": ("StorageClass",), "pods": ("Pod",)}[arguments[0]]
            return json.dumps({"kind": "List", "items": [item for key, item in self.items.items() if key[0] in kinds]})
        if verb == "apply":
            return self.apply(document, "--dry-run=server" in arguments)
        if verb == "delete":
            self.writes.append("delete " + arguments[1])
            kind = {"storageclass": "StorageClass", "namespace": "Namespace", "clusterrole": "ClusterRole", "clusterrolebinding": "ClusterRoleBinding"}[arguments[0]]
            self.items = {key: item for key, item in self.items.items()
                          if key != (kind, "", arguments[1]) and not (kind == "Namespace" and key[1] == arguments[1])}
            return ""
        return ""  # rollout status

    def apply(self, document, dry):
        given = json.loads(document)
        found = []
        for item in given.get("items") or [given]:
            key = self.key(item)
            now = self.items.get(key)
            for field in ("reclaimPolicy", "provisioner"):
                if now and item["kind"] == "StorageClass" and now[field] != item[field]:
                    raise MODULE.kubectl.Failed("updates to %s are forbidden" % field)
            namespace = key[1]
            if namespace and ("Namespace", "", namespace) not in self.items and not any(self.key(one)[:1] == ("Namespace",) for one in found):
                raise MODULE.kubectl.Failed('namespaces "%s" not found' % namespace)
            self.clock += 0 if now else 1
            created = now["metadata"]["creationTimestamp"] if now else "2026-06-01T00:00:%02dZ" % self.clock
            found.append({**item, "metadata": {**item["metadata"], "creationTimestamp": created}})
        if not dry:
            self.writes += ["apply " + item["metadata"]["name"] for item in found]
            self.items.update((self.key(item), item) for item in found)
        return json.dumps({"kind": "List", "items": found})

    def classes(self):
        return {key[2]: item for key, item in self.items.items() if key[0] == "StorageClass"}

    def config(self):
        text = self.items[("ConfigMap", PART["NAMESPACE"], PART["CONFIG"])]["data"]["config.json"]
        return {name: {entry["node"]: entry["paths"] for entry in one["nodePathMap"]} for name, one in json.loads(text)["storageClassConfigs"].items()}


class Classes(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.addCleanup(setattr, MODULE.kubectl, "kubectl", MODULE.kubectl.kubectl)
        self.record = self.directory + "/kept/classes"

    def work(self, cluster, nodes, check=False, **params):
        MODULE.kubectl.kubectl = cluster
        cluster.writes = []
        given = {"nodes": nodes, "prepared": list(nodes), "default_class": "", "image": "given/provisioner:1", "helper_image": "given/helper:1",
                 "look": False, "timeout": 1, **params}
        job = MODULE.Classes(given, check, self.record, pause=lambda _: None)
        return job.work(), job.changes

    def test_a_class_is_there_for_the_nodes_that_have_it_and_no_other(self):
        cluster = FakeCluster(k3s_class())
        self.assertEqual(self.work(cluster, {"nas": [FAST, BULK], "nuc": [FAST], "pi": []})[0], None)
        classes = cluster.classes()
        self.assertEqual(sorted(classes), ["bulk", "fast", "local-path"])
        self.assertEqual(classes["fast"]["allowedTopologies"], [{"matchLabelExpressions": [{"key": "kubernetes.io/hostname", "values": ["nas", "nuc"]}]}])
        self.assertEqual((classes["fast"]["reclaimPolicy"], classes["bulk"]["reclaimPolicy"]), ("Retain", "Delete"))
        self.assertTrue(all(classes[name]["volumeBindingMode"] == "WaitForFirstConsumer" for name in ("fast", "bulk")))
        self.assertEqual(cluster.config(), {"fast": {"nas": ["/srv/fast"], "nuc": ["/srv/fast"]}, "bulk": {"nas": ["/srv/bulk"]}})
        self.assertEqual(classes["local-path"], k3s_class(), "what k3s brings stays as it is")

    def test_a_second_run_changes_nothing_and_a_check_writes_nothing(self):
        cluster = FakeCluster(k3s_class())
        self.assertIn("StorageClass fast created", self.work(cluster, {"nas": [FAST]}, check=True)[1])
        self.assertEqual((cluster.writes, os.path.exists(self.record)), ([], False))
        self.work(cluster, {"nas": [FAST]})
        self.assertEqual((self.work(cluster, {"nas": [FAST]}), cluster.writes), ((None, []), []))

    def test_a_node_that_is_not_set_up_yet_does_not_count_and_one_of_an_earlier_run_does(self):
        cluster = FakeCluster(k3s_class())
        self.work(cluster, {"nas": [FAST], "nuc": [FAST]}, prepared=["nas"])
        self.assertEqual(cluster.config(), {"fast": {"nas": ["/srv/fast"]}})
        self.work(cluster, {"nas": [FAST], "nuc": [FAST]}, prepared=["nuc"])
        self.assertEqual(cluster.config(), {"fast": {"nas": ["/srv/fast"], "nuc": ["/srv/fast"]}})

    def test_a_directory_with_volumes_is_not_taken_away_and_they_are_named(self):
        for nodes in ({"nas": []}, {"nas": [BULK]}, {"nas": [dict(FAST, path="/srv/other")]}, {"nas": [dict(FAST, **{"class": "quick"})]}):
            for look in (True, False):
                cluster = FakeCluster(k3s_class(), volume())
                (message, hint), changes = self.work(cluster, nodes, look=look)
                self.assertIn("pvc-1 (claim default/data)", message)
                self.assertIn("kubectl delete pvc -n default data", hint)
                self.assertEqual((changes, cluster.writes), ([], []))
        self.assertIsNone(self.work(FakeCluster(k3s_class(), volume(provisioner="rancher.io/local-path")), {"nas": []}, look=True)[0])
        (message, _), _ = self.work(FakeCluster(volume(), volume("pvc-2", path="/srv/bulk", kind="bulk"), volume("pvc-3")), {"nas": []}, look=True)
        self.assertRegex(message, "has /srv/fast for the class fast, [^;]*: pvc-1 [^;]*, pvc-3 [^;]*; [^;]*has /srv/bulk for the class bulk, [^;]*: pvc-2 [^;]*$")

    def test_the_volumes_of_a_node_that_is_gone_can_still_be_deleted_and_get_no_neighbours(self):
        cluster = FakeCluster(k3s_class(), volume(node="gone"))
        self.assertIsNone(self.work(cluster, {"nas": [BULK]})[0])
        self.assertEqual(cluster.config(), {"bulk": {"nas": ["/srv/bulk"]}, "fast": {"gone": []}})
        self.assertNotIn("fast", cluster.classes())

    def test_without_the_last_directory_all_goes_but_what_k3s_brings(self):
        cluster = FakeCluster(k3s_class())
        self.work(cluster, {"nas": [FAST]})
        self.assertTrue(os.path.exists(self.record))
        self.assertEqual(self.work(cluster, {"nas": []}, check=True)[1], ["StorageClass fast deleted", "provisioner in the namespace k3s-tool-storage deleted"])
        self.assertEqual(cluster.writes, [])
        self.work(cluster, {"nas": []})
        self.assertEqual((list(cluster.items), os.path.exists(self.record)), ([("StorageClass", "", "local-path")], False))
        self.assertEqual(self.work(cluster, {"nas": []}), ((None, [])))

    def test_another_reclaim_makes_the_class_again_as_it_cannot_be_changed(self):
        cluster = FakeCluster(k3s_class(), volume())
        self.work(cluster, {"nas": [FAST]})
        wanted = {"nas": [dict(FAST, reclaim="Delete")]}
        self.assertEqual(self.work(cluster, wanted, check=True)[1], ["StorageClass fast made again: new volumes are on Delete"])
        self.assertIsNone(self.work(cluster, wanted)[0])
        self.assertEqual(cluster.classes()["fast"]["reclaimPolicy"], "Delete")

    def test_our_default_is_the_youngest_also_after_k3s_made_its_own_again(self):
        cluster = FakeCluster(k3s_class())
        nodes = {"nas": [dict(FAST, default=True), BULK]}
        self.work(cluster, nodes)
        self.assertEqual(PART["default_of"](cluster.classes().values()), "fast")
        cluster.items[("StorageClass", "", "local-path")] = k3s_class("2027-01-01T00:00:00Z")
        self.assertEqual(self.work(cluster, nodes, check=True)[1], ["StorageClass fast made again: another default was younger"])
        self.assertEqual(cluster.writes, [])
        created = cluster.apply
        cluster.apply = lambda document, dry: created(document, dry).replace("2026-06-01", "2027-06-01") if dry else self.later(cluster, created, document)
        self.assertEqual(self.work(cluster, nodes)[1], ["StorageClass fast made again: another default was younger"])
        self.assertEqual(PART["default_of"](cluster.classes().values()), "fast")
        self.assertEqual(PART["default_of"](item for name, item in cluster.classes().items() if name == "local-path"), "local-path")

    @staticmethod
    def later(cluster, created, document):
        created(document, False)
        item = cluster.items[("StorageClass", "", "fast")]
        item["metadata"]["creationTimestamp"] = "2027-06-01T00:00:00Z"
        return json.dumps(item)

    def test_the_cluster_s_default_wins_over_marks_and_k3s_own_can_be_kept(self):
        nodes = {"nas": [dict(FAST, default=True), BULK]}
        of = lambda chosen: [name for name, one in PART["classes_of"](nodes, chosen).items() if one["default"]]
        self.assertEqual((of(""), of("bulk"), of("local-path")), (["fast"], ["bulk"], []))

    def test_the_default_is_chosen_as_kubernetes_does(self):
        def marked(name, created, value="true"):
            return {"metadata": {"name": name, "creationTimestamp": created, "annotations": {PART["DEFAULT"]: value}}}
        self.assertIsNone(PART["default_of"]([marked("a", "2026-01-01T00:00:00Z", "false"), {"metadata": {"name": "b"}}]))
        self.assertEqual(PART["default_of"]([marked("a", "2026-01-01T00:00:00Z"), marked("b", "2026-01-02T00:00:00Z")]), "b")
        self.assertEqual(PART["default_of"]([marked("b", "2026-01-01T00:00:00Z"), marked("a", "2026-01-01T00:00:00Z")]), "a")

    def test_a_class_of_somebody_else_is_not_taken(self):
        other = {"kind": "StorageClass", "metadata": {"name": "fast"}, "provisioner": "driver.longhorn.io", "reclaimPolicy": "Delete"}
        cluster = FakeCluster(k3s_class(), other)
        self.assertIn("a storage class fast of another provisioner (driver.longhorn.io)", self.work(cluster, {"nas": [FAST]})[0][0])
        self.assertEqual(cluster.writes, [])

    def test_the_images_are_those_of_k3s_and_the_given_ones_where_it_brings_none(self):
        cluster = FakeCluster(k3s_class())
        images = lambda: (cluster.items[("Deployment", PART["NAMESPACE"], PART["NAME"])]["spec"]["template"]["spec"]["containers"][0]["image"],
                          json.loads(cluster.items[("ConfigMap", PART["NAMESPACE"], PART["CONFIG"])]["data"]["helperPod.yaml"])["spec"]["containers"][0]["image"])
        self.work(cluster, {"nas": [FAST]})
        self.assertEqual(images(), ("given/provisioner:1", "given/helper:1"))
        own = PART["named"]("apps/v1", "Deployment", PART["NAME"], "kube-system", spec={"template": {"spec": {"containers": [{"image": "mirror/provisioner:2"}]}}})
        text = 'spec:\n  containers:\n  - name: helper-pod\n    image: "mirror/busybox:1.37.0"\n    imagePullPolicy: IfNotPresent\n'
        config = PART["named"]("v1", "ConfigMap", PART["CONFIG"], "kube-system", data={"helperPod.yaml": text})
        cluster.items.update({FakeCluster.key(item): item for item in (own, config)})
        self.work(cluster, {"nas": [FAST]})
        self.assertEqual(images(), ("mirror/provisioner:2", "mirror/busybox:1.37.0"))

    def test_another_configuration_starts_the_provisioner_again_and_the_same_does_not(self):
        digest = lambda nodes: PART["objects"](nodes, [], "", {"provisioner": "p", "helper": "h"})[7]["spec"]["template"]["metadata"]["annotations"]
        self.assertEqual(digest({"nas": [FAST, BULK]}), digest({"nas": [BULK, FAST]}))
        self.assertNotEqual(digest({"nas": [FAST]}), digest({"nas": [BULK]}))


class Scripts(unittest.TestCase):
    """What the provisioner's helper pod runs."""

    def run_script(self, text, volume):
        path = os.path.join(self.root, "script")
        with open(path, "w") as file:
            file.write(text)
        return subprocess.run(["sh", path], env={"VOL_DIR": volume, "PATH": os.environ["PATH"]}, stderr=subprocess.PIPE, universal_newlines=True)

    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)

    def test_without_the_mark_no_volume_is_made_or_deleted(self):
        volume = self.root + "/pvc-1_default_data"
        done = self.run_script(PART["SETUP"], volume)
        self.assertEqual((done.returncode, os.path.exists(volume)), (1, False))
        self.assertIn(".k3s-tool-storage is missing: is the disk mounted?", done.stderr)
        os.makedirs(volume + "/rows")
        self.assertEqual((self.run_script(PART["TEARDOWN"], volume).returncode, os.path.exists(volume + "/rows")), (1, True))

    def test_with_the_mark_it_is_made_open_to_any_user_and_deleted_with_all_it_holds(self):
        with open(self.root + "/.k3s-tool-storage", "w"):
            pass
        volume = self.root + "/pvc-1_default_data"
        self.assertEqual(self.run_script(PART["SETUP"], volume).returncode, 0)
        self.assertEqual(os.stat(volume).st_mode & 0o777, 0o777)
        self.assertEqual(self.run_script(PART["SETUP"], volume).returncode, 0)
        os.makedirs(volume + "/rows")
        self.assertEqual((self.run_script(PART["TEARDOWN"], volume).returncode, os.path.exists(volume)), (0, False))


if __name__ == "__main__":
    unittest.main()
