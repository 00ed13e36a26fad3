"""Archives of modules and the code of templates outlive a run, and nothing that is wrong with them ends one."""

import json
import os
import shutil
import tempfile
import unittest

from ansible_playbook import ANSIBLE, ansible_playbook



class Archives(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.home = directory.name
        self.archives = os.path.join(self.home, "k3s-tool-archives")
        self.playbook = os.path.join(self.home, "play.yml")
        with open(self.playbook, "w") as file:
            json.dump([{"hosts": "localhost", "gather_facts": False, "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
                        "tasks": [{"k3s_files": {"files": [{"path": self.home + "/absent", "absent": True}]}}]}], file)

    def run_playbook(self, **variables):
        done = ansible_playbook("-i", "localhost,", "-c", "local", self.playbook, ANSIBLE_HOME=self.home, **variables)
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



class Templates(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.home = os.path.realpath(directory.name)
        self.tree, self.templates = os.path.join(self.home, "ansible"), os.path.join(self.home, "k3s-tool-templates")
        shutil.copytree(os.path.join(ANSIBLE, "plugins"), os.path.join(self.tree, "plugins"))
        shutil.copy(os.path.join(ANSIBLE, "ansible.cfg"), self.tree)
        self.inventory = os.path.join(self.home, "hosts.yml")
        with open(self.inventory, "w") as file:
            json.dump({"all": {"hosts": {name: {"mine": "{{ 'hunter2 of %s' ~ suffix }}" % name} for name in ("n1", "n2")}}}, file)
        self.write("{{ 'built ' ~ inventory_hostname ~ ' ' ~ mine ~ ' \\\\d' }}")

    def write(self, template):
        with open(os.path.join(self.tree, "play.yml"), "w") as file:
            json.dump([{"hosts": "all", "gather_facts": False, "vars": {"suffix": "!"}, "tasks": [
                {"ansible.builtin.debug": {"msg": template}, "when": ["inventory_hostname in ['n1', 'n2']", "suffix is match('^\\\\W$')"]}]}], file)

    def run_playbook(self):
        done = ansible_playbook("-i", self.inventory, os.path.join(self.tree, "play.yml"), ANSIBLE_CONFIG=os.path.join(self.tree, "ansible.cfg"),
                                ANSIBLE_HOME=self.home, ANSIBLE_STDOUT_CALLBACK="default")
        self.assertEqual(done.returncode, 0, done.stdout)
        return sorted(line.strip() for line in done.stdout.splitlines() if '"msg"' in line)

    def kept(self):
        """Content by path of each file."""
        found = {}
        for folder, _, names in os.walk(self.templates):
            for path in (os.path.join(folder, name) for name in names):
                with open(path, "rb") as file:
                    found[path] = file.read()
        return found

    def test_a_second_run_says_the_same_with_what_the_first_has_made(self):
        said = self.run_playbook()
        self.assertEqual(said, [r'"msg": "built %s hunter2 of %s! \\\\d"' % (name, name) for name in ("n1", "n2")])
        first = self.kept()
        self.assertEqual(len(first), 3, "the message and both conditions")
        self.assertEqual(self.run_playbook(), said)
        self.assertEqual(self.kept(), first)

    def test_a_template_of_an_inventory_is_not_kept(self):
        self.run_playbook()
        self.assertNotIn(b"hunter2", b"".join(self.kept().values()))

    def test_what_is_kept_is_what_is_run_unless_it_is_torn(self):
        said = self.run_playbook()
        [(path, kept)] = [(path, kept) for path, kept in self.kept().items() if b"built " in kept]
        self.write("{{ 'other ' ~ inventory_hostname ~ ' ' ~ mine ~ ' \\\\d' }}")
        others = self.run_playbook()
        [other] = [kept for kept in self.kept().values() if b"other " in kept]
        for content, expected in ((other, others), (kept[:-1], said), (b"", said), (kept[:32] + b"\0" * (len(kept) - 32), said)):
            with open(path, "wb") as file:
                file.write(content)
            self.write("{{ 'built ' ~ inventory_hostname ~ ' ' ~ mine ~ ' \\\\d' }}")
            self.assertEqual(self.run_playbook(), expected)
        self.assertEqual(self.kept()[path], kept)

    def test_a_run_does_without_a_directory_for_them(self):
        with open(self.templates, "w"):
            pass
        self.assertEqual(len(self.run_playbook()), 2)


if __name__ == "__main__":
    unittest.main()
