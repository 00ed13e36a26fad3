"""Downloads: what is put in its place is what was published, or nothing."""

import hashlib
import io
import os
import tempfile
import time
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

    def download(self, mirror, *files, check=False, other=None, **more):
        entries = [{"mode": "0755", "directory_mode": "0755", "sha256": "", "missing": "Name another.", **entry} for entry in files or [{"dest": {"k3s": self.at("bin/k3s")}}]]
        params = {"name": "k3s v1", "url": "http://mirror/v1/", "sums": "sums", "sums_dest": self.at("etc/sums"), "files": entries, "remove": [], "attempts": 3,
                  "releases": "https://releases", "elsewhere": "Elsewhere.", "peer": None, "local": None, "sent": {}, **more}
        made = self.made = DOWNLOAD.Download(params, mirror, check, lambda _: None, other)
        made.go()
        return [os.path.relpath(path, self.root) for path in (entry["after_header"] for entry in made.diffs)]

    def test_a_private_directory_has_a_private_parent(self):
        mirror = Mirror(images=b"new").sums(images=b"new")
        self.download(mirror, {"dest": {"images": self.at("k3s/agent/images/a")}, "directory_mode": "0700"})
        self.assertEqual([os.stat(self.at(name)).st_mode & 0o777 for name in ("k3s", "k3s/agent", "k3s/agent/images")], [0o755, 0o700, 0o700])

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

    def test_another_host_is_asked_first_and_what_it_has_is_compared_with_the_published_checksum(self):
        mirror, other = Mirror().sums(k3s=b"new"), Mirror(k3s=b"new")
        self.assertEqual(self.download(mirror, other=other, peer={"host": "n1", "url": "http://n1/path"}), ["etc/sums", "bin/k3s"])
        self.assertEqual((mirror.asked, other.asked, self.made.fetched, self.made.noted()), (["sums"], ["k3s"], ["k3s"], {}))

    def test_what_another_host_does_not_give_is_downloaded_and_noted(self):
        for number, (answer, why) in enumerate(((b"bad", "k3s: its checksum is not the published one"), (GONE, "k3s: HTTP Error 404: Not Found"), (AWAY, "k3s: Request failed: Connection refused"))):
            mirror, other, dest = Mirror(k3s=b"new").sums(k3s=b"new"), Mirror(k3s=answer), self.at("bin%d/k3s" % number)
            self.download(mirror, {"dest": {"k3s": dest}}, other=other, peer={"host": "n1", "url": "http://n1/path"})
            with open(dest, "rb") as file:
                self.assertEqual(file.read(), b"new")
            self.assertEqual(os.listdir(os.path.dirname(dest)), ["k3s"])
            self.assertEqual((mirror.asked, other.asked, self.made.fetched), (["sums", "k3s"], ["k3s"], []))
            self.assertEqual(self.made.noted(), {"noted": "Not all of k3s v1 was fetched from n1 (%s); the rest comes from http://mirror/v1/." % why})

    def test_another_host_that_sends_a_little_now_and_then_is_given_up(self):
        class Slow(io.RawIOBase):
            def read(self, _):
                time.sleep(0.01)
                return b"k"
        self.addCleanup(setattr, DOWNLOAD, "PEER_LONGEST", DOWNLOAD.PEER_LONGEST)
        DOWNLOAD.PEER_LONGEST = 0.2
        for number, other in enumerate((lambda _: (Slow(), {"status": 200}), lambda _: time.sleep(3600))):
            dest = self.at("bin%d/k3s" % number)
            self.download(Mirror(k3s=b"new").sums(k3s=b"new"), {"dest": {"k3s": dest}}, other=other, peer={"host": "n1", "url": "http://n1/path"})
            self.assertIn("(k3s: it took longer than 0.2 s)", self.made.noted()["noted"])
            with open(dest, "rb") as file:
                self.assertEqual(file.read(), b"new")

    def test_a_connection_that_ends_too_early_is_not_taken_for_another_file(self):
        class Cut(io.BytesIO):
            length = 2
        self.download(Mirror(k3s=b"new").sums(k3s=b"new"), other=lambda _: (Cut(b"n"), {"status": 200}), peer={"host": "n1", "url": "http://n1/path"})
        self.assertIn("(k3s: the connection ended 2 bytes before the file did)", self.made.noted()["noted"])

    def test_another_host_sends_nobody_elsewhere(self):
        class Module:
            params = {"name": "x"}
        DOWNLOAD.fetch_url = lambda module, url, **options: (dict(module.params), options)
        self.assertEqual(DOWNLOAD.fetch_near(Module, "http://n1/x"), ({"name": "x", "follow_redirects": "none"}, {"timeout": 10, "use_proxy": False, "use_netrc": False, "decompress": False}))
        self.assertEqual(Module.params, {"name": "x"})

    def test_another_host_that_does_not_offer_anything_is_not_asked(self):
        other = Mirror()
        self.download(Mirror(k3s=b"new").sums(k3s=b"new"), other=other, peer={"host": "n1", "url": ""})
        self.assertEqual((other.asked, self.made.noted()["noted"]), ([], "Not all of k3s v1 was fetched from n1 (it does not offer any); the rest comes from http://mirror/v1/."))
        self.download(Mirror().sums(k3s=b"new"), other=other, peer={"host": "n1", "url": ""})
        self.assertEqual(self.made.noted(), {}, "nothing was missing")

    def from_workstation(self, **more):
        """What is wanted of the workstation, which has k3s and images; nothing is downloaded."""
        mirror = Mirror().sums(k3s=b"k3s", images=b"images")
        entries = [{"dest": {name: self.at(name)}} for name in ("k3s", "images")]
        self.download(mirror, *entries, local={"dir": "/releases/v1", "sums": mirror.files["sums"].decode()}, **more)
        self.assertEqual(mirror.asked, [])
        return self.made.wanted

    def sent(self, **content):
        """Where files are that were transferred."""
        for name, text in content.items():
            with open(self.at("sent-" + name), "w") as file:
                file.write(text)
        return {name: self.at("sent-" + name) for name in content}

    def test_what_the_workstation_has_is_asked_for_and_put_in_its_place_once_it_is_there(self):
        old = self.at("old")
        open(old, "w").close()
        self.assertEqual(self.from_workstation(remove=[old]), ["k3s", "images"])
        self.assertEqual((os.path.exists(self.at("k3s")), os.path.exists(old)), (False, True))
        self.assertEqual(self.from_workstation(remove=[old], sent=self.sent(k3s="k3s", images="images")), [])
        self.assertEqual((os.path.exists(self.at("images")), os.path.exists(old)), (True, False))
        self.assertEqual(os.stat(self.at("k3s")).st_mode & 0o777, 0o755)
        self.assertEqual(self.from_workstation(), [], "all is there")
        self.assertFalse(os.path.exists(self.at("sent-k3s")), "it is not there twice")
        with open(self.at("etc/sums")) as file:
            self.assertEqual(len(file.readlines()), 2)

    def test_another_file_of_the_workstation_than_the_published_one_is_named(self):
        with self.assertRaises(DOWNLOAD.Failed) as raised:
            self.from_workstation(sent=self.sent(k3s="bad"))
        self.assertEqual(raised.exception.args, ("/releases/v1/k3s on the workstation is not the published file", "Download it again from http://mirror/v1/k3s."))
        self.assertFalse(os.path.exists(self.at("k3s")))

    def test_a_file_that_cannot_be_written_is_no_question_of_an_address(self):
        with self.assertRaises(DOWNLOAD.Failed) as raised:
            self.from_workstation(sent={"k3s": self.at("gone")})
        self.assertRegex(raised.exception.args[0], "^k3s was not copied from the workstation: .*No such file")
        self.assertEqual(raised.exception.args[1], "Is there enough space on this host? Run the command again: finished steps are not repeated.")

    def test_what_another_host_lacks_comes_from_the_workstation(self):
        other = Mirror(k3s=b"k3s")
        wanted = self.from_workstation(other=other, peer={"host": "n1", "url": "http://n1/path"})
        self.assertEqual((other.asked, self.made.fetched, wanted), (["k3s", "images"], ["k3s"], ["images"]))
        self.assertIn("the rest comes from the workstation", self.made.noted()["noted"])

    def test_in_a_check_nothing_is_wanted_of_the_workstation(self):
        self.assertEqual(self.from_workstation(check=True), [])
        self.assertEqual(len(self.made.diffs), 3)

    def test_a_file_without_an_end_is_given_up(self):
        self.addCleanup(setattr, DOWNLOAD, "LARGEST", DOWNLOAD.LARGEST)
        DOWNLOAD.LARGEST = 1 << 20
        with self.assertRaises(DOWNLOAD.Failed) as raised:
            self.download(Mirror(k3s=b"x" * (3 << 20)).sums(k3s=b"new"))
        self.assertIn("it is too large", raised.exception.args[0])

    def test_in_a_check_no_other_host_is_asked(self):
        other = Mirror(k3s=b"new")
        self.assertEqual(self.download(Mirror().sums(k3s=b"new"), check=True, other=other, peer={"host": "n1", "url": ""}), ["etc/sums", "bin/k3s"])
        self.assertEqual((other.asked, self.made.noted()), ([], {}))


if __name__ == "__main__":
    unittest.main()
