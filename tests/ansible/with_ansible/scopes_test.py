"""Labels, annotations, taints and options of k3s of several scopes are merged, the most specific winning by key."""

import json
import os
import tempfile
import unittest

from ansible_playbook import ANSIBLE, HERE, ansible_playbook

PLAY = """
- hosts: all
  gather_facts: false
  connection: local
  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  tasks:
    - ansible.builtin.copy:
        content: "{% set found = {} %}{% for name in ansible_play_hosts %}{% set _ = found.update({name: hostvars[name]['k3s_tool_node_settings']
                  | combine({'options': hostvars[name]['k3s_tool_k3s_config']})}) %}{% endfor %}{{ found | to_json }}"
        dest: "{{ output }}"
        mode: "0600"
      run_once: true
"""


def settings(*arguments):
    """What the roles are told of each node of the inventory in scopes/."""
    with tempfile.TemporaryDirectory() as directory:
        os.symlink(os.path.join(ANSIBLE, "playbooks", "group_vars"), os.path.join(directory, "group_vars"))
        playbook, output = os.path.join(directory, "play.yml"), os.path.join(directory, "output.json")
        with open(playbook, "w") as file:
            file.write(PLAY)
        done = ansible_playbook("-i", os.path.join(HERE, "scopes", "hosts.yml"), "-e", json.dumps({"output": output}), *arguments, playbook,
                                ANSIBLE_HOME=directory)
        if done.returncode:
            raise AssertionError(done.stdout)
        with open(output) as file:
            return {name: {kind: found[kind] for kind in ("labels", "taints", "annotations", "options")} for name, found in json.load(file).items()}


class Scopes(unittest.TestCase):
    def test_the_most_specific_wins_by_key(self):
        with open(os.path.join(HERE, "scopes", "expected.json")) as file:
            self.assertEqual(settings(), json.load(file))

    def test_what_is_given_on_the_command_line_wins_over_all(self):
        found = settings("-e", '{"node_labels": {"tier": "now"}, "k3s_config": {"debug": false}}')
        self.assertEqual(found["n1"]["options"], {"debug": False, "kubelet-arg": ["v=1"], "etcd-snapshot-retention": 3})
        self.assertEqual(found["n3"]["labels"], {"zone": "home", "tier": "now", "room": "attic", "from": "file", "x": "1"})


if __name__ == "__main__":
    unittest.main()
