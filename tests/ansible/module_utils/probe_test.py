"""What the preflight probe makes of tailscale's answers, resolvers, ports, firewalls and versions."""

import os
import random
import tempfile
import unittest

from load_part import load

PROBE = load("programs", "tailscale", "system", "server", "installation")
NOW = PROBE["parse_time"]("2026-11-23T00:00:00Z")


def status(**me):
    return {"BackendState": "Running", "Self": {"TailscaleIPs": ["fd7a:115c:a1e0::1", "100.64.0.1"], **me}}


def judge(document, address="100.64.0.1", network="100.64.0.0/10"):
    problems, warnings = PROBE["judge_tailscale"](document, address, network, NOW)
    return [entry["id"] for entry in problems], warnings


class Tailscale(unittest.TestCase):
    def test_an_address_is_chosen_by_family(self):
        self.assertEqual(judge(status()), ([], []))

    def test_another_address_is_named_with_what_to_set(self):
        problems, _ = PROBE["judge_tailscale"](status(), "100.64.0.9", None, NOW)
        self.assertIn("Tailscale's address is 100.64.0.1, but the inventory says 100.64.0.9", problems[0]["message"])
        self.assertIn("tailscale_ip", problems[0]["hint"])

    def test_states_that_are_not_running(self):
        for state in ("NeedsLogin", "Stopped", "Starting", "NeedsMachineAuth", "SomethingNew", ""):
            self.assertEqual(judge({"BackendState": state})[0], ["tailscale_state"], state)

    def test_an_address_outside_the_network(self):
        self.assertEqual(judge(status(), network="100.100.0.0/16")[0], ["tailscale_network"])

    def test_no_ipv4(self):
        self.assertEqual(judge(status(TailscaleIPs=["fd7a::1"]))[0], ["tailscale_ipv4"])

    def test_key_expiry(self):
        self.assertEqual(judge(status(KeyExpiry="2026-11-22T00:00:00Z"))[0], ["tailscale_key"])
        self.assertEqual(judge(status(Expired=True))[0], ["tailscale_key"])
        self.assertIn("expires in 13 days", judge(status(KeyExpiry="2026-12-06T12:00:00Z"))[1][0])
        self.assertEqual(judge(status(KeyExpiry="2026-12-08T00:00:00Z")), ([], []))
        self.assertEqual(judge(status(KeyExpiry="0001-01-01T00:00:00Z")), ([], []))

    def test_a_route_that_covers_the_own_lan(self):
        links = [{"ifname": "eth0", "addr_info": [{"family": "inet", "local": "192.168.1.5", "prefixlen": 24}]},
                 {"ifname": "tailscale0", "addr_info": [{"family": "inet", "local": "100.64.0.1", "prefixlen": 32}]}]
        self.assertEqual(PROBE["shadowed_networks"]([{"dst": "192.168.0.0/16"}, {"dst": "100.64.0.2"}], links), ["192.168.1.0/24"])
        self.assertEqual(PROBE["shadowed_networks"]([{"type": "throw", "dst": "192.168.0.0/16"}], links), [])
        self.assertEqual(PROBE["shadowed_networks"]([{"dst": "10.0.0.0/8"}, {"dst": "default"}], links), [])


    def test_only_a_tailscale_that_is_right_in_every_respect_passes(self):
        """P5 Tailscale is validated on every host before any change: each fault alone, and any of them together, is found."""
        dice = random.Random(5)
        faults = {
            "tailscale_state": lambda document: document.update(BackendState=dice.choice(["Stopped", "NeedsLogin", "Starting", ""])),
            "tailscale_address": lambda document: document["Self"].update(TailscaleIPs=["100.64.0.2", "fd7a::2"]),
            "tailscale_ipv4": lambda document: document["Self"].update(TailscaleIPs=["fd7a::2"]),
            "tailscale_key": lambda document: document["Self"].update(KeyExpiry="2026-11-%02dT00:00:00Z" % dice.randrange(1, 23)),
        }
        for _ in range(200):
            chosen = dice.sample(sorted(faults), dice.randrange(len(faults) + 1))
            document = status()
            for name in chosen:
                faults[name](document)
            found = set(judge(document)[0])
            self.assertEqual(bool(found), bool(chosen), chosen)
            self.assertLessEqual(found, set(chosen))


class System(unittest.TestCase):
    def test_resolvers_that_pods_cannot_use(self):
        for address in ("127.0.0.53", "::1", "100.100.100.100"):
            self.assertTrue(PROBE["local_resolver"](address), address)
        self.assertFalse(PROBE["local_resolver"]("192.168.1.1"))
        self.assertEqual(PROBE["nameservers"]("# x\nnameserver 1.1.1.1\nsearch a b\nnameserver\t9.9.9.9\n"), ["1.1.1.1", "9.9.9.9"])

    def test_listeners_come_from_the_kernel_table(self):
        table = ("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
                 "   0: 00000000:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1234 1\n"
                 "   1: 0100007F:192B 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 99 1\n")
        self.assertEqual(PROBE["listeners"]([6443, 10250], table), {6443: {"1234"}})

    def test_the_memory_controller(self):
        table = "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t%s\t5\t%s\n"
        self.assertTrue(PROBE["memory_controller"]("cpuset cpu memory pids", ""))
        self.assertTrue(PROBE["memory_controller"]("", table % (3, 1)))
        self.assertFalse(PROBE["memory_controller"]("cpuset cpu", table % (0, 0)))
        self.assertFalse(PROBE["memory_controller"]("", table % (0, 1)))

    def test_reservations_leave_512_mebibytes_and_a_fifth_of_a_processor(self):
        machine = {"cpu": 4, "memory": 8 * 2**30}
        judge = lambda **reserved: [(entry["id"], entry["message"], entry["hint"]) for entry in PROBE["judge_reservations"](reserved, machine, {})]
        for fine in ({}, {"cpu": "", "memory": ""}, {"cpu": "3.8", "memory": "7.5Gi"}, {"cpu": 2, "memory": "7680Mi"}, {"cpu": "3800m"}, {"memory": "8e9"}):
            self.assertEqual(judge(**fine), [], fine)
        for huge in ("100000Gi", "1e400", "8Gi", "7681Mi", "7.6Gi", "9E", "1e999999999"):
            [(name, message, hint)] = judge(memory=huge)
            self.assertEqual(name, "reserved_memory")
            self.assertEqual(message, "reserved_memory is %s, but this machine has 8.0 GiB and at least 512 MiB must remain for pods" % huge)
            self.assertIn("at most 7680Mi", hint)
        for huge in ("4", "3.9", "3801m", "100", "1e400"):
            [(name, message, hint)] = judge(cpu=huge)
            self.assertEqual(message, "reserved_cpu is %s, but this machine has 4 CPU and at least 0.2 CPU must remain for pods" % huge)
            self.assertIn("at most 3800m", hint)

    def test_less_memory_than_a_role_needs_is_a_problem(self):
        judge = lambda least: [entry["id"] for entry in PROBE["judge_platform"]("x86_64", {"minimum_memory_mb": least})[0]]
        self.assertNotIn("memory", judge(1))
        self.assertIn("memory", judge(2**40))

    def test_a_reservation_that_is_too_large_names_the_profile_it_is_part_of(self):
        machine = {"cpu": 1, "memory": 2 * 2**30}
        found = PROBE["judge_reservations"]({"cpu": "1", "memory": "2Gi"}, machine, {"cpu": "workstation", "memory": ""})
        self.assertEqual([entry["message"].split(", but")[0] for entry in found], ["profile: workstation reserves 1 CPU", "reserved_memory is 2Gi"])
        self.assertEqual(found[0]["hint"], "Choose another profile, or set reserved_cpu to at most 800m: `k3s-tool config set`, or in the inventory.")

    def test_the_least_that_remains_holds_for_any_machine(self):
        dice = random.Random(11)
        for _ in range(200):
            machine = {"cpu": dice.randrange(1, 65), "memory": dice.randrange(2**29, 2**38)}
            reserved = {"cpu": "%dm" % dice.randrange(0, 70000), "memory": "%dMi" % dice.randrange(0, 2**18)}
            fits = {"cpu": machine["cpu"] * 1000 - int(reserved["cpu"][:-1]) >= 200, "memory": machine["memory"] - int(reserved["memory"][:-2]) * 2**20 >= 2**29}
            found = {entry["id"] for entry in PROBE["judge_reservations"](reserved, machine, {})}
            self.assertEqual(found, {"reserved_" + name for name, fit in fits.items() if not fit}, (machine, reserved))

    def test_ufw_rules_that_are_missing(self):
        networks = ["10.42.0.0/16", "10.43.0.0/16"]
        nothing = "Status: active\n\nTo                         Action      From\n--                         ------      ----\n22/tcp                     ALLOW       Anywhere\n"
        self.assertEqual(PROBE["missing_ufw_rules"](nothing, networks), ["tailscale0", *networks])
        some = nothing + "Anywhere on tailscale0     ALLOW       Anywhere\nAnywhere                   ALLOW       10.42.0.0/16\n"
        self.assertEqual(PROBE["missing_ufw_rules"](some, networks), ["10.43.0.0/16"])
        self.assertEqual(PROBE["missing_ufw_rules"](some + "Anywhere                   ALLOW       10.43.0.0/16\n", networks), [])

    def test_a_closed_port_counts_as_reached(self):
        self.assertEqual(PROBE["probe_reach"]({"here": "127.0.0.1", "without address": ""}, ["here"]), {"here": "yes"})


class K3s(unittest.TestCase):
    def test_version(self):
        self.assertEqual(PROBE["parse_version"]("k3s version v1.36.2+k3s1 (abcdef)\ngo version go1.25.1\n"), "v1.36.2+k3s1")
        self.assertIsNone(PROBE["parse_version"]("segmentation fault"))

    def test_a_unit_runs_before_it_says_ready_but_not_while_it_ends_again_and_again(self):
        def runs(active, sub, restarts=0, age=10, kubelet=True):
            return PROBE["runs"]({"ActiveState": active, "SubState": sub, "NRestarts": str(restarts), "ExecMainStartTimestampMonotonic": "1000000"}, 1 + age, kubelet)
        self.assertTrue(runs("active", "running"))
        self.assertTrue(runs("activating", "start"))
        self.assertFalse(runs("activating", "start", kubelet=False))
        self.assertFalse(runs("activating", "auto-restart"))
        self.assertFalse(runs("activating", "start", restarts=2))
        self.assertFalse(runs("active", "running", restarts=2))
        self.assertTrue(runs("active", "running", restarts=2, age=61))
        self.assertFalse(runs("failed", "failed"))

    def test_vpn_auth_is_warned_of(self):
        problems, warnings = PROBE["judge_installation"]("workers", "vpn-auth: name=tailscale,joinKey=x\n")
        self.assertEqual(problems, [])
        self.assertIn("--vpn-auth", warnings[0])


class Files(unittest.TestCase):
    def test_a_file_is_this_tool_s_by_its_first_line(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "registries.yaml")
            self.assertIsNone(PROBE["whose"](path))
            for text, whose in (("# Written by k3s-tool; changes are lost at its next run.\n{}\n", "own"), ("mirrors: {}\n# Written by k3s-tool", "other"), ("", "other")):
                with open(path, "w") as file:
                    file.write(text)
                self.assertEqual(PROBE["whose"](path), whose, text)
            os.unlink(path)
            os.symlink("nowhere", path)
            self.assertEqual(PROBE["whose"](path), "other")

    def test_a_directory_is_closed_where_nobody_else_gets_in(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "agent")
            self.assertTrue(PROBE["is_closed"](path))
            os.mkdir(path)
            for mode, closed in ((0o700, True), (0o500, True), (0o711, False), (0o755, False), (0o750, False)):
                os.chmod(path, mode)
                self.assertEqual(PROBE["is_closed"](path), closed)

    def test_the_digest_of_a_start_has_the_registries_where_the_unit_has_them(self):
        with tempfile.TemporaryDirectory() as directory:
            unit = os.path.join(directory, "k3s.service")
            for text, more in (("cat config unit sums | sha256sum", []), ("cat config unit sums /etc/rancher/k3s/registries.yaml | sha256sum", ["/etc/rancher/k3s/registries.yaml"])):
                with open(unit, "w") as file:
                    file.write(text)
                self.assertEqual(PROBE["digested"](unit), ["/etc/rancher/k3s/config.yaml", unit, "/etc/rancher/k3s/k3s-tool.sums", *more])


class Servers(unittest.TestCase):
    def test_a_host_has_joined_through_the_server_of_its_configuration_once_it_has_data_or_a_certificate(self):
        config = 'node-ip: 100.64.0.4\nserver: "https://100.64.0.1:6443"\ntoken-file: x\n'
        for made in ("agent/client-kubelet.crt", "server/db/state.db", "server/db/etcd/member/wal/0.wal"):
            with tempfile.TemporaryDirectory() as data:
                self.assertIsNone(PROBE["joined_through"](config, data))
                self.assertEqual(PROBE["look_server"](data), {"holds": False, "answers": False, "awaits": False})
                os.makedirs(os.path.dirname(os.path.join(data, made)))
                open(os.path.join(data, made), "w").close()
                self.assertEqual(PROBE["joined_through"](config, data), "https://100.64.0.1:6443")
                self.assertIsNone(PROBE["joined_through"]("cluster-init: true\n", data))
                self.assertEqual(PROBE["look_server"](data), {"holds": made.startswith("server"), "answers": False, "awaits": False})
        self.assertEqual(PROBE["own_address"](config), "100.64.0.4")

    def test_a_server_that_began_with_a_database_holds_data_and_tells_where_it_is_without_the_password(self):
        with tempfile.TemporaryDirectory() as data:
            named = os.path.join(data, "k3s-tool-datastore.yaml")
            uses = load("server")["uses_database"]
            os.makedirs(data + "/server/tls")
            for path, used in ((named, False), (data + "/server/tls/server-ca.crt", True)):
                open(path, "w").close()
                self.assertEqual(uses(data, named), used)
        digests = {PROBE["database_of"]('# x\ndatastore-endpoint: "postgres://%s"\n' % way)
                   for way in ("a:b@db:5432/k3s", "c:d%40@db:5432/k3s", "a:b@db:5432/k3s?sslmode=require", "c:?@db:5432/k3s?x=y")}
        self.assertEqual(len(digests), 1)
        self.assertNotEqual(digests, {PROBE["database_of"]('datastore-endpoint: "postgres://a:b@other:5432/k3s"')})
        self.assertIsNone(PROBE["database_of"](""))

    def test_own_address(self):
        config = 'node-ip: 100.64.0.4\n'
        self.assertEqual(PROBE["own_address"](config), "100.64.0.4")
        self.assertEqual(PROBE["own_address"]("node-ip: '100.64.0.4'\n"), "100.64.0.4")
        self.assertIsNone(PROBE["own_address"]("server: x\n"))


if __name__ == "__main__":
    unittest.main()
