"""Modules that write files end with a sentence where the disk is full, and not with a traceback."""

import errno
import os
import tempfile
import unittest
from unittest import mock

from load_part import load_module

STATE = {"failed": False, "alive": True, "enabled": True, "invocation": "a", "restarts": 0, "started": 0}


class Ended(Exception):
    """Raised where the module would end."""


class FullDisk(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name

    def message(self, name, params, **parts):
        """What the module says. `parts` take the place of its own."""
        def fail_json(msg, **_):
            raise Ended(msg)
        module = load_module(name)
        made = mock.Mock(params=params, check_mode=False, fail_json=fail_json, exit_json=mock.Mock(side_effect=AssertionError("it wrote all")))
        full = mock.patch.object(os, "fsync", side_effect=OSError(errno.ENOSPC, "No space left on device"))
        with full, mock.patch.multiple(module, AnsibleModule=lambda **_: made, **parts), self.assertRaises(Ended) as ended:
            module.main()
        return ended.exception.args[0]

    def told(self, path):
        return "%s could not be written: No space left on device\nHint: Look at that directory and its disk: `ls -ld`, `df`." % path

    def test_files(self):
        path = os.path.join(self.root, "a")
        self.assertEqual(self.message("k3s_files", {"files": [{"path": path, "content": "a", "mode": "0600"}], "secrets": {}, "keep": None}), self.told(path))

    def test_a_start_that_writes_the_token_or_notes_what_runs(self):
        params = {"unit": "k3s-agent", "node": "n1", "host": "", "restart": False, "unchanged": False, "server": "", "token": "hunter2", "make_token": False, "timeout": 1}
        path = os.path.join(self.root, "token")
        self.assertEqual(self.message("k3s_start", params, unit_state=lambda unit: STATE, TOKEN=path), self.told(path))

        def note(unit):
            raise OSError(errno.ENOSPC, "No space left on device", path)
        done = mock.Mock(return_value=mock.Mock(go=lambda: None))
        said = self.message("k3s_start", {**params, "token": "", "unchanged": True}, unit_state=lambda unit: STATE, Start=done, note_started=note)
        self.assertEqual(said, self.told(path))

    def test_a_rotation_of_the_token(self):
        module = load_module("k3s_token")
        host = module.Host("k3s", self.root + "/data", self.root + "/config")
        os.makedirs(host.server)
        host.run, host.answers = mock.Mock(side_effect=AssertionError("k3s makes no token that could not be taken back")), lambda: True
        self.assertEqual(self.message("k3s_token", {"unit": "k3s", "step": "rotate"}, Host=lambda unit: host), self.told(host.record))


if __name__ == "__main__":
    unittest.main()
