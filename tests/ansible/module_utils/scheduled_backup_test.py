"""The backup that a timer makes on a server, with the real age replaced by a script where it is not what matters."""

import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest

from load_part import ROOT, load, load_module

SCHEDULED = load("scheduled_backup")
# Loaded after it: each part is imported once.
MODULE = load_module("k3s_backup_schedule")
HEADER = b"age-encryption.org/v1\n"
# Stands for age: writes its header and what comes in, or fails as age does on a full disk.
AGE = (sys.executable, "-c", "import sys; sys.stdout.buffer.write(b'age-encryption.org/v1\\n' + sys.stdin.buffer.read())")
FULL = (sys.executable, "-c", "import sys; sys.stdin.buffer.read(1); sys.exit('age: error: write: no space left on device')")
NOVEMBER = 1795771800  # 2026-11-27T09:30:00Z


class Host:
    """Mounts as a test wants them."""

    def __init__(self, mounts=None, fstab=()):
        self.table, self.wanted = mounts or {"/": "ext4"}, list(fstab)

    def mounts(self):
        return self.table

    def fstab(self):
        return self.wanted


class Backups(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = os.path.realpath(directory.name) + "/backups"
        self.config = {"cluster": "home", "host": "nuc", "node": "nuc", "directory": self.directory, "mount": "/", "recipient": "age1x",
                       "keep": {"daily": 2, "weekly": 1, "monthly": 1}}

    def make(self, age=AGE, now=NOVEMBER, host=None, size=10):
        def content(request, stream):
            self.assertEqual(request["inventory"], {})
            for _ in range(size):
                stream.write(b"content\n" * 1000)
            return {"k3s": "v1.36.3+k3s1", "datastore": "sqlite"}
        return SCHEDULED["make"](self.config, host or Host(), lambda: now, content, age)

    def test_a_backup_is_written_whole_and_for_root_alone(self):
        name, moment = self.make()
        self.assertEqual((name, moment), ("home-20261127T093000Z-v1.36.3+k3s1-sqlite.age", "2026-11-27T09:30:00Z"))
        path = os.path.join(self.directory, name)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.directory).st_mode), 0o700)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), HEADER + b"content\n" * 10000)
        self.assertEqual(SCHEDULED["listed"](self.directory), [{"name": name, "bytes": len(HEADER) + 80000, "start": (HEADER + b"content\n" * 30)[:256].decode()}])

    def test_a_full_disk_leaves_the_backups_that_there_are_and_no_other_file(self):
        name, _ = self.make()
        with self.assertRaisesRegex(SCHEDULED["Refused"], "no space left on device"):
            self.make(FULL, NOVEMBER + 60, size=1000)
        self.assertEqual(os.listdir(self.directory), [name])

    def test_what_makes_the_content_fail_is_told_as_it_is(self):
        def content(request, stream):
            stream.write(b"half")
            raise SCHEDULED["BackupRefused"]("another backup is being made on this host")
        with self.assertRaisesRegex(SCHEDULED["BackupRefused"], "another backup"):
            SCHEDULED["make"](self.config, Host(), lambda: NOVEMBER, content, AGE)
        self.assertEqual(os.listdir(self.directory), [])

    def test_nothing_is_written_where_the_disk_is_not_mounted_or_is_memory(self):
        self.config["mount"] = os.path.dirname(self.directory)
        with self.assertRaisesRegex(SCHEDULED["Refused"], "is not mounted at"):
            self.make()
        with self.assertRaisesRegex(SCHEDULED["Refused"], "in memory"):
            self.make(host=Host({"/": "ext4", os.path.dirname(self.directory): "tmpfs"}))
        self.assertFalse(os.path.exists(self.directory))
        self.make(host=Host({"/": "ext4", os.path.dirname(self.directory): "nfs4"}))

    def prune(self, name):
        SCHEDULED["prune"](self.config, name, os.path.dirname(self.directory) + "/made.json")

    def test_old_ones_that_this_server_has_made_go_and_nothing_else(self):
        os.makedirs(self.directory)
        of = lambda day: "home-202611%02dT090000Z-v1.36.3+k3s1-etcd.age" % day  # noqa: E731
        others = ["home-2-20250101T000000Z-v1.36.3+k3s1-etcd.age", "home-20269999T000000Z-v1.36.3+k3s1-etcd.age", "notes.txt", ".k3s-tool-backup-1.part", of(2)]
        mine = [of(day) for day in (1, 10, 26, 27)]
        for name in [*others, *mine]:
            with open(os.path.join(self.directory, name), "w"):
                pass
        with open(os.path.dirname(self.directory) + "/made.json", "w") as file:
            json.dump([*mine, "../../etc/shadow", 5], file)
        name, _ = self.make()
        self.prune(name)
        self.assertEqual(sorted(os.listdir(self.directory)), sorted([*others, of(26), name]))
        # A clock that goes back: the one just made is the oldest, and stays.
        name, _ = self.make(now=NOVEMBER - 90 * 86400)
        self.prune(name)
        self.assertIn(name, os.listdir(self.directory))

    def test_two_servers_may_share_a_directory(self):
        def content(request, stream):
            if self.config["host"] == "nuc":
                self.config = {**self.config, "host": "nas", "cluster": "work"}
                self.make()
            stream.write(b"content")
            return {"k3s": "v1.36.3+k3s1", "datastore": "sqlite"}
        config = dict(self.config)
        SCHEDULED["make"](config, Host(), lambda: NOVEMBER, content, AGE)
        self.assertEqual(sorted(name.split("-")[0] for name in os.listdir(self.directory)), ["home", "work"])

    def test_what_a_killed_run_left_is_removed_by_the_next_one_and_nothing_without_a_version_counts(self):
        os.makedirs(self.directory)
        for name in (".k3s-tool-scheduled-nuc-1.part", ".k3s-tool-scheduled-nas-1.part"):
            open(os.path.join(self.directory, name), "w").close()

        def content(request, stream):
            stream.write(b"content")
            return {"k3s": None, "datastore": "sqlite"}
        with self.assertRaisesRegex(SCHEDULED["Refused"], "cannot be the name of a backup"):
            SCHEDULED["make"](self.config, Host(), lambda: NOVEMBER, content, AGE)
        self.assertEqual(os.listdir(self.directory), [".k3s-tool-scheduled-nas-1.part"])

    def test_the_rule_is_that_of_prune(self):
        """On the cases of tests/actions/backup/retention_test.ts."""
        name = lambda time: "home-%s-v1.36.3+k3s1-etcd.age" % time  # noqa: E731
        with open(os.path.join(ROOT, "tests/actions/backup/retention_cases.json"), encoding="utf-8") as file:
            cases = json.load(file)
        self.assertGreater(len(cases), 20)
        for case in cases:
            gone = SCHEDULED["outdated"]([name(time) for time in case["times"]], "home", case["keep"])
            self.assertEqual(set(gone), {name(time) for time in set(case["times"]) - set(case["kept"])}, case)


class Program(unittest.TestCase):
    def test_the_files_of_the_program_are_all_that_it_needs(self):
        with tempfile.TemporaryDirectory() as home:
            for path, text in MODULE.program().items():
                target = home + path
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(target, "w") as file:
                    file.write(text)
            done = subprocess.run([sys.executable, "-B", home + MODULE.HOME + "/run.py"], capture_output=True, text=True)
        # It got as far as its configuration, which is not there.
        self.assertIn("FileNotFoundError", done.stderr)
        self.assertIn(MODULE.CONFIG, done.stderr)

    def test_the_period_is_the_longest_time_between_two(self):
        text = "".join("%s: Mon 2026-11-%s UTC\n" % each for each in (("    Next elapse", "30 03:00:00"), ("       Iter. #2", "30 05:00:00"),
                                                                       ("   Iteration #3", "30 06:00:00")))
        asked = []
        self.assertEqual(MODULE.period("daily", lambda argv: asked.append(argv) or (0, text, "")), 7200)
        self.assertEqual(asked[0][-2:], ["--", "daily"])
        with self.assertRaisesRegex(MODULE.Refused, "cannot parse"):
            MODULE.period("x", lambda argv: (1, "", "Failed to parse"))
        with self.assertRaisesRegex(MODULE.Refused, "does not repeat"):
            MODULE.period("2026-11-30", lambda argv: (0, text.splitlines()[0], ""))


class Schedule(unittest.TestCase):
    def setUp(self):
        self.ran, self.asked = [], []
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = os.path.realpath(directory.name)
        for name in ("HOME", "CONFIG", "UNITS"):
            before = getattr(MODULE, name)
            self.addCleanup(setattr, MODULE, name, before)
            setattr(MODULE, name, self.root + before)

    def run_program(self, argv, timeout=None):
        self.ran.append(" ".join(argv[1:]))
        if "calendar" in argv:
            return 0, "Next elapse: Mon 2026-11-30 00:00:00 UTC\nIter. #2: Tue 2026-12-01 00:00:00 UTC\n", ""
        return (0 if os.path.exists(MODULE.UNITS + "timer") else 1) if "is-enabled" in argv else 0, "", ""

    def ask(self, *words, document=None, timeout=None):
        self.asked.append(" ".join(words))
        return '{"every": 86400, "since": "2026-11-27T09:30:00Z"}'

    def job(self, check=False, host=None, **schedule):
        given = {"every": "daily", "recipient": "age1x", "directory": self.root + "/backups", "keep": {"daily": 3}, **schedule}
        params = {"schedule": given, "cluster": "home", "host": "nuc", "node": "nuc"}
        return MODULE.Schedule(params, check, self.run_program, self.ask, host or Host(), lambda name: "/usr/bin/" + name)

    def test_a_schedule_is_set_up_once_and_the_first_backup_made(self):
        job = self.job()
        job.present()
        with open(MODULE.CONFIG) as file:
            config = json.load(file)
        self.assertEqual(config["keep"], {"daily": 3, "weekly": 4, "monthly": 6})
        self.assertEqual(stat.S_IMODE(os.stat(MODULE.CONFIG).st_mode), 0o600)
        self.assertIn("start --no-block k3s-tool-backup.service", self.ran)
        self.assertEqual(len(self.asked), 1)
        self.assertIn('k3s-tool.io/backup-schedule={"every": 86400, ', self.asked[0])
        self.ran.clear()
        again = self.job()
        again.present()
        self.assertEqual(again.changes, [])
        self.assertEqual([words for words in self.ran if "calendar" not in words], ["is-enabled --quiet k3s-tool-backup.timer", "is-active --quiet k3s-tool-backup.timer"])

    def test_a_check_changes_nothing(self):
        job = self.job(check=True)
        job.present()
        self.assertTrue(job.changes)
        self.assertEqual(os.listdir(self.root), [])
        self.assertEqual(self.asked, [])

    def test_a_disk_that_was_there_when_it_was_set_up_is_missed(self):
        disk = Host({"/": "ext4", self.root: "nfs4"})
        self.job(host=disk).present()
        with self.assertRaisesRegex(MODULE.Refused, "is not mounted at"):
            self.job().present()
        with self.assertRaisesRegex(MODULE.Refused, "is not mounted at"):
            self.job(host=Host(fstab=[self.root + "/other"]), directory=self.root + "/other/backups").present()

    def test_all_but_the_backups_is_removed(self):
        self.job().present()
        os.mkdir(self.root + "/backups")
        self.ran.clear()
        job = self.job()
        job.absent()
        self.assertEqual([os.path.exists(path) for path in (MODULE.HOME, MODULE.UNITS + "timer", MODULE.UNITS + "service", self.root + "/backups")],
                         [False, False, False, True])
        self.assertEqual(self.ran[0], "disable --quiet --now k3s-tool-backup.timer")
        self.assertIn("k3s-tool.io/backup-schedule-", self.asked[-1])
        again = self.job()
        again.absent()
        self.assertEqual(again.changes, [])


if __name__ == "__main__":
    unittest.main()
