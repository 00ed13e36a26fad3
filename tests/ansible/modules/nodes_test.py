"""Labels, taints and annotations: what the inventory owns is brought about and taken away, what others own stays."""

import copy
import json
import os
import random
import unittest

from load_part import ROOT, load_module

with open(os.path.join(ROOT, "ansible", "roles", "node_config", "files", "reserved_keys.json")) as keys:
    RESERVED = json.load(keys)


def node(name="n1", labels=None, annotations=None, taints=None, ready=True, ip="100.64.0.1", version="v1.36.2+k3s1"):
    return {
        "metadata": {"name": name, "resourceVersion": "7", "labels": labels or {}, "annotations": annotations or {}},
        "spec": {"taints": taints or []},
        "status": {"addresses": [{"type": "InternalIP", "address": ip}], "nodeInfo": {"kubeletVersion": version},
                   "conditions": [{"type": "Ready", "status": "True" if ready else "False", "message": "network not ready"}]},
    }


def apply(target, patch):
    """What the API server does with a merge patch."""
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict):
            apply(target.setdefault(key, {}), value)
        else:
            target[key] = copy.deepcopy(value)


class FakeCluster:
    """The functions of the script with a kubectl that keeps nodes in memory."""

    def __init__(self, *nodes):
        self.script = load_module("k3s_nodes")
        self.nodes = {item["metadata"]["name"]: item for item in nodes}
        self.patches = []
        self.script.kubectl = self.kubectl

    def kubectl(self, verb, *arguments):
        if verb == "get":
            return json.dumps({"items": list(self.nodes.values())})
        patch = json.loads(arguments[arguments.index("-p") + 1])
        self.patches.append(patch)
        apply(self.nodes[arguments[1]], patch)
        return ""

    def run(self, nodes, **options):
        clock = iter(range(1000))
        return self.script.reconcile({"nodes": nodes, "timeout": 5, "reserved": RESERVED, **options}, now=lambda: next(clock), pause=lambda _: None)


WANTED = {"labels": {"disk": "ssd", "workstation": True}, "taints": [{"key": "gpu", "value": "true", "effect": "NoSchedule"}], "worker": True,
          "ip": "100.64.0.1", "version": "v1.36.2+k3s1"}


class Reconcile(unittest.TestCase):
    def test_everything_arrives_and_a_second_run_changes_nothing(self):
        cluster = FakeCluster(node())
        self.assertIsNone(cluster.run({"n1": WANTED})["n1"]["problem"])
        metadata = cluster.nodes["n1"]["metadata"]
        self.assertEqual(metadata["labels"], {"disk": "ssd", "workstation": "true", "node-role.kubernetes.io/worker": "true"})
        self.assertEqual(cluster.nodes["n1"]["spec"]["taints"], [{"key": "gpu", "value": "true", "effect": "NoSchedule"}])
        self.assertEqual(cluster.run({"n1": WANTED})["n1"]["changes"], [])
        self.assertEqual(len(cluster.patches), 1)

    def test_what_the_inventory_no_longer_says_goes_and_foreign_things_stay(self):
        foreign = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute", "timeAdded": "2026-11-23T00:00:00Z"}
        cluster = FakeCluster(node(labels={"theirs": "1"}, taints=[foreign], annotations={"note": "x"}))
        cluster.run({"n1": WANTED})
        cluster.run({"n1": {"ip": "100.64.0.1", "version": "v1.36.2+k3s1"}})
        self.assertEqual(cluster.nodes["n1"]["metadata"]["labels"], {"theirs": "1"})
        self.assertEqual(cluster.nodes["n1"]["metadata"]["annotations"], {"note": "x"})
        self.assertEqual(cluster.nodes["n1"]["spec"]["taints"], [foreign])

    def test_a_taint_of_the_same_key_and_another_effect_is_another_taint(self):
        cluster = FakeCluster(node(taints=[{"key": "gpu", "effect": "NoExecute"}]))
        cluster.run({"n1": WANTED})
        self.assertEqual({taint["effect"] for taint in cluster.nodes["n1"]["spec"]["taints"]}, {"NoSchedule", "NoExecute"})

    def test_a_patch_names_the_version_it_was_made_for(self):
        cluster = FakeCluster(node())
        cluster.run({"n1": WANTED})
        self.assertEqual(cluster.patches[0]["metadata"]["resourceVersion"], "7")

    def test_any_sequence_of_wishes_ends_at_the_last_and_keeps_foreign_keys(self):
        """P17 a second run changes nothing; and the state depends on the last wish alone."""
        dice = random.Random(20261123)
        for _ in range(150):
            foreign = {"theirs-%d" % number: str(number) for number in range(dice.randrange(3))}
            cluster = FakeCluster(node(labels=dict(foreign)))
            for _ in range(dice.randrange(1, 5)):
                labels = {key: str(dice.randrange(3)) for key in dice.sample(["a", "b", "example.com/c", "d"], dice.randrange(5))}
                taints = [{"key": key, "value": dice.choice(["", "x"]), "effect": dice.choice(["NoSchedule", "NoExecute"])} for key in dice.sample("pqr", dice.randrange(4))]
                wanted = {"labels": labels, "taints": taints, "ip": "100.64.0.1"}
                cluster.run({"n1": wanted})
                self.assertEqual(cluster.run({"n1": wanted})["n1"]["changes"], [])
            self.assertEqual(cluster.nodes["n1"]["metadata"]["labels"], {**foreign, **labels})
            wanted_taints = {(taint["key"], taint["value"], taint["effect"]) for taint in taints}
            self.assertEqual({(t["key"], t.get("value", ""), t["effect"]) for t in cluster.nodes["n1"]["spec"]["taints"]}, wanted_taints)

    def test_a_check_changes_nothing_and_says_what_would(self):
        cluster = FakeCluster(node())
        result = cluster.run({"n1": WANTED, "new": WANTED}, check=True)
        self.assertEqual(cluster.patches, [])
        self.assertIn("label disk=ssd added", result["n1"]["changes"])
        self.assertEqual(result["new"]["changes"], ["settings of the new node"])
        self.assertIsNone(result["new"]["problem"])

    def test_a_diff_shows_what_the_inventory_owns_before_and_after_by_node(self):
        cluster = FakeCluster(node(labels={"theirs": "1"}, taints=[{"key": "foreign", "effect": "NoExecute"}]))
        before = cluster.run({"n1": {"labels": {"old": "1", "disk": "hdd"}, "ip": "100.64.0.1"}})["n1"]["diff"]
        self.assertEqual((before["before"], before["after"], before["after_header"]), ("", "label disk=hdd\nlabel old=1\n", "node/n1"))
        for check in (True, False):
            diff = cluster.run({"n1": WANTED}, check=check)["n1"]["diff"]
            self.assertEqual(diff["before"], "label disk=hdd\nlabel old=1\n")
            self.assertEqual(diff["after"], "label disk=ssd\nlabel node-role.kubernetes.io/worker=true\nlabel workstation=true\ntaint gpu=true:NoSchedule\n")
        self.assertNotIn("diff", cluster.run({"n1": WANTED})["n1"])

    def test_success_means_ready_on_its_address_with_its_version(self):
        """P10 success means Ready."""
        for broken, said in ((node(ready=False), "not Ready: network not ready"), (node(ip="192.168.1.5"), "InternalIP is 192.168.1.5, not 100.64.0.1"),
                             (node(version="v1.36.1+k3s1"), "kubelet is v1.36.1+k3s1, not v1.36.2+k3s1"),
                             (node(annotations={"etcd.k3s.cattle.io/node-address": "192.168.1.5"}), "etcd uses 192.168.1.5")):
            self.assertIn(said, FakeCluster(broken).run({"n1": WANTED})["n1"]["problem"])
        self.assertIn("has not registered", FakeCluster().run({"n1": WANTED})["n1"]["problem"])

    def test_one_node_that_fails_keeps_no_other(self):
        cluster = FakeCluster(node(), node("n2", ready=False))
        result = cluster.run({"n1": WANTED, "n2": WANTED})
        self.assertIsNone(result["n1"]["problem"])
        self.assertIn("not Ready", result["n2"]["problem"])

    def test_settings_that_the_api_would_refuse_are_named_before_anything_is_patched(self):
        for labels, taints in (({"bad key": "x"}, []), ({"a": "not valid!"}, []), ({}, [{"key": "a", "effect": "Never"}]),
                               ({"kubernetes.io/hostname": "x"}, []), ({}, [{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}])):
            cluster = FakeCluster(node())
            self.assertRegex(cluster.run({"n1": {"labels": labels, "taints": taints, "ip": "100.64.0.1"}})["n1"]["problem"], "is not a valid|is set by Kubernetes")
            self.assertEqual(cluster.patches, [])

    def test_a_server_may_be_tainted_as_a_control_plane(self):
        cluster = FakeCluster(node())
        taint = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
        self.assertIsNone(cluster.run({"n1": {**WANTED, "taints": [taint]}})["n1"]["problem"])

    def test_a_machine_that_was_renamed_is_told_by_its_former_name(self):
        def with_machine(item, machine):
            item["status"]["nodeInfo"]["machineID"] = machine
            return item
        known = ["n1", "n2", "n3"]
        cluster = FakeCluster(with_machine(node(), "a"),
                              with_machine(node("old"), "a"),
                              with_machine(node("older", ready=False, ip="100.64.0.9"), "a"),
                              with_machine(node("cloned", ip="100.64.0.8"), "a"),
                              with_machine(node("n2", ready=False, ip="100.64.0.2"), "a"),
                              with_machine(node("other", ready=False, ip="100.64.0.7"), "b"))
        self.assertEqual(cluster.run({"n1": WANTED}, known=known)["n1"]["former"], ["old", "older"])
        self.assertEqual(FakeCluster(node()).run({"n1": WANTED}, known=known)["n1"]["former"], [])


if __name__ == "__main__":
    unittest.main()
