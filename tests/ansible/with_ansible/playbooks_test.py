"""What the playbooks consist of."""

import os
import subprocess
import sys
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")


def tasks_of(playbook, *arguments):
    program = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
    done = subprocess.run([program, "--list-tasks", "-i", os.path.join(ROOT, "tests", "ansible", "inventory.yml"), *arguments,
                           os.path.join(ROOT, "ansible", "playbooks", playbook)], stdout=subprocess.PIPE, universal_newlines=True, check=True)
    return [line.strip().split("\t")[0] for line in done.stdout.splitlines() if line.strip() and not line.startswith("playbook:")]


class Playbooks(unittest.TestCase):
    def test_adding_a_node_runs_the_same_plays_and_tasks_as_the_first_provisioning(self):
        """P7 adding a node runs the same roles as first provisioning."""
        without_hosts = lambda lines: [line.split("(")[0] for line in lines]
        self.assertEqual(without_hosts(tasks_of("add_node.yml", "-e", "k3s_tool_node=dgx")), without_hosts(tasks_of("provision_cluster.yml")))

    def test_stages_have_the_names_the_tool_shows(self):
        stages = [line.split(": ")[1] for line in tasks_of("site.yml") if line.startswith("play #")]
        self.assertEqual([stage.split(" (")[-1].rstrip(")") for stage in stages if stage], [stage.split(" (")[-1].rstrip(")") for stage in stages])
        text = "\n".join(tasks_of("site.yml"))
        for stage in ("Preflight", "Control plane", "Workers", "Node settings", "Kubeconfig", "GitOps"):
            self.assertIn(": %s" % stage, text)

    def test_no_template_in_a_yaml_file_means_a_line_end_by_an_escape(self):
        """Ansible doubles backslashes there: '\\n' is a backslash and an n."""
        found = []
        for folder, _, names in os.walk(os.path.join(ROOT, "ansible")):
            for path in (os.path.join(folder, name) for name in names if name.endswith(".yml")):
                with open(path) as file:
                    found += ["%s: %s" % (path, line.strip()) for line in file if "'\\n'" in line and not line.lstrip().startswith("#")]
        self.assertEqual(found, [])


if __name__ == "__main__":
    unittest.main()
