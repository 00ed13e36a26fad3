"""Removing k3s: its own rules, processes and mounts, and nobody else's; and when a server must stay."""

import copy
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from load_part import load, load_module

UNINSTALL = vars(load_module("k3s_uninstall"))
REMOVE = vars(load_module("k3s_remove_node"))

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

# As kube-router (k3s' network policies) and the portmap plugin leave it, beside Tailscale's, Docker's and a person's own rules.
FILTER = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:DOCKER-USER - [0:0]
:KUBE-NWPLCY-DEFAULT - [0:0]
:KUBE-POD-FW-ABCDEFGHIJKLMNOP - [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
:ts-forward - [0:0]
-A INPUT -m comment --comment "kube-router netpol - 4IA2OSFRMVNDXBVV" -j KUBE-ROUTER-INPUT
-A INPUT -m comment --comment "KUBE-ROUTER rule to explicitly ACCEPT traffic that comply to network policies" -m mark --mark 0x20000/0x20000 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 9999 -m comment --comment "scrape the KUBE-ROUTER metrics" -j ACCEPT
-A FORWARD -m comment --comment "flanneld forward" -s 10.42.0.0/16 -j ACCEPT
-A FORWARD -m set --match-set inet6:KUBE-DST-AAAA dst -j DROP
-A FORWARD -j ts-forward
-A FORWARD -j DOCKER-USER
-A KUBE-POD-FW-ABCDEFGHIJKLMNOP -m comment --comment "rule to drop invalid state for pod" -j DROP
-A ts-forward -o tailscale0 -j ACCEPT
COMMIT
"""


def server(name, ready=True, role="control-plane", etcd=True):
    roles = [role] + (["etcd"] if etcd and role == "control-plane" else [])
    return {"metadata": {"name": name, "labels": {"node-role.kubernetes.io/" + each: "true" for each in roles}},
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

    def test_rules_of_kube_router_go_by_their_comment_and_those_of_others_stay(self):
        script = UNINSTALL["rules_to_delete"](FILTER).splitlines()
        deleted = [line for line in script if line.startswith("-D ")]
        self.assertEqual(len(deleted), 4)
        self.assertIn("KUBE-ROUTER rule to explicitly", deleted[1])
        for word in ("ts-forward", "DOCKER-USER", "9999"):
            self.assertFalse(any(word in line for line in script), word)
        self.assertIn("-X KUBE-POD-FW-ABCDEFGHIJKLMNOP", script)

    def test_sets_and_tables_of_kubernetes_are_known_from_those_of_others(self):
        for name in ("KUBE-SRC-ABC", "inet6:KUBE-DST-ABC", "kube-router-local-pods", "TMP-ABCDEFGHIJKLMNO2"):
            self.assertTrue(UNINSTALL["SETS"].match(name), name)
        for name in ("f2b-sshd", "TMP-mine", "my-KUBE-set", "inet6:blocked"):
            self.assertFalse(UNINSTALL["SETS"].match(name), name)
        self.assertTrue(UNINSTALL["TABLES"].match("table ip6 kube-router-filter-ipv6"))
        self.assertFalse(UNINSTALL["TABLES"].match("table inet filter"))


class Processes(unittest.TestCase):
    def test_shims_of_k3s_and_all_below_them(self):
        table = [(1, 0, "/sbin/init"), (10, 1, "/usr/bin/containerd-shim-runc-v2 -address /run/k3s/containerd/containerd.sock"), (11, 10, "/pause"),
                 (12, 11, "sleep"), (20, 1, "/usr/bin/containerd-shim-runc-v2 -address /run/containerd/containerd.sock"), (21, 20, "docker's")]
        self.assertEqual(UNINSTALL["shims"](table), {10, 11, 12})

    def test_mounts_go_deepest_first_and_never_the_place_itself(self):
        table = "a /var/lib/kubelet ext4\nb /var/lib/kubelet/pods/x tmpfs\nc /var/lib/kubelet/pods/x/y\\040z tmpfs\nd /home ext4\ne /run/k3s/containerd/io shm\n"
        self.assertEqual(UNINSTALL["below"](UNINSTALL["mount_points"](table), ("/run/k3s", "/var/lib/kubelet")),
                         ["/var/lib/kubelet/pods/x/y z", "/var/lib/kubelet/pods/x", "/run/k3s/containerd/io"])


def may_mount():
    return shutil.which("unshare") is not None and subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode == 0


class Files(unittest.TestCase):
    """Whole uninstalls of a host whose places are all below one directory."""

    def setUp(self):
        self.root = os.path.realpath(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.part = vars(load_module("k3s_uninstall"))
        for name in ("DATA", "KUBELET", "NAMESPACES"):
            self.part[name] = self.root + self.part[name]
        for name in ("FILES", "TREES", "PARENTS", "OWN_MOUNTS"):
            self.part[name] = tuple(self.root + path for path in self.part[name])
        self.part["run"] = self.run_program
        self.part["processes"] = lambda: []
        self.programs = []
        self.umount_fails = False

    def run_program(self, *argv, text=None):
        self.programs.append(argv)
        if argv[0] == "umount" and not self.umount_fails:
            return subprocess.run(argv, stderr=subprocess.DEVNULL).returncode, ""
        return 1, ""

    def put(self, path, text="data"):
        os.makedirs(os.path.dirname(self.root + path), exist_ok=True)
        with open(self.root + path, "w") as file:
            file.write(text)
        return self.root + path

    def mount(self, path, *options):
        os.makedirs(self.root + path, exist_ok=True)
        subprocess.run(["mount", *options, self.root + path], check=True)
        self.addCleanup(subprocess.run, ["umount", "--lazy", self.root + path], stderr=subprocess.DEVNULL)

    def uninstall(self, **params):
        return self.part["uninstall"](**params)

    def test_all_places_of_k3s_go_with_the_empty_directories_above_them(self):
        for path in ("/var/lib/rancher/k3s/server/db/state.db", "/etc/rancher/k3s/config.yaml", "/var/lib/kubelet/pods/x/etc-hosts", "/usr/local/bin/k3s"):
            self.put(path)
        self.assertIsNone(self.uninstall()["problem"])
        for path in ("/var/lib/rancher", "/etc/rancher", "/var/lib/kubelet", "/usr/local/bin/k3s"):
            self.assertFalse(os.path.exists(self.root + path), path)
        self.assertTrue(os.path.isdir(self.root + "/var/lib"))
        self.assertEqual(self.uninstall()["changes"], [])

    def test_volumes_stay_unless_they_are_to_go(self):
        volume = self.put("/var/lib/rancher/k3s/storage/pvc-1/file")
        self.put("/var/lib/rancher/k3s/server/token")
        self.uninstall()
        self.assertEqual(os.listdir(self.root + "/var/lib/rancher/k3s"), ["storage"])
        self.assertTrue(os.path.exists(volume))
        self.assertEqual(self.uninstall()["changes"], [])
        self.uninstall(keep_volumes=False)
        self.assertFalse(os.path.exists(self.root + "/var/lib/rancher"))

    def test_what_a_link_leads_to_stays(self):
        for path in ("/var/lib/kubelet", "/var/lib/rancher", "/etc/rancher/k3s"):
            self.setUp()
            with self.subTest(path):
                kept = self.put("/mnt/disk/k3s/precious")
                os.makedirs(os.path.dirname(self.root + path), exist_ok=True)
                os.symlink(self.root + "/mnt/disk", self.root + path)
                os.makedirs(self.root + "/var/lib/cni", exist_ok=True)
                os.symlink(self.root + "/mnt/disk", self.root + "/var/lib/cni/inner")
                result = self.uninstall()
                self.assertIsNone(result["problem"])
                self.assertTrue(os.path.exists(kept))
                self.assertFalse(os.path.lexists(self.root + path))
                self.assertIn("%s was a link to" % (self.root + path), " ".join(result["warnings"]))

    @unittest.skipUnless(may_mount(), "needs root to mount")
    def test_a_mount_of_somebody_else_stops_it_before_anything_is_done(self):
        for options in (["--bind", "/mnt/photos"], ["-t", "tmpfs", "tmpfs"]):
            for path in ("/var/lib/kubelet/photos of mine", "/var/lib/rancher/k3s/agent/photos"):
                self.setUp()
                with self.subTest((options, path)):
                    self.put("/mnt/photos/1.jpg")
                    self.mount(path, *[self.root + word if word.startswith("/mnt") else word for word in options])
                    photo, state = self.put(path + "/1.jpg"), self.put("/var/lib/rancher/k3s/server/db/state.db")
                    for check in (True, False):
                        result = self.uninstall(check=check)
                        self.assertIn(self.root + path, result["problem"])
                        self.assertIn("umount", result["hint"])
                    self.assertTrue(os.path.exists(photo))
                    self.assertTrue(os.path.exists(state))
                    self.assertEqual(self.programs, [])
                    self.doCleanups()

    @unittest.skipUnless(may_mount(), "needs root to mount")
    def test_a_volume_of_a_pod_is_unmounted_and_keeps_its_files(self):
        photo = self.put("/mnt/photos/1.jpg")
        self.mount("/var/lib/kubelet/pods/x/volumes/photos", "--bind", self.root + "/mnt/photos")
        self.mount("/var/lib/kubelet/pods/x/volumes/photos", "--bind", self.root + "/mnt/photos")
        self.assertIsNone(self.uninstall()["problem"])
        self.assertTrue(os.path.exists(photo))
        self.assertFalse(os.path.exists(self.root + "/var/lib/kubelet"))

    @unittest.skipUnless(may_mount(), "needs root to mount")
    def test_a_volume_that_cannot_be_unmounted_stops_it_before_a_file_is_deleted(self):
        photo, state = self.put("/mnt/photos/1.jpg"), self.put("/var/lib/rancher/k3s/server/db/state.db")
        self.mount("/var/lib/kubelet/pods/x/volumes/photos", "--bind", self.root + "/mnt/photos")
        self.umount_fails = True
        result = self.uninstall()
        self.assertIn("could not unmount %s/var/lib/kubelet/pods/x/volumes/photos" % self.root, result["problem"])
        self.assertTrue(os.path.exists(photo) and os.path.exists(state))

    @unittest.skipUnless(may_mount(), "needs root to mount")
    def test_a_mount_that_came_since_is_not_entered(self):
        photo = self.put("/mnt/photos/1.jpg")
        self.mount("/var/lib/kubelet/late", "-t", "tmpfs", "tmpfs")
        inside = self.put("/var/lib/kubelet/late/file")
        failed = self.part["remove_tree"](self.root + "/var/lib/kubelet", set())
        self.assertEqual(failed, [(self.root + "/var/lib/kubelet/late", "something is mounted there")])
        self.assertTrue(os.path.exists(photo) and os.path.exists(inside))

    @unittest.skipUnless(may_mount(), "needs root to mount")
    def test_a_disk_given_to_k3s_is_emptied_and_stays_mounted(self):
        self.mount("/var/lib/rancher", "-t", "tmpfs", "tmpfs")
        self.put("/var/lib/rancher/k3s/server/db/state.db")
        self.assertIsNone(self.uninstall()["problem"])
        self.assertEqual(os.listdir(self.root + "/var/lib/rancher"), [])
        self.assertEqual(self.uninstall()["changes"], [])


class Quorum(unittest.TestCase):
    def test_the_last_server_stays(self):
        self.assertIn("only server", REMOVE["refusal"]([server("n1"), server("n2", role="worker")], "n1")[0])

    def test_a_majority_must_remain(self):
        self.assertIsNone(REMOVE["refusal"]([server("n1"), server("n2"), server("n3")], "n1"))
        self.assertIsNone(REMOVE["refusal"]([server("n1"), server("n2")], "n1"))
        self.assertIn("too few for a majority", REMOVE["refusal"]([server("n1"), server("n2"), server("n3", ready=False)], "n1")[0])

    def test_of_servers_that_share_a_database_one_is_enough(self):
        def servers(*ready):
            return [server("n%d" % number, ready=each, etcd=False) for number, each in enumerate(ready)]
        self.assertIsNone(REMOVE["refusal"](servers(True, True, False), "n0"))
        self.assertIn("none of the servers that would stay is Ready", REMOVE["refusal"](servers(True, False, False), "n0")[0])
        self.assertIn("only server", REMOVE["refusal"](servers(True), "n0")[0])

    def test_workers_may_always_go(self):
        self.assertIsNone(REMOVE["refusal"]([server("n1"), server("w", role="worker")], "w"))


class Cluster(unittest.TestCase):
    """Removals from a cluster whose API is a dictionary of nodes and one of secrets."""

    def setUp(self):
        load("node_password")["kubectl"] = self.kubectl
        self.part = vars(load_module("k3s_remove_node"))
        self.part["kubectl"] = self.kubectl
        self.admit = vars(load_module("k3s_admit"))
        self.volumes = []
        self.nodes = {item["metadata"]["name"]: item for item in (server("n1"), server("n2"), server("n3"), server("pi", role="worker"))}
        self.secrets = {"pi.node-password.k3s": {"metadata": {"name": "pi.node-password.k3s"}, "type": "k3s.cattle.io/node-password", "data": {"hash": "x"}}}

    def kubectl(self, verb, *words, timeout=60, document=None):
        kind, name = words[0], words[1]
        if verb == "get" and kind in ("nodes", "pv"):
            return json.dumps({"items": list(self.nodes.values()) if kind == "nodes" else self.volumes})
        if verb == "get":
            found = [self.secrets[word] for word in words if word in self.secrets]
            # As kubectl answers: one object where one was asked for, a list for several.
            asked = sum(word.endswith(".node-password.k3s") for word in words)
            return json.dumps({"items": found} if asked > 1 else found[0]) if found else ""
        if verb == "create":
            secret = json.loads(document)
            assert secret["metadata"]["name"] not in self.secrets
            self.secrets[secret["metadata"]["name"]] = secret
        elif verb == "patch":
            self.secrets[name]["metadata"].update(json.loads(words[-1])["metadata"])
        elif kind == "node":
            del self.nodes[name]
        elif not self.secrets[name]["metadata"].get("finalizers"):
            del self.secrets[name]
        return ""

    def step(self, step, node="pi", **params):
        return self.part["remove"]({"node": node, "step": step, **params})

    def test_a_machine_that_was_reached_leaves_nothing(self):
        self.step("delete")
        self.assertEqual((self.secrets, "pi" in self.nodes), ({}, False))

    def test_volumes_that_only_this_node_has_are_named_with_how_to_give_them_up(self):
        place = lambda node: {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}]}}
        self.volumes = [{"metadata": {"name": "pvc-%d" % number}, "spec": {
            "nodeAffinity": place(node), "storageClassName": "local-path", kind: {"path": "/x/pvc-%d" % number}, "claimRef": {"namespace": "shop", "name": "db-%d" % number}}}
            for number, (node, kind) in enumerate((("pi", "local"), ("n2", "local"), ("pi", "hostPath")))]
        self.volumes.append({"metadata": {"name": "nfs"}, "spec": {"nfs": {"path": "/x", "server": "nas"}}})
        for check in (True, False):
            said = self.step("delete", gone=True, check=check)["warnings"][-1]
            self.assertIn("on pi: pvc-0 (claim shop/db-0), pvc-2 (claim shop/db-2). ", said)
            self.assertIn("`kubectl delete pvc -n shop db-0`, `kubectl delete pv pvc-0`", said)
        self.volumes = self.volumes[1:2]
        self.assertEqual(self.step("delete")["warnings"], [])

    def test_a_worker_that_was_only_off_is_kept_out_until_it_is_added_again(self):
        for _ in range(2):
            said = self.step("delete", gone=True)["warnings"]
            self.assertIn("The cluster refuses it", said[0])
            tombstone = self.secrets["pi.node-password.k3s"]
            # k3s deletes secrets of its own type that have no node, and a password would let the machine in.
            self.assertEqual((tombstone["type"], tombstone.get("data")), ("Opaque", None))
            self.assertTrue(tombstone["metadata"]["finalizers"])
        self.assertTrue(self.admit["admit"](["n2", "pi"], "token")["changed"])
        self.assertEqual(self.secrets, {})
        self.assertFalse(self.admit["admit"](["n2", "pi"], "token")["changed"])

    def test_a_password_that_is_in_use_is_not_touched_by_a_host_that_joins(self):
        before = copy.deepcopy(self.secrets)
        for nodes in (["pi"], ["n2", "pi"]):
            self.assertEqual(self.admit["admit"](nodes, "token"), {"changed": False, "problem": None})
        self.assertEqual(self.secrets, before)

    def test_no_host_joins_a_server_without_a_token_or_an_api(self):
        self.assertIn("no token", self.admit["admit"](["pi"], "")["problem"])
        self.admit["patiently"] = lambda ask: self.fail_with("connection refused")
        self.assertIn("connection refused", self.admit["admit"](["pi"], "token")["problem"])

    def fail_with(self, said):
        raise self.admit["Failed"](said)

    def test_a_machine_that_comes_back_and_is_replaced_or_removed_loses_its_tombstone(self):
        for step in ("replace", "delete"):
            self.setUp()
            self.step("delete", gone=True)
            self.step(step)
            self.assertEqual(self.secrets, {})

    def test_of_a_server_that_was_only_off_it_is_said(self):
        said = self.step("delete", node="n3", gone=True, server=True)["warnings"]
        self.assertIn("may join again by itself", said[0])
        self.assertNotIn("n3.node-password.k3s", self.secrets)

    def test_a_check_changes_nothing(self):
        before = copy.deepcopy((self.nodes, self.secrets))
        self.assertTrue(self.step("delete", gone=True, check=True)["changes"])
        self.assertEqual((self.nodes, self.secrets), before)


if __name__ == "__main__":
    unittest.main()
