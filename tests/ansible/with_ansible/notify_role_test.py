"""The role notify without notifications: what is removed, in which order, and that a check says so and changes nothing. systemctl and k3s are programs that
note what they were asked for."""

import json
import os
import shutil
import sys
import tempfile
import unittest

from ansible_playbook import ANSIBLE, ansible_playbook

UNITS = ["k3s-tool-notify.service", "k3s-tool-notify.timer"]
SYSTEMCTL = '''#!/bin/sh
case $1 in
  show) printf 'LoadState=loaded\\nActiveState=active\\n' ;;
  is-enabled) echo enabled ;;
  *) echo "systemctl $* $(ls '%(units)s' | wc -l)" >>'%(calls)s' ;;
esac
'''
K3S = '''#!/bin/sh
echo "k3s $*" >>'%(calls)s'
[ ! -e '%(reported)s' ] || echo 'configmap "k3s-tool-notify" deleted'
'''


class Notify(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="k3s-tool-test-")
        self.addCleanup(temporary.cleanup)
        self.root = temporary.name
        self.path = {name: os.path.join(self.root, name) for name in ("units", "calls", "reported", "bin", "roles", "python", "play.yml", "hosts.yml")}
        # The role with directories of this test in place of the host's.
        role = shutil.copytree(os.path.join(ANSIBLE, "roles", "notify"), os.path.join(self.path["roles"], "notify"))
        for name, places in (("vars", ("/etc/systemd/system", "/etc/rancher/k3s", "/usr/local/lib/k3s-tool")), ("tasks", ("/usr/local/bin/k3s",))):
            with open(os.path.join(role, name, "main.yml")) as file:
                text = file.read()
            for place in places:
                self.assertIn(place, text)
                text = text.replace(place, self.path["units"] if place.endswith("system") else os.path.join(self.path["bin"], os.path.basename(place)))
            with open(os.path.join(role, name, "main.yml"), "w") as file:
                file.write(text)
        os.mkdir(self.path["bin"])
        os.mkdir(self.path["units"])
        for name, text in (("bin/systemctl", SYSTEMCTL % self.path), ("bin/k3s", K3S % self.path), ("reported", ""), *(("units/" + unit, "") for unit in UNITS),
                           ("python", "#!/bin/sh\nPATH='%s':$PATH exec %s \"$@\"\n" % (self.path["bin"], sys.executable))):
            with open(os.path.join(self.root, name), "w") as file:
                file.write(text)
            os.chmod(file.name, 0o755)
        hosts = {"n1": {"ansible_connection": "local", "ansible_python_interpreter": self.path["python"], "k3s_tool_notify_file": "",
                        "k3s_tool_first_server": "n1", "k3s_tool_node_name": "n1"}}
        for name, content in (("hosts.yml", {"all": {"hosts": hosts}}),
                              ("play.yml", [{"hosts": "all", "gather_facts": False, "tasks": [{"import_role": {"name": "notify"}}]}])):
            with open(self.path[name], "w") as file:
                json.dump(content, file)

    def play(self, *arguments):
        """What was asked of systemctl (with the number of unit files at that time) and of k3s, and what Ansible said."""
        with open(self.path["calls"], "w"):
            pass
        done = ansible_playbook("-i", self.path["hosts.yml"], self.path["play.yml"], *arguments, ANSIBLE_HOME=self.root, ANSIBLE_ROLES_PATH=self.path["roles"],
                                ANSIBLE_STDOUT_CALLBACK="default", ANSIBLE_NOCOLOR="1")
        self.assertEqual(done.returncode, 0, done.stdout)
        with open(self.path["calls"]) as file:
            return file.read().splitlines(), done.stdout

    def test_systemd_reads_its_units_again_once_they_are_gone(self):
        calls, _ = self.play()
        self.assertEqual([call for call in calls if call.startswith("systemctl")],
                         ["systemctl disable k3s-tool-notify.timer 2", "systemctl stop k3s-tool-notify.timer 2", "systemctl daemon-reload 0"])
        self.assertEqual(calls[-1], "k3s kubectl -n kube-system delete configmap k3s-tool-notify --ignore-not-found --dry-run=none")

    def test_a_check_says_what_would_be_removed_and_removes_nothing(self):
        for reported, changed in ((True, 3), (False, 2)):
            if not reported:
                os.unlink(self.path["reported"])
            calls, said = self.play("--check")
            self.assertEqual(calls, ["k3s kubectl -n kube-system delete configmap k3s-tool-notify --ignore-not-found --dry-run=server"])
            self.assertIn("changed=%d " % changed, said)
            self.assertEqual(sorted(os.listdir(self.path["units"])), UNITS)
        os.unlink(os.path.join(self.path["bin"], "k3s"))
        self.assertIn("changed=2 ", self.play("--check")[1])


if __name__ == "__main__":
    unittest.main()
