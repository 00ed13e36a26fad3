"""Releases that lie on the workstation: what is copied to a host is what was published."""

import hashlib
import importlib.util
import json
import os
import sys
import tempfile
import unittest

from ansible_playbook import ANSIBLE, ansible_playbook

VERSION = "v1.36.2+k3s1"
IMAGES = "k3s-airgap-images-amd64.tar.zst"


def copy(files, sums, tasks_from="main", **variables):
    """Exit code, output and what lies on the host afterwards, of a local host whose places are below one directory."""
    with tempfile.TemporaryDirectory(prefix="k3s-tool-test-") as folder:
        release, host = os.path.join(folder, "release", VERSION), os.path.join(folder, "host")
        os.makedirs(release)
        os.makedirs(os.path.join(host, "images"))
        open(os.path.join(host, "images", "old-v1.tar"), "w").close()
        listed = "".join("%s  %s\n" % (hashlib.sha256(text.encode()).hexdigest(), name) for name, text in sums.items())
        for name, text in {**files, "sha256sum-amd64.txt": listed}.items():
            with open(os.path.join(release, name), "w") as file:
                file.write(text)
        found = {"arch": "amd64", "k3s": {"version": None, "verified": False, "images": ["old-v1.tar"]}}
        given = {"k3s_version": VERSION, "k3s_tool_version": VERSION, "k3s_tool_probe": found, "k3s_tool_artifact_dir": os.path.join(folder, "release"), "k3s_tool_sums": os.path.join(host, "sums"),
                 "k3s_binary_images_dir": os.path.join(host, "images"), "k3s_binary_path": os.path.join(host, "k3s"), **variables}
        play = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": {"ansible_python_interpreter": sys.executable},
                 "vars_files": [os.path.join(ANSIBLE, "playbooks", "group_vars", "all.yml")],
                 "tasks": [{"ansible.builtin.include_role": {"name": "k3s_binary", "tasks_from": tasks_from, "rolespec_validate": False}},
                           {"ansible.builtin.debug": {"msg": "absent {{ k3s_tool_absent_artifacts | default('-') | to_json }}"}}]}]
        playbook = os.path.join(folder, "play.yml")
        with open(playbook, "w") as file:
            json.dump(play, file)
        done = ansible_playbook("-i", "localhost,", "-e", json.dumps(given), playbook, ANSIBLE_HOME=folder)
        there = {}
        for base, _, names in os.walk(host):
            for path in (os.path.join(base, name) for name in names):
                with open(path) as file:
                    there[os.path.relpath(path, host)] = file.read()
        return done.returncode, done.stdout, there


class LocalCopy(unittest.TestCase):
    def test_binary_and_images_are_copied_with_their_sums_and_old_images_go(self):
        files = {"k3s": "binary", IMAGES: "images"}
        code, output, there = copy(files, files)
        self.assertEqual(code, 0, output)
        self.assertEqual(sorted(there), ["images/k3s-airgap-images-amd64-%s.tar.zst" % VERSION, "k3s", "sums"])
        self.assertEqual(there["k3s"], "binary")

    def test_another_file_than_the_published_one_is_not_copied(self):
        code, output, there = copy({"k3s": "bad"}, {"k3s": "binary"}, k3s_binary_airgap_images=False)
        self.assertNotEqual(code, 0)
        self.assertIn("is not the published file", output)
        self.assertNotIn("k3s", there)

    def test_a_binary_or_images_that_the_sums_do_not_list_are_named(self):
        for files, airgap, name in (({}, False, "a checksum of k3s "), ({"k3s": "binary"}, True, "a checksum of k3s-airgap-images-amd64.tar ")):
            code, output, _ = copy(files, files, k3s_binary_airgap_images=airgap)
            self.assertNotEqual(code, 0)
            self.assertIn(name, " ".join(output.split()))

    def test_what_is_absent_is_known_before_anything_is_copied(self):
        both = {"k3s": "binary", IMAGES: "images"}
        for files, sums, absent in ((both, both, []), ({"k3s": "binary"}, both, [IMAGES]), ({}, both, ["k3s", IMAGES]), ({}, {}, ["k3s"]),
                                    ({"k3s": "binary"}, {"k3s": "binary"}, ["k3s-airgap-images-amd64.tar"])):
            code, output, there = copy(files, sums, tasks_from="look")
            self.assertEqual(code, 0, output)
            self.assertIn("absent %s" % json.dumps(absent), output.replace('\\"', '"'))
            self.assertEqual(list(there), ["images/old-v1.tar"])

    def test_a_host_cannot_choose_what_it_is_sent(self):
        """What is wanted comes from the host."""
        spec = importlib.util.spec_from_file_location("action", os.path.join(ANSIBLE, "plugins", "action", "k3s_download.py"))
        action = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(action)
        wanted = action.ActionModule._wanted
        files = [{"dest": {"k3s": "/usr/local/bin/k3s"}}, {"dest": {IMAGES: "/images"}}]
        lies = ["k3s", "../../.ssh/id_ed25519", "/home/me/.ssh/id_ed25519", ""]
        self.assertEqual(wanted({"files": files, "local": {"dir": "/releases"}}, lies), {"k3s": "/releases/k3s"})
        self.assertEqual(wanted({"files": files, "local": {"dir": "/releases"}}, {"k3s": "/home/me/.ssh/id_ed25519"}), {"k3s": "/releases/k3s"})
        self.assertEqual(wanted({"files": files, "local": None}, lies), {})
        self.assertEqual(wanted({"files": files}, lies), {})


if __name__ == "__main__":
    unittest.main()
