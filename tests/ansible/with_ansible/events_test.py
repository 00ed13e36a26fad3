"""The event stream of a real run of ansible-playbook: on the machine itself, and a host that cannot be reached."""

import importlib.util
import json
import os
import stat
import sys
import tempfile
import unittest

from ansible_playbook import ANSIBLE, HERE, ansible_playbook

SECRET = "verysecret"


def run_playbook(directory, events, *arguments):
    inventory = os.path.join(directory, "hosts.ini")
    with open(inventory, "w") as file:
        file.write("[local]\na\nb\nc\n[gone]\ngone ansible_host=127.0.0.1 ansible_port=1\n[all:vars]\nansible_python_interpreter=%s\n" % sys.executable)
    return ansible_playbook("-i", inventory, os.path.join(HERE, "events.yml"), "--limit", "all", "-e", json.dumps({"directory": directory}), *arguments,
                            K3S_TOOL_EVENTS=events, ANSIBLE_HOME=directory)


class Events(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.path = os.path.join(cls.directory.name, "events.jsonl")
        cls.done = run_playbook(cls.directory.name, cls.path, "--diff")
        with open(cls.path) as file:
            cls.text = file.read()
        cls.events = [json.loads(line) for line in cls.text.splitlines()]

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def results(self, task, host=None):
        return [event for event in self.events if event["type"] == "result" and event["task"] == task and host in (None, event["host"])]

    def test_the_run_has_a_beginning_plays_and_an_end(self):
        self.assertEqual((self.events[0]["type"], self.events[0]["playbook"], self.events[0]["check"]), ("run_start", "events.yml", False), self.done.stdout)
        self.assertEqual([event["play"] for event in self.events if event["type"] == "play_start"], ["First stage", "Second stage"])
        self.assertEqual(self.events[-1]["type"], "run_end")
        self.assertEqual(self.events[-1]["stats"]["b"]["failures"], 1)
        self.assertEqual(self.events[-1]["stats"]["gone"]["unreachable"], 1)
        self.assertTrue(all(event["v"] == 1 and event["ts"].startswith("20") for event in self.events))

    def test_only_the_owner_can_read_the_file(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)

    def test_a_hidden_result_has_its_status_alone(self):
        hidden = self.results("Hide", "a")[0]
        self.assertEqual(set(hidden), {"v", "ts", "type", "host", "play", "task", "status", "seconds", "censored"})
        self.assertEqual(self.results("Fail hidden", "c")[0]["status"], "failed")
        self.assertNotIn(SECRET, self.text)

    def test_a_change_carries_its_diff_and_the_seconds_it_took(self):
        change = self.results("Write", "a")[0]
        self.assertEqual((change["status"], change["play"]), ("changed", "First stage"))
        self.assertEqual(change["diff"], [{"header": os.path.join(self.directory.name, "a.txt"), "before": "", "after": "answer: 42"}])
        self.assertGreater(change["seconds"], 0)

    def test_warnings_are_cleaned(self):
        warnings = [(event["host"], event["message"]) for event in self.events if event["type"] == "warning"]
        self.assertEqual(warnings, [("a", "one"), ("a", "two ********")])

    def test_no_secret_is_in_the_events_or_in_what_ansible_prints(self):
        self.assertIn("It broke at http://me:********@mirror", self.text)
        self.assertIn("It broke at http://me:********@mirror", self.done.stdout)
        self.assertNotIn(SECRET, self.text + self.done.stdout)

    def test_retries_are_counted(self):
        self.assertEqual([event["attempt"] for event in self.events if event["type"] == "retry" and event["host"] == "a"], [1, 2])

    def test_a_loop_fails_with_the_words_of_its_item(self):
        loop = self.results("Loop", "a")[0]
        self.assertEqual((loop["status"], loop["message"]), ("ignored", "3: non-zero return code\nto stderr 3"))

    def test_failures_keep_their_hint(self):
        self.assertEqual(self.results("Fail with a hint", "b")[0]["message"], "It broke at http://me:********@mirror\nHint: mend it")

    def test_a_host_that_cannot_be_reached_is_told_in_ssh_s_words(self):
        unreachable = self.results("Reach", "gone")[0]
        self.assertEqual(unreachable["status"], "unreachable")
        self.assertRegex(unreachable["message"], r"Connection refused")
        self.assertNotIn("Hint: ", unreachable["message"])

    def test_no_arguments_of_tasks_are_written(self):
        self.assertNotIn("invocation", self.text)
        self.assertNotIn("module_args", self.text)


class Harmless(unittest.TestCase):
    def test_a_file_that_cannot_be_written_costs_no_run(self):
        with tempfile.TemporaryDirectory() as directory:
            done = run_playbook(directory, os.path.join(directory, "no", "such", "directory"), "--check", "--limit", "a")
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_a_full_disk_costs_no_run(self):
        with tempfile.TemporaryDirectory() as directory:
            done = run_playbook(directory, "/dev/full", "--check", "--limit", "a")
            self.assertEqual(done.returncode, 0, done.stdout)


class Texts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        spec = importlib.util.spec_from_file_location("k3s_tool_events", os.path.join(ANSIBLE, "plugins", "callback", "k3s_tool_events.py"))
        cls.plugin = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(cls.plugin)

    def test_escapes_controls_and_secrets_are_removed(self):
        self.assertEqual(self.plugin.clean("a\x1b[31mred\x1b]0;title\x07\u202eb\x00\r\nc"), "aredb\nc")
        self.assertEqual(self.plugin.clean("x K10" + "ab" * 32 + "::server:abc y"), "x ******** y")
        self.assertEqual(len(self.plugin.clean("x" * 10000)), self.plugin.TEXT_LIMIT)

    def test_what_looks_like_a_secret_is_what_the_tool_takes_for_one(self):
        with open(os.path.join(os.path.dirname(ANSIBLE), "tests", "errors", "secret_cases.json"), encoding="utf-8") as file:
            cases = json.load(file)
        self.assertGreater(len(cases), 10)
        for text, hidden in cases:
            self.assertEqual(self.plugin.masked(text), hidden)


if __name__ == "__main__":
    unittest.main()
