"""What a server reports: each problem once, and once more when it is resolved."""

import importlib.util
import http.server
import json
import os
import random
import tempfile
import threading
import unittest

from load_part import ROOT

PATH = os.path.join(ROOT, "ansible", "roles", "notify", "files", "notify.py")
SPEC = importlib.util.spec_from_file_location("notify", PATH)
NOTIFY = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(NOTIFY)
NOW = NOTIFY.seconds_of("2026-11-27T12:00:00Z")


def node(name, ready="True", server=False, **conditions):
    every = [{"type": "Ready", "status": ready, "lastTransitionTime": "2026-11-27T11:00:00Z", "message": "kubelet stopped\u001b[2J posting"}]
    every += [{"type": kind, "status": status} for kind, status in conditions.items()]
    labels = {"node-role.kubernetes.io/control-plane": "true"} if server else {}
    return {"metadata": {"name": name, "labels": labels}, "status": {"conditions": every, "addresses": [{"type": "InternalIP", "address": "100.64.0.%d" % len(name)}]}}


class Cluster:
    """Answers kubectl; what is not given is an empty list, and Flux is not there."""

    def __init__(self, nodes, **lists):
        self.lists, self.disk, self.state, self.broken = {"nodes": nodes, **lists}, 0.5, None, "none"

    def __call__(self, *arguments, document=None, seconds=20):
        if self.lists["nodes"] is None or self.broken in arguments:
            raise NOTIFY.Failed("connection refused")
        if arguments[0] == "apply":
            self.state = json.loads(document)
            return ""
        if "configmap" in arguments:
            if self.state is None:
                raise NOTIFY.Failed('Error from server (NotFound): configmaps "k3s-tool-notify" not found')
            return json.dumps(self.state)
        if "--raw" in arguments:
            return json.dumps({"node": {"fs": {"usedBytes": self.disk * 100, "capacityBytes": 100}}})
        kind = next(word for word in arguments if word in ("nodes", "events") or "," in word or "." in word)
        if kind not in self.lists and "." in kind:
            raise NOTIFY.Failed("error: the server doesn't have a resource type \"%s\"" % kind)
        namespace = arguments[arguments.index("-n") + 1] if "-n" in arguments else None
        return json.dumps({"items": [each for each in self.lists.get(kind, []) if namespace in (None, NOTIFY.at(each, "metadata", "namespace"))]})

    def check(self, tailscale=(), known=()):
        return NOTIFY.Check(self.lists["nodes"], self, lambda: dict(tailscale), "flux-system", NOW, known)

    def problems(self, tailscale=()):
        return self.check(tailscale).found


class Finds(unittest.TestCase):
    def test_a_cluster_that_is_well_has_no_problem(self):
        self.assertEqual(Cluster([node("nuc", server=True), node("pi")]).problems(), {})

    def test_each_kind_of_problem(self):
        self.assertEqual(Cluster([node("pi", "Unknown")]).problems(), {"node pi": "pi has not been Ready since 2026-11-27T11:00:00Z: kubelet stopped [2J posting"})
        self.assertEqual(Cluster([node("pi", DiskPressure="True", MemoryPressure="False")]).problems(), {"DiskPressure pi": "pi reports DiskPressure"})
        full = Cluster([node("pi")])
        full.disk = 0.85
        self.assertEqual(full.problems(), {"disk pi": "The disk of pi is more than 85% full"})
        objects = [
            {"kind": "Deployment", "metadata": {"name": "coredns", "namespace": "kube-system"}, "spec": {"replicas": 2}, "status": {"readyReplicas": 1}},
            {"kind": "Deployment", "metadata": {"name": "off", "namespace": "kube-system"}, "spec": {"replicas": 0}, "status": {}},
            {"kind": "DaemonSet", "metadata": {"name": "gpu", "namespace": "kube-system"}, "status": {"desiredNumberScheduled": 1}},
            {"kind": "StatefulSet", "metadata": {"name": "db", "namespace": "default"}, "spec": {"replicas": 1}, "status": {}},
        ]
        found = Cluster([node("pi")], **{"deployments,statefulsets,daemonsets": objects}).problems()
        self.assertEqual(sorted(found.values()), ["kube-system/coredns: 1 of 2 pods are ready", "kube-system/gpu: 0 of 1 pods are ready"])
        flux = [{"kind": "Kustomization", "metadata": {"name": name, "namespace": "flux-system"}, "spec": {"suspend": name == "b"},
                 "status": {"conditions": [{"type": "Ready", "status": "False", "message": "build\nfailed"}]}} for name in ("a", "b")]
        found = Cluster([node("pi")], **{"kustomizations.kustomize.toolkit.fluxcd.io": flux}).problems()
        self.assertEqual(list(found.values()), ["Kustomization flux-system/a failed: build failed"])

    def test_keys_of_nodes_that_end_soon_and_no_others(self):
        peers = {"a": {"TailscaleIPs": ["100.64.0.2"], "KeyExpiry": "2026-12-01T00:00:00Z"}, "b": {"TailscaleIPs": ["100.64.0.99"], "KeyExpiry": "2026-12-01T00:00:00Z"},
                 "c": {"TailscaleIPs": None}}
        found = Cluster([node("pi"), node("nuc")]).problems({"Self": {"TailscaleIPs": ["100.64.0.3"], "KeyExpiry": "2027-12-01T00:00:00Z"}, "Peer": peers})
        self.assertEqual(list(found.values()), ["The Tailscale key of pi expires on 2026-12-01; renew it there with: tailscale up --force-reauth"])

    def test_certificates_by_the_newest_event_of_each_node(self):
        def event(reason, at, ends="2026-12-01T00:00:00Z", name="pi"):
            return {"metadata": {"name": "e", "namespace": "default"}, "source": {"component": "k3s-cert-monitor"}, "reason": reason, "lastTimestamp": "2026-11-27T%sZ" % at, "involvedObject": {"kind": "Node", "name": name}, "message": "a: will expire at %s" % ends}
        warning = event("CertificateExpirationWarning", "11:00:00")
        for events, found in (([warning], ["A certificate of pi expires on 2026-12-01"]), ([warning, event("CertificateExpirationOK", "11:30:00")], []),
                              ([event("CertificateExpirationOK", "10:30:00"), warning], ["A certificate of pi expires on 2026-12-01"]),
                              ([event("CertificateExpirationWarning", "11:00:00", "2027-03-01T00:00:00Z")], []),
                              ([event("CACertificateExpirationWarning", "11:00:00", "2026-11-01T00:00:00+02:00")], ["A certificate authority of pi has expired"])):
            self.assertEqual(list(Cluster([node("pi")], events=events).problems().values()), found)


class Unknown(unittest.TestCase):
    def test_a_part_that_fails_is_said_and_stops_no_other(self):
        cluster = Cluster([node("pi", "Unknown")])
        cluster.broken = "deployments,statefulsets,daemonsets"
        self.assertEqual(sorted(cluster.problems()), ["check workloads in flux-system", "check workloads in kube-system", "node pi"])
        self.assertTrue(cluster.check().is_unknown("workload kube-system/coredns"))

    def test_what_is_not_known_is_not_resolved(self):
        entry = {"sentence": "full", "seen": 2, "gone": 0, "posted": True}
        for state, tailnet in (("Unknown", dict), ("True", dict)):
            cluster = Cluster([node("pi", state)])
            cluster.broken = "--raw"
            check = cluster.check()
            known = {"disk pi": entry, "certificate of pi": entry}
            for _ in range(5):
                new, resolved, known = NOTIFY.compare(known, {}, check.is_unknown)
                self.assertEqual((new, resolved, sorted(known)), ([], [], ["certificate of pi", "disk pi"]))

    def test_a_disk_that_was_full_is_so_until_there_is_some_room(self):
        cluster = Cluster([node("pi")])
        cluster.disk = 0.82
        self.assertEqual((cluster.check().found, list(cluster.check(known={"disk pi": {}}).found)), ({}, ["disk pi"]))

    def test_objects_of_any_shape_are_no_crash(self):
        odd = [None, 1, "x", [], {}, {"metadata": None}, {"metadata": {"name": "a"}, "status": None}, {"metadata": {"name": "a", "labels": []}, "status": {"conditions": {}}, "spec": 5},
               {"kind": "Deployment", "metadata": {"name": "a", "namespace": "kube-system"}, "spec": {"replicas": "x"}, "status": {"readyReplicas": None}}]
        event = {"metadata": {"name": "e", "namespace": "default"}, "source": {"component": "k3s-cert-monitor"}, "reason": "CertificateExpirationWarning",
                 "lastTimestamp": "2026-99-99T99:99:99Z", "involvedObject": {"name": "a"}, "message": None}
        lists = {"deployments,statefulsets,daemonsets": odd, "events": [event, dict(event, message="x at 2026-99-99T99:99:99Z"), dict(event, involvedObject=None)],
                 "kustomizations.kustomize.toolkit.fluxcd.io": odd}
        for peers in (None, [], {"a": None}, {"a": {"TailscaleIPs": "x", "KeyExpiry": 5}}):
            nodes = NOTIFY.items(Cluster(odd), "nodes")
            NOTIFY.Check(nodes, Cluster(odd, **lists), lambda peers=peers: {"Self": 5, "Peer": peers}, "flux-system", NOW)
            self.assertIsNone(NOTIFY.leader(nodes))

    def test_events_of_others_say_nothing_about_certificates(self):
        event = {"metadata": {"name": "e", "namespace": "default"}, "reason": "CertificateExpirationWarning", "lastTimestamp": "2026-11-27T11:00:00Z", "involvedObject": {"name": "pi"},
                 "message": "a will expire at 2026-12-01T00:00:00Z"}
        ours = dict(event, reportingComponent="k3s-cert-monitor")
        for events, count in (([event], 0), ([dict(ours, involvedObject={"name": "other"})], 0), ([dict(ours, lastTimestamp="2027-01-01T00:00:00Z")], 0), ([ours], 1)):
            self.assertEqual(len(Cluster([node("pi")], events=events).problems()), count)


class Once(unittest.TestCase):
    def test_p_every_problem_that_stays_is_posted_once_and_its_end_once(self):
        dice = random.Random(12)
        for _ in range(300):
            known, posted = {}, {}
            for _ in range(dice.randrange(5, 40)):
                new, over, known = NOTIFY.compare(known, {key: key for key in "abc" if dice.random() < 0.6})
                for key in new:
                    self.assertFalse(posted.get(key), "reported again before it was resolved")
                    posted[key] = True
                for key in over:
                    self.assertTrue(posted.get(key), "resolved before it was reported")
                    posted[key] = False
            for _ in range(NOTIFY.CHECKS):
                new, over, known = NOTIFY.compare(known, {})
                self.assertEqual(new, [])
                for key in over:
                    posted[key] = False
            self.assertFalse(any(posted.values()), "each end is reported")
            self.assertEqual(known, {})

    def test_what_is_seen_once_is_no_problem_yet(self):
        self.assertEqual(NOTIFY.compare({}, {"a": "A"})[0], [])


class Looks(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.state, self.sent = directory.name + "/run/state.json", []
        self.refuse, self.now = False, NOW

    def send(self, settings, title, text, new, over):
        if self.refuse:
            raise NOTIFY.NotSent("HTTP status 500")
        self.sent.append((title, text))

    def look(self, cluster, name="a", times=1):
        settings = {"cluster": "homelab", "node": name, "flux_namespace": "flux-system", "format": "ntfy", "url": "http://secret", "minutes": 5}
        for _ in range(times):
            NOTIFY.check(settings, cluster, self.send, lambda: self.now, dict, self.state if name == "a" else self.state + name)

    def test_the_first_ready_server_posts_and_the_next_one_goes_on_from_there(self):
        cluster = Cluster([node("a", server=True), node("b", server=True), node("pi", "Unknown")])
        self.look(cluster, "b", 3)
        self.assertEqual(self.sent, [])
        self.look(cluster, "a", 3)
        self.assertEqual([title for title, _ in self.sent], ["homelab: 1 new"])
        cluster.lists["nodes"][0] = node("a", "Unknown", server=True)
        cluster.lists["nodes"][2] = node("pi")
        self.look(cluster, "b", 3)
        self.assertEqual([title for title, _ in self.sent], ["homelab: 1 new", "homelab: 1 new, 1 resolved"])
        self.assertRegex(self.sent[1][1], r"^a has not been Ready[^\n]*\nResolved: pi has not been Ready")

    def test_an_api_that_does_not_answer_is_posted_by_its_own_server(self):
        cluster = Cluster(None)
        for _ in range(3):
            with self.assertRaises(NOTIFY.Failed):
                self.look(cluster)
        said = "The API server on a is not answering as it should: connection refused"
        self.assertEqual(self.sent, [("homelab: 1 new", said)])
        cluster.lists["nodes"] = [node("a", server=True)]
        self.look(cluster, times=3)
        self.assertEqual(self.sent[1:], [("homelab: 1 resolved", "Resolved: " + said)])

    def test_what_could_not_be_posted_is_posted_by_the_next_look(self):
        cluster = Cluster([node("a", server=True), node("pi", "Unknown")])
        self.look(cluster)
        self.refuse = True
        for _ in range(2):
            with self.assertRaises(NOTIFY.Failed):
                self.look(cluster)
        self.refuse = False
        self.look(cluster, times=2)
        self.assertEqual(len(self.sent), 1)

    def test_another_server_takes_over_from_one_that_does_not_check(self):
        cluster = Cluster([node("a", server=True), node("b", server=True), node("pi", "Unknown")])
        self.look(cluster, "b", 2)
        self.assertEqual(self.sent, [])
        for _ in range(3):
            self.now += 20 * 60
            self.look(cluster, "b")
        self.assertEqual([title for title, _ in self.sent], ["homelab: 1 new"])

    def test_a_cluster_whose_only_server_is_not_ready_is_reported(self):
        self.look(Cluster([node("a", "False", server=True)]), times=2)
        self.assertEqual(len(self.sent), 1)

    def test_what_cannot_be_remembered_is_not_reported_each_time(self):
        cluster = Cluster([node("a", server=True), node("pi", "Unknown")])
        self.look(cluster)
        cluster.broken = "apply"
        for _ in range(4):
            with self.assertRaises(NOTIFY.Failed):
                self.look(cluster)
        self.assertEqual([text for _, text in self.sent], ["The API server on a is not answering as it should: connection refused"])

    def test_a_state_that_somebody_wrote_is_no_state(self):
        cluster = Cluster([node("a", server=True)])
        odd = [{"seen": None, "gone": 0, "posted": True, "sentence": "x"}, {"seen": 1, "gone": "x", "posted": True, "sentence": "x"},
               {"seen": 1, "gone": 9, "posted": True, "sentence": "x"}, {"seen": 1, "gone": 1, "posted": True, "sentence": 5}, 1, None, []]
        for state in ({}, {"data": {"known": "x"}}, {"data": {"known": "[1]"}}, {"data": None}, {"data": {"known": "{}", "checked": "x"}},
                      {"data": {"known": "[" * 100000}}, *({"data": {"known": json.dumps({"a": entry})}} for entry in odd)):
            cluster.state = state
            self.look(cluster)
        self.assertEqual(self.sent, [])


class Posts(unittest.TestCase):
    def serve(self, status=200):
        got = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                got.append((self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return "http://127.0.0.1:%d/secret-topic" % server.server_port, got

    def test_ntfy_gets_text_and_a_webhook_json(self):
        url, got = self.serve()
        for kind in ("ntfy", "webhook"):
            NOTIFY.post({"format": kind, "url": url, "cluster": "homelab"}, *NOTIFY.message("homelab", ["pi – down"], []), ["pi – down"], [])
        self.assertEqual((got[0][1]["Title"], got[0][2].decode()), ("homelab: 1 new", "pi – down"))
        self.assertEqual(json.loads(got[1][2]), {"cluster": "homelab", "new": ["pi – down"], "resolved": [], "text": "homelab: 1 new\npi – down",
                                               "content": "homelab: 1 new\npi – down", "allowed_mentions": {"parse": []}})

    def test_no_error_shows_the_address(self):
        url, _ = self.serve(500)
        for address in (url, "http://127.0.0.1:1/secret-topic", "http://[secret-topic", "secret-topic"):
            with self.assertRaises(NOTIFY.Failed) as caught:
                NOTIFY.post({"format": "webhook", "url": address, "cluster": "c"}, "t", "x", [], [])
            self.assertNotIn("secret", str(caught.exception))

    def test_a_redirect_is_an_error_and_not_followed(self):
        url, got = self.serve(301)
        with self.assertRaisesRegex(NOTIFY.NotSent, "HTTP status 301"):
            NOTIFY.post({"format": "ntfy", "url": url, "cluster": "c"}, "t", "x", [], [])
        self.assertEqual(len(got), 1)

    def test_a_message_fits_ntfy_and_addresses_nobody(self):
        url, got = self.serve()
        NOTIFY.post({"format": "ntfy", "url": url, "cluster": "c"}, "t", "ä" * 5000, ["x"], [])
        NOTIFY.post({"format": "webhook", "url": url, "cluster": "c"}, "t", "<!channel> & @everyone", [], [])
        self.assertEqual(got[0][2].decode(), "ä" * 1750)
        self.assertIn("&lt;!channel&gt; &amp;", json.loads(got[1][2])["text"])

    def test_a_long_list_is_cut_and_says_so(self):
        title, text = NOTIFY.message("c", ["p%d" % number for number in range(25)], [])
        self.assertEqual((title, text.splitlines()[-1], len(text.splitlines())), ("c: 25 new", "and 5 more", 21))


if __name__ == "__main__":
    unittest.main()
