"""Rotations over several hosts: in which order they are restarted, and that one that was cut off anywhere is finished by the next run. The playbooks are
real, the modules that act on a host keep its state in a file instead."""

import json
import os
import sys
import tempfile
import unittest

from ansible_playbook import ANSIBLE, ansible_playbook

SERVERS, WORKERS = ["n1", "n2", "n3"], ["w1"]

# Each module is this file with its own name: it reads and writes the state of the host that its interpreter names, and notes what it was asked for.
MODULE = '''
# WANT_JSON: without Ansible's own code, which would take most of the time.
import fcntl, json, os, sys

NAME = %r

def other(directory, host):
    with open(os.path.join(directory, host + ".json")) as file:
        return json.load(file)

def act(state, args, everyone):
    if NAME == "k3s_lock":
        return {}
    if NAME == "k3s_server_info":
        return {"server": {"holds": True, "answers": state["up"], "awaits": False}, "version": "v1.36.3+k3s1"}
    if NAME == "k3s_secret_file":
        return {"found": True, "text": state["token"]}
    if NAME == "k3s_files":
        state["token"] = list(args["secrets"].values())[0]
        return {"changed": True}
    if NAME == "k3s_start":
        state["token"] = args["token"] or state["token"]
        state.update(running=state["token"], keys_read=state["keys"], up=True)
        if state["server"] and state["lead"] != state["name"]:
            state["keys"] = state["keys_read"] = everyone[state["lead"]]["keys"]
        return {"changed": True}
    if NAME == "k3s_certificates":
        if args["before"]:
            return {"ends": state["ends"], "noted": "renewed"}
        before, state["ends"] = state["ends"], state["ends"] + 1
        return {"changed": True, "ends": before}
    if NAME == "k3s_token":
        if args["step"] == "rotate" and not state["begun"]:
            state.update(token=state["token"] + "+", begun=True)
        if args["step"] == "done":
            state["begun"] = False
        return {"changed": args["step"] == "rotate", "digest": state["token"], "given": state["name"] != "n1", "begun": state["begun"],
                "due": state["begun"] or state["running"] != state["token"]}
    if NAME == "k3s_encryption":
        stages = {"add": (("start", "reencrypt_finished"), "prepare", "a b"), "use": (("prepare",), "rotate", "b a"),
                  "encrypt": (("rotate",), "reencrypt_finished", "b"), "all": (("start", "reencrypt_finished"), "reencrypt_finished", "b")}
        changed = False
        if args["step"] in stages and state["stage"] in stages[args["step"]][0]:
            if any(each["keys"] != state["keys"] for each in everyone.values() if each["server"]):
                return {"failed": True, "msg": "the servers do not have the same keys"}
            state.update(stage=stages[args["step"]][1], keys=stages[args["step"]][2])
            changed = True
        return {"changed": changed, "enabled": state["enabled"], "stage": state["stage"], "kind": "AES-CBC", "keys": state["keys"].split(),
                "digest": state["keys"], "older": state["keys_read"] != state["keys"]}

def main():
    host, directory = os.environ["FAKE_HOST"], os.environ["FAKE_STATE"]
    with open(sys.argv[1]) as file:
        args = json.load(file)
    check = args["_ansible_check_mode"]
    args.setdefault("before", None)
    args.setdefault("token", "")
    if NAME in ("k3s_token", "k3s_encryption"):
        args.setdefault("step", "look")
    words = [host, NAME] + ([args["step"]] if "step" in args else []) + (["again"] if args["before"] else [])
    with open(os.path.join(directory, "calls"), "a") as file:
        file.write(" ".join(words) + "\\n")
    lock = open(os.path.join(directory, host + ".lock"), "w")  # tasks of several hosts may be delegated to this one at the same time
    fcntl.flock(lock, fcntl.LOCK_EX)
    state = other(directory, host)
    everyone = {name[:-5]: other(directory, name[:-5]) for name in os.listdir(directory) if name.endswith(".json")}
    with open(os.path.join(directory, "cut")) as file:
        cut = file.read().split()
    if check and NAME in ("k3s_start", "k3s_certificates", "k3s_files"):
        return {"changed": True, "ends": state["ends"]}
    result = act(state, args, everyone)
    if not check:
        with open(os.path.join(directory, host + ".part"), "w") as file:
            json.dump(state, file)
        os.rename(file.name, os.path.join(directory, host + ".json"))
    return {"failed": True, "msg": "cut off"} if cut == words else result

print(json.dumps(dict({"changed": False}, **main())))
'''
MODULES = ("k3s_lock", "k3s_server_info", "k3s_secret_file", "k3s_files", "k3s_start", "k3s_certificates", "k3s_token", "k3s_encryption")


class Cluster:
    """Three servers and a worker, whose state is in files."""

    def __init__(self, directory, servers=SERVERS, workers=WORKERS):
        self.directory, self.servers, self.hosts = directory, servers, servers + workers
        for name in MODULES:
            with open(os.path.join(directory, name + ".py"), "w") as file:
                file.write("#!/usr/bin/python\n" + MODULE % name)
        for name in self.hosts:
            self.write(name, {"name": name, "server": name in servers, "lead": "n1", "up": True, "token": "t", "running": "t", "begun": False, "ends": 1,
                              "keys": "a", "keys_read": "a", "stage": "start", "enabled": True})
            with open(os.path.join(directory, name + "-python"), "w") as file:
                file.write("#!/bin/sh\nFAKE_HOST=%s FAKE_STATE=%s exec %s \"$@\"\n" % (name, directory, sys.executable))
            os.chmod(os.path.join(directory, name + "-python"), 0o755)
        inventory = {"all": {"vars": {"ansible_connection": "local", "ansible_become": False, "k3s_version": "v1.36.3+k3s1"}, "children": {
            group: {"hosts": {name: {"tailscale_ip": "100.64.0.%d" % (i + 1), "ansible_python_interpreter": os.path.join(directory, name + "-python")}
                              for i, name in enumerate(self.hosts) if name in names}} for group, names in (("control_plane", servers), ("workers", workers))}}}
        with open(os.path.join(directory, "hosts.yml"), "w") as file:
            json.dump(inventory, file)

    def read(self, name):
        with open(os.path.join(self.directory, name + ".json")) as file:
            return json.load(file)

    def write(self, name, state):
        with open(os.path.join(self.directory, name + ".json"), "w") as file:
            json.dump(state, file)

    def change(self, name, **fields):
        self.write(name, dict(self.read(name), **fields))

    def run(self, playbook, *arguments, cut=""):
        """Exit code, what was done on hosts, and output."""
        for name, text in (("calls", ""), ("cut", cut)):
            with open(os.path.join(self.directory, name), "w") as file:
                file.write(text)
        done = ansible_playbook("-i", os.path.join(self.directory, "hosts.yml"), *arguments, os.path.join(ANSIBLE, "playbooks", playbook),
                                ANSIBLE_LIBRARY=self.directory, ANSIBLE_STDOUT_CALLBACK="default")
        with open(os.path.join(self.directory, "calls")) as file:
            calls = [line.strip() for line in file]
        return done.returncode, [call for call in calls if call.split()[1] not in ("k3s_lock", "k3s_server_info", "k3s_secret_file")], done.stdout


class Rotations(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.cluster = Cluster(self.temporary.name)

    def starts(self, calls):
        return [call.split()[0] for call in calls if call.split()[1] == "k3s_start"]

    def test_certificates_server_by_server_and_the_first_that_fails_ends_it(self):
        code, calls, said = self.cluster.run("rotate_certs.yml", cut="n2 k3s_start")
        self.assertNotEqual(code, 0, said)
        self.assertEqual(calls, ["n1 k3s_certificates", "n1 k3s_start", "n1 k3s_certificates again", "n2 k3s_certificates", "n2 k3s_start"])
        code, calls, said = self.cluster.run("rotate_certs.yml")
        self.assertEqual(code, 0, said)
        self.assertEqual(self.starts(calls), ["n1", "n2", "n3", "w1"])

    def test_nothing_is_done_without_every_server(self):
        self.cluster.change("n3", up=False)
        for playbook in ("rotate_certs.yml", "rotate_token.yml", "rotate_encryption_keys.yml"):
            code, calls, said = self.cluster.run(playbook)
            self.assertNotEqual(code, 0, said)
            self.assertIn("n3", said)
            self.assertEqual(self.starts(calls), [], playbook)

    def test_a_token_reaches_every_host_wherever_the_rotation_is_cut_off(self):
        expected = "t"
        for cut in ("n1 k3s_token rotate", "n1 k3s_token done", "n2 k3s_start", "w1 k3s_start"):
            code, _, said = self.cluster.run("rotate_token.yml", cut=cut)
            self.assertNotEqual(code, 0, said)
            expected += "+"
            code, calls, said = self.cluster.run("rotate_token.yml")
            self.assertEqual(code, 0, said)
            states = [self.cluster.read(name) for name in self.cluster.hosts]
            if cut == "w1 k3s_start":
                expected += "+"  # every host had it already: that was a rotation, and this is the next one
            self.assertEqual([(state["token"], state["running"], state["begun"]) for state in states], [(expected, expected, False)] * 4, cut)

    def test_servers_that_cannot_start_with_their_token_get_the_new_one_before_one_waits_for_them(self):
        self.cluster.change("n1", token="new", running="t", begun=True, up=False)
        for name in ("n2", "n3"):
            self.cluster.change(name, up=False)
        code, calls, said = self.cluster.run("rotate_token.yml")
        self.assertEqual(code, 0, said)
        changes = [call for call in calls if call.split()[1] in ("k3s_files", "k3s_start")]
        self.assertEqual([sorted(changes[:2]), changes[2:]], [["n2 k3s_files", "n3 k3s_files"], ["n1 k3s_start", "n2 k3s_start", "n3 k3s_start", "w1 k3s_start"]])
        self.assertEqual({self.cluster.read(name)["running"] for name in self.cluster.hosts}, {"new"})

    def test_no_server_uses_a_key_that_another_one_does_not_have_wherever_it_is_cut_off(self):
        cuts = ("n1 k3s_encryption add", "n2 k3s_start", "n1 k3s_encryption use", "n1 k3s_encryption encrypt")
        for cut in cuts:
            code, _, said = self.cluster.run("rotate_encryption_keys.yml", cut=cut)
            self.assertNotEqual(code, 0, said)
        code, calls, said = self.cluster.run("rotate_encryption_keys.yml")
        self.assertEqual(code, 0, said)
        states = [self.cluster.read(name) for name in SERVERS]
        self.assertEqual([(state["keys"], state["keys_read"]) for state in states], [("b", "b")] * 3)
        self.assertEqual(self.starts(calls), SERVERS, "restarts were all that it lacked")

    def test_a_server_that_is_alone_is_not_restarted(self):
        with tempfile.TemporaryDirectory() as directory:
            cluster = Cluster(directory, servers=["n1"], workers=[])
            code, calls, said = cluster.run("rotate_encryption_keys.yml")
            self.assertEqual(code, 0, said)
            self.assertEqual([call for call in calls if not call.endswith(("look", "settle"))], ["n1 k3s_encryption all"])

    def test_keys_are_refused_where_secrets_are_not_encrypted_and_a_check_changes_nothing(self):
        before = [self.cluster.read(name) for name in self.cluster.hosts]
        for playbook in ("rotate_certs.yml", "rotate_token.yml", "rotate_encryption_keys.yml"):
            code, _, said = self.cluster.run(playbook, "--check")
            self.assertEqual(code, 0, said)
        self.assertEqual([self.cluster.read(name) for name in self.cluster.hosts], before)
        for name in SERVERS:
            self.cluster.change(name, enabled=False, stage="")
        code, calls, said = self.cluster.run("rotate_encryption_keys.yml")
        self.assertNotEqual(code, 0)
        self.assertIn("secrets_encryption: true", said)
        self.assertEqual(self.starts(calls), [])


if __name__ == "__main__":
    unittest.main()
