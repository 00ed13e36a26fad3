"""Whether a k3s of another installation goes on to run: what the role k3s_service makes of what k3s_present says of it."""

import json
import os
import sys
import tempfile
import unittest

from ansible_playbook import ANSIBLE, ansible_playbook

ROLE = os.path.join(ANSIBLE, "roles", "k3s_service")
VERSION = "v1.36.3+k3s1"
SUPERSEDED = "/etc/rancher/k3s/config.yaml.d/x.yaml"


def decide(hosts):
    """By host: whether it is taken as it runs, whether it is not restarted, and what is removed."""
    def host(foreign=True, restart="", version=VERSION, current=False, looked=True):
        found = {"foreign": foreign, "version": version, "verified": True, "unit": {"active": True, "enabled": True, "current": current}, "files": {
            "/etc/rancher/k3s/config.yaml": "x", "/etc/systemd/system/k3s.service": "x"}}
        seen = {"k3s_service_present": {"present": {"restart": restart}, "remove": [SUPERSEDED]}} if looked else {}
        return {"test_probe": {"k3s": found}, **seen}
    play = [{
        "hosts": "all", "gather_facts": False, "connection": "local", "vars_files": [os.path.join(ROLE, "vars", "main.yml")],
        "vars": {"ansible_facts": {"k3s_host": "{{ test_probe }}"}, "k3s_tool_probe": "{{ test_probe }}", "k3s_tool_version": VERSION, "k3s_tool_gpu_unfound": False,
                 "k3s_service_mode": "server", "k3s_tool_registries": {}, "k3s_service_config_text": "a", "k3s_service_unit_text": "b"},
        "tasks": [{"ansible.builtin.set_fact": {"test_result": {
            "taken": "{{ k3s_service_taken | bool }}", "current": "{{ k3s_service_current | bool }}", "superseded": "{{ k3s_service_superseded }}"}}},
            {"ansible.builtin.copy": {"content": "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, 'test_result'))) | to_json }}",
                                      "dest": "{{ test_output }}", "mode": "0600"}, "run_once": True}]}]
    with tempfile.TemporaryDirectory() as directory:
        paths = {name: os.path.join(directory, name) for name in ("hosts.json", "play.json", "out.json")}
        inventory = {"all": {"vars": {"ansible_python_interpreter": sys.executable}, "hosts": {name: host(**given) for name, given in hosts.items()}}}
        for name, content in (("hosts.json", inventory), ("play.json", play)):
            with open(paths[name], "w") as file:
                json.dump(content, file)
        done = ansible_playbook("-i", paths["hosts.json"], paths["play.json"], "-e", json.dumps({"test_output": paths["out.json"]}), ANSIBLE_HOME=directory)
        if not os.path.exists(paths["out.json"]):
            raise AssertionError(done.stdout)
        with open(paths["out.json"]) as file:
            return json.load(file)


class Taken(unittest.TestCase):
    def test_only_a_k3s_that_needs_no_restart_and_keeps_its_version_goes_on_to_run(self):
        found = decide({"same": {}, "differs": {"restart": "node-ip"}, "older": {"version": "v1.36.2+k3s1"}, "own": {"foreign": False}, "unseen": {"looked": False}})
        self.assertEqual({name: (result["taken"], result["current"]) for name, result in found.items()},
                         {"same": (True, True), "differs": (False, False), "older": (False, False), "own": (False, False), "unseen": (False, False)})
        self.assertEqual(found["same"]["superseded"], [{"path": SUPERSEDED, "absent": True}])
        self.assertEqual(found["unseen"]["superseded"], [])


if __name__ == "__main__":
    unittest.main()
