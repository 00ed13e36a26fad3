"""Which server the workstation's kubeconfig names, whichever servers are on."""

import hashlib
import json
import os
import sys
import tempfile
import unittest

from ansible_playbook import ANSIBLE, ansible_playbook

N1, N2, N3 = ("https://100.64.0.%d:6443" % number for number in (1, 2, 3))
ON_HOST = "clusters: [{cluster: {server: https://127.0.0.1:6443}}]\nusers: [new]\n"


def kubeconfig(url, text=ON_HOST):
    return text.replace("https://127.0.0.1:6443", url)


def fetch(copy=None, answering=("n1", "n2", "n3"), on_host=ON_HOST, below="", arguments=(), said=False, **variables):
    """
    The kubeconfig on the workstation after the playbook. `answering` are the servers that do, the first of them leads; `on_host` is what they
    have (None: nothing can be read there, so what is up to date is proven not to be asked for). `below` is a directory to write it to; with `said` it is all
    that was said and all events instead.
    """
    with tempfile.TemporaryDirectory(prefix="k3s-tool-test-") as folder:
        path, source, inventory, events = (os.path.join(folder, name) for name in (os.path.join(below, "kubeconfig"), "k3s.yaml", "hosts.json", "events"))
        for file_path, text in ((path, copy), (source, on_host)):
            if text is not None:
                with open(file_path, "w") as file:
                    file.write(text)
        digest = hashlib.sha256((on_host or ON_HOST).encode()).hexdigest()
        probe = {"problems": [], "k3s": {"files": {source: digest}, "server": {"holds": True, "answers": True}}}
        hosts = {"n%d" % number: {"tailscale_ip": "100.64.0.%d" % number, "ansible_connection": "local", "ansible_python_interpreter": sys.executable} for number in (1, 2, 3)}
        for name in answering:
            hosts[name]["k3s_tool_probe"] = probe
        known = {"k3s_version": "v1.36.2+k3s1", "ansible_become": False, "k3s_tool_first_server": answering[0],
                 "k3s_tool_answering_servers": list(answering), "k3s_tool_kubeconfig_path": path, "k3s_tool_kubeconfig_source": source}
        with open(inventory, "w") as file:
            json.dump({"all": {"vars": variables, "children": {"control_plane": {"hosts": hosts}}}}, file)
        done = ansible_playbook("-i", inventory, "--limit", ",".join(answering), "-e", json.dumps(known), *arguments,
                                os.path.join(ANSIBLE, "playbooks", "kubeconfig.yml"), ANSIBLE_HOME=folder, K3S_TOOL_EVENTS=events)
        if said:
            with open(events) as file:
                return done.stdout, [json.loads(line) for line in file]
        if done.returncode:
            raise AssertionError(done.stdout[-3000:])
        with open(path) as file:
            return file.read()


class Kubeconfig(unittest.TestCase):
    def test_the_first_one_names_the_server_that_leads(self):
        self.assertEqual(fetch(answering=("n2", "n3")), kubeconfig(N2))

    def test_it_moves_to_a_living_server_where_its_own_is_gone(self):
        """R13 the kubeconfig works with any one server off."""
        self.assertEqual(fetch(kubeconfig(N1), answering=("n2", "n3")), kubeconfig(N2))
        self.assertEqual(fetch(kubeconfig("https://100.64.0.9:6443")), kubeconfig(N1))

    def test_one_that_leads_to_a_living_server_stays_whichever_leads(self):
        self.assertEqual(fetch(kubeconfig(N2), on_host=None), kubeconfig(N2))

    def test_new_credentials_are_fetched_though_its_server_lives(self):
        self.assertEqual(fetch(kubeconfig(N2, ON_HOST.replace("new", "old"))), kubeconfig(N1))

    def test_with_an_api_endpoint_it_names_that_and_nothing_else(self):
        for endpoint, url in (("api.example.com", "https://api.example.com:6443"), ("lb:8443", "https://lb:8443")):
            self.assertEqual(fetch(kubeconfig(N1), api_endpoint=endpoint), kubeconfig(url))
        # It does not move: the owner's endpoint is what finds a living server.
        url = kubeconfig("https://lb:8443")
        self.assertEqual(fetch(url, answering=("n2", "n3"), on_host=None, api_endpoint="lb:8443"), url)

    def test_one_that_named_an_api_endpoint_names_a_server_when_that_is_taken_out(self):
        self.assertEqual(fetch(kubeconfig("https://api.example.com:6443"), api_endpoint=""), kubeconfig(N1))

    def test_without_one_on_the_server_it_says_what_to_run(self):
        with self.assertRaisesRegex(AssertionError, "Hint: Run `k3s-tool provision` first"):
            fetch(on_host=None)

    def test_what_keeps_it_from_being_written_is_said_and_its_text_is_not(self):
        secret = ON_HOST.replace("new", "hunter2")
        for copy in (None, ON_HOST):
            stdout, events = fetch(copy, on_host=secret, arguments=("--diff", "-vvv"), said=True)
            self.assertIn("changed=1", stdout)
            self.assertNotIn("hunter2", stdout + json.dumps(events))
        stdout, events = fetch(on_host=secret, below="k3s.yaml", arguments=("--diff", "-vvv"), said=True)
        [message] = [event["message"] for event in events if event["type"] == "result" and event["status"] == "failed"]
        self.assertRegex(message, r"/k3s\.yaml could not be written: File exists\nHint: ")
        self.assertNotIn("hunter2", stdout + json.dumps(events))


if __name__ == "__main__":
    unittest.main()
