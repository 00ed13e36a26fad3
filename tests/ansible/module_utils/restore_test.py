"""A backup comes back whole, and a restore that was killed goes on."""

import contextlib
import hashlib
import io
import json
import os
import shutil
import sqlite3
import stat
import tarfile
import tempfile
import time
import unittest

from load_part import load

RESTORE = load("restore")
SERVER = load("server")
LONG = "n" * 150  # more than fits into the header of a tar
PASSWORD = "/registry/secrets/kube-system/pi.node-password.k3s"


def database(rows):
    """An SQLite file with these keys, as bytes."""
    with tempfile.TemporaryDirectory() as directory:
        with contextlib.closing(sqlite3.connect(directory + "/db")) as made:
            made.execute("CREATE TABLE kine (name TEXT)")
            made.executemany("INSERT INTO kine VALUES (?)", [(row,) for row in rows])
            made.commit()
        with open(directory + "/db", "rb") as file:
            return file.read()


def packed(parts, datastore="sqlite", times=1000, manifest=None):
    """A backup's content: a tar, its manifest first."""
    described = [{"path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in parts.items()]
    head = json.dumps(manifest or {"datastore": datastore, "parts": described}).encode()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w|gz", format=tarfile.PAX_FORMAT) as tar:
        for name, data in [("manifest.json", head), *parts.items()]:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(data), times
            tar.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


class Restores(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.data, self.config = directory.name + "/data", directory.name + "/etc"
        self.server = self.data + "/server"
        self.parts = {
            "datastore": database(["/registry/configmaps/a", PASSWORD]), "server/token": b"K10::server:a", "server/tls/etcd/peer-ca.key": b"key",
            "config/registries.yaml": b"mirrors", "config/config.yaml": b"old", "manifests/web.yaml": b"web", "manifests/%s.yaml" % LONG: b"long", "manifests/k3s-tool.yaml": b"old",
            "inventory/hosts.yml": b"all:",
        }

    def put(self, path, text="x"):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def stage(self, content=None):
        RESTORE["stage"](io.BytesIO(packed(self.parts) if content is None else content), self.data, lambda: True)

    def armed(self, **kind):
        self.stage(packed(self.parts, **kind))
        RESTORE["arm"](self.data, self.config)

    def apply(self, run_program=None):
        RESTORE["apply"](self.data, self.config, run_program, lambda: 7)

    def keys(self):
        with contextlib.closing(sqlite3.connect(self.server + "/db/state.db")) as made:
            return [row for [row] in made.execute("SELECT name FROM kine")]

    def test_what_is_staged_has_no_effect_and_is_for_root_alone(self):
        self.put(self.server + "/db/state.db")
        self.stage()
        staged = self.server + "/restore-staged"
        self.assertEqual([stat.S_IMODE(os.stat(path).st_mode) for path in (self.server, staged)], [0o700, 0o700])
        self.assertFalse(os.path.exists(staged + "/inventory"))
        self.assertIsNone(SERVER["armed_backup"](self.data))
        self.apply()
        self.assertEqual(self.read(self.server + "/db/state.db"), "x")

    def test_what_is_cut_off_changed_or_more_than_its_manifest_is_refused_and_nothing_stays(self):
        whole = packed(self.parts)
        changed = packed(self.parts, manifest={"datastore": "sqlite", "parts": [{"path": "datastore", "bytes": 1, "sha256": "0" * 64}]})
        fewer = packed(self.parts, manifest={"datastore": "sqlite", "parts": []})
        for content in (b"", b"no gzip", whole[:len(whole) // 2], changed, fewer):
            with self.assertRaises(RESTORE["Refused"]):
                self.stage(content)
            self.assertEqual(os.listdir(self.server), [])
        with self.assertRaises(RESTORE["Refused"]):
            RESTORE["arm"](self.data)

    def test_nothing_is_taken_while_what_a_killed_restore_has_started_is_at_work(self):
        with self.assertRaisesRegex(RESTORE["Refused"], "an earlier restore is still running"):
            RESTORE["stage"](io.BytesIO(packed(self.parts)), self.data, lambda: False)
        self.assertFalse(os.path.exists(self.data))

    def test_no_part_is_written_anywhere_else(self):
        self.parts = {name: b"evil" for name in ("server/../../outside", "/etc/outside", "server/db/state.db", "manifests/../server/token", "other")}
        self.stage()
        self.assertEqual(sorted(os.listdir(self.server + "/restore-staged")), ["manifest.json"])

    def test_a_server_gets_the_data_and_keys_and_keeps_what_it_had_beside(self):
        self.put(self.server + "/db/state.db", "before")
        self.put(self.server + "/tls/server-ca.key", "another cluster's")
        self.put(self.server + "/manifests/k3s-tool.yaml", "now")
        self.armed()
        self.assertTrue(SERVER["holds_datastore"](self.data) and SERVER["keeps_sqlite"](self.data))
        self.apply()
        self.assertEqual(self.keys(), ["/registry/configmaps/a"])
        self.assertEqual(self.read(self.server + "/db-before-restore-7/state.db"), "before")
        key = self.server + "/tls/etcd/peer-ca.key"
        self.assertEqual((self.read(self.server + "/token"), os.stat(key).st_mtime, stat.S_IMODE(os.stat(key).st_mode)), ("K10::server:a", 1000, 0o600))
        self.assertFalse(os.path.exists(self.server + "/tls/server-ca.key"))
        self.assertEqual([self.read(self.server + "/manifests/%s.yaml" % name) for name in ("web", LONG, "k3s-tool")], ["web", "long", "now"])
        self.assertEqual(os.listdir(self.config), ["registries.yaml"])
        RESTORE["finish"]("nuc", self.data, None)
        self.assertFalse(os.path.exists(self.server + "/restore"))
        self.assertTrue(SERVER["holds_datastore"](self.data))

    def test_a_server_that_had_joined_another_forgets_it(self):
        self.put(self.config + "/config.yaml", "server: https://100.64.0.1:6443")
        self.armed()
        self.assertEqual(os.listdir(self.config), [])

    def test_a_configuration_file_that_is_there_stays(self):
        self.put(self.config + "/registries.yaml", "now")
        self.armed()
        self.apply()
        self.assertEqual(self.read(self.config + "/registries.yaml"), "now")

    def test_it_is_applied_from_the_beginning_wherever_it_was_killed_and_once(self):
        """Every call that changes something is the last one once."""
        changing = [(os, "rename"), (os, "mkdir"), (shutil, "copy2"), (shutil, "copyfile"), (sqlite3, "connect")]
        for limit in range(1, 60):
            shutil.rmtree(self.data, ignore_errors=True)
            self.put(self.server + "/db/state.db", "before")
            self.armed()
            left = [limit]

            def killed(real):
                def call(*given, **named):
                    left[0] -= 1
                    if left[0] == 0:
                        raise KeyboardInterrupt
                    return real(*given, **named)
                return call
            saved = [(module, name, getattr(module, name)) for module, name in changing]
            try:
                for module, name, real in saved:
                    setattr(module, name, killed(real))
                self.apply()
            except KeyboardInterrupt:
                pass
            finally:
                for module, name, real in saved:
                    setattr(module, name, real)
            self.apply()
            self.assertEqual((self.keys(), self.read(self.server + "/db-before-restore-7/state.db")), (["/registry/configmaps/a"], "before"))
            self.put(self.server + "/db/state.db", "k3s has started")
            self.apply()
            self.assertEqual(self.read(self.server + "/db/state.db"), "k3s has started")
            if left[0] > 0:
                return
        self.fail("it never comes to its end")

    def test_a_second_restore_replaces_the_first(self):
        self.armed()
        self.apply()
        self.parts["server/token"] = b"second"
        self.armed()
        self.apply()
        self.assertEqual(self.read(self.server + "/token"), "second")

    def test_k3s_makes_etcd_of_the_snapshot_and_passwords_of_other_nodes_go_when_it_answers(self):
        self.parts["datastore"] = b"PK a compressed snapshot"
        self.armed(datastore="etcd")
        self.assertFalse(SERVER["keeps_sqlite"](self.data))
        os.makedirs(self.server + "/tls-1")  # of an earlier reset, not ours
        asked = []

        def k3s(argv, timeout):
            asked.append((argv[1:], os.path.isdir(self.server + "/db/etcd"), os.path.exists(argv[-1])))
            os.makedirs(self.server + "/db/etcd/member/wal")
            os.makedirs(self.server + "/db/etcd-old-1")
            os.makedirs("%s/tls-%d" % (self.server, time.time() + 1))  # k3s' copy of the keys
            return 1, "", "Managed etcd cluster membership has been reset"
        self.apply(k3s)
        argv = ["server", "--cluster-reset", "--cluster-reset-restore-path", self.server + "/restore/datastore.zip"]
        self.assertEqual(asked, [(argv, True, True)])
        self.assertEqual(os.listdir(self.server + "/db"), ["etcd"])
        self.assertEqual(sorted(name for name in os.listdir(self.server) if name.startswith("tls-")), ["tls-1"])
        self.assertEqual(stat.S_IMODE(os.stat(self.server + "/db").st_mode), 0o700)
        commands = []

        def ask(*words):
            commands.append(words)
            return "secret/nuc.node-password.k3s\nsecret/pi.node-password.k3s\n"
        RESTORE["finish"]("nuc", self.data, ask)
        self.assertEqual(commands[1:], [("-n", "kube-system", "delete", "--ignore-not-found", "secret/pi.node-password.k3s")])
        self.assertFalse(SERVER["armed_backup"](self.data))

    def test_a_snapshot_that_k3s_refuses_is_told_and_tried_again(self):
        self.armed(datastore="etcd")
        for answer in ((1, "", "bad snapshot"), (0, "", "bad snapshot")):
            with self.assertRaisesRegex(RESTORE["Refused"], "bad snapshot"):
                self.apply(lambda argv, timeout: answer)

    def test_a_server_that_joins_again_has_no_data_and_no_keys(self):
        for name in ("/db/etcd/member/wal/0", "/tls/server-ca.key", "/cred/passwd", "/token"):
            self.put(self.server + name)
        self.put(self.config + "/config.yaml")
        RESTORE["leave"](self.data, self.config, lambda: 7)
        self.assertEqual(sorted(os.listdir(self.server)), ["db-before-restore-7", "restore-awaited"])
        self.assertTrue(SERVER["look_server"](self.data)["awaits"])
        self.assertEqual(os.listdir(self.config), [])
        self.armed()
        self.assertEqual(SERVER["look_server"](self.data), {"holds": True, "answers": False, "awaits": False})
        self.assertFalse(os.path.exists(self.server + "/restore-awaited"))


if __name__ == "__main__":
    unittest.main()
