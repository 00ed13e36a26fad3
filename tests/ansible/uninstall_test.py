"""Removing k3s: its own rules, processes and mounts, and nobody else's; and when a server must stay."""

import unittest

from load_part import load

UNINSTALL = load("k3s_uninstall", "uninstall.py")
REMOVE = load("k3s_uninstall", "remove_node.py")

SAVED = """*nat
:PREROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:FLANNEL-POSTRTG - [0:0]
:ts-postrouting - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -j ts-postrouting
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A KUBE-SERVICES -d 10.43.0.1/32 -j KUBE-SVC-X
-A ts-postrouting -m mark --mark 0x40000/0xff0000 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:ts-input - [0:0]
-A INPUT -j ts-input
-A ts-input -s 100.64.0.1/32 -i lo -j ACCEPT
COMMIT
"""


def server(name, ready=True, role="control-plane"):
    return {"metadata": {"name": name, "labels": {"node-role.kubernetes.io/" + role: "true"}},
            "status": {"conditions": [{"type": "Ready", "status": "True" if ready else "Unknown"}]}}


class Rules(unittest.TestCase):
    def test_only_kubernetes_rules_and_chains_are_deleted(self):
        script = UNINSTALL["rules_to_delete"](SAVED)
        self.assertEqual(script.splitlines(), [
            "*nat",
            '-D PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
            '-D POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG',
            "-F KUBE-SERVICES", "-F FLANNEL-POSTRTG", "-X KUBE-SERVICES", "-X FLANNEL-POSTRTG", "COMMIT"])
        self.assertNotIn("ts-", script)

    def test_nothing_to_delete_is_no_script(self):
        self.assertEqual(UNINSTALL["rules_to_delete"](SAVED[SAVED.index("*filter"):]), "")


class Processes(unittest.TestCase):
    def test_shims_of_k3s_and_all_below_them(self):
        table = [(1, 0, "/sbin/init"), (10, 1, "/usr/bin/containerd-shim-runc-v2 -address /run/k3s/containerd/containerd.sock"), (11, 10, "/pause"),
                 (12, 11, "sleep"), (20, 1, "/usr/bin/containerd-shim-runc-v2 -address /run/containerd/containerd.sock"), (21, 20, "docker's")]
        self.assertEqual(UNINSTALL["shims"](table), {10, 11, 12})

    def test_mounts_go_deepest_first_and_never_the_place_itself(self):
        table = "a /var/lib/kubelet ext4\nb /var/lib/kubelet/pods/x tmpfs\nc /var/lib/kubelet/pods/x/y tmpfs\nd /home ext4\ne /run/k3s/containerd/io shm\n"
        self.assertEqual(UNINSTALL["mounts_below"](table, ("/run/k3s/", "/var/lib/kubelet/")),
                         ["/var/lib/kubelet/pods/x/y", "/var/lib/kubelet/pods/x", "/run/k3s/containerd/io"])


class Quorum(unittest.TestCase):
    def test_the_last_server_stays(self):
        self.assertIn("only server", REMOVE["refusal"]([server("n1"), server("n2", role="worker")], "n1")[0])

    def test_a_majority_must_remain(self):
        self.assertIsNone(REMOVE["refusal"]([server("n1"), server("n2"), server("n3")], "n1"))
        self.assertIsNone(REMOVE["refusal"]([server("n1"), server("n2")], "n1"))
        self.assertIn("too few for a majority", REMOVE["refusal"]([server("n1"), server("n2"), server("n3", ready=False)], "n1")[0])

    def test_workers_may_always_go(self):
        self.assertIsNone(REMOVE["refusal"]([server("n1"), server("w", role="worker")], "w"))


if __name__ == "__main__":
    unittest.main()
