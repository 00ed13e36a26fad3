"""A reinstalled machine's old node makes room for it; a node that lives does not."""

import json
import unittest

from load_part import load, load_module


HOST = "N3_in_the_attic"  # what a person calls the node n3


class FakeTime:
    def __init__(self):
        self.now = 0

    def monotonic(self):
        self.now += 1
        return self.now

    def sleep(self, _):
        pass


class FakeCluster:
    """A worker n3 whose Ready condition is as given, look by look; the last stays."""

    def __init__(self, *ready):
        self.ready, self.deleted, self.drained = list(ready), [], []
        self.tainted = True  # when it is cordoned
        load("node_password")["kubectl"] = self.kubectl
        self.script = vars(load_module("k3s_remove_node"))
        self.script["kubectl"], self.script["time"] = self.kubectl, FakeTime()

    def node(self):
        ready = self.ready.pop(0) if len(self.ready) > 1 else self.ready[0]
        taints = [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}] if self.tainted else []
        return {"metadata": {"name": "n3"}, "spec": {"taints": taints}, "status": {"conditions": [{"type": "Ready", "status": ready}]}}

    def kubectl(self, verb, kind, *arguments, **_):
        if verb == "drain":
            self.drained.append(arguments)
            raise self.script["Failed"]("a budget allows no eviction")
        if verb == "delete":
            self.deleted.append("%s %s" % (kind, arguments[0]))
        if kind == "secret":
            return json.dumps({"metadata": {"name": arguments[0]}}) if verb == "get" else ""
        return json.dumps({"items": [self.node()]} if kind == "nodes" else self.node())

    def replace(self, **params):
        return self.run("replace", **params)

    def run(self, step, **params):
        return self.script["remove"]({"node": "n3", "host": HOST, "step": step, **params})


class Replace(unittest.TestCase):
    def test_the_old_node_and_its_password_go(self):
        cluster = FakeCluster("Unknown")
        self.assertIsNone(cluster.replace()["problem"])
        self.assertEqual(cluster.deleted, ["node n3", "secret n3.node-password.k3s"])

    def test_a_machine_that_was_just_reinstalled_still_counts_as_ready_for_a_while(self):
        cluster = FakeCluster("True", "True", "True", "Unknown")
        self.assertIsNone(cluster.replace()["problem"])
        self.assertEqual(len(cluster.deleted), 2)

    def test_a_node_that_lives_is_not_replaced(self):
        cluster = FakeCluster("True")
        result = cluster.replace()
        self.assertIn("n3 is a Ready node of the cluster: there is nothing to replace", result["problem"])
        self.assertEqual(cluster.deleted, [])

    def test_what_to_type_next_names_the_host_as_the_inventory_does(self):
        hints = [FakeCluster("True").run(step)["hint"] for step in ("replace", "drain")]
        self.assertIn("Leave --replace %s out" % HOST, hints[0])
        self.assertIn("`k3s-tool node remove %s`" % HOST, hints[0])
        self.assertIn("`k3s-tool config set k3s_uninstall_drain_force true --scope %s`" % HOST, hints[1])
        for hint in hints:
            self.assertNotRegex(hint, r"\bn3\b")

    def test_a_drain_does_not_wait_for_a_kubelet_that_hears_nothing(self):
        cluster = FakeCluster("True")
        cluster.run("drain", drain_timeout=120)
        self.assertIn("--skip-wait-for-delete-timeout=15", cluster.drained[0])

    def test_nothing_is_evicted_that_nothing_would_replace(self):
        cluster = FakeCluster("True")
        cluster.tainted = False
        self.assertIn("kube-controller-manager does not respond", cluster.run("drain")["problem"])
        self.assertEqual(cluster.drained, [])

    def test_a_check_deletes_nothing(self):
        cluster = FakeCluster("False")
        self.assertIn("deleted node n3", cluster.replace(check=True)["changes"])
        self.assertEqual(cluster.deleted, [])


if __name__ == "__main__":
    unittest.main()
