"""A directory of backups on a host: what is received is there whole or not at all."""

import fcntl
import hashlib
import io
import os
import stat
import tempfile
import unittest

from load_part import load

PART = load("backup_directory")
NAME = "home-20261127T093000Z-v1.36.3+k3s1-sqlite.age"
CONTENT = b"age-encryption.org/v1\n-> X25519 abc\n" + bytes(range(256)) * 9000
WANTED = {"bytes": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
UNFINISHED = ".k3s-tool-copy-11111111-2222-3333-4444-555555555555.part"


class Directory(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory()
        self.addCleanup(made.cleanup)
        self.directory = made.name + "/a/copies"
        self.path = self.directory + "/" + NAME

    def receive(self, content=CONTENT, wanted=WANTED):
        return PART["receive"](self.directory, NAME, wanted, io.BytesIO(content))

    def test_a_copy_is_for_its_owner_alone_and_the_same_again_is_no_other(self):
        self.assertTrue(self.receive())
        self.assertEqual(os.listdir(self.directory), [NAME])
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(self.directory).st_mode), 0o700)
        self.assertFalse(self.receive(b""))
        sent = io.BytesIO()
        PART["send"](self.directory, NAME, sent)
        self.assertEqual(sent.getvalue(), CONTENT)
        [listed] = PART["listed"](self.directory)
        self.assertEqual((listed["name"], listed["bytes"], listed["start"][:21]), (NAME, len(CONTENT), "age-encryption.org/v1"))

    def test_what_is_cut_off_or_changed_leaves_nothing(self):
        for content, said in ((CONTENT[:-1], "ended 1 bytes early"), (CONTENT[:-1] + b"x", "checksum differs"), (b"", "early")):
            with self.assertRaisesRegex(PART["Refused"], said):
                self.receive(content)
            self.assertEqual(os.listdir(self.directory), [])

    def test_another_file_of_the_name_stays(self):
        self.receive()
        other = b"other"
        with self.assertRaisesRegex(PART["Refused"], "with different content"):
            self.receive(other, {"bytes": len(other), "sha256": hashlib.sha256(other).hexdigest()})
        self.assertEqual(os.path.getsize(self.path), len(CONTENT))

    def test_what_a_killed_run_left_is_removed_and_what_is_being_written_is_not(self):
        os.makedirs(self.directory)
        busy = UNFINISHED.replace("1", "9")
        with open(os.path.join(self.directory, busy), "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            open(os.path.join(self.directory, UNFINISHED), "w").close()
            open(os.path.join(self.directory, "notes.part"), "w").close()
            self.receive()
            self.assertEqual(sorted(os.listdir(self.directory)), sorted([busy, NAME, "notes.part"]))

    def test_only_backups_are_read_and_deleted_and_no_links_are_followed(self):
        os.makedirs(self.directory)
        os.symlink("/etc/passwd", self.path)
        self.assertEqual(PART["listed"](self.directory), [])
        for name in ("../" + NAME, "notes.txt", NAME + "\n"):
            for call in (lambda: PART["remove"](self.directory, [name]), lambda: PART["send"](self.directory, name, io.BytesIO())):
                with self.assertRaisesRegex(PART["Refused"], "is not the name of a backup"):
                    call()
        with self.assertRaisesRegex(PART["Refused"], "cannot be read"):
            PART["send"](self.directory, NAME, io.BytesIO())
        with self.assertRaisesRegex(PART["Refused"], "cannot be read"):
            self.receive()
        PART["remove"](self.directory, [NAME, NAME])
        self.assertEqual(os.listdir(self.directory), [])


if __name__ == "__main__":
    unittest.main()
