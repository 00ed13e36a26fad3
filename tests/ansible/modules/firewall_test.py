"""The firewall of a host: what it lacks is let through, a check says so and changes nothing, and a failure says which command it was."""

import unittest
from unittest import mock

from load_part import load_module

NETWORKS = ["10.42.0.0/16", "10.43.0.0/16"]
FIREWALL = load_module("k3s_firewall")


class Ended(Exception):
    """Raised where the module would end."""


class Module:
    """Of Ansible's module what this one uses."""

    def __init__(self, check_mode):
        self.params, self.check_mode = {"networks": NETWORKS}, check_mode

    def exit_json(self, **result):
        raise Ended(result)

    fail_json = exit_json


class Host:
    """A host with a firewall: ufw or firewalld with its rules now and those of the next start."""

    def __init__(self, kind, allowed=(), fails=None):
        self.kind, self.fails, self.ran = kind, fails, []
        self.rules = {"now": set(allowed), "later": set(allowed)}

    def run(self, argv, timeout=10):
        self.ran.append(argv)
        if self.fails and self.fails in argv:
            return 1, "", "ERROR: could not\n"
        if argv == ["ufw", "status"]:
            return 0, "Status: active\n" + "".join("Anywhere%s  ALLOW  %s\n" % ((" on tailscale0", "Anywhere") if rule == "tailscale0" else ("", rule)) for rule in self.rules["now"]), ""
        if argv[:2] == ["ufw", "allow"]:
            self.rules["now"].add(argv[-1])
        elif argv[-1].startswith("--list"):
            return 0, " ".join(rule for rule in self.rules["later"] if (rule == "tailscale0") == argv[-1].endswith("interfaces")) + "\n", ""
        elif argv[0] == "firewall-cmd" and "=" in argv[-1]:
            self.rules["later" if "--permanent" in argv else "now"].add(argv[-1].split("=")[1])
        return 0, "", ""

    def open(self, check=False):
        """The result of the module."""
        system = FIREWALL.system
        with mock.patch.object(system, "run", self.run), mock.patch.object(FIREWALL, "AnsibleModule", lambda **_: Module(check)), \
                mock.patch.object(system, "read", lambda path: "ENABLED=yes\n" if self.kind == "ufw" else ""), \
                mock.patch.object(system, "shutil", mock.Mock(which=lambda name: self.kind == "firewalld")), \
                mock.patch.object(FIREWALL.let_through, "__defaults__", (False, self.run)):
            try:
                FIREWALL.main()
            except Ended as ended:
                return ended.args[0]
        raise AssertionError("the module did not end")


class Firewall(unittest.TestCase):
    def test_what_is_missing_is_let_through_now_and_later_and_then_nothing_is(self):
        for kind in ("ufw", "firewalld"):
            host = Host(kind, ["10.42.0.0/16"])
            opened = host.open()
            self.assertEqual((opened["changed"], opened["changes"]), (True, ["let tailscale0 through " + kind, "let 10.43.0.0/16 through " + kind]))
            self.assertEqual(opened["diff"]["after"], "let tailscale0 through %s\nlet 10.43.0.0/16 through %s\n" % (kind, kind))
            self.assertEqual(host.rules["now"], {"tailscale0", *NETWORKS})
            self.assertEqual(host.rules["later"], {"tailscale0", *NETWORKS} if kind == "firewalld" else {"10.42.0.0/16"})
            self.assertEqual({key: host.open()[key] for key in ("changed", "changes")}, {"changed": False, "changes": []})
        self.assertNotIn(["firewall-cmd", "--reload"], host.ran)

    def test_a_check_says_what_would_be_and_changes_nothing(self):
        for kind in ("ufw", "firewalld"):
            host = Host(kind)
            said = host.open(check=True)
            self.assertEqual((said["changed"], len(said["changes"])), (True, 3))
            self.assertEqual(host.rules, {"now": set(), "later": set()})

    def test_without_a_firewall_nothing_is_done(self):
        host = Host("none")
        self.assertFalse(host.open()["changed"])
        self.assertEqual(host.ran, [])

    def test_a_failure_names_the_command_and_what_was_done_before(self):
        failed = Host("ufw", fails="10.43.0.0/16").open()
        self.assertEqual((failed["changed"], failed["changes"]), (True, ["let tailscale0 through ufw", "let 10.42.0.0/16 through ufw"]))
        self.assertRegex(failed["msg"], r"^(?s:`ufw allow from 10\.43\.0\.0/16` failed: ERROR: could not\nHint: .+)$")

    def test_what_firewalld_refuses_now_is_still_missing_at_the_next_run(self):
        host = Host("firewalld", fails="--add-source=10.43.0.0/16")
        host.open()
        self.assertNotIn("10.43.0.0/16", host.rules["later"])


if __name__ == "__main__":
    unittest.main()
