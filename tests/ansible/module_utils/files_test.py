"""Files that are written whole or not at all, with their modes."""

import contextlib
import errno
import os
import stat
import tempfile
import unittest
from unittest import mock

from load_part import load

FILES = load("files")


class Sentence(unittest.TestCase):
    def test_a_word_gets_a_capital_and_a_name_stays_as_it_is_written(self):
        sentence = load("programs")["sentence"]
        for message, first in (("the disk is full", "The"), ("reserved_memory is 9Gi", "reserved_memory"), ("example.com/zone is set", "example.com/zone"), ("/etc/x could not", "/etc/x")):
            self.assertEqual(sentence(message, "-").split(" ")[0], first)


class Programs(unittest.TestCase):
    def test_a_program_reads_a_text_or_nothing_and_its_end_is_told(self):
        run = load("programs")["run"]
        self.assertEqual(run(["cat"], text="-A KUBE-SERVICES é\n"), (0, "-A KUBE-SERVICES é\n", ""))
        self.assertEqual(run(["cat"]), (0, "", ""))
        self.assertEqual(run(["true"], text="x" * 200000)[0], 0)
        self.assertEqual(run(["/nonexistent/program"], text="a")[0], 127)
        self.assertEqual(run(["sleep", "5"], 0.1, "a")[0], 124)


class Files(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name

    def entry(self, name, content="a: 1\n", mode="0600", **more):
        return {"path": os.path.join(self.root, name), "content": content, "mode": mode, **more}

    def mode(self, name):
        return stat.S_IMODE(os.stat(os.path.join(self.root, name)).st_mode)

    def write(self, *entries, check=False, secrets=()):
        return FILES["write_files"](entries, check, secrets)

    def test_text_mode_and_directories_are_brought_about_and_then_left_alone(self):
        entries = [self.entry("k3s/config.yaml.d/x.yaml", directory_mode="0700"), self.entry("k3s/unit", mode="0644")]
        self.assertEqual([entry["after"] for entry in self.write(*entries)], ["a: 1\n", "a: 1\n"])
        self.assertEqual([self.mode(name) for name in ("k3s/config.yaml.d", "k3s/config.yaml.d/x.yaml", "k3s/unit")], [0o700, 0o600, 0o644])
        self.assertEqual(self.write(*entries), [])
        self.assertEqual(sorted(os.listdir(os.path.join(self.root, "k3s"))), ["config.yaml.d", "unit"])

    def test_what_somebody_else_wrote_is_kept_once_and_not_shown(self):
        path, keep = os.path.join(self.root, "unit"), os.path.join(self.root, "before")
        with open(path, "w") as file:
            file.write("ExecStart=k3s --token geheim\n")
        self.assertNotIn("geheim", str(FILES["write_files"]([self.entry("unit")], check=True, keep=keep)))
        self.assertEqual(os.listdir(self.root), ["unit"])
        self.assertNotIn("geheim", str(FILES["write_files"]([self.entry("unit"), self.entry("new")], keep=keep)))
        FILES["write_files"]([self.entry("unit", content="c: 2\n")], keep=keep)
        self.assertEqual((os.listdir(keep), self.mode("before"), self.mode("before/unit")), (["unit"], 0o700, 0o600))
        with open(os.path.join(keep, "unit")) as file:
            self.assertIn("geheim", file.read())

    def test_the_parent_of_a_new_directory_has_a_mode_too(self):
        self.write(self.entry("k3s/server/manifests/a.yaml", directory_mode="0700", parent_mode="0700"), self.entry("k3s/agent/x/y"))
        self.assertEqual([self.mode(name) for name in ("k3s/server/manifests", "k3s/server", "k3s", "k3s/agent")], [0o700, 0o700, 0o755, 0o755])

    def test_a_directory_is_made_or_gets_its_mode_and_what_is_in_it_stays(self):
        entry = self.entry("k3s/agent", None, mode="0700", directory=True)
        self.assertEqual([(entry["before"], entry["after"]) for entry in self.write(entry, check=True)], [("", "mode 0700\n")])
        self.assertEqual(os.listdir(self.root), [])
        self.assertEqual(len(self.write(entry)), 1)
        self.assertEqual((self.mode("k3s"), self.mode("k3s/agent"), self.write(entry)), (0o755, 0o700, []))
        self.write(self.entry("k3s/agent/images/a"))
        os.chmod(os.path.join(self.root, "k3s/agent"), 0o755)
        told = self.write(entry, check=True)
        self.assertEqual([(entry["before"], entry["after"]) for entry in told], [("mode 0755\n", "mode 0700\n")])
        self.assertEqual(self.mode("k3s/agent"), 0o755)
        self.assertEqual((self.write(entry), self.mode("k3s/agent"), self.mode("k3s/agent/images")), (told, 0o700, 0o755))

    def test_only_what_differs_is_written_and_told(self):
        self.write(self.entry("a"), self.entry("b"))
        [diff] = self.write(self.entry("a"), self.entry("b", "a: 2\n"))
        self.assertEqual((os.path.basename(diff["before_header"]), diff["before"], diff["after"]), ("b", "a: 1\n", "a: 2\n"))

    def test_a_wrong_mode_alone_is_put_right_and_told_without_the_text(self):
        self.write(self.entry("token", "secret"))
        os.chmod(os.path.join(self.root, "token"), 0o644)
        [diff] = self.write(self.entry("token", "secret"))
        self.assertEqual((diff["before"], diff["after"], self.mode("token")), ("mode 0644\n", "mode 0600\n", 0o600))

    def test_a_secret_text_is_written_and_not_told(self):
        entry = self.entry("registries.yaml", None)
        told = [self.write(entry, secrets={entry["path"]: text}) for text in ("hunter1", "hunter1", "hunter2")]
        self.assertEqual([[(entry["before"], entry["after"]) for entry in diffs] for diffs in told],
                         [[("", "(not shown, changed)\n")], [], [("(not shown)\n", "(not shown, changed)\n")]])
        with open(os.path.join(self.root, "registries.yaml")) as file:
            self.assertEqual((file.read(), self.mode("registries.yaml")), ("hunter2", 0o600))

    def test_a_file_that_is_to_be_absent_is_removed_once_and_its_text_not_told(self):
        self.write(self.entry("a", "hunter"))
        absent = self.entry("a", None, absent=True)
        told = self.write(absent, check=True)
        self.assertEqual((os.listdir(self.root), [(entry["before"], entry["after"]) for entry in told]), (["a"], [("(not shown)\n", "")]))
        self.assertEqual(self.write(absent), told)
        self.assertEqual((os.listdir(self.root), self.write(absent)), ([], []))

    def test_an_entry_without_a_text_removes_nothing(self):
        self.write(self.entry("a"))
        for entry in (self.entry("a", None), self.entry("a", "b", absent=True)):
            with self.assertRaises(ValueError):
                self.write(entry)
        self.assertEqual(os.listdir(self.root), ["a"])

    def test_a_check_tells_the_same_and_writes_nothing(self):
        entries = [self.entry("k3s/a"), self.entry("b")]
        told = self.write(*entries, check=True)
        self.assertEqual(os.listdir(self.root), [])
        self.assertEqual(told, self.write(*entries))

    def test_a_link_is_replaced_and_what_it_leads_to_stays(self):
        with open(os.path.join(self.root, "other"), "w") as file:
            file.write("theirs")
        os.symlink("other", os.path.join(self.root, "link"))
        self.write(self.entry("link"))
        with open(os.path.join(self.root, "other")) as file:
            self.assertEqual(file.read(), "theirs")
        self.assertFalse(os.path.islink(os.path.join(self.root, "link")))

    def test_a_full_disk_and_a_missing_directory_name_the_file_that_was_meant(self):
        full = mock.patch.object(os, "fsync", side_effect=OSError(errno.ENOSPC, "No space left on device"))
        for path, patch in ((os.path.join(self.root, "a"), full), (os.path.join(self.root, "none", "a"), contextlib.nullcontext())):
            with patch, self.assertRaises(OSError) as raised:
                FILES["replace"](path, "a", 0o600)
            self.assertEqual(raised.exception.filename, path)
            self.assertEqual(os.listdir(self.root), [])

    def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(self):
        self.write(self.entry("a"))
        with self.assertRaises(UnicodeEncodeError):
            self.write(self.entry("a", "\ud800"))
        self.assertEqual(os.listdir(self.root), ["a"])
        self.assertEqual(self.write(self.entry("a")), [])


if __name__ == "__main__":
    unittest.main()
