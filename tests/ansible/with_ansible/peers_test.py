"""Hosts that fetch k3s from each other: it is downloaded once, what is fetched is what was published, and what no other host gives is downloaded."""

import hashlib
import http.server
import json
import os
import random
import re
import sys
import tempfile
import threading
import time
import unittest

import yaml

from ansible_playbook import ANSIBLE, ansible_playbook

VERSION = "v1.36.2+k3s1"
IMAGES = "k3s-airgap-images-amd64.tar.zst"
# Addresses of this machine for the hosts, apart from those of another run of these tests.
NETWORK = random.randrange(1, 255), random.randrange(1, 255)
FILES = {"k3s": b"binary" * 300000, "k3s-arm64": b"arm64" * 300000, IMAGES: b"images" * 300000}
SUMS = "".join("%s  %s\n" % (hashlib.sha256(content).hexdigest(), name) for name, content in FILES.items())


class Mirror(http.server.SimpleHTTPRequestHandler):
    """What GitHub has; it keeps what it was asked for."""

    def do_GET(self):
        name = self.path.rsplit("/", 1)[1]
        if self.path.startswith("/dies/"):
            # As another host that goes off in the middle of a file.
            self.send_response(200)
            self.send_header("Content-Length", str(len(FILES[name])))
            self.end_headers()
            self.wfile.write(FILES[name][:-500000])
            return
        self.server.asked.append(name)
        body = None if self.server.gone else SUMS.encode() if name.startswith("sha256sum-") else FILES.get(name)
        self.send_response(404 if body is None else 200)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass


def play_of(name):
    with open(os.path.join(ANSIBLE, "playbooks", "provision_cluster.yml")) as file:
        return next(play for play in yaml.safe_load(file) if play["name"] == name)


class Peers(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="k3s-tool-test-")
        self.addCleanup(directory.cleanup)
        self.root = directory.name
        os.symlink(os.path.join(ANSIBLE, "playbooks", "group_vars"), os.path.join(self.root, "group_vars"))
        self.mirror = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
        self.mirror.asked, self.mirror.gone = [], False
        threading.Thread(target=self.mirror.serve_forever, daemon=True).start()
        self.addCleanup(self.mirror.server_close)
        self.addCleanup(self.mirror.shutdown)

    def put(self, host, name, content):
        path = os.path.join(self.root, host, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    def provision(self, hosts=("n1", "n2", "n3"), having=(), limit="all", play="Prepare", source="peers", running=(), nodes=(), arch=(), check=False, fails=(), elsewhere=(), broken=(), **variables):
        """Runs the task of a play, with its condition and the strategy of the play, on hosts whose places are below one directory."""
        version = lambda name: VERSION if name in having else "v1.36.1+k3s1" if name in running else None
        # Another address of this machine for each; only those of this machine can be listened on.
        inventory = {"all": {"vars": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "k3s_version": VERSION, "artifact_source": source},
                             "children": {group: {"hosts": {name: {**({"artifact_source": "default"} if name in elsewhere else {}), **({"ansible_python_interpreter": "/nowhere/python"} if name in broken else {}), "tailscale_ip": "127.%d.%d.%d" % (*NETWORK, 2 + hosts.index(name)), "test_probe": {
                                 "arch": dict(arch).get(name, "amd64"), "k3s": {"version": version(name), "verified": name in having, "images": [], "cluster": None}}} for name in names}}
                                          for group, names in (("control_plane", hosts[:1]), ("workers", hosts[1:]))}}}
        place = self.root + "/{{ inventory_hostname }}"
        given = {"k3s_binary_mirror_url": "http://127.0.0.1:%d" % self.mirror.server_port, "k3s_tool_sums": place + "/sums", "k3s_binary_images_dir": place + "/images",
                 "k3s_binary_path": place + "/k3s", "k3s_binary_download_attempts": 1, "k3s_binary_clients": ["127.0.0.1"],
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
        done = ansible_playbook("-i", os.path.join(self.root, "hosts.yml"), "--limit", limit, "-v", "-e", json.dumps(given), os.path.join(self.root, "play.yml"),
                                *(["--check"] if check else []), ANSIBLE_HOME=self.root, K3S_TOOL_EVENTS=events)
        self.assertEqual(done.returncode, 2 if fails else 0, done.stdout)
        self.results = {host: json.loads(result) for host, result in re.findall(r"^changed: \[(\w+)\] => (\{.*\bfetched\b.*\})$", done.stdout, re.M)}
        with open(events) as file:
            self.events = [json.loads(line) for line in file]
        os.unlink(events)
        self.assertEqual({event["host"] for event in self.events if event["type"] == "result" and event["status"] == "failed"}, set(fails), done.stdout)

    def notes(self):
        return [event["message"] for event in self.events if event["type"] == "note"]

    def tasks(self):
        """Names of the tasks that ran on some host, without the two that prepare the test."""
        return [event["task"] for event in self.events if event["type"] == "task_start"][2:]

    def asked(self):
        """What the mirror was asked for, but for checksums."""
        return sorted(name for name in self.mirror.asked if not name.startswith("sha256sum-"))

    def assert_has(self, *hosts, name="k3s", content=FILES["k3s"]):
        for host in hosts:
            with open(os.path.join(self.root, host, name), "rb") as file:
                self.assertEqual(file.read(), content, host)

    def test_k3s_and_its_images_are_downloaded_once_for_all_hosts_and_nobody_listens_afterwards(self):
        self.provision(k3s_binary_airgap_images=True)
        self.assertEqual(self.asked(), ["k3s", IMAGES])
        self.assertEqual(self.mirror.asked.count("sha256sum-amd64.txt"), 3)
        self.assert_has("n1", "n2", "n3")
        self.assert_has("n1", "n2", "n3", name="images/" + IMAGES.replace(".tar", "-%s.tar" % VERSION), content=FILES[IMAGES])
        self.assertEqual(self.notes(), [])
        end = time.monotonic() + 60
        while self.listening():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)

    def test_a_host_that_has_it_gives_it_and_each_architecture_has_a_source_of_its_own(self):
        self.put("n3", "k3s", FILES["k3s"])
        self.provision(hosts=("n1", "n2", "n3", "a1", "a2", "runs"), having=("n3",), running=("runs",), arch={"a1": "arm64", "a2": "arm64"})
        self.assertEqual(self.asked(), ["k3s-arm64"])
        self.assert_has("n1", "n2")
        self.assert_has("a1", "a2", content=FILES["k3s-arm64"])
        self.assertEqual(os.listdir(os.path.join(self.root, "runs")), [], "its turn is later")

    def test_a_new_host_fetches_from_a_node_that_is_ready_and_has_that_very_release(self):
        for host, content in (("n1", b"away"), ("n2", b"older"), ("n3", b"arm"), ("n4", FILES["k3s"])):
            self.put(host, "k3s", content)
        nodes = ["n1 amd64 %s False" % VERSION, "n2 amd64 v1.36.1+k3s1 True", "n3 arm64 %s True" % VERSION, "n4 amd64 %s True" % VERSION, "stranger amd64 %s True" % VERSION, "a bad line"]
        self.provision(hosts=("n1", "n2", "n3", "n4", "n5", "a1"), limit="n5,a1", nodes=nodes, arch={"a1": "arm64"}, broken=("n3",))
        self.assert_has("n5")
        # Nothing can be started on n3.
        self.assert_has("a1", content=FILES["k3s-arm64"])
        self.assertEqual(self.asked(), ["k3s-arm64"])
        [note] = self.notes()
        self.assertIn("a1: Not all of k3s %s was fetched from n3 (it does not offer any)" % VERSION, note)

    def test_another_file_than_the_published_one_is_refused_and_downloaded_instead(self):
        self.put("n1", "k3s", b"bad" * 300000)
        self.provision(having=("n1",))
        self.assertEqual(self.asked(), ["k3s", "k3s"])
        self.assert_has("n2", "n3")
        url = "http://127.0.0.1:%d/v1.36.2%%2Bk3s1" % self.mirror.server_port
        self.assertEqual(sorted(self.notes()), ["%s: Not all of k3s %s was fetched from n1 (k3s: its checksum is not the published one); the rest comes from %s." % (host, VERSION, url)
                                                for host in ("n2", "n3")])

    def test_a_host_that_cannot_be_reached_or_goes_off_in_the_middle_costs_nobody_the_file(self):
        """Neither source has a file. Nobody listens at the address that a2 is given, and who listens at that of n2 ends too early."""
        self.provision(hosts=("n1", "n2", "a1", "a2"), having=("n1", "a1"), arch={"a1": "arm64", "a2": "arm64"},
                       k3s_binary_offer="{{ {'url': 'http://127.0.0.4:9/x' if inventory_hostname == 'a2' else 'http://127.0.0.1:%d/dies'} }}" % self.mirror.server_port)
        self.assertEqual(self.asked(), ["k3s", "k3s-arm64"])
        self.assert_has("n2")
        self.assert_has("a2", content=FILES["k3s-arm64"])
        self.assertEqual([re.search("has nothing to fetch|the connection ended 500000 bytes before the file did|Connection refused", note)[0] for note in sorted(self.notes())],
                         ["has nothing to fetch", "Connection refused", "has nothing to fetch", "the connection ended 500000 bytes before the file did"])

    def test_where_the_first_host_fails_the_others_do_as_always(self):
        os.makedirs(os.path.join(self.root, "n1", "k3s", "in the way"))
        self.provision(fails=("n1",))
        self.assert_has("n2", "n3")

    def test_what_lies_on_the_workstation_is_copied_to_one_host(self):
        release = os.path.join("release", VERSION)
        self.put(release, "sha256sum-amd64.txt", SUMS.encode())
        for name in ("k3s", IMAGES):
            self.put(release, name, FILES[name])
        self.provision(k3s_tool_artifact_dir=os.path.join(self.root, "release"))
        self.assertEqual((self.mirror.asked, self.notes()), ([], []))
        for host in ("n1", "n2", "n3"):
            self.assert_has(host, name="sums", content=SUMS.encode())
            self.assert_has(host, name="images/" + IMAGES.replace(".tar", "-%s.tar" % VERSION), content=FILES[IMAGES])
        self.assertEqual({host: sorted(result["fetched"]) for host, result in self.results.items()}, {"n1": [], "n2": ["k3s", IMAGES], "n3": ["k3s", IMAGES]})

    def test_workers_that_run_share_it_in_their_own_turn(self):
        self.provision(running=("n1", "n2", "n3"), play="Workers")
        self.assert_has("n2", "n3")
        self.assertEqual((self.asked(), os.listdir(os.path.join(self.root, "n1"))), (["k3s"], []))

    def test_a_host_that_is_elsewhere_neither_fetches_nor_serves(self):
        self.put("n1", "k3s", FILES["k3s"])
        self.provision(hosts=("n1", "n2", "n3", "n4"), having=("n1",), elsewhere=("n1", "n2"))
        self.assertEqual((self.asked(), self.notes()), (["k3s", "k3s"], []))
        self.assert_has("n2", "n3", "n4")
        self.assertEqual([event["host"] for event in self.events if event["type"] == "host_start" and event["task"].startswith("Offer")], ["n3", "n4"])

    def test_a_host_that_is_elsewhere_does_not_fetch_though_others_have_chosen_before_it_begins(self):
        shared = {"amd64 " + VERSION: {"source": "n3", "hosts": ["n3", "n4"]}}
        self.provision(hosts=("n1", "n2", "a1", "n3", "n4"), having=("n1",), elsewhere=("n1", "n2", "a1"), arch={"a1": "arm64"}, k3s_binary_shared=shared)
        self.assertEqual((self.asked(), self.notes()), (["k3s", "k3s", "k3s-arm64"], []))
        self.assert_has("n2", "n3", "n4")

    def test_without_the_setting_each_host_downloads_at_its_own_pace_and_there_is_not_one_task_more(self):
        self.provision(source="default")
        self.assertEqual((self.asked(), self.tasks(), self.notes()), (["k3s"] * 3, ["Get k3s"] * 3, []))

    def test_a_check_fetches_and_serves_nothing(self):
        self.put("n1", "k3s", FILES["k3s"])
        self.provision(having=("n1",), check=True)
        self.assertEqual((self.asked(), self.notes(), self.listening(), os.listdir(os.path.join(self.root, "n2"))), ([], [], [], []))

    @staticmethod
    def listening():
        """Addresses of this test's hosts that are listened on."""
        with open("/proc/net/tcp") as file:
            return [line.split()[1] for line in file if line.split()[3] == "0A" and line.split()[1][2:9] == "%02X%02X7F:" % NETWORK[::-1]]


if __name__ == "__main__":
    unittest.main()
