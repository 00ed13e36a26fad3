"""A file whose text is secret is written for root alone, and its text is in no output, however much is asked for."""

import json
import os
import tempfile
import unittest

from ansible_playbook import ansible_playbook


class SecretText(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name

    def write(self, entry, *arguments, secrets=None):
        playbook = os.path.join(self.root, "play.yml")
        with open(playbook, "w") as file:
            json.dump([{"hosts": "localhost", "gather_facts": False, "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
                        "tasks": [{"k3s_files": {"files": [entry], "secrets": secrets or {}}, "register": "written"}, {"debug": {"var": "written"}}]}], file)
        done = ansible_playbook("-i", "localhost,", "-c", "local", "--diff", *arguments, playbook, ANSIBLE_HOME=self.root, ANSIBLE_NOCOLOR="1")
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_it_is_written_changed_and_removed_unseen(self):
        path = os.path.join(self.root, "registries.yaml")
        for text in ("mirrors: {}\npassword: hunter1\n", "mirrors: {}\npassword: hunter2\n"):
            said = self.write({"path": path, "mode": "0600"}, "-vvv", secrets={path: text})
            self.assertNotIn("hunter", said)
            self.assertIn("changed=1", said)
            self.assertIn("+(not shown, changed)", said)
            with open(path) as file:
                self.assertEqual((file.read(), os.stat(path).st_mode & 0o777), (text, 0o600))
        said = self.write({"path": path, "absent": True}, "-vvv")
        self.assertNotIn("hunter", said)
        self.assertIn("changed=1", said)
        self.assertFalse(os.path.exists(path))


if __name__ == "__main__":
    unittest.main()
