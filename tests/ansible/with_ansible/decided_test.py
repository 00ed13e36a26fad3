"""What the preflight sets as facts, so that it is evaluated once, is of the last probe: a restore probes its hosts twice."""

import copy
import json
import os
import sys
import tempfile
import unittest

from ansible_playbook import ANSIBLE, HERE, ansible_playbook


# Gives the findings of one file after the other.
MODULE = '''#!/usr/bin/python
# WANT_JSON
import json, os, sys

with open(sys.argv[1]) as file:
    ip = json.load(file)["tailscale_ip"]
for number in (1, 2):
    try:
        os.rename("%%s/%%s.%%d" %% (%r, ip, number), "%%s/%%s.now" %% (%r, ip))
        break
    except OSError:
        pass
with open("%%s/%%s.now" %% (%r, ip)) as file:
    print(json.dumps({"changed": False, "ansible_facts": {"k3s_host": json.load(file)}}))
'''
PROBE = {"problems": [], "warnings": [], "arch": "amd64", "clock_offset": 0, "system": {"memory_mb": 4000, "cpus": 2}, "kernel": {"ready": True}, "tailscale": {"dns_name": ""},
         "k3s": {"version": "v1.36.2+k3s1", "verified": True, "images": [], "cluster": "abc", "joined": None, "server": {"holds": True, "answers": True, "awaits": False},
                 "unit": {"active": True, "enabled": True, "current": True}, "files": {}, "foreign": False},
         "reach": {}, "resolvers": {"managed": False, "upstream": []}, "firewall": {"kind": "none", "missing": []}, "storage": {"recorded": [], "classes": False},
         "machine": {"gpus": []}, "machine_labels": {"k3s-tool.io/virtual": "true"}, "gpu": {"cards": 0, "record": False}}


class Decided(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = temporary.name

    def play(self, playbook, probes, groups, *arguments):
        """What ansible-playbook ended with. `probes` are the findings of the hosts by address, one after the other; `groups` has the hosts."""
        for ip, findings in probes.items():
            for number, probe in enumerate(findings):
                with open(os.path.join(self.directory, "%s.%d" % (ip, number + 1)), "w") as file:
                    json.dump(probe, file)
        with open(os.path.join(self.directory, "k3s_host_facts.py"), "w") as file:
            file.write(MODULE % (self.directory, self.directory, self.directory))
        inventory = {"all": {"vars": {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable, "k3s_version": "v1.36.3+k3s1"},
                             "children": {group: {"hosts": hosts} for group, hosts in groups.items()}}}
        hosts = os.path.join(self.directory, "hosts.yml")
        with open(hosts, "w") as file:
            json.dump(inventory, file)
        return ansible_playbook("-i", hosts, playbook, *arguments, ANSIBLE_HOME=self.directory,
                                ANSIBLE_LIBRARY="%s:%s" % (self.directory, os.path.join(ANSIBLE, "plugins", "modules")))

    def test_what_follows_from_a_probe_follows_from_the_last_one(self):
        before = copy.deepcopy(PROBE)
        after = {**copy.deepcopy(PROBE), "machine": {"gpus": [{"vendor": "nvidia"}]}, "machine_labels": {}, "gpu": {"cards": 1, "record": False}}
        after["k3s"].update(version="v1.36.3+k3s1", server={"holds": False, "answers": False, "awaits": False})
        output = os.path.join(self.directory, "out")
        done = self.play(os.path.join(HERE, "decided.yml"), {"100.64.0.1": [before, before], "100.64.0.2": [before, after]},
                         {"control_plane": {"n%d" % number: {"tailscale_ip": "100.64.0.%d" % number} for number in (1, 2)}, "workers": {}},
                         "-e", json.dumps({"test_output": output, "ansible_become": False}))
        self.assertEqual(done.returncode, 0, done.stdout)
        found = {}
        for name in ("n1", "n2"):
            with open("%s-%s" % (output, name)) as file:
                found[name] = json.load(file)
        self.assertEqual(found["n1"], {"version": "v1.36.2+k3s1", "join_url": "", "labels": {"k3s-tool.io/virtual": "true"}, "gpu": False})
        self.assertEqual(found["n2"], {"version": "v1.36.3+k3s1", "join_url": "https://100.64.0.1:6443", "labels": {}, "gpu": True})

    def test_a_worker_alone_is_told_that_no_server_is_on_and_is_not_taken_for_unreachable_itself(self):
        new = copy.deepcopy(PROBE)
        new["k3s"].update(version=None, cluster=None, server={"holds": False, "answers": False, "awaits": False})
        off = {"tailscale_ip": "100.64.0.1", "ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
        done = self.play(os.path.join(ANSIBLE, "playbooks", "preflight.yml"), {"100.64.0.4": [new]},
                         {"control_plane": {"n1": off}, "workers": {"n4": {"tailscale_ip": "100.64.0.4"}}},
                         "--limit", "n4", "-e", json.dumps({"ansible_become": False}))
        self.assertIn("Cannot reach a server of the control plane (n1) that has a cluster to join", done.stdout)
        self.assertNotIn("Ask for the version of the servers", done.stdout)
        self.assertRegex(done.stdout, r"n4 +: .*unreachable=0 +failed=1")


if __name__ == "__main__":
    unittest.main()
