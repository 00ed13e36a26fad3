"""What the playbooks consist of."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
PLAYBOOKS = os.path.join(ROOT, "ansible", "playbooks")


def tasks_of(playbook, *arguments):
    return listed(playbook, "--list-tasks", "-i", os.path.join(ROOT, "tests", "ansible", "inventory.yml"), *arguments)


def listed(playbook, *arguments):
    program = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
    done = subprocess.run([program, *arguments, os.path.join(ROOT, "ansible", "playbooks", playbook)], stdout=subprocess.PIPE, universal_newlines=True, check=True)
    return [line.strip().split("\t")[0] for line in done.stdout.splitlines() if line.strip() and not line.startswith("playbook:")]


def entered(tasks):
    """Names of roles and task files, in order, also of those that these enter: `prerequisites/lock`."""
    for task in tasks or []:
        for module, given in task.items():
            if module == "ansible.builtin.import_playbook":
                yield from (["prerequisites/lock"] if given == "preflight.yml" else plays(given))
            elif module in ("ansible.builtin.include_role", "ansible.builtin.import_role"):
                name = "%s/%s" % (given["name"], given.get("tasks_from", "main"))
                yield name
                role, tasks_from = name.split("/")
                with open(os.path.join(ROOT, "ansible", "roles", role, "tasks", tasks_from + ".yml")) as file:
                    yield from entered(yaml.safe_load(file))


def plays(name):
    """Roles and task files that a playbook enters."""
    with open(os.path.join(PLAYBOOKS, name)) as file:
        for play in yaml.safe_load(file):
            yield from entered([play] + play.get("tasks", []))


def lines(endings):
    """(path, line without what is around it) of all files below ansible/ whose names end so."""
    for folder, _, names in os.walk(os.path.join(ROOT, "ansible")):
        for path in (os.path.join(folder, name) for name in names if name.endswith(endings)):
            with open(path, encoding="utf-8") as file:
                yield from ((path, line.strip()) for line in file)


class Playbooks(unittest.TestCase):
    def test_adding_a_node_runs_the_same_plays_and_tasks_as_the_first_provisioning(self):
        """P7 adding a node runs the same roles as first provisioning."""
        roles = list(plays("add_node.yml"))
        self.assertEqual(roles, list(plays("provision_cluster.yml")))
        self.assertLessEqual({"k3s_binary/main", "k3s_control_plane/main", "k3s_worker/main", "node_config/main"}, set(roles))
        without_hosts = lambda lines: [line.split("(")[0] for line in lines]
        self.assertEqual(without_hosts(tasks_of("add_node.yml", "-e", "k3s_tool_node=dgx")), without_hosts(tasks_of("provision_cluster.yml")))

    def test_stages_have_the_names_the_tool_shows(self):
        stages = [line.split(": ")[1] for line in tasks_of("site.yml") if line.startswith("play #")]
        self.assertEqual([stage.split(" (")[-1].rstrip(")") for stage in stages if stage], [stage.split(" (")[-1].rstrip(")") for stage in stages])
        text = "\n".join(tasks_of("site.yml"))
        for stage in ("Preflight", "Prepare", "Control plane", "Workers", "Node settings", "Storage", "Backups", "Kubeconfig", "GitOps"):
            self.assertIn(": %s" % stage, text)

    def test_the_stage_of_storage_has_those_hosts_alone_that_name_directories(self):
        """A cluster without storage_paths costs not one task more, not even a skipped one."""
        with open(os.path.join(PLAYBOOKS, "provision_cluster.yml")) as file:
            stage = next(play for play in yaml.safe_load(file) if play["name"] == "Storage")
        local = {"connection": "local", "gather_facts": False}

        def hosts(paths, recorded=None, **extra):
            inventory = {"all": {"vars": {"ansible_python_interpreter": sys.executable}, "children": {
                group: {"hosts": {name: {"storage_paths": paths[name]} if name in paths else {} for name in names}}
                for group, names in (("control_plane", ["n1"]), ("workers", ["w1", "w2"]))}}}
            probe = {"k3s_host": {"storage": {"recorded": [1], "classes": False}}}
            plays = [dict(local, hosts="all", tasks=[{"ansible.builtin.set_fact": {"ansible_facts": probe}, "when": "inventory_hostname == '%s'" % recorded}]),
                     dict(local, hosts=stage["hosts"], tasks=[{"ansible.builtin.debug": {"msg": "in {{ inventory_hostname }}."}}])]
            with tempfile.TemporaryDirectory() as directory:
                for name, content in (("hosts.yml", inventory), ("play.yml", plays)):
                    with open(os.path.join(directory, name), "w") as file:
                        yaml.safe_dump(content, file)
                text = listed(os.path.join(directory, "play.yml"), "-i", os.path.join(directory, "hosts.yml"), "-e", json.dumps(extra))
            return sorted(re.findall(r"in (\w+)[.]", "\n".join(text)))
        self.assertEqual(hosts({}), [])
        self.assertEqual(hosts({"w1": [], "w2": None}), [])
        self.assertEqual(hosts({"w2": [{"path": "/srv/fast", "class": "fast"}]}), ["w2"])
        self.assertEqual(hosts({"w2": [{"path": "/srv/fast", "class": "fast"}]}, recorded="n1"), ["n1", "w2"])
        self.assertEqual(hosts({"w2": [{"path": "/srv/fast", "class": "fast"}]}, k3s_tool_hosts="w1"), [])

    def test_the_stage_of_backups_has_the_first_server_and_those_that_have_the_timer(self):
        with open(os.path.join(PLAYBOOKS, "site.yml")) as file:
            stage = next(play for play in yaml.safe_load(file) if play["name"] == "Backups")
        local = {"connection": "local", "gather_facts": False}

        def hosts(schedule=None, timer=None, **extra):
            inventory = {"all": {"vars": {"ansible_python_interpreter": sys.executable, **({"backup_schedule": schedule} if schedule is not None else {})},
                                 "children": {"control_plane": {"hosts": {"n1": {}, "n2": {}}}, "workers": {"hosts": {"w1": {}}}}}}
            plays = [dict(local, hosts="all", tasks=[{"ansible.builtin.set_fact": {"ansible_facts": {"k3s_host": {"backups": True}}},
                                                      "when": "inventory_hostname == '%s'" % timer}]),
                     dict(local, hosts=stage["hosts"], tasks=[{"ansible.builtin.debug": {"msg": "in {{ inventory_hostname }}."}}])]
            with tempfile.TemporaryDirectory() as directory:
                for name, content in (("hosts.yml", inventory), ("play.yml", plays)):
                    with open(os.path.join(directory, name), "w") as file:
                        yaml.safe_dump(content, file)
                text = listed(os.path.join(directory, "play.yml"), "-i", os.path.join(directory, "hosts.yml"), "-e", json.dumps(extra))
            return sorted(re.findall(r"in (\w+)[.]", "\n".join(text)))
        schedule = {"every": "daily", "recipient": "age1x"}
        self.assertEqual(hosts(), [])
        self.assertEqual(hosts({}), [])
        self.assertEqual(hosts(schedule), ["n1"])
        self.assertEqual(hosts(schedule, timer="n2"), ["n1", "n2"])
        self.assertEqual(hosts(timer="n1"), ["n1"])
        self.assertEqual(hosts(schedule, k3s_tool_hosts="w1"), [])

    def test_every_playbook_that_changes_hosts_locks_them(self):
        """Decision 0008. preflight.yml, detect.yml, adopt.yml and kubeconfig.yml change nothing on a host; snapshot.yml only adds a file;
        rotate_encryption_step.yml is a part of a playbook."""
        without = {"preflight.yml", "detect.yml", "adopt.yml", "kubeconfig.yml", "snapshot.yml", "rotate_encryption_step.yml", "group_vars", "tasks"}
        for name in sorted(set(os.listdir(PLAYBOOKS)) - without):
            roles = [role for role in plays(name) if role not in ("prerequisites/lead", "k3s_uninstall/remove")]
            self.assertEqual(roles[:1], ["prerequisites/lock"], name)

    def test_no_loop_includes_files_whose_order_matters(self):
        """Hosts with other lists in the same loop change the order: a file is entered where the first of them comes to it (ansible-core playbook/included_file.py)."""
        def looped(tasks):
            for task in tasks or []:
                given = task.get("ansible.builtin.include_tasks", task.get("ansible.builtin.include_role"))
                named = "%s %s" % (given.get("name"), given.get("tasks_from")) if isinstance(given, dict) else str(given)
                if "loop" in task and task.get("loop_control", {}).get("loop_var", "item") in named:
                    yield task["name"]
                yield from looped(task.get("block"))
        found = []
        for folder, _, names in os.walk(os.path.join(ROOT, "ansible", "roles")):
            for path in (os.path.join(folder, name) for name in names if os.path.basename(folder) == "tasks"):
                with open(path) as file:
                    found += [(path, name) for name in looped(yaml.safe_load(file))]
        self.assertEqual(found, [])

    def test_no_list_of_hosts_loses_its_order_in_a_set(self):
        """These filters of Ansible give sets' contents in an order of chance (ansible-core plugins/filter/mathstuff.py): `reject('in', …)` keeps the inventory's."""
        filters = re.compile(r"\|\s*(difference|intersect|symmetric_difference|union)\b")
        self.assertEqual([found for found in lines((".yml", ".j2")) if filters.search(found[1])], [])

    def test_no_template_in_a_yaml_file_means_a_line_end_by_an_escape(self):
        """Ansible doubles backslashes there: '\\n' is a backslash and an n."""
        self.assertEqual([found for found in lines(".yml") if "'\\n'" in found[1] and not found[1].startswith("#")], [])


if __name__ == "__main__":
    unittest.main()
