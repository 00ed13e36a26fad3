"""Every module: its documentation is its arguments, and it works in a check. Roles send no scripts and hide no failures."""

import ast
import os
import re
import unittest

import yaml

from load_part import ROOT, SHARED, load_module

MODULES = os.path.join(ROOT, "ansible", "plugins", "modules")
FOLDERS = [os.path.join(ROOT, "ansible", name) for name in ("roles", "playbooks")]


class Made(Exception):
    """Raised where a module would read its arguments."""


def arguments(name):
    """The specification of a module's arguments, and what else it says of itself."""
    module = load_module(name)

    def made(argument_spec, **more):
        raise Made(argument_spec, more)
    module.AnsibleModule = made
    try:
        module.main()
    except Made as found:
        return module, *found.args
    raise AssertionError(name + " takes no arguments")


def as_documented(options):
    """A specification in the form that documentation has."""
    kept = ("type", "elements", "required", "choices", "default")
    found = {}
    for name, option in (options or {}).items():
        found[name] = {key: option[key] for key in kept if key in option and (key != "required" or option[key])}
        found[name]["options"] = as_documented(option.get("suboptions") or option.get("options"))
    return found


class Modules(unittest.TestCase):
    def test_each_documents_the_arguments_that_it_takes(self):
        names = sorted(entry[:-3] for entry in os.listdir(MODULES) if entry.endswith(".py"))
        self.assertIn("k3s_start", names)
        for name in names:
            module, spec, more = arguments(name)
            document = yaml.safe_load(module.DOCUMENTATION)
            self.assertEqual(document["module"], name)
            self.assertEqual(as_documented(document.get("options")), as_documented(spec), name)
            self.assertTrue(more.get("supports_check_mode"), name)
            [example] = yaml.safe_load(module.EXAMPLES)
            self.assertIn(name, example)
            self.assertLessEqual(set(example[name] or {}), set(spec), name)
            missing = {key for key, option in spec.items() if option.get("required")} - set(example[name] or {})
            self.assertEqual(missing, set(), name)
            yaml.safe_load(module.RETURN)

    def test_each_that_changes_a_host_shows_what_in_a_diff(self):
        """But those that only look, or change nothing that lasts (a lock, a server of files), or whose task shows nothing (admit)."""
        without = set()
        for name in (entry[:-3] for entry in os.listdir(MODULES) if entry.endswith(".py")):
            with open(os.path.join(MODULES, name + ".py")) as file:
                if not re.search(r'\bdiff=|"diff"|outcome import end', file.read()):
                    without.add(name)
        self.assertEqual(without, {"k3s_admit", "k3s_config_texts", "k3s_host_facts", "k3s_lock", "k3s_machine_facts", "k3s_offer", "k3s_present", "k3s_secret_file", "k3s_server_info"})


    def test_no_function_is_written_in_two_of_them(self):
        places = {}
        for folder in (MODULES, os.path.join(SHARED, "k3s_tool")):
            for name in (entry for entry in os.listdir(folder) if entry.endswith(".py")):
                with open(os.path.join(folder, name)) as file:
                    for node in ast.parse(file.read()).body:
                        if isinstance(node, ast.FunctionDef) and node.name != "main":
                            places.setdefault(ast.dump(ast.Module(node.body, [])), []).append("%s in %s" % (node.name, name))
        self.assertEqual([found for found in places.values() if len(found) > 1], [])


class Roles(unittest.TestCase):
    def files(self):
        for folder, _, names in (entry for folder in FOLDERS for entry in os.walk(folder)):
            for path in (os.path.join(folder, name) for name in names if name.endswith(".yml")):
                with open(path) as file:
                    yield path, file.read()

    def test_each_is_used_and_explained_with_each_of_its_defaults(self):
        used = "\n".join(text for _, text in self.files())
        for name in os.listdir(FOLDERS[0]):
            read = lambda *path: open(os.path.join(FOLDERS[0], name, *path), encoding="utf-8")
            with read("README.md"), read("defaults", "main.yml") as defaults, read("meta", "argument_specs.yml") as specs:
                entries = yaml.safe_load(specs)["argument_specs"].values()
                self.assertEqual(set(yaml.safe_load(defaults) or {}), {option for entry in entries for option in entry.get("options") or {}}, name)
            self.assertRegex(used, r"(?:name|role): %s\b" % name)

    def test_what_defaults_take_from_a_run_is_given_by_the_tool_or_shared_by_all_roles(self):
        with open(os.path.join(FOLDERS[1], "group_vars", "all.yml")) as file:
            given = set(yaml.safe_load(file))
        for folder, _, names in os.walk(os.path.join(ROOT, "src")):
            for path in (os.path.join(folder, name) for name in names if name.endswith(".ts")):
                with open(path, encoding="utf-8") as file:
                    given |= set(re.findall(r"\bk3s_tool_\w+", file.read()))
        for path, text in self.files():
            if os.path.basename(os.path.dirname(path)) == "defaults":
                self.assertLessEqual(set(re.findall(r"\bk3s_tool_\w+", text)), given, path)

    def test_a_path_or_a_unit_is_one_variable(self):
        names = {}
        for path, text in self.files():
            if os.path.basename(os.path.dirname(path)) in ("group_vars", "vars", "defaults"):
                for name, value in (yaml.safe_load(text) or {}).items():
                    if isinstance(value, str) and (value.startswith("/") or "'k3s-agent'" in value):
                        names.setdefault(value, []).append(name)
        self.assertIn("k3s_tool_sums", [name for found in names.values() for name in found])
        self.assertEqual([found for found in names.values() if len(found) > 1], [])

    def test_no_condition_takes_the_text_false_for_true(self):
        """As `-e NAME=false` gives it: ansible-core before 2.19 takes it for true, later ones refuse it."""
        with open(os.path.join(FOLDERS[1], "group_vars", "all.yml")) as file:
            settings = {name for name, value in yaml.safe_load(file).items() if isinstance(value, bool)}
        for path, text in self.files():
            if path.endswith("argument_specs.yml"):
                entries = yaml.safe_load(text)["argument_specs"].values()
                settings |= {name for entry in entries for name, option in entry.get("options", {}).items() if option["type"] == "bool"}
        self.assertLessEqual({"k3s_tool_remove_renamed", "k3s_binary_allow_downgrade"}, settings)
        raw = re.compile(r"\b(%s)\b(?!\s*\|\s*(bool|default)\b|\s+is\b)" % "|".join(sorted(settings)))
        found = []
        for path, text in self.files():
            for condition in re.findall(r"(?m)^\s*(?:when|until|changed_when|failed_when): (.*(?:\n\s+(?!- name)[^:]*$)*)", text):
                found += [(path, name) for name, _ in raw.findall(condition)]
        self.assertEqual(found, [])

    def test_no_task_pipes_a_script_into_a_host_s_python(self):
        for path, text in self.files():
            self.assertNotRegex(text, r"argv: \[python3?\b|ansible\.builtin\.(script|shell|raw)\b", path)

    def test_no_failure_is_hidden_only_to_fail_in_the_next_task(self):
        for path, text in self.files():
            tasks = re.split(r"(?m)^\s*- name: ", text)
            for task, following in zip(tasks, tasks[1:]):
                if "failed_when: false" in task:
                    self.assertNotIn("ansible.builtin.fail:", following, "%s: %s" % (path, task.splitlines()[0]))


if __name__ == "__main__":
    unittest.main()
