"""When k3s counts as started: by the API's word about this very start, not by systemd's, nor by what an earlier kubelet reported."""

import random
import time
import unittest
import unittest.mock

from load_part import load_module

START = load_module("k3s_start")
# Of the node n2: openssl req -x509 -subj "/O=system:nodes/CN=system:node:n2".
CERTIFICATE = """
-----BEGIN CERTIFICATE-----
MIIBtTCCAVugAwIBAgIUHAe5yXVpM1SH9MCByd5ymin1Y5cwCgYIKoZIzj0EAwIw
MDEVMBMGA1UECgwMc3lzdGVtOm5vZGVzMRcwFQYDVQQDDA5zeXN0ZW06bm9kZTpu
MjAeFw0yNjExMjkyMjM3NTBaFw0zNjExMjYyMjM3NTBaMDAxFTATBgNVBAoMDHN5
c3RlbTpub2RlczEXMBUGA1UEAwwOc3lzdGVtOm5vZGU6bjIwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAASyg1TRM/sxINOfiT50LUOBxzcJ1ORCHxn3vLvhwIj/vs98
F23sYhHuT0RugwOuYfi73d3fGTIiATG0GSsS2LgHo1MwUTAdBgNVHQ4EFgQUH1Uk
jQSq5jchWNC6KI9F/NZXYZ8wHwYDVR0jBBgwFoAUH1UkjQSq5jchWNC6KI9F/NZX
YZ8wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiAsoI5wT2z3YoeY
JZL6q9zbIDCBUXoWEvK9WfcihK987wIhAItzZvfHmGk9rpwdeluzncQRHZyFPlyX
CfnATPUrplUG
-----END CERTIFICATE-----
"""
T0 = START.seconds_of("2026-11-26T10:00:00Z")


def at(seconds, fraction=False):
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(T0 + seconds))
    return text + (".5" if fraction else "") + "Z"


def precise(seconds):
    """A moment as a Lease has it, in microseconds."""
    return at(int(seconds // 1))[:-1] + (".%06d" % (seconds % 1 * 1e6)) + "Z"


def lease(seconds):
    return lambda: {"spec": {"renewTime": at(seconds, fraction=True)}}


def never():
    raise AssertionError("the Lease is asked for only in the second of the start")


def node(ready="True", heartbeat=5, voter=None):
    conditions = [{"type": "Ready", "status": ready, "lastHeartbeatTime": at(heartbeat), "message": "cni plugin not initialized"}]
    return {"status": {"conditions": conditions + ([{"type": "EtcdIsVoter", "status": voter}] if voter else [])}}


class FakeHost(START.Start):
    """A unit whose states are given; each look is a second. The last state stays."""

    def __init__(self, states, ask=lambda name, since: None, rules=lambda: T0 + 60, journal=(), restart=False, timeout=30):
        super().__init__("k3s-agent", "n3", "", restart, timeout)
        self.seconds, self.commands, self.states = 0, [], list(states)
        self.ask, self.rules, self.journal = ask, rules, lambda unit, *matches: list(journal)
        self.now, self.pause = lambda: self.seconds, lambda _: None

    def state(self, unit):
        self.seconds += 1
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"failed": False, "alive": True, "enabled": True, "invocation": "a", "restarts": 0, "started": T0, **state}

    def run(self, *argv):
        self.commands.append(" ".join(argv))
        return 0, ""


def host(*states, **options):
    """`Start` puts the real functions into the instance: the class's own are put back."""
    made = FakeHost(states, **options)
    made.registered = lambda: None
    made.state, made.run = lambda unit: FakeHost.state(made, unit), lambda *argv: FakeHost.run(made, *argv)
    return made


class Renamed(unittest.TestCase):
    """Other nodes forget the hardware address of flannel.1 when the old node is deleted: the new one must have another."""

    def test_the_node_is_the_one_that_the_certificate_is_for(self):
        self.assertEqual(START.node_of(CERTIFICATE), "n2")
        self.assertEqual(START.node_of(CERTIFICATE + CERTIFICATE), "n2")
        for text in ("", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----"):
            self.assertIsNone(START.node_of(text))

    def test_only_a_host_that_was_another_node_starts_with_another_device(self):
        for before, deleted in (("n2", True), ("n3", False), (None, False)):
            started = host({"alive": True, "invocation": "a"}, {"invocation": "b"}, restart=True)
            started.registered = lambda: before
            self.assertIsNone(started.go())
            gone = [command for command in started.commands if command in ("systemctl stop k3s-agent", "ip link delete flannel.1")]
            self.assertEqual(gone, ["systemctl stop k3s-agent", "ip link delete flannel.1"] if deleted else [], before)
            self.assertLess(max(map(started.commands.index, gone), default=-1), started.commands.index("systemctl --no-block restart k3s-agent"))

    def test_a_service_that_runs_and_is_not_restarted_keeps_its_device(self):
        running = host({"alive": True})
        running.registered = lambda: "n2"
        running.go()
        self.assertNotIn("ip link delete flannel.1", running.commands)


class Criterion(unittest.TestCase):
    def test_a_node_that_was_ready_before_the_start_says_nothing_about_it(self):
        self.assertIn("has not reported since", START.not_started(node(heartbeat=-5), never, T0))
        self.assertIsNone(START.not_started(node(heartbeat=1), never, T0))

    def test_the_heartbeat_has_whole_seconds_so_the_lease_decides_in_that_of_the_start(self):
        self.assertIsNone(START.not_started(node(heartbeat=1), never, T0 + 0.9))
        self.assertIsNone(START.not_started(node(heartbeat=0), lease(1), T0 + 0.9))
        self.assertIn("has not reported since", START.not_started(node(heartbeat=0), lease(0), T0 + 0.9))
        self.assertIn("has not reported since", START.not_started(node(heartbeat=0), dict, T0 + 0.9))

    def test_not_ready_says_why(self):
        self.assertIn("cni plugin not initialized", START.not_started(node(ready="False"), never, T0))
        self.assertIn("has not reported yet", START.not_started({}, never, T0))

    def test_a_server_votes(self):
        self.assertIn("does not vote", START.not_started(node(voter="False"), never, T0))
        self.assertIsNone(START.not_started(node(voter="True"), never, T0))

    def test_started_means_reported_ready_after_the_start(self):
        """P10 success means Ready: for any times, only a Ready that is younger than the service counts, whatever fraction its second hides."""
        dice = random.Random(10)
        for _ in range(500):
            since, beat = dice.uniform(0, 5), dice.uniform(-5, 10)
            renewed, ready = dice.choice([beat, beat - 10]), dice.choice(["True", "False", "Unknown"])
            found = START.not_started(node(ready, int(beat // 1)), lambda renewed=renewed: {"spec": {"renewTime": precise(renewed)}}, T0 + since)
            if found is None:
                self.assertEqual(ready, "True")
                self.assertGreaterEqual(beat, since)
            elif ready == "True" and renewed == beat:
                self.assertLess(beat, since + 1e-6)

    def test_systemd_states(self):
        for active, sub, runs in (("active", "running", True), ("activating", "start", True), ("activating", "auto-restart", False),
                                  ("activating", "start-pre", False), ("failed", "failed", False), ("inactive", "dead", False)):
            self.assertEqual(START.alive(active, sub), runs, (active, sub))

    def test_a_unit_that_is_about_to_be_started_again_has_not_failed(self):
        for active, job, failed in (("failed", "", True), ("failed", "0", True), ("failed", "1066", False), ("activating", "1066", False), ("active", "", False)):
            said = "ActiveState=%s\nSubState=%s\nJob=%s\nNRestarts=0" % (active, active, job)
            with unittest.mock.patch.object(START, "run", return_value=(0, said)):
                self.assertEqual(START.unit_state("k3s")["failed"], failed, (active, job))


class Starting(unittest.TestCase):
    def test_a_unit_that_never_says_ready_has_started_when_the_api_says_so(self):
        made = host({"alive": False, "invocation": ""}, {})
        self.assertIsNone(made.go())
        self.assertIn("systemctl --no-block start k3s-agent", made.commands)

    def test_one_that_runs_already_is_left_alone(self):
        made = host({})
        self.assertIsNone(made.go())
        self.assertEqual([line for line in made.commands if "start" in line], [])

    def test_a_restart_waits_for_the_new_process(self):
        asked = []
        made = host({}, {}, {}, {"invocation": "b", "started": T0 + 9}, restart=True, ask=lambda name, since: asked.append(since))
        self.assertIsNone(made.go())
        self.assertEqual(asked, [T0 + 9])

    def test_a_node_is_ready_for_requests_once_its_kube_proxy_wrote_the_rules_after_the_start(self):
        written = iter([T0 - 60, 0, T0 + 2])
        made = host({}, rules=lambda: next(written))
        self.assertIsNone(made.go())
        self.assertRaises(StopIteration, next, written)
        self.assertIn("kube-proxy has not written the rules", host({}, rules=lambda: T0 - 60).go()[1])

    def test_a_kube_proxy_that_listens_late_is_awaited_and_one_that_is_switched_off_is_not(self):
        written = iter([None, None, T0 - 60, T0 + 2])
        self.assertIsNone(host({}, rules=lambda: next(written)).go())
        self.assertRaises(StopIteration, next, written)
        off = host({}, rules=lambda: None)
        self.assertIsNone(off.go())
        self.assertGreater(off.seconds, START.PROXY_LISTENS)

    def test_the_metric_of_kube_proxy_is_read_in_both_of_its_forms(self):
        for line, value in ((b'{ip_family="IPv4"} 1.7640001e+09', 1.7640001e9), (b" 1.5e+09", 1.5e9), (b'{ip_family="IPv6"} 1.5e+09', None)):
            found = START.RULES_WRITTEN.match(b"kubeproxy_sync_proxy_rules_last_timestamp_seconds" + line + b"\n")
            self.assertEqual(found and float(found.group(1)), value)

    def test_a_kubelet_that_ends_again_and_again_is_named_though_its_node_was_ready(self):
        said = ['E1126 10:00:01.000001 7 kubelet.go:1703] "Failed to start ContainerManager" err="invalid Node Allocatable configuration"'] + ["line"] * 30
        code, problem, _ = host({"alive": False}, {"restarts": 0}, {"restarts": 1}, {"restarts": 2}, journal=said, ask=lambda *_: "not yet").go()
        self.assertEqual(code, "keeps_ending")
        self.assertIn("exits every time it starts", problem)
        self.assertIn("invalid Node Allocatable configuration", problem)
        self.assertLess(len(problem.splitlines()), START.JOURNAL_LINES + 2)

    def test_an_answer_of_the_api_about_a_process_that_is_gone_does_not_count(self):
        made = host({"alive": False}, {}, {"invocation": "b", "restarts": 1}, {"invocation": "c", "restarts": 2})
        self.assertEqual(made.go()[0], "keeps_ending")

    def test_a_rejected_node_password_is_recognised_at_once_with_what_to_do(self):
        said = ["Waiting to retrieve agent configuration; server is not ready: Node password rejected, duplicate hostname or contents of "
                "'/etc/rancher/node/password' may not match server node-passwd entry"]
        made = host({"alive": False}, {}, journal=said, ask=lambda *_: "no answer")
        code, problem, hint = made.go()
        self.assertEqual(code, "node_password_rejected")
        self.assertIn("reinstalled", problem)
        self.assertIn("provision --replace n3", hint)
        self.assertLess(made.seconds, 5)

    def test_a_token_that_is_not_accepted_must_have_been_refused_more_than_once(self):
        line = "Waiting to retrieve agent configuration; server is not ready: failed to get CA certs: https://127.0.0.1:6444/cacerts: 401 not authorized"
        self.assertIsNone(START.refused([line] * 2, {"node": "n3", "host": "n3"}))
        self.assertEqual(START.refused([line] * 3, {"node": "n3", "host": "n3"})[0], "token_rejected")

    def test_a_database_is_named_with_what_it_said_and_without_a_password(self):
        ping = 'time="2026-11-28T08:25:15Z" level=error msg="Failed to ping database connection: failed to connect to `user=k3s database=k3s`: ' \
               '10.0.0.9:5432 (db): failed SASL auth: FATAL: password authentication failed for user \\"k3s\\" (SQLSTATE 28P01)"'
        fatal = 'level=fatal msg="Error: starting kubernetes: preparing server: failed to bootstrap cluster data: %s"'
        for line, said in ((ping, 'password authentication failed for user "k3s"'), (fatal % "context deadline exceeded", "context deadline exceeded"),
                           (fatal % "creating storage endpoint: failed to create driver for configured endpoint: dial tcp 10.0.0.9:3306: connect: connection refused",
                            "connection refused")):
            code, problem, hint = host({"alive": False}, {"restarts": 0}, {"restarts": 2}, journal=[line] * 5, ask=lambda *_: "no answer").go()
            self.assertEqual(code, "database_refused")
            self.assertIn(said, problem)
            self.assertIn("datastore_endpoint_file", hint)
        self.assertIsNone(START.refused([ping] * 4 + [fatal % "failed to create driver for default endpoint: x"] * 9, {"node": "n3", "host": "n3"}))

    def test_a_datastore_of_another_cluster_is_recognised_though_k3s_ends_at_once(self):
        said = ['level=fatal msg="starting kubernetes: preparing server: bootstrap data already found and encrypted with different token"']
        code, _, hint = host({"alive": False}, {"alive": False, "restarts": 0}, {"alive": False, "restarts": 2}, journal=said).go()
        self.assertEqual(code, "other_token")
        self.assertIn("empty it", hint)

    def test_the_limit_says_what_was_missing(self):
        code, problem, hint = host({"alive": False}, {}, ask=lambda *_: "the node is not Ready: x", journal=["one", "100%s"]).go()
        self.assertEqual(code, "")
        self.assertIn("did not start within 30 s: the node is not Ready: x. Last log lines:\none\n100%s", problem)
        self.assertIn("journalctl -u k3s-agent", hint)


if __name__ == "__main__":
    unittest.main()
