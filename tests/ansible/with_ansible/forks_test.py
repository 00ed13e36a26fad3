"""The process of a task has no garbage collector, which would copy the memory that it shares."""

import json
import os
import tempfile
import unittest

from ansible_playbook import ANSIBLE, ansible_playbook

FILTER = """
import gc


class FilterModule:
    def filters(self):
        return {"collects": lambda _: gc.isenabled()}
"""


class Forks(unittest.TestCase):
    def test_no_process_of_a_task_collects_garbage(self):
        with tempfile.TemporaryDirectory() as directory:
            os.mkdir(os.path.join(directory, "filter_plugins"))
            with open(os.path.join(directory, "filter_plugins", "collects.py"), "w") as file:
                file.write(FILTER)
            playbook = os.path.join(directory, "play.yml")
            with open(playbook, "w") as file:
                json.dump([{"hosts": "localhost", "gather_facts": False, "tasks": [{"debug": {"msg": "collects: {{ '' | collects }}"}}]}], file)
            for config, collects in (("ansible.cfg", False), ("absent.cfg", True)):
                done = ansible_playbook("-i", "localhost,", "-c", "local", playbook, cwd=directory, ANSIBLE_CONFIG=os.path.join(ANSIBLE, config),
                                        ANSIBLE_HOME=directory)
                self.assertIn("collects: %s" % collects, done.stdout)


if __name__ == "__main__":
    unittest.main()
