"""Hosts that fetch k3s from each other: it is downloaded once, what is fetched is what was published, and what no other host gives is downloaded."""

import hashlib
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..", "..")
VERSION = "v1.36.2+k3s1"
IMAGES = "k3s-airgap-images-amd64.tar.zst"
FILES = {"k3s": b"binary" * 300000, IMAGES: b"images" * 300000}


class Mirror(http.server.SimpleHTTPRequestHandler):
    """What GitHub has; it keeps what it was asked for."""

    def do_GET(self):
        name = self.path.rsplit("/", 1)[1]
        self.server.asked.append(name)
        sums = "".join("%s  %s\n" % (hashlib.sha256(content).hexdigest(), each) for each, content in FILES.items())
        body = {**FILES, "sha256sum-amd64.txt": sums.encode()}.get(name)
        self.send_response(404 if body is None else 200)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass


def play_of(name):
    with open(os.path.join(ROOT, "ansible", "playbooks", "provision_cluster.yml")) as file:
        return next(play for play in yaml.safe_load(file) if play["name"] == name)


class Peers(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="k3s-tool-test-")
        self.addCleanup(directory.cleanup)
        self.root = directory.name
        os.symlink(os.path.join(ROOT, "ansible", "playbooks", "group_vars"), os.path.join(self.root, "group_vars"))
        self.mirror = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
        self.mirror.asked = []
        threading.Thread(target=self.mirror.serve_forever, daemon=True).start()
        self.addCleanup(self.mirror.server_close)
        self.addCleanup(self.mirror.shutdown)

    def put(self, host, name, content):
        path = os.path.join(self.root, host, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    def provision(self, hosts=("n1", "n2", "n3"), having=(), limit="all", play="Prepare", source="peers", running=(), nodes=(), arch=(), **variables):
        """Output of the play's own strategy and condition over hosts whose places are below one directory, and what each has afterwards."""
        version = lambda name: VERSION if name in having else "v1.36.1+k3s1" if name in running else None
        # Another address of this machine for each; only those of this machine can be listened on.
        inventory = {"all": {"vars": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "k3s_version": VERSION, "artifact_source": source},
                             "children": {group: {"hosts": {name: {"tailscale_ip": "127.0.0.%d" % (2 + hosts.index(name)), "test_probe": {
                                 "arch": dict(arch).get(name, "amd64"), "k3s": {"version": version(name), "verified": name in having, "images": [], "cluster": None}}} for name in names}}
                                          for group, names in (("control_plane", hosts[:1]), ("workers", hosts[1:]))}}}
        place = self.root + "/{{ inventory_hostname }}"
        given = {"k3s_binary_mirror_url": "http://127.0.0.1:%d" % self.mirror.server_port, "k3s_binary_record": place + "/sums", "k3s_binary_images_dir": place + "/images",
                 "k3s_binary_path": place + "/k3s", "k3s_binary_download_attempts": 1,
                 "k3s_binary_offered": "{{ {k3s_binary_asset: '%s/' ~ k3s_binary_share['source'] ~ '/k3s'} | combine(dict(k3s_binary_images_assets | zip(k3s_binary_images_paths"
                                       " | map('replace', '/' ~ inventory_hostname ~ '/', '/' ~ k3s_binary_share['source'] ~ '/')))) }}" % self.root,
                 **({"k3s_binary_nodes": {"stdout_lines": list(nodes)}, "k3s_tool_answering_servers": ["n1"]} if nodes else {}), **variables}
        real = play_of(play)
        condition = next(task["when"] for task in real["tasks"] if task["name"] == "Binary")
        tasks = [{"name": "Binary", "ansible.builtin.include_role": {"name": "k3s_binary", "rolespec_validate": False}, "when": condition}]
        common = {"gather_facts": False, "hosts": "all"}
        plays = [dict(common, tasks=[{"ansible.builtin.set_fact": {"ansible_facts": {"k3s_host": "{{ test_probe }}"}}},
                                     {"ansible.builtin.file": {"path": place, "state": "directory"}, "check_mode": False, "changed_when": False}]),
                 dict(common, tasks=tasks, **({"strategy": real["strategy"]} if "strategy" in real else {}))]
        for name, content in (("hosts.yml", inventory), ("play.yml", plays)):
            with open(os.path.join(self.root, name), "w") as file:
                json.dump(content, file)
        events = os.path.join(self.root, "events")
        done = subprocess.run([os.path.join(os.path.dirname(sys.executable), "ansible-playbook"), "-i", os.path.join(self.root, "hosts.yml"), "--limit", limit, "-e", json.dumps(given),
                               os.path.join(self.root, "play.yml"), *(["--check"] if variables.get("check") else [])], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
                              env={**os.environ, "ANSIBLE_CONFIG": os.path.join(ROOT, "ansible", "ansible.cfg"), "ANSIBLE_HOME": self.root, "K3S_TOOL_EVENTS": events})
        self.assertEqual(done.returncode, 0, done.stdout)
        with open(events) as file:
            self.events = [json.loads(line) for line in file]
        os.unlink(events)
        return done.stdout

    def notes(self):
        return [event["message"] for event in self.events if event["type"] == "note"]

    def tasks(self):
        return [event["task"] for event in self.events if event["type"] == "task_start"][2:]

    def content(self, host, name="k3s"):
        with open(os.path.join(self.root, host, name), "rb") as file:
            return file.read()

    def assert_all_have(self, hosts, name="k3s"):
        for host in hosts:
            self.assertEqual(self.content(host, name), FILES["k3s" if name == "k3s" else IMAGES], host)

    def test_k3s_and_its_images_are_downloaded_once_for_all_hosts_and_nobody_listens_afterwards(self):
        self.provision(k3s_binary_airgap_images=True)
        self.assertEqual(sorted(self.mirror.asked), ["k3s", IMAGES, *["sha256sum-amd64.txt"] * 3])
        self.assert_all_have(("n1", "n2", "n3"))
        self.assert_all_have(("n1", "n2", "n3"), "images/" + IMAGES.replace(".tar", "-%s.tar" % VERSION))
        self.assertEqual(self.notes(), [])
        end = time.monotonic() + 10
        while self.listening():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)

    @staticmethod
    def listening():
        """Addresses of this test's hosts that are listened on: 127.0.0.2 to 127.0.0.5."""
        with open("/proc/net/tcp") as file:
            return [line.split()[1] for line in file if line.split()[3] == "0A" and re.match("0[2-5]00007F:", line.split()[1])]


if __name__ == "__main__":
    unittest.main()
