"""What `doctor --hosts` reads on a host: recorded outputs of iputils, iproute2, ufw and firewalld, certificates, and DNS answers."""

import io
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest
from unittest import mock

from load_part import load

HEALTH = load("health")
SYSTEM = load("system")
NETWORKS = ["10.42.0.0/16", "10.43.0.0/16"]

# ufw 0.36.2 and firewalld 1.3.3 of Debian 12, as they answered.
UFW_FRESH = """Status: active
Logging: on (low)
Default: deny (incoming), allow (outgoing), disabled (routed)
New profiles: skip
"""
UFW_HALF = UFW_FRESH + """
To                         Action      From
--                         ------      ----
22/tcp                     ALLOW IN    Anywhere                  
Anywhere on tailscale0     ALLOW IN    Anywhere                  
Anywhere                   ALLOW IN    10.42.0.0/16              
22/tcp (v6)                ALLOW IN    Anywhere (v6)             
Anywhere (v6) on tailscale0 ALLOW IN    Anywhere (v6)             

"""
UFW_OPEN = """Status: active

To                         Action      From
--                         ------      ----
22/tcp                     ALLOW       Anywhere                  
Anywhere on tailscale0     ALLOW       Anywhere                  
Anywhere                   ALLOW       10.42.0.0/16              
Anywhere                   ALLOW       10.43.0.0/16              
22/tcp (v6)                ALLOW       Anywhere (v6)             
Anywhere (v6) on tailscale0 ALLOW       Anywhere (v6)             

"""
FIREWALLD_FRESH = {"--list-interfaces": "\n", "--list-sources": "\n"}
FIREWALLD_OPEN = {"--list-interfaces": "tailscale0\n", "--list-sources": "10.42.0.0/16 10.43.0.0/16\n"}

PING = """PING 100.64.0.2 (100.64.0.2) 1252(1280) bytes of data.

--- 100.64.0.2 ping statistics ---
3 packets transmitted, 2 received, 33.3333% packet loss, time 405ms
rtt min/avg/max/mdev = 0.300/1.250/2.200/0.950 ms
"""
PING_TOO_LONG = """PING 100.64.0.2 (100.64.0.2) 1252(1280) bytes of data.

--- 100.64.0.2 ping statistics ---
3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 404ms

"""


class Pings(unittest.TestCase):
    def test_packets_and_round_trip(self):
        self.assertEqual(HEALTH["parse_ping"](PING), {"received": 2, "rtt_ms": 1.25})
        self.assertEqual(HEALTH["parse_ping"](PING_TOO_LONG), {"received": 0, "rtt_ms": None})
        self.assertEqual(HEALTH["parse_ping"](""), {"received": 0, "rtt_ms": None})

    def test_flannels_address_on_a_peer(self):
        neighbours = [{"dst": "10.42.1.0", "lladdr": "aa:00:00:00:00:01"}, {"dst": "10.42.2.0", "lladdr": "aa:00:00:00:00:02"}, {"dst": "10.42.3.0"}]
        entries = [{"mac": "aa:00:00:00:00:01", "dst": "100.64.0.2", "flags": ["self"]}, {"mac": "33:33:00:00:00:01", "flags": ["self"]}]
        self.assertEqual(HEALTH["vtep_addresses"](neighbours, entries), {"100.64.0.2": ["10.42.1.0"]})
        former = [{"dst": "10.42.8.0", "lladdr": neighbours[0]["lladdr"]}]
        self.assertEqual(HEALTH["vtep_addresses"](neighbours + former, entries), {"100.64.0.2": ["10.42.1.0", "10.42.8.0"]})


class Firewalls(unittest.TestCase):
    def test_ufw_as_it_answers(self):
        missing = SYSTEM["missing_ufw_rules"]
        self.assertEqual(missing(UFW_FRESH, NETWORKS), ["tailscale0", *NETWORKS])
        self.assertEqual(missing(UFW_HALF, NETWORKS), ["10.43.0.0/16"])
        self.assertEqual(missing(UFW_OPEN, NETWORKS), [])

    def test_firewalld_as_it_answers(self):
        for said, missing in ((FIREWALLD_FRESH, ["tailscale0", *NETWORKS]), (FIREWALLD_OPEN, [])):
            def run(argv, said=said):
                return (0, "running\n", "") if argv[1] == "--state" else (0, said[argv[-1]], "")

            with mock.patch.dict(SYSTEM, run=run, read=lambda path: "", shutil=mock.Mock(which=lambda name: name)):
                self.assertEqual(SYSTEM["probe_firewall"](NETWORKS), {"kind": "firewalld", "missing": missing})


@unittest.skipUnless(shutil.which("openssl"), "needs openssl")
class Certificates(unittest.TestCase):
    def test_their_end_is_read_as_openssl_reads_it(self):
        with tempfile.TemporaryDirectory() as directory:
            os.makedirs(os.path.join(directory, "server/tls"))
            for name, days, key in (("a", "30", "ec"), ("b", "40000", "ec"), ("c", "365", "rsa:2048")):  # beyond 2049 the form is another one
                path = os.path.join(directory, "server/tls", name + ".crt")
                options = ["-newkey", key] + (["-pkeyopt", "ec_paramgen_curve:prime256v1"] if key == "ec" else [])
                subprocess.run(["openssl", "req", "-x509", "-nodes", *options, "-keyout", os.devnull, "-out", path, "-days", days, "-subj", "/CN=" + name],
                               check=True, stderr=subprocess.DEVNULL)
                said = subprocess.run(["openssl", "x509", "-noout", "-enddate", "-in", path], check=True, stdout=subprocess.PIPE, universal_newlines=True)
                end = HEALTH["ends_at"](HEALTH["read"](path))
                date = HEALTH["datetime"].utcfromtimestamp(end).strftime("%b %e %H:%M:%S %Y GMT")
                self.assertEqual("notAfter=" + date, said.stdout.strip())
            found = HEALTH["probe_certificates"](directory)
            self.assertEqual([each["name"] for each in found], ["server/tls/a.crt", "server/tls/b.crt", "server/tls/c.crt"])

    def test_what_is_no_certificate_has_no_end(self):
        for text in ("", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n!\n-----END"):
            self.assertIsNone(HEALTH["ends_at"](text), text)


class Dns(unittest.TestCase):
    def ask(self, *answers):
        """Asks a server that answers the queries in turn: a code and a number of addresses, None for nothing."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            server.settimeout(10)

            def serve():
                for answer in answers:
                    query, peer = server.recvfrom(512)
                    self.assertIn(b"\x0akubernetes\x07default\x03svc\x05local\x00\x00\x01\x00\x01", query)
                    if answer:
                        code, count = answer
                        server.sendto(query[:2] + bytes([0x81, 0x80 | code]) + query[4:6] + bytes([0, count]) + query[8:], peer)

            thread = threading.Thread(target=serve)
            thread.start()
            said = HEALTH["ask_dns"]("127.0.0.1", "kubernetes.default.svc.local", server.getsockname()[1])
            thread.join()
            return said

    def test_answers(self):
        self.assertEqual(self.ask((0, 1)), "ok")
        self.assertEqual(self.ask((0, 0)), "no address")
        self.assertEqual(self.ask((2, 0)), "SERVFAIL")
        self.assertEqual(self.ask((3, 0)), "NXDOMAIN")

    def test_a_lost_packet_is_sent_again(self):
        self.assertEqual(self.ask(None, (0, 1)), "ok")


class Settings(unittest.TestCase):
    def test_the_last_threshold_of_the_configuration_counts(self):
        text = "kubelet-arg:\n- image-gc-high-threshold=80\n- image-gc-high-threshold=70\n"
        with mock.patch.dict(HEALTH, read=lambda path: text):
            self.assertEqual(HEALTH["probe_disk"]()["threshold"], 70)
        with mock.patch.dict(HEALTH, read=lambda path: ""):
            self.assertEqual(HEALTH["probe_disk"]()["threshold"], 85)


class Protocol(unittest.TestCase):
    def test_the_time_is_said_for_each_line_and_everything_else_once(self):
        out = io.StringIO()
        with mock.patch.dict(HEALTH, probe=lambda request: {"k3s": ""}):
            HEALTH["tell"]({"clocks": 2}, io.BytesIO(b"\n\n"), out)
        first, second, health = out.getvalue().splitlines()
        self.assertRegex(first, r"^k3s-tool-clock=\d+\.\d{6}$")
        self.assertRegex(second, r"^k3s-tool-clock=\d+\.\d{6}$")
        self.assertEqual(json.loads(health.split("=", 1)[1]), {"k3s": ""})


if __name__ == "__main__":
    unittest.main()
