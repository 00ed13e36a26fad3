"""Snapshots of the datastore: whole, readable by root alone, made while it is written to."""

import contextlib
import errno
import os
import sqlite3
import stat
import tempfile
import threading
import unittest

from load_part import load

SNAPSHOT = load("snapshot")


def rows(path):
    """What the copy holds, opened as a file of its own."""
    with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % path, uri=True)) as database:
        return [row for [row] in database.execute("SELECT value FROM kine ORDER BY value")]


class Snapshots(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.data = directory.name
        self.db = self.data + "/server/db"
        os.makedirs(self.db)

    def save(self, run_program=None):
        return SNAPSHOT["save"]("before-upgrade", "nuc", self.data, run_program, lambda: 1234)

    def database(self):
        database = sqlite3.connect(self.db + "/state.db", check_same_thread=False)
        self.addCleanup(database.close)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE kine (value INTEGER)")
        database.commit()
        return database

    def test_a_full_disk_is_named_whatever_found_it_full(self):
        os.makedirs(self.db + "/etcd/member/wal")
        for said in ("write a.part: no space left on device", "disk quota exceeded"):
            with self.assertRaisesRegex(SNAPSHOT["Failed"], "^the disk of %s/snapshots is full$" % self.db):
                self.save(lambda *_, **__: (1, "", said))
        for error in (sqlite3.OperationalError("database or disk is full"), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))):
            self.assertEqual(str(SNAPSHOT["unwritable"]("/d", str(error))), "the disk of /d is full")
        self.assertIsNone(SNAPSHOT["unwritable"]("/d", "disk I/O error"))

    def modes(self, path):
        return [stat.S_IMODE(os.stat(entry).st_mode) for entry in (os.path.dirname(path), path)]

    def test_what_was_committed_is_in_it_also_where_it_is_still_in_the_log(self):
        database = self.database()
        database.executemany("INSERT INTO kine VALUES (?)", [(1,), (2,)])
        database.commit()
        database.execute("INSERT INTO kine VALUES (3)")  # open: not in it, and no reason to wait
        made = self.save()
        self.assertEqual((made["kind"], made["path"]), ("sqlite", self.db + "/snapshots/before-upgrade-nuc-1234.sqlite"))
        self.assertEqual((rows(made["path"]), made["size"], self.modes(made["path"])), ([1, 2], os.stat(made["path"]).st_size, [0o700, 0o600]))
        self.assertEqual(os.listdir(self.db + "/snapshots"), ["before-upgrade-nuc-1234.sqlite"])

    def test_a_datastore_that_is_written_to_all_the_time_gives_a_whole_one(self):
        database, stop, written = self.database(), threading.Event(), threading.Event()

        def write():
            for value in iter(int, None):
                database.executemany("INSERT INTO kine VALUES (?)", [(value,)] * 100)
                database.commit()
                written.set()
                if stop.is_set():
                    return
        writer = threading.Thread(target=write)
        writer.start()
        self.addCleanup(writer.join)
        self.addCleanup(stop.set)
        written.wait(10)
        count = len(rows(self.save()["path"]))
        self.assertTrue(count >= 100 and count % 100 == 0, count)

    def test_a_damaged_datastore_gives_none(self):
        with open(self.db + "/state.db", "w", encoding="utf-8") as file:
            file.write("this is no database " * 100)
        with self.assertRaises(SNAPSHOT["Failed"]):
            self.save()
        self.assertEqual(os.listdir(self.db + "/snapshots"), [])

    def test_a_database_without_objects_gives_none(self):
        for tables in ("", "CREATE TABLE other (value INTEGER)", "CREATE TABLE kine (value INTEGER)"):
            with contextlib.closing(sqlite3.connect(self.db + "/state.db")) as database:
                database.execute(tables)
            with self.assertRaisesRegex(SNAPSHOT["Failed"], "empty"):
                self.save()
            self.assertEqual(os.listdir(self.db + "/snapshots"), [])

    def test_etcd_is_asked_through_k3s_and_its_new_file_is_the_snapshot(self):
        os.makedirs(self.db + "/etcd/member/wal")
        os.makedirs(self.db + "/snapshots")
        for old in ("before-upgrade-nuc-1", "etcd-snapshot-nuc-2"):
            with open("%s/snapshots/%s" % (self.db, old), "w", encoding="utf-8"):
                pass
        asked = []

        def k3s(argv, timeout):
            asked.extend(argv[1:5])
            with open(argv[-1] + "/before-upgrade-nuc-3.zip", "w", encoding="utf-8") as file:
                file.write("etcd")
            return 0, "", ""
        made = self.save(k3s)
        self.assertEqual((os.path.basename(made["path"]), made["size"], made["kind"]), ("before-upgrade-nuc-3.zip", 4, "etcd"))
        self.assertEqual((asked, self.modes(made["path"])), (["etcd-snapshot", "save", "--name", "before-upgrade"], [0o700, 0o600]))

    def test_a_refusal_of_k3s_is_told_and_success_without_a_file_is_none(self):
        os.makedirs(self.db + "/etcd/member/wal")
        for answer, words in (((1, "", "etcd is not ready\n"), "etcd is not ready"), ((0, "", ""), "no new snapshot")):
            with self.assertRaisesRegex(SNAPSHOT["Failed"], words):
                self.save(lambda argv, timeout: answer)

    def test_state_db_is_the_datastore_until_k3s_has_renamed_it(self):
        self.database()
        os.makedirs(self.db + "/etcd/member/wal")
        self.assertEqual(SNAPSHOT["kind_of"](self.data), "sqlite")
        os.rename(self.db + "/state.db", self.db + "/state.db.migrated")
        self.assertEqual(SNAPSHOT["kind_of"](self.data), "etcd")

    def test_of_a_database_there_is_none(self):
        SNAPSHOT["uses_database"] = lambda data: True
        self.addCleanup(SNAPSHOT.__setitem__, "uses_database", load("server")["uses_database"])
        with self.assertRaisesRegex(SNAPSHOT["Failed"], "pg_dump"):
            self.save()

    def test_a_worker_has_no_datastore(self):
        with self.assertRaisesRegex(SNAPSHOT["Failed"], "no datastore"):
            self.save()


if __name__ == "__main__":
    unittest.main()
