"""Directories for volumes on a host: what is refused, what is set up, and that a missing disk is noticed."""

import json
import os
import random
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

from load_part import load, load_module

PART = load("storage")
GIB = 2**30


class FakeHost(PART["Host"]):
    """A host below a temporary directory, with mounts as the test says."""

    def __init__(self, root):
        self.root = root
        self.record, self.classes_record, self.units = root + "/etc/storage.json", root + "/etc/classes", root + "/units"
        self.table, self.boot, self.free = {"/": "ext4"}, [], 50 * GIB

    def mounts(self):
        return self.table

    def fstab(self):
        return self.boot

    def free_bytes(self, path):
        return self.free


class Paths(unittest.TestCase):
    def setUp(self):
        self.root = os.path.realpath(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.host = FakeHost(self.root)
        self.reloads = []
        PART["run"] = lambda argv, timeout=10: self.reloads.append(argv) or (0, "", "")
        self.path = self.root + "/srv/fast"
        self.entry = {"path": self.path, "class": "fast"}

    def set_up(self, *entries, check=False):
        return PART["set_up"](list(entries), "k3s", check, self.host)

    def problem(self, **entry):
        return (self.set_up({**self.entry, **entry})[1] or {}).get("id")

    def test_a_directory_is_made_for_root_alone_marked_and_recorded_and_a_second_run_changes_nothing(self):
        self.assertEqual(self.set_up(self.entry, check=True)[0], ["%s set up for volumes of the class fast" % self.path])
        self.assertFalse(os.path.exists(self.path))
        changes, found = self.set_up(self.entry)
        self.assertEqual((changes, found), (["%s set up for volumes of the class fast" % self.path], None))
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o700)
        self.assertEqual(os.listdir(self.path), [".k3s-tool-storage"])
        self.assertEqual(self.host.recorded(), [{"path": self.path, "class": "fast", "mount": "/"}])
        self.assertFalse(os.path.exists(self.host.drop_in("k3s")), "on the root disk there is nothing to wait for")
        self.assertEqual(self.set_up(self.entry), ([], None))
        os.chmod(self.path, 0o755)
        self.assertEqual(self.set_up(self.entry)[0], ["owner and mode of %s set to root and 0700" % self.path])

    @unittest.skipUnless(os.geteuid() == 0, "gives a directory to another user")
    def test_a_directory_that_somebody_else_made_is_root_s_before_volumes_are_in_it(self):
        os.makedirs(self.path)
        os.chown(self.path, 65534, 65534)
        os.chmod(self.path, 0o2777)
        self.assertIsNone(self.set_up(self.entry)[1])
        found = os.stat(self.path)
        self.assertEqual((found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)), (0, 0, 0o700))
        os.chown(self.path, 65534, -1)
        self.assertEqual(self.set_up(self.entry)[0], ["owner and mode of %s set to root and 0700" % self.path])
        self.assertEqual(self.set_up(self.entry), ([], None))

    def test_a_path_that_a_template_spoiled_is_refused_by_its_form(self):
        for path in ("", "srv/fast", "./fast", "/", self.path + "/", self.root + "//fast", "/" + self.path, self.root + "/../etc/x", self.root + "/./x",
                     self.root + "/..", self.root + "/a b", self.root + "/a\nb", self.path + "\n", self.root + "/$(x)", self.root + "/ü", "~/fast", "$HOME/fast"):
            found = self.set_up({"path": path, "class": "fast"})[1]
            self.assertEqual(found["id"], "storage_path", path)
            self.assertNotRegex(found["message"], "[\\x00-\\x1f]")
        for path in ("/srv/.hidden", "/srv/...", "/srv/..a", "/mnt/a@b+c-d_e.f"):
            self.assertTrue(PART["PATH"].fullmatch(path), path)

    def test_a_run_that_was_killed_while_it_wrote_the_mark_is_no_reason_to_refuse_the_directory(self):
        os.makedirs(self.path)
        with open(self.path + "/.k3s-tool-x7b2q", "w"):
            pass
        self.assertIsNone(self.set_up(self.entry)[1])
        self.assertTrue(os.path.exists(self.path + "/.k3s-tool-storage"))

    def test_a_file_system_that_cannot_be_written_is_refused_before_anything_is_done(self):
        self.host.read_only = lambda path: path == self.root
        self.assertEqual(self.problem(), "storage_read_only")
        self.assertFalse(os.path.exists(self.root + "/srv"))

    def test_the_unit_waits_for_the_mount_of_a_disk_and_is_told_when_it_need_not_any_more(self):
        self.host.table[self.root + "/srv"] = "ext4"
        changes = self.set_up(self.entry)[0]
        self.assertEqual(changes[1:], ["list of disks that k3s.service waits for updated"])
        with open(self.host.drop_in("k3s")) as file:
            text = file.read()
        unit = PART["mount_unit"](self.root + "/srv")
        self.assertEqual(text.splitlines()[1:], ["[Unit]", "Wants=" + unit, "After=" + unit])
        self.assertNotIn("Requires", text, "one dead disk must not take the node with it")
        self.assertEqual(self.reloads, [["systemctl", "daemon-reload"]])
        self.assertEqual(self.set_up(), (["%s given up; what is in it stays" % self.path, "list of disks that k3s.service waits for updated"], None))
        self.assertEqual([os.path.exists(path) for path in (self.host.drop_in("k3s"), os.path.dirname(self.host.drop_in("k3s")), self.host.record)], [False] * 3)
        self.assertTrue(os.path.exists(self.path))

    def test_names_of_mount_units_are_systemd_s(self):
        # As `systemd-escape --path --suffix=mount` (252) has them.
        for point, unit in (("/srv", "srv.mount"), ("/mnt/disk-1", "mnt-disk\\x2d1.mount"), ("/mnt/a b", "mnt-a\\x20b.mount"), ("/.x/.y", "\\x2ex-.y.mount"),
                            ("/mnt/ä@b", "mnt-\\xc3\\xa4\\x40b.mount")):
            self.assertEqual(PART["mount_unit"](point), unit)

    def test_memory_a_small_root_and_a_directory_in_use_are_refused(self):
        self.host.table[self.root + "/srv"] = "tmpfs"
        self.assertEqual(self.problem(), "storage_memory")
        del self.host.table[self.root + "/srv"]
        self.host.free = 10 * GIB - 1
        self.assertEqual(self.problem(), "storage_space")
        self.host.table[self.root + "/srv"] = "ext4"
        self.assertIsNone(self.problem(), "a disk of its own may be as small as it likes")
        os.makedirs(self.root + "/home")
        with open(self.root + "/home/letter.txt", "w"):
            pass
        self.assertEqual(self.problem(path=self.root + "/home"), "storage_in_use")
        self.assertEqual(self.problem(path=self.root + "/home/letter.txt"), "storage_file")
        self.assertEqual(self.problem(path=self.root + "/home/letter.txt/volumes"), "storage_file")
        with open(self.root + "/home/\x1b[31mred\nline", "w"):
            pass
        self.assertNotRegex(self.set_up({"path": self.root + "/home", "class": "fast"})[1]["message"], "[\\x00-\\x1f]")
        os.symlink("loop", self.root + "/loop")
        os.symlink("/nowhere", self.root + "/dangling")
        for link in ("loop", "dangling"):
            self.assertEqual((self.problem(path="%s/%s" % (self.root, link)), self.problem(path="%s/%s/x" % (self.root, link))), ("storage_link",) * 2)
        os.symlink(self.root + "/home", self.root + "/link")
        self.assertEqual(self.problem(path=self.root + "/link/x"), "storage_link")
        self.assertFalse(os.path.exists(self.root + "/home/x"))

    def test_a_root_that_fills_up_later_does_not_stop_the_next_run(self):
        self.set_up(self.entry)
        self.host.free = 0
        self.assertIsNone(self.problem())

    def test_a_fresh_disk_s_lost_and_found_is_nobody_s_file(self):
        os.makedirs(self.path + "/lost+found")
        self.host.table[self.path] = "ext4"
        self.assertIsNone(self.problem())

    def test_a_disk_that_fstab_has_and_that_is_not_mounted_is_named_and_nothing_is_written(self):
        self.host.boot = [self.root + "/srv"]
        changes, found = self.set_up(self.entry)
        self.assertEqual((changes, found["id"]), ([], "storage_mount"))
        self.assertIn("not mounted at %s/srv" % self.root, found["message"])
        self.assertFalse(os.path.exists(self.root + "/srv"))

    def test_a_disk_that_was_there_at_the_first_run_is_missed_without_fstab(self):
        self.host.table[self.root + "/srv"] = "ext4"
        self.set_up(self.entry)
        shutil.rmtree(self.path)
        del self.host.table[self.root + "/srv"]
        self.assertEqual(self.problem(), "storage_mount")
        self.assertFalse(os.path.exists(self.path), "the root disk gets nothing")

    def test_another_disk_in_its_place_is_noticed_until_the_owner_says_it_is_right(self):
        self.host.table[self.path] = "ext4"
        self.set_up(self.entry)
        os.unlink(self.path + "/.k3s-tool-storage")
        found = self.set_up(self.entry)[1]
        self.assertEqual(found["id"], "storage_mark")
        shutil.rmtree(self.path)  # as on a disk that has just been made
        subprocess.run(re.search("`(mkdir .*?)`", found["hint"]).group(1), shell=True, check=True)
        self.assertIsNone(self.problem())

    def test_an_automount_that_mounts_nothing_is_a_disk_that_is_missing(self):
        self.host.table[self.root + "/srv"] = "autofs"
        self.assertEqual(self.problem(), "storage_mount")
        self.host.table[self.root + "/srv"] = "ext4"
        self.assertIsNone(self.problem())

    def test_a_disk_with_volumes_of_an_earlier_installation_is_taken_as_it_is(self):
        self.set_up(self.entry)
        os.makedirs(self.path + "/pvc-1_default_data")
        os.unlink(self.host.record)
        self.assertIsNone(self.problem())
        self.assertIn("pvc-1_default_data", os.listdir(self.path))

    def test_the_preflight_says_what_the_role_would_and_costs_hosts_without_paths_nothing(self):
        look = lambda *entries: PART["look_at_storage"]({"storage_paths": list(entries), "role": "control_plane"}, self.host)
        self.assertEqual(look(), ([], {"recorded": [], "classes": False, "ready": True}))
        self.assertEqual(look(self.entry), ([], {"recorded": [], "classes": False, "ready": False}))
        self.set_up(self.entry)
        self.assertTrue(look(self.entry)[1]["ready"])
        self.assertFalse(look()[1]["ready"], "a path that was given up is still to be forgotten")
        self.host.table[self.root + "/srv"] = "tmpfs"
        self.assertEqual([found["id"] for found in look(self.entry)[0]], ["storage_memory"])

    def test_a_record_that_somebody_broke_is_no_record(self):
        os.makedirs(os.path.dirname(self.host.record))
        for text in ("{", "7", "[7]", '{"path": 1}', '[{"path": 7}]', "null", ""):
            with open(self.host.record, "w") as file:
                file.write(text)
            self.assertEqual(self.host.recorded(), [], text)

    def test_the_deepest_mount_counts_and_a_name_that_only_begins_alike_does_not(self):
        dice = random.Random(11)
        for _ in range(300):
            points = ["/"] + ["/" + "/".join(dice.choice("abc") * dice.randint(1, 2) for _ in range(dice.randint(1, 3))) for _ in range(4)]
            path = "/" + "/".join(dice.choice("abc") * dice.randint(1, 2) for _ in range(3))
            above = [path[:at] for at in range(1, len(path) + 1) if path[at:at + 1] in ("/", "")] + ["/"]
            self.assertEqual(PART["covering"](path, points), next(one for one in sorted(above, key=len, reverse=True) if one in points))

    def test_tables_of_mounts_are_read_with_blanks_swap_and_noauto(self):
        self.assertEqual(PART["mounts_of"]("/dev/a / ext4 rw 0 0\n/dev/b /mnt/a\\040b xfs rw 0 0\nx /mnt autofs rw 0 0\n/dev/c /mnt ext4 rw 0 0\n"),
                         {"/": "ext4", "/mnt/a b": "xfs", "/mnt": "ext4"})
        fstab = "# disks\nUUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\nUUID=3 /srv ext4 nofail 0 2\n/dev/d /mnt ext4 rw,noauto 0 0\nbroken\n"
        self.assertEqual(PART["fstab_of"](fstab), ["/", "/srv"])
        fstab = "UUID=1 /srv/ ext4 defaults 0 2\nUUID=2 /mnt/usb ext4 noauto,x-systemd.automount 0 0\n"
        self.assertEqual(PART["fstab_of"](fstab), ["/srv", "/mnt/usb"])

    def test_a_mount_unit_of_the_owner_s_counts_as_fstab_does(self):
        os.makedirs(self.host.units)
        for name, text in (("srv.mount", "[Mount]\nWhat=/dev/sdb1\nWhere=/srv/ \n"), ("mnt-usb.automount", "[Automount]\nWhere=/mnt/usb\n"),
                           ("x.service", "[Service]\nWhere=/no\n"), ("y.mount", "# Where=/no\n")):
            with open(self.host.units + "/" + name, "w") as file:
                file.write(text)
        self.assertEqual(sorted(set(PART["Host"].fstab(self.host)) - set(PART["fstab_of"](PART["read"]("/etc/fstab")))), ["/mnt/usb", "/srv"])


class Uninstall(unittest.TestCase):
    """What k3s_uninstall leaves of them."""

    def setUp(self):
        self.root = os.path.realpath(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.host, self.path = FakeHost(self.root), self.root + "/fast"
        os.makedirs(self.path)
        os.makedirs(self.root + "/etc")
        with open(self.host.record, "w") as file:
            json.dump([{"path": self.path, "class": "fast", "mount": "/"}], file)

    def remove(self, keep):
        job = load_module("k3s_uninstall").Uninstall(keep)
        job.storage(self.host)
        return job

    def mark(self, *volumes):
        with open(self.path + "/.k3s-tool-storage", "w"):
            pass
        for name in volumes:
            os.mkdir(self.path + "/" + name)

    def test_volumes_stay_and_are_named_unless_they_are_not_wanted(self):
        self.mark("pvc-1_default_data")
        self.assertEqual(self.remove(True).warnings, ["Volumes of applications were kept in %s." % self.path])
        self.assertEqual(sorted(os.listdir(self.path)), [".k3s-tool-storage", "pvc-1_default_data"])
        self.assertEqual(self.remove(False).changes, ["removed " + self.path])
        self.assertFalse(os.path.exists(self.path))

    def test_an_empty_directory_of_ours_goes_and_one_without_the_mark_never(self):
        self.mark()
        self.remove(True)
        self.assertFalse(os.path.exists(self.path))
        os.makedirs(self.path + "/somebody-else-s")
        self.assertEqual(self.remove(False).changes, [])
        self.assertTrue(os.path.exists(self.path + "/somebody-else-s"))


if __name__ == "__main__":
    unittest.main()
