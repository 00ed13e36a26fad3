"""What rotations do on one host: a token is never lost, a key is used only when every server has it, certificates are really new."""

import json
import os
import tempfile
import unittest

from load_part import load_module

TOKEN, KEYS, CERTS = load_module("k3s_token"), load_module("k3s_encryption"), load_module("k3s_certificates")
LOOK = load_module("k3s_server_info")
OLD, NEW = "K10abc::server:old", "K10abc::server:new"


class Token(unittest.TestCase):
    def host(self, given=False, takes=None):
        """A server; k3s starts with the token that `takes` names, and ends with any other one. None: it runs."""
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        data, config = directory.name + "/data", directory.name + "/config"
        for path in (data + "/server/cred", config):
            os.makedirs(path)
        host = TOKEN.Host("k3s", data, config)
        self.write(host.own_path, OLD)
        self.write(host.server + "/cred/passwd", "old,server,server,k3s:server\nold,node,node,k3s:agent\n")
        self.write(config + "/config.yaml", "token-file: %s\n" % host.given_path if given else "node-name: n1\n")
        if given:
            self.write(host.given_path, OLD)
        host.calls, seconds = [], [0]

        def run(argv, timeout=10):
            host.calls.append(" ".join(argv))
            if argv[1:3] == ["token", "rotate"]:
                return host.rotates()
            return 0, (TOKEN.REFUSED if argv[0] == "journalctl" and not host.answers() else ""), ""

        def rotates():
            self.write(host.server + "/cred/passwd", "new,server,server,k3s:server\nnew,node,node,k3s:agent\n")
            self.write(host.own_path, NEW)
            return 0, "Token rotated", ""

        def pause(span):
            seconds[0] += span
        host.run, host.rotates, host.pause = run, rotates, pause
        host.now = host.clock = lambda: seconds[0]
        host.answers = lambda: takes is None or host.password() == takes
        return host

    def write(self, path, text):
        with open(path, "w") as file:
            file.write(text)

    def test_a_rotation_leaves_the_new_token_where_k3s_takes_it_from_and_the_old_one_beside_it(self):
        for given in (False, True):
            host = self.host(given)
            self.assertEqual((host.look()["due"], host.look()["begun"], host.look()["given"]), (False, False, given))
            before = host.look()["digest"]
            self.assertIsNone(host.rotate())
            look = host.look()
            self.assertEqual((look["digest"] != before, look["due"], look["begun"]), (True, True, True))
            self.assertEqual(os.stat(host.record).st_mode & 0o777, 0o600)
            self.assertNotIn("new", json.dumps(look) + " ".join(host.calls))
            # Once more: no third one.
            self.assertIsNone(host.rotate())
            self.assertEqual(len([call for call in host.calls if "token rotate" in call]), 1)
            self.assertTrue(host.done())
            self.assertFalse(host.done())
            self.assertEqual((host.look()["due"], host.look()["begun"]), (False, False))

    def test_one_that_was_cut_off_before_the_tool_wrote_its_file_is_gone_on_with(self):
        host = self.host(given=True)
        host.rotate()
        self.write(host.given_path, OLD)  # killed right after k3s had answered
        self.assertTrue(host.look()["due"])
        host.rotate()
        self.assertEqual(host.password(), "new")

    def test_a_failure_leaves_no_record(self):
        host = self.host()
        host.rotates = lambda: (1, "", "not authorized")
        self.assertIn("not authorized", host.rotate())
        self.assertFalse(os.path.exists(host.record))
        self.assertFalse(host.look()["due"])

    def test_a_server_that_stands_between_two_tokens_starts_with_the_one_that_its_datastore_has(self):
        # One that was given its token starts with it, and puts its other files right itself.
        for given, has in ((False, "old"), (False, "new"), (True, "new")):
            host = self.host(given)
            host.rotate()
            if given:
                self.write(host.given_path, OLD)
            host.answers = lambda host=host, has=has: any("start" in call for call in host.calls) and host.password() == has
            self.assertEqual(host.settle(), (True, None), (given, has))
            self.assertEqual(host.password(), has)
            with open(host.server + "/cred/passwd") as file:
                self.assertTrue(file.read().startswith(has + ","), (given, has))

    def test_the_new_token_is_kept_where_k3s_takes_neither(self):
        host = self.host(takes="third")
        host.rotates()
        self.write(host.record, json.dumps({"token": OLD, "passwd": "old,server,server,k3s:server\n", "given": None}))
        self.assertIn("neither", host.settle()[1])
        self.assertEqual(host.before()["new"], NEW)

    def test_a_server_that_waits_for_others_is_left_alone(self):
        host = self.host()
        host.rotate()
        host.answers = lambda: False
        host.refused = lambda since: False
        self.assertEqual(host.settle(), (False, None))

    def test_a_server_that_has_its_token_and_was_not_restarted_is_due(self):
        host = self.host(given=True)
        self.write(host.given_path, NEW)
        self.assertTrue(host.look()["due"])


class Keys(unittest.TestCase):
    def rotation(self, *states):
        rotation = KEYS.Rotation(60, "/proc/nonexistent")
        rotation.states, rotation.calls, seconds = list(states), [], [0]

        def run(argv, timeout):
            if argv[0] == "systemctl":
                return 0, "0", ""
            if argv[2] != "status":
                rotation.calls.append(" ".join(argv[2:]))
                return rotation.answer
            state = rotation.states.pop(0) if len(rotation.states) > 1 else rotation.states[0]
            return (1, "", "see server log") if state is None else (0, json.dumps(state), "")

        def pause(span):
            seconds[0] += span
        rotation.run, rotation.pause, rotation.now, rotation.answer = run, pause, lambda: seconds[0], (0, "", "")
        return rotation

    def state(self, stage, keys="a", agree=True):
        active, *rest = ["AES-CBC " + key for key in keys.split()]
        return dict({"stage": stage, "activekey": active, "enable": True, "inactivekeys": rest}, **({"hashmatch": True} if agree else {"hasherror": "differs"}))

    def test_each_step_is_done_at_its_stage_alone(self):
        done = {"start": "prepare", "reencrypt_finished": "prepare", "prepare": "rotate"}
        for stage in ("start", "prepare", "rotate", "reencrypt_finished"):
            for step, command in (("add", "prepare"), ("use", "rotate")):
                rotation = self.rotation(self.state(stage))
                self.assertEqual(rotation.step(step), done.get(stage) == command)
                self.assertEqual(rotation.calls, [command] if done.get(stage) == command else [])

    def test_no_step_before_every_server_has_the_keys(self):
        differ = self.state("prepare", "a b", agree=False)
        rotation = self.rotation(differ, differ, None, self.state("prepare", "a b"))
        self.assertTrue(rotation.step("use"))
        rotation = self.rotation(differ)
        with self.assertRaisesRegex(KEYS.Failed, "differs"):
            rotation.step("use")
        self.assertEqual(rotation.calls, [])

    def test_encrypting_is_over_when_k3s_says_so(self):
        before, active, after = self.state("rotate", "b a"), self.state("reencrypt_active", "b a"), self.state("reencrypt_finished", "b")
        rotation = self.rotation(before, before, active, active, after)
        self.assertTrue(rotation.step("encrypt"))
        self.assertEqual(rotation.calls, ["reencrypt"])
        rotation = self.rotation(active, active, after)  # the tool was killed, k3s went on
        self.assertTrue(rotation.step("encrypt"))
        self.assertEqual(rotation.calls, [])
        with self.assertRaisesRegex(KEYS.Failed, "stage rotate"):  # k3s was restarted meanwhile
            self.rotation(active, before).step("encrypt")
        with self.assertRaisesRegex(KEYS.Failed, "within 60 s"):
            self.rotation(active).step("encrypt")

    def test_a_server_that_is_alone_rotates_at_once_and_finishes_what_was_cut_off(self):
        rotation = self.rotation(self.state("start"))
        rotation.step("all")
        self.assertEqual(rotation.calls, ["rotate-keys"])
        rotation = self.rotation(self.state("start", "b a"), self.state("reencrypt_active", "b a"), self.state("reencrypt_finished", "b"))
        rotation.step("all")
        self.assertEqual(rotation.calls, ["reencrypt --force"])
        rotation = self.rotation(self.state("start"), self.state("reencrypt_active", "b a"), self.state("reencrypt_finished", "b"))
        rotation.answer = (1, "", "context deadline exceeded")
        rotation.step("all")
        rotation = self.rotation(self.state("start"))
        rotation.answer = (1, "", "invalid hash")
        with self.assertRaisesRegex(KEYS.Failed, "invalid hash"):
            rotation.step("all")

    def test_what_only_the_server_says_is_found_in_its_journal(self):
        rotation = self.rotation(self.state("start"))
        rotation.answer = (1, "", 'time="2026-11-27T22:52:19Z" level=fatal msg="Error: see server log for details: secret-encrypt error ID 16959"\n')
        ask, line = rotation.run, 'time="x" level=error msg="secret-encrypt error ID 16959: invalid hash"'
        rotation.run = lambda argv, timeout=10: (0, line + "\n", "") if argv[0] == "journalctl" else ask(argv, timeout)
        with self.assertRaises(KEYS.Failed) as failed:
            rotation.step("all")
        self.assertEqual(str(failed.exception), "k3s secrets-encrypt rotate-keys failed: see server log for details: secret-encrypt error ID 16959 (invalid hash)")

    def test_keys_that_are_newer_than_the_datastore_are_put_aside_and_nothing_else(self):
        with tempfile.TemporaryDirectory() as directory:
            names = ["encryption-config.json", "encryption-state.json"]
            config, state = [os.path.join(directory, name) for name in names]
            words = 'time="x" level=fatal msg="%s newer than datastore and could cause a cluster outage. Remove the file(s)"'
            for said, moved in ((words % config, names[:1]), (words % (state + ", " + config), names), (words % (config + ", /var/tls/server-ca.crt"), []), ("", [])):
                for name in names:
                    with open(os.path.join(directory, name), "w") as file:
                        file.write("keys")
                rotation = KEYS.Rotation(60, config)
                rotation.run = lambda argv, timeout, said=said: (0, said, "")
                rotation.answers = lambda: not os.path.exists(config)
                self.assertEqual(rotation.settle(), bool(moved))
                self.assertEqual([name for name in names if not os.path.exists(os.path.join(directory, name))], moved)

    def test_without_encryption_there_is_no_stage(self):
        look = self.rotation({"stage": "", "activekey": ""}).look()
        self.assertEqual((look["enabled"], look["stage"], look["keys"]), (False, "", []))


class Waiting(unittest.TestCase):
    def wait(self, answers, state, timeout=90):
        """Whether it answered in the end, and how many seconds that took; `answers` from that second on."""
        seconds = [0]
        found = LOOK.wait(timeout, look=lambda: {"answers": seconds[0] >= answers}, execute=lambda _: (0, state + "\n", ""), now=lambda: seconds[0],
                             pause=lambda each: seconds.__setitem__(0, seconds[0] + each))
        return found["answers"], seconds[0]

    def test_a_server_that_starts_is_waited_for_and_one_that_is_stopped_is_not(self):
        self.assertEqual(self.wait(0, "active"), (True, 0))
        self.assertEqual(self.wait(12, "activating"), (True, 12))
        self.assertEqual(self.wait(12, "inactive"), (False, 0))
        self.assertEqual(self.wait(12, "failed"), (False, 0))
        self.assertEqual(self.wait(200, "active"), (False, 90))
        self.assertEqual(self.wait(12, "active", timeout=0), (False, 0))


class Certificates(unittest.TestCase):
    def rotate(self, **fails):
        calls = []

        def execute(argv, timeout):
            word = argv[-1] if "certificate" in argv else argv[-2]
            calls.append(word)
            return (1, "", "broken") if fails.get(word) else (0, "", "")
        return CERTS.rotate("k3s", execute), calls

    def test_k3s_is_started_however_the_rotation_ends(self):
        self.assertEqual(self.rotate(), (None, ["stop", "rotate", "start"]))
        problem, calls = self.rotate(rotate=True)
        self.assertIn("broken", problem)
        self.assertEqual(calls, ["stop", "rotate", "start"])
        self.assertEqual(self.rotate(stop=True)[1], ["stop"])

    def test_days_are_named_and_moments_where_they_are_the_same(self):
        self.assertEqual(CERTS.told(0, 86400 * 365, 86400 * 3650), "its certificates end 1971-01-01 (before: 1970-01-01); its authorities stay, until 1979-12-30")
        self.assertIn("1970-01-01T00:00:05Z (before: 1970-01-01T00:00:00Z)", CERTS.told(0, 5, None))


if __name__ == "__main__":
    unittest.main()
