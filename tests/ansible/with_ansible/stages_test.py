"""Whom the stages of a provisioning concern: a host leaves a stage that has nothing for it, and none goes on once the leading server has failed."""

import json
import os
import sys
import tempfile
import unittest

import yaml

from ansible_playbook import ANSIBLE, ansible_playbook

VERSION = "v1.36.2+k3s1"
STAGES = ("Prepare", "Control plane", "Workers", "Node settings")
SERVERS, WORKERS = ("n1", "n2"), ("n3", "n4")


def probe(has=True, prepared=True):
    """What the preflight finds on a host."""
    return {"arch": "amd64", "kernel": {"ready": prepared}, "firewall": {"missing": []},
            "k3s": {"version": VERSION if has else None, "verified": has, "images": [], "cluster": "x" if has else None}}


def stand_in(task, fails):
    """A task of the playbooks; in place of a role one that says that it would run, or fails."""
    if not any("_role" in name for name in task):
        return task
    said = {"name": task["name"], "ansible.builtin.assert": {"that": "inventory_hostname not in %s" % json.dumps(fails.get(task["name"], []))}}
    return {**said, "when": task.get("when", True), "tags": task["tags"]}


def run(folder, inventory, plays, *arguments, **environment):
    """Runs plays with the project's settings and group_vars, all of it in a folder; what ansible-playbook ended with, and the path of its events."""
    os.symlink(os.path.join(ANSIBLE, "playbooks", "group_vars"), os.path.join(folder, "group_vars"))
    paths = [os.path.join(folder, name) for name in ("hosts.yml", "play.yml", "events")]
    for path, content in zip(paths, (inventory, plays)):
        with open(path, "w") as file:
            json.dump(content, file)
    return ansible_playbook("-i", *paths[:2], *arguments, ANSIBLE_HOME=folder, K3S_TOOL_EVENTS=paths[2], **environment), paths[2]


def provision(hosts, fails=(), **settings):
    """(stage, task, host) of all that ran, in order, and the messages of hosts that failed, by host. `fails` has hosts by name of a task, or Preflight."""
    fails = dict(fails)
    with open(os.path.join(ANSIBLE, "playbooks", "provision_cluster.yml")) as file:
        stages = [play for play in yaml.safe_load(file) if play["name"] in STAGES]
    plays = [{"name": "Preflight", "hosts": "all", "gather_facts": False, "tasks": [
        {"ansible.builtin.set_fact": {"k3s_tool_probe": "{{ test_probe }}", "k3s_tool_version": VERSION}},
        {"name": "Judge", "ansible.builtin.assert": {"that": "inventory_hostname not in %s" % json.dumps(fails.get("Preflight", []))}}]}]
    plays += [{**play, "become": False, "tasks": [stand_in(task, fails) for task in play["tasks"]]} for play in stages]
    inventory = {"all": {"vars": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "k3s_version": VERSION, **settings}, "children": {
        group: {"hosts": {name: {"test_probe": hosts[name], "tailscale_ip": "100.64.0.%s" % name[1:]} for name in names if name in hosts}}
        for group, names in (("control_plane", SERVERS), ("workers", WORKERS))}}}
    with tempfile.TemporaryDirectory(prefix="k3s-tool-test-") as folder:
        done, events = run(folder, inventory, plays)
        if not os.path.exists(events):
            raise AssertionError(done.stdout)
        with open(events) as file:
            results = [event for event in map(json.loads, file) if event["type"] == "result"]
    ran = [(event["play"], event["task"], event["host"]) for event in results if event["status"] == "ok" and event["play"] in STAGES]
    return ran, {event["host"]: event["message"] for event in results if event["status"] == "failed"}


class Stages(unittest.TestCase):
    def run_of(self, stage, ran):
        return sorted((task, host) for name, task, host in ran if name == stage)

    def test_hosts_that_are_right_take_no_part_in_preparing_and_go_on(self):
        ran, failed = provision({name: probe() for name in SERVERS + WORKERS})
        self.assertEqual(failed, {})
        self.assertEqual(self.run_of("Prepare", ran), [])
        self.assertEqual(self.run_of("Control plane", ran), [("First server", "n1"), ("Other servers", "n2")])
        self.assertEqual(self.run_of("Workers", ran), [("Worker", "n3"), ("Worker", "n4")])
        self.assertEqual(self.run_of("Node settings", ran), [("Node settings", name) for name in SERVERS + WORKERS])

    def test_hosts_that_are_not_are_prepared_beside_those_that_are(self):
        ran, failed = provision({"n1": probe(), "n2": probe(prepared=False), "n3": probe(), "n4": probe(has=False)})
        self.assertEqual(failed, {})
        self.assertEqual(self.run_of("Prepare", ran), [("Binary", "n4"), ("New worker", "n4"), ("Prerequisites", "n2")])
        self.assertEqual(self.run_of("Node settings", ran), [("Node settings", name) for name in SERVERS + WORKERS])

    def test_with_peers_those_that_have_k3s_stay_for_the_others(self):
        ran, failed = provision({"n1": probe(), "n3": probe(), "n4": probe(has=False)}, artifact_source="peers")
        self.assertEqual(failed, {})
        self.assertEqual(self.run_of("Prepare", ran), [("Binary", "n4"), ("New worker", "n4")])

    def test_once_the_leading_server_has_failed_nothing_more_is_done_and_each_host_says_so(self):
        new = {name: probe(has=False, prepared=False) for name in SERVERS + WORKERS}
        for fails, done in (({"Preflight": ["n1"]}, set()), ({"Binary": ["n1"]}, {"Prepare"}), ({"First server": ["n1"]}, {"Prepare"})):
            ran, failed = provision(new, fails)
            self.assertEqual({stage for stage, _, _ in ran}, done, fails)
            self.assertEqual(set(failed), set(new))
            for name in ("n2", "n3", "n4"):
                self.assertIn("The control plane n1 failed, so this host was not set up any further\nHint: Fix n1 first", failed[name])

    def test_another_host_that_fails_keeps_nobody(self):
        ran, failed = provision({name: probe(has=False, prepared=False) for name in SERVERS + WORKERS}, {"Preflight": ["n4"], "Prerequisites": ["n2"]})
        self.assertEqual(set(failed), {"n2", "n4"})
        self.assertEqual(self.run_of("Node settings", ran), [("Node settings", "n1"), ("Node settings", "n3")])


# In place of the modules that act on a host: each notes what it was given.
MODULE = """#!/usr/bin/python
# WANT_JSON
import json, sys
with open(sys.argv[1]) as file:
    given = json.load(file)
with open(%r, "a") as file:
    file.write(json.dumps([%r, given.get("token")]) + "\\n")
print(json.dumps({"changed": True, "token": "the token", "problem": None}))
"""


class Joining(unittest.TestCase):
    def start(self, config, host, leader):
        """What the modules were given as a token when a server's k3s is started with this configuration."""
        with tempfile.TemporaryDirectory(prefix="k3s-tool-test-") as folder:
            noted, modules = os.path.join(folder, "noted"), os.path.join(folder, "modules")
            os.mkdir(modules)
            for name in ("k3s_files", "k3s_admit", "k3s_start"):
                with open(os.path.join(modules, name + ".py"), "w") as file:
                    file.write(MODULE % (noted, name))
            found = {"foreign": False, "cluster": "x", "version": VERSION, "unit": {"current": False}}
            given = {"k3s_tool_first_server": leader, "k3s_tool_probe": {"k3s": found}, "k3s_service_mode": "server", "k3s_service_config": config, "k3s_service_files": [],
                     "k3s_service_secrets": {}, "k3s_service_datastore": {}, "k3s_service_current": False, "k3s_service_taken": False, "k3s_tool_node_name": host}
            play = [{"hosts": host, "gather_facts": False, "tasks": [{"ansible.builtin.include_role": {"name": "k3s_service", "tasks_from": "install", "rolespec_validate": False}}]}]
            inventory = {"all": {"vars": {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}, "children": {
                "control_plane": {"hosts": {"n1": {"tailscale_ip": "100.64.0.1"}, "n2": {"tailscale_ip": "100.64.0.2"}}}}}}
            done, _ = run(folder, inventory, play, "-e", json.dumps(given), ANSIBLE_LIBRARY=modules)
            self.assertEqual(done.returncode, 0, done.stdout)
            with open(noted) as file:
                return dict(json.loads(line) for line in file)

    def test_who_joins_gets_the_token_and_who_leads_alone_asks_nobody(self):
        joins = {"server": "https://100.64.0.2:6443"}
        self.assertEqual(self.start({}, "n1", "n1"), {"k3s_files": None, "k3s_start": ""})
        self.assertEqual(self.start(joins, "n1", "n2"), {"k3s_files": None, "k3s_admit": None, "k3s_start": "the token"})
        self.assertEqual(self.start(joins, "n1", "n1"), {"k3s_files": None, "k3s_admit": None, "k3s_start": "the token"}, "it leads, and once joined through another one")
        self.assertEqual(self.start({}, "n1", "n2"), {"k3s_files": None, "k3s_admit": None, "k3s_start": ""}, "another one leads now")


if __name__ == "__main__":
    unittest.main()
