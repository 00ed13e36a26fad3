"""The role gpu_support: what is wrong with a driver, in words; what a host is brought and loses again; and the plugin's objects through the API."""

import base64
import json
import os
import random
import re
import tempfile
import unittest
from unittest import mock

from load_part import load, load_module

from ansible.module_utils.k3s_tool import gpu, kubectl
from ansible.module_utils.k3s_tool.machine import Look
from ansible.module_utils.k3s_tool.packages import Failed, Packages, fingerprints

HOST, CLUSTER = load_module("k3s_gpu_host"), load_module("k3s_gpu")
# A key that gpg made, and what gpg says of it.
KEY = b"""-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawkR8BYJKwYBBAHaRw8BAQdA6Q3nGaCBMbX5iVOBQ/OtIbNN34zjIO6Ka4Ic
CGQwu160IGszcy10b29sIHRlc3QgPHRlc3RAZXhhbXBsZS5jb20+iJAEExYIADgW
IQRiOlRugumduRd7FPfERA1DzWrJSQUCawkR8AIbAwULCQgHAgYVCgkICwIEFgID
AQIeAQIXgAAKCRDERA1DzWrJSS2oAP4ye0yLz1cK5iROERYhrccas0jF1Kzt85Xh
aQ+HbyYLpAEA0yZB6RayOpBxfS/FcKuPGsmzLK9s6qGOycirapAVBwo=
=3B3a
-----END PGP PUBLIC KEY BLOCK-----
"""
FINGERPRINT = "623A546E82E99DB9177B14F7C4440D43CD6AC949"
CARD = {"address": "0000:01:00.0", "device": "2684"}
WORKING = {**CARD, "model": "RTX 4090", "driver": "570.133"}
FAILED = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."


class Keys(unittest.TestCase):
    def test_the_fingerprint_is_the_one_that_gpg_says(self):
        self.assertEqual(fingerprints(KEY), [FINGERPRINT])
        binary = base64.b64decode(b"".join(KEY.splitlines()[2:-2]))
        self.assertEqual(fingerprints(binary + binary), [FINGERPRINT] * 2)

    def test_a_key_that_was_changed_anywhere_has_another_fingerprint_or_none(self):
        binary, dice = base64.b64decode(b"".join(KEY.splitlines()[2:-2])), random.Random(5)
        for _ in range(200):
            at = dice.randrange(2, 53)  # in the first packet, which is the key
            changed = binary[:at] + bytes([binary[at] ^ dice.randrange(1, 256)]) + binary[at + 1:]
            try:
                self.assertNotIn(FINGERPRINT, fingerprints(changed))
            except ValueError:
                continue

    def test_something_else_is_no_key(self):
        for text in (b"<html>not found</html>", b"\x99\x01", b"\xc6", b"\xc6\xff\x00"):
            with self.assertRaises(ValueError):
                fingerprints(text)
        self.assertEqual(fingerprints(b""), [])


class Driver(unittest.TestCase):
    def problem(self, machine, *modules, secure=None):
        with tempfile.TemporaryDirectory() as root:
            for name in modules:
                os.makedirs(os.path.join(root, "sys/module", name))
            if secure is not None:
                path = os.path.join(root, gpu.SECURE_BOOT)
                os.makedirs(os.path.dirname(path))
                with open(path, "wb") as file:
                    file.write(bytes([6, 0, 0, 0, secure]))
            found = gpu.driver_problem(machine, Look(root, None))
            return found and found["id"]

    def test_each_cause_has_its_words(self):
        one = lambda said=None, card=CARD: {"gpus": [card], **({"gpu_problem": said} if said else {})}
        self.assertEqual(self.problem({"gpus": []}), "no_card")
        self.assertIsNone(self.problem(one(card=WORKING), "nouveau"))
        self.assertIsNone(self.problem({"gpus": [CARD, WORKING]}), "one card may belong to a virtual machine")
        self.assertEqual(self.problem(one()), "no_driver")
        self.assertEqual(self.problem(one(), "nouveau"), "nouveau")
        self.assertEqual(self.problem(one("Failed to initialize NVML: Driver/library version mismatch"), "nvidia"), "mismatch")
        self.assertEqual(self.problem(one("Unable to determine the device handle: GPU is lost"), "nvidia"), "driver_failed")
        self.assertEqual(self.problem(one(FAILED), "nouveau", secure=1), "nouveau")
        self.assertEqual(self.problem(one(FAILED), secure=1), "secure_boot")
        self.assertEqual(self.problem(one(FAILED), secure=0), "not_loaded")

    def test_cards_are_described_for_people(self):
        one = {**WORKING, "memory_bytes": 24564 << 20}
        self.assertEqual(gpu.describe({"gpus": [one, one, CARD]}), "2 × RTX 4090, 24 GiB, driver 570.133")
        self.assertEqual(gpu.describe({"gpus": [one, {**WORKING, "model": "GB10"}]}), "GB10; RTX 4090, 24 GiB, driver 570.133")
        self.assertEqual(gpu.describe({"gpus": [CARD]}), "")

    def test_k3s_found_the_runtime_in_each_form_of_its_configuration(self):
        for line in ("""[plugins."io.containerd.grpc.v1.cri".containerd.runtimes."nvidia"]""", """[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.'nvidia']"""):
            self.assertTrue(gpu.FOUND.search("version = 3\n" + line + "\n"), line)
            self.assertFalse(gpu.FOUND.search("# " + line))
            self.assertFalse(gpu.FOUND.search(line.replace("nvidia", "nvidia-cdi")))

    def test_a_damaged_record_still_says_that_the_host_was_set_up(self):
        with tempfile.TemporaryDirectory() as root:
            path = os.path.join(root, "gpu.json")
            self.assertIsNone(gpu.read_record(path))
            for text in ("{", "[]", '{"files": "x", "packages": [7], "toolkit": 1}'):
                with open(path, "w") as file:
                    file.write(text)
                self.assertEqual(gpu.read_record(path)["packages"], [])


class FakePackages(Packages):
    """apt as it is seen by a module: what is installed, and what was called."""

    def __init__(self, installed=(), fails=(), drags=()):
        self.kind, self.here, self.fails, self.drags, self.calls = "apt", set(installed), fails, drags, []

    def call(self, *argv):
        self.calls.append(argv)
        if any(word in fail for word in argv for fail in self.fails):
            raise Failed("E: Unable to locate package")
        if argv[:2] == ("apt-get", "install"):
            self.here |= {word.split("=")[0] for word in argv[2:] if not word.startswith("-")} | set(self.drags)
        if argv[:2] == ("dpkg", "--purge"):
            self.here -= set(argv[2:])
        return "amd64\n" if argv[0] == "dpkg" else ""

    def installed(self):
        return set(self.here)


class Hosts(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name

    def host(self, machine, packages, check=False, runtime=None, key=KEY, **params):
        record = os.path.join(self.root, "gpu.json")
        with mock.patch.object(gpu, "RECORD", record), mock.patch.object(gpu.read_record, "__defaults__", (record,)):
            host = HOST.Host({"toolkit_version": "1.19.1", "repository": "https://repo", "key_fingerprint": FINGERPRINT.lower(), "driver": "none", **params},
                             lambda url: key, check, packages)
        host.root, host.look, host.run = self.root, lambda: machine, lambda argv, timeout=10: (0, "", "")
        host.runtime = lambda: runtime or ("/usr/bin/nvidia-container-runtime" if "nvidia-container-toolkit" in packages.here else None)
        return host

    def files(self):
        return sorted(os.path.relpath(os.path.join(folder, name), self.root) for folder, _, names in os.walk(self.root) for name in names)

    def test_the_toolkit_comes_by_version_from_a_repository_with_the_right_key_and_all_of_it_goes_again(self):
        packages = FakePackages(installed={"bash", "libnvidia-container1"}, drags={"libseccomp2"})
        host = self.host({"gpus": [WORKING]}, packages)
        host.present()
        self.assertEqual((host.problem, host.result()), (None, {"cards": 1, "description": "RTX 4090, driver 570.133", "problem": None, "runtime": True}))
        [install] = [call for call in packages.calls if call[:2] == ("apt-get", "install")]
        self.assertIn("nvidia-container-toolkit=1.19.1-1", install)
        self.assertIn("--no-install-recommends", install)
        with open(os.path.join(self.root, "etc/apt/sources.list.d/k3s-tool-nvidia.list")) as file:
            self.assertIn("signed-by=/etc/apt/keyrings/k3s-tool-nvidia.asc] https://repo/stable/deb/$(ARCH) /", file.read())
        again = self.host({"gpus": [WORKING]}, packages)
        again.present()
        self.assertEqual(again.changes, [])
        gone = self.host({"gpus": [WORKING]}, packages)
        gone.absent()
        self.assertEqual(packages.here, {"bash", "libnvidia-container1"}, "what was there before stays")
        self.assertEqual(self.files(), [])
        nothing = self.host({"gpus": [WORKING]}, packages)
        nothing.absent()
        self.assertEqual(nothing.changes, [])

    def test_a_check_says_the_same_and_changes_nothing(self):
        packages = FakePackages()
        host = self.host({"gpus": [CARD]}, packages, check=True, driver="install")
        host.present()
        self.assertEqual(len(host.changes), 3)
        self.assertEqual((packages.calls, self.files()), ([], []))
        self.assertEqual((host.result()["problem"], host.result()["runtime"]), (None, True), "what it would be")

    def test_another_key_is_refused_before_anything_is_written(self):
        for key in (b"<html>", b"", b"\x99\x01"):
            packages = FakePackages()
            host = self.host({"gpus": [WORKING]}, packages, key=key)
            host.present()
            self.assertEqual(host.problem["id"], "no_toolkit")
            self.assertEqual((packages.calls, self.files()), ([], ["gpu.json"]))
        other = self.host({"gpus": [WORKING]}, FakePackages(), key_fingerprint="0" * 40)
        other.present()
        self.assertRegex(other.problem["message"], FINGERPRINT)

    def test_a_toolkit_and_a_driver_that_are_there_stay(self):
        """DGX OS and JetPack bring both."""
        packages = FakePackages(installed={"nvidia-driver"})
        host = self.host({"gpus": [WORKING]}, packages, runtime="/usr/bin/nvidia-container-runtime", driver="install")
        host.present()
        self.assertEqual((packages.calls, self.files()), ([], ["gpu.json"]))
        self.host({"gpus": [WORKING]}, packages).absent()
        self.assertEqual((packages.here, self.files()), ({"nvidia-driver"}, []))

    def test_the_drivers_of_debian_and_ubuntu_are_installed_where_asked_for_and_none_where_one_fails(self):
        os.makedirs(os.path.join(self.root, "etc"))
        said = {"debian": (("nvidia-kernel-dkms", "nvidia-driver"), "2684"), "ubuntu": ((), "2684"), "debian ": (("nvidia-open-kernel-dkms",), "2b85")}
        for ident, (names, device) in said.items():
            with open(os.path.join(self.root, "etc/os-release"), "w") as file:
                file.write('NAME="x"\nID=%s\n' % ident.strip())
            packages = FakePackages()
            host = self.host({"gpus": [{**CARD, "device": device}]}, packages, runtime="x", driver="install")
            host.present()
            self.assertLessEqual(set(names), packages.here)
            self.assertEqual(("ubuntu-drivers", "install") in packages.calls, ident == "ubuntu")
            self.assertEqual(host.problem["id"], "reboot", "the fake kernel does not load it")
        failing = self.host({"gpus": [CARD], "gpu_problem": FAILED}, FakePackages(), runtime="x", driver="install")
        failing.present()
        self.assertEqual(failing.packages.calls, [])
        missing = self.host({"gpus": [CARD]}, FakePackages(fails=["ubuntu-drivers-common", "nvidia-driver"]), runtime="x", driver="install")
        missing.present()
        self.assertEqual(missing.problem["id"], "driver_not_installed")

    def test_a_repository_that_its_owner_has_already_is_used(self):
        os.makedirs(os.path.join(self.root, "etc/apt/sources.list.d"))
        with open(os.path.join(self.root, "etc/apt/sources.list.d/nvidia.list"), "w") as file:
            file.write("deb [signed-by=/x.gpg] https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH) /\n")
        packages = FakePackages()
        host = self.host({"gpus": [WORKING]}, packages, key=b"never read")
        host.present()
        self.assertIsNone(host.problem)
        self.assertEqual(self.files(), ["etc/apt/sources.list.d/nvidia.list", "gpu.json"])

    def test_packages_that_others_need_stay_and_are_named(self):
        packages = FakePackages()
        self.host({"gpus": [WORKING]}, packages).present()
        packages.fails = ["--purge"]
        host = self.host({"gpus": [WORKING]}, packages)
        host.absent()
        self.assertRegex(host.warnings[0], "nvidia-container-toolkit.* stay installed")
        self.assertEqual(self.files(), [])

    def test_without_a_card_nothing_is_brought(self):
        host = self.host({"gpus": []}, FakePackages(), driver="install")
        host.present()
        self.assertEqual((host.changes, self.files(), host.result()["problem"]["id"]), ([], [], "no_card"))


class FakeApi:
    """The part of the API that the module speaks with, by kubectl's words; the kubelet and the plugin follow at once."""

    def __init__(self, cards=1, nodes=("dgx", "nuc"), said=None):
        self.nodes = {name: {"kind": "Node", "metadata": {"name": name, "labels": {}, "annotations": {}}, "status": {"allocatable": {}}} for name in nodes}
        self.objects, self.pods, self.calls, self.cards, self.said, self.born = {}, {}, [], cards, said, 0

    def start(self):
        """What DaemonSet controller, plugin and kubelet do."""
        for name, node in self.nodes.items():
            wanted = CLUSTER.LABEL in node["metadata"]["labels"] and ("DaemonSet", CLUSTER.NAME) in self.objects
            if wanted and name not in self.pods:
                self.born += 1
                data = json.loads(self.objects["ConfigMap", CLUSTER.NAME]["data"][name])
                sharing = data.get("sharing", {}).get("timeSlicing", {}).get("resources", [{"replicas": 1}])
                self.pods[name] = {"kind": "Pod", "metadata": {"name": "plugin-%d" % self.born, "uid": str(self.born), "namespace": "kube-system", "labels": CLUSTER.LABELS},
                                   "spec": {"runtimeClassName": "nvidia"}, "status": {"phase": "Pending" if self.said else "Running"}}
                node["status"]["allocatable"][CLUSTER.RESOURCE] = "0" if self.said else str(self.cards * sharing[0]["replicas"])
            if not wanted and self.pods.pop(name, None):
                node["status"]["allocatable"][CLUSTER.RESOURCE] = "0"

    def kubectl(self, *words, document=None, timeout=120):
        self.calls.append(words)
        verb, rest = words[0], words[1:]
        if verb == "get":
            if rest[0] == "-f":
                items = [self.objects[key] for item in json.loads(document)["items"] for key in [(item["kind"], item["metadata"]["name"])] if key in self.objects]
            elif rest[0] in ("nodes", "node"):
                items = [node for name, node in self.nodes.items() if rest[1] in ("--ignore-not-found", name)]
            elif rest[0] == "pods":
                where = words[words.index("--field-selector") + 1].split("=")[1]
                items = [self.pods[where]] if where in self.pods else []
            elif rest[0] == "events":
                items = [{"kind": "Event", "metadata": {"name": "e"}, "message": self.said}] if self.said else []
            else:
                kind = {"configmap": "ConfigMap", "daemonset": "DaemonSet"}[rest[0]]
                items = [self.objects[kind, rest[1]]] if (kind, rest[1]) in self.objects else []
            return json.dumps({"kind": "List", "items": items})
        if verb == "apply":
            items = json.loads(document)["items"]
            if "--dry-run=server" in words:
                return json.dumps({"kind": "List", "items": items})
            for item in items:
                self.objects[item["kind"], item["metadata"]["name"]] = {**self.objects.get((item["kind"], item["metadata"]["name"]), {}), **item}
        if verb == "patch":
            patch = json.loads(words[words.index("-p") + 1])
            whole = self.nodes[rest[1]]["metadata"] if rest[0] == "node" else self.objects["ConfigMap", rest[1]]
            for part, values in (patch["metadata"] if rest[0] == "node" else patch).items():
                for key, value in values.items():
                    whole.setdefault(part, {}).pop(key, None) if value is None else whole.setdefault(part, {}).update({key: value})
        if verb == "delete":
            if rest[0] == "pod":
                self.pods = {name: pod for name, pod in self.pods.items() if pod["metadata"]["name"] != rest[1]}
            else:
                del self.objects[{"configmap": "ConfigMap", "daemonset": "DaemonSet"}[rest[0]], rest[1]]
        if verb == "logs":
            raise kubectl.Failed("no logs")
        self.start()
        return ""


class Cluster(unittest.TestCase):
    def run_node(self, api, state="present", check=False, **params):
        clock = iter(range(0, 100000, 5))
        with mock.patch.object(CLUSTER.kubectl, "kubectl", api.kubectl), mock.patch.object(CLUSTER.os.path, "exists", lambda path: True):
            node = CLUSTER.Node({"node": "dgx", "cards": api.cards, "replicas": 1, "image": "plugin@sha256:1", "description": "RTX 4090", "problem": {}, "timeout": 60, **params},
                                check, now=lambda: next(clock), pause=lambda seconds: None)
            getattr(node, state)()
        return node

    def test_p18_one_node_is_set_up_and_only_it_gets_the_plugin_and_a_second_run_changes_nothing(self):
        api = FakeApi(cards=2)
        first = self.run_node(api, replicas=4)
        self.assertIsNone(first.problem)
        self.assertEqual({name: CLUSTER.offered(node) for name, node in api.nodes.items()}, {"dgx": 8, "nuc": 0})
        self.assertEqual([CLUSTER.LABEL in node["metadata"]["labels"] for node in api.nodes.values()], [True, False])
        self.assertEqual(api.nodes["dgx"]["metadata"]["annotations"], {CLUSTER.ANNOTATION: "RTX 4090"})
        self.assertEqual(self.run_node(api, replicas=4).changes, [])

    def test_the_plugin_tolerates_every_taint_runs_with_the_nvidia_runtime_and_reads_the_file_of_its_node(self):
        pod = CLUSTER.plugin("image")["spec"]["template"]["spec"]
        self.assertEqual((pod["runtimeClassName"], pod["tolerations"]), ("nvidia", [{"operator": "Exists"}]))
        self.assertIn({"name": "CONFIG_FILE", "value": "/config/$(NODE_NAME)"}, pod["containers"][0]["env"])
        self.assertEqual(json.loads(CLUSTER.configuration(1)), {"version": "v1"})
        self.assertEqual(json.loads(CLUSTER.configuration(3))["sharing"]["timeSlicing"]["resources"], [{"name": "nvidia.com/gpu", "replicas": 3}])

    def test_other_replicas_restart_the_plugin_of_that_node_alone(self):
        api = FakeApi()
        self.run_node(api)
        self.run_node(api, node="nuc")
        before = {name: pod["metadata"]["uid"] for name, pod in api.pods.items()}
        changed = self.run_node(api, replicas=3)
        after = {name: pod["metadata"]["uid"] for name, pod in api.pods.items()}
        self.assertEqual((before["nuc"], CLUSTER.offered(api.nodes["dgx"])), (after["nuc"], 3))
        self.assertNotEqual(before["dgx"], after["dgx"])
        self.assertIn("restarted the device plugin", changed.changes)

    def test_a_run_that_ended_before_the_restart_is_finished_by_the_next(self):
        api = FakeApi()
        self.run_node(api)
        api.objects["ConfigMap", CLUSTER.NAME]["data"]["dgx"] = CLUSTER.configuration(2)
        api.nodes["dgx"]["metadata"]["labels"][CLUSTER.LABEL] = "2"
        next_run = self.run_node(api, replicas=2)
        self.assertEqual((next_run.problem, next_run.changes), (None, ["restarted the device plugin"]))

    def test_the_plugin_leaves_with_the_flag_and_its_objects_with_the_last_node(self):
        api = FakeApi()
        self.run_node(api)
        self.run_node(api, node="nuc")
        self.run_node(api, "absent")
        self.assertEqual((sorted(api.pods), len(api.objects), list(api.objects["ConfigMap", CLUSTER.NAME]["data"])), (["nuc"], 2, ["nuc"]))
        self.run_node(api, "absent", node="nuc")
        self.assertEqual((api.pods, api.objects, api.nodes["dgx"]["metadata"]["annotations"]), ({}, {}, {}))
        self.assertEqual(self.run_node(api, "absent").changes, [])

    def test_entries_of_nodes_that_are_gone_go(self):
        api = FakeApi()
        self.run_node(api, node="nuc")
        del api.nodes["nuc"], api.pods["nuc"]
        self.run_node(api)
        self.assertEqual(list(api.objects["ConfigMap", CLUSTER.NAME]["data"]), ["dgx"])

    def test_a_node_that_was_removed_leaves_nothing_and_its_pods_are_not_waited_for(self):
        api = FakeApi()
        self.run_node(api)
        self.run_node(api, node="nuc")
        del api.nodes["nuc"]  # its pod is still there: Kubernetes clears it away within a minute
        self.run_node(api, "absent", node="nuc")
        self.assertEqual(list(api.objects["ConfigMap", CLUSTER.NAME]["data"]), ["dgx"])
        del api.nodes["dgx"]
        api.calls.clear()
        self.run_node(api, "absent")
        self.assertEqual((api.objects, [call for call in api.calls if "pods" in call]), ({}, []))

    def test_pods_that_use_the_runtime_keep_it(self):
        api = FakeApi()
        self.run_node(api)
        api.pods["dgx"]["metadata"].update(labels={}, name="ollama", namespace="ai")
        refused = self.run_node(api, "absent")
        self.assertRegex(refused.problem, "ai/ollama")
        self.assertIn(CLUSTER.LABEL, api.nodes["dgx"]["metadata"]["labels"])

    def test_a_problem_of_the_host_changes_nothing_in_the_cluster(self):
        api = FakeApi()
        node = self.run_node(api, problem={"message": "no NVIDIA driver is installed", "hint": "Install it."})
        self.assertEqual((node.problem, node.changes, api.objects), ("the GPU cannot be used: no NVIDIA driver is installed", [], {}))

    def test_what_kubelet_and_plugin_say_is_told_in_words(self):
        said = {
            'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "nvidia" is configured': "has not found",
            'pods "k3s-tool-gpu-" is forbidden: pod rejected: RuntimeClass "nvidia" not found': "RuntimeClass",
            "nvidia-container-cli: initialization error: nvml error: driver/library version mismatch: unknown": "updated",
            "nvidia-container-cli: initialization error: nvml error: driver not loaded: unknown": "not loaded",
            "Back-off pulling image: ErrImagePull: dial tcp: lookup nvcr.io: no such host": "could not be pulled",
            "Failed to initialize NVML: ERROR_LIBRARY_NOT_FOUND": "does not find the NVIDIA driver",
            "something new": "said last: something new",
        }
        for text, words in said.items():
            node = self.run_node(FakeApi(said=text))
            self.assertRegex(node.problem, r"offers 0 nvidia.com/gpu, not 1.*" + re.escape(words))
            self.assertTrue(node.hint)

    def test_a_check_tells_and_changes_nothing(self):
        api = FakeApi()
        told = self.run_node(api, check=True)
        self.assertEqual((bool(told.changes), api.objects, {call[0] for call in api.calls}), (True, {}, {"get", "apply"}))
        self.assertTrue(all("--dry-run=server" in call for call in api.calls if call[0] == "apply"))


if __name__ == "__main__":
    unittest.main()
