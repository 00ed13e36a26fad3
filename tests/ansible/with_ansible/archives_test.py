"""Archives of modules outlive a run, and nothing that is wrong with them ends one."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

ANSIBLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "ansible")


class Archives(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.home = directory.name
        self.archives = os.path.join(self.home, "archives")
        self.playbook = os.path.join(self.home, "play.yml")
        with open(self.playbook, "w") as file:
            json.dump([{"hosts": "localhost", "gather_facts": False, "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
                        "tasks": [{"k3s_files": {"files": [{"path": self.home + "/absent", "absent": True}]}}]}], file)

    def run_playbook(self, **variables):
        environment = {**os.environ, "ANSIBLE_CONFIG": os.path.join(ANSIBLE, "ansible.cfg"), "ANSIBLE_HOME": self.home, **variables}
        done = subprocess.run([os.path.join(os.path.dirname(sys.executable), "ansible-playbook"), "-i", "localhost,", "-c", "local", self.playbook],
                              env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    def kept(self):
        """Inode by path of each archive: one that is made again is another file."""
        found = (entry for folder, _, _ in os.walk(self.archives) for entry in os.scandir(folder) if entry.is_file() and not entry.name.endswith(".lock"))
        return {entry.path: entry.inode() for entry in found}

    def test_a_second_run_takes_what_the_first_has_made(self):
        self.run_playbook()
        first = self.kept()
        self.assertEqual([os.path.basename(path).split("-")[0] for path in first], ["ansible.legacy.k3s_files"])
        self.assertEqual(os.stat(os.path.dirname(next(iter(first)))).st_mode & 0o777, 0o700)
        self.run_playbook()
        self.assertEqual(self.kept(), first)

    def test_one_that_is_torn_is_made_again_and_those_of_code_nobody_runs_are_removed(self):
        self.run_playbook()
        [path] = self.kept()
        old, recent = (os.path.join(self.archives, name) for name in ("old", "recent"))
        for directory in (old, recent):
            os.mkdir(directory)
        os.utime(old, (0, 0))
        for torn in (b"", b"\x80"):
            with open(path, "wb") as file:
                file.write(torn)
            self.run_playbook()
            self.assertGreater(os.path.getsize(path), 10000)
        self.assertEqual((os.path.exists(old), os.path.exists(recent)), (False, True))

    def test_other_modules_of_the_same_names_are_not_among_them(self):
        library = os.path.join(self.home, "library")
        os.mkdir(library)
        with open(os.path.join(library, "k3s_files.py"), "w") as file:
            file.write("from ansible.module_utils.basic import AnsibleModule\nAnsibleModule({'files': {'type': 'list'}}).exit_json()\n")
        self.run_playbook(ANSIBLE_LIBRARY=library)
        self.assertEqual(self.kept(), {})

    def test_a_run_does_without_a_directory_for_them(self):
        with open(self.archives, "w"):
            pass
        self.run_playbook()
        self.assertEqual(os.path.getsize(self.archives), 0)


if __name__ == "__main__":
    unittest.main()
