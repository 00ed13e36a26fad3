"""Downloads: what is put in its place is what was published, or nothing."""

import hashlib
import io
import os
import tempfile
import unittest

from load_part import load_module

DOWNLOAD = load_module("k3s_download")
GONE = {"status": 404, "msg": "HTTP Error 404: Not Found"}
AWAY = {"status": -1, "msg": "Request failed: Connection refused"}


class Mirror:
    """What a server has, by the last part of the address; a list is given one after the other."""

    def __init__(self, **files):
        self.files, self.asked = files, []

    def sums(self, **content):
        self.files["sums"] = "".join("%s  %s\n" % (hashlib.sha256(text).hexdigest(), name) for name, text in content.items()).encode()
        return self

    def __call__(self, url):
        name = url.rsplit("/", 1)[1]
        self.asked.append(name)
        found = self.files.get(name, GONE)
        found = found.pop(0) if isinstance(found, list) else found
        return (None, found) if isinstance(found, dict) else (io.BytesIO(found), {"status": 200})


class Download(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = directory.name

    def at(self, name):
        return os.path.join(self.root, name)

    def download(self, mirror, *files, check=False, **more):
        entries = [{"mode": "0755", "directory_mode": "0755", "sha256": "", "missing": "Name another.", **entry} for entry in files or [{"dest": {"k3s": self.at("bin/k3s")}}]]
        params = {"name": "k3s v1", "url": "http://mirror/v1/", "sums": "sums", "sums_dest": self.at("etc/sums"), "files": entries, "remove": [], "attempts": 3,
                  "releases": "https://releases", "elsewhere": "Elsewhere.", "peer": None, **more}
        made = DOWNLOAD.Download(params, mirror, check, lambda _: None)
        made.go()
        return [os.path.relpath(path, self.root) for path in (entry["after_header"] for entry in made.diffs)]

    def test_what_is_right_is_not_asked_for_again(self):
        mirror = Mirror(k3s=b"new").sums(k3s=b"new")
        self.assertEqual(self.download(mirror), ["etc/sums", "bin/k3s"])
        self.assertEqual(os.stat(self.at("bin/k3s")).st_mode & 0o777, 0o755)
        self.assertEqual(self.download(mirror), [])
        self.assertEqual(mirror.asked, ["sums", "k3s", "sums"])

    def test_another_file_than_the_published_one_never_takes_the_place_of_one(self):
        self.download(Mirror(k3s=b"old").sums(k3s=b"old"))
        with self.assertRaises(DOWNLOAD.Failed) as raised:
            self.download(Mirror(k3s=b"bad").sums(k3s=b"new"))
        self.assertIn("checksum is not the published one", raised.exception.args[0])
        self.assertIn("do not use that mirror", raised.exception.args[1])
        with open(self.at("bin/k3s"), "rb") as file:
            self.assertEqual(file.read(), b"old")
        self.assertEqual(os.listdir(self.at("bin")), ["k3s"])

    def test_what_is_away_is_tried_again_and_what_is_gone_is_not(self):
        self.assertEqual(self.download(Mirror(k3s=[AWAY, b"bad", b"new"]).sums(k3s=b"new")), ["etc/sums", "bin/k3s"])
        mirror = Mirror()
        with self.assertRaises(DOWNLOAD.Failed) as raised:
            self.download(mirror)
        self.assertEqual(raised.exception.args, ("there are no checksums of k3s v1 at http://mirror/v1/sums: HTTP Error 404: Not Found", "Is it a release? See https://releases."))
        self.assertEqual(mirror.asked, ["sums"])
        with self.assertRaises(DOWNLOAD.Failed) as raised:
            self.download(Mirror(sums=AWAY))
        self.assertIn("Elsewhere.", raised.exception.args[1])

    def test_the_first_name_that_is_listed_is_taken(self):
        images = {"dest": {"i.tar.zst": self.at("i-v1.tar.zst"), "i.tar": self.at("i-v1.tar")}}
        self.assertEqual(self.download(Mirror(**{"i.tar": b"i"}).sums(**{"i.tar": b"i"}), images), ["etc/sums", "i-v1.tar"])
        with self.assertRaises(DOWNLOAD.Failed) as raised:
            self.download(Mirror().sums(k3s=b"x"), images)
        self.assertEqual(raised.exception.args, ("sums of k3s v1 lists no i.tar", "Name another."))

    def test_old_files_go_once_the_new_ones_are_there(self):
        old = self.at("old")
        open(old, "w").close()
        with self.assertRaises(DOWNLOAD.Failed):
            self.download(Mirror().sums(k3s=b"new"), remove=[old])
        self.assertTrue(os.path.exists(old))
        self.assertIn("old", self.download(Mirror(k3s=b"new").sums(k3s=b"new"), remove=[old]))
        self.assertFalse(os.path.exists(old))

    def test_a_given_digest_needs_no_sums(self):
        mirror = Mirror(**{"install.yaml": b"x"})
        entry = {"dest": {"install.yaml": self.at("m.yaml")}, "sha256": hashlib.sha256(b"x").hexdigest().upper()}
        self.assertEqual(self.download(mirror, entry, sums=""), ["m.yaml"])
        self.assertEqual(mirror.asked, ["install.yaml"])

    def test_a_check_downloads_the_checksums_alone_and_writes_nothing(self):
        mirror = Mirror().sums(k3s=b"new")
        self.assertEqual(self.download(mirror, check=True), ["etc/sums", "bin/k3s"])
        self.assertEqual((mirror.asked, os.listdir(self.root)), (["sums"], []))


if __name__ == "__main__":
    unittest.main()
