"""What the roles decide from the probes: whether SQLite becomes etcd, and whether a worker would be newer than its server."""

import hashlib
import json
import os
import tempfile
import unittest

from evaluate import evaluate

HERE = os.path.dirname(os.path.abspath(__file__))


def decide(servers=("n1", "n2"), workers=("w1",), sqlite=(), clusters=(), problems=(), limit="all", memory_mb=4000, pods_below=False, recorded=(), versions=(), settings=(), found_registries=None, server=None, encrypts=False, database=None, addresses=(), failed=(), images=(), **extra):
    def host(number, name):
        probe = {"problems": dict(problems).get(name, []), "k3s": {"version": dict(versions).get(name), "verified": True, "images": list(images), "cluster": dict(clusters).get(name), "sqlite": name in sqlite, "unit": {"active": True}, "pods_below": pods_below, "registries": found_registries, "encrypts": encrypts, "database": database, "address": dict(addresses).get(name), "server": server or {"holds": False, "answers": False}},
                 "warnings": [], "system": {"memory_mb": memory_mb}, "tailscale": {"dns_name": ""}, "resolvers": {"managed": False, "upstream": []},
                 "reach": {}, "clock_offset": 0}
        if name in dict(recorded):
            probe["storage"] = {"recorded": dict(recorded)[name], "classes": False, "ready": False}
        return name, {**dict(settings).get(name, {}), "k3s_tool_node_name": name, "tailscale_ip": "100.64.0.%d" % number, "test_probe": probe}
    hosts = dict(host(number + 1, name) for number, name in enumerate([*servers, *workers]))
    groups = {"control_plane": servers, "workers": workers}
    inventory = {"all": {"vars": {"k3s_version": "v1.36.3+k3s1"},
                         "children": {group: {"hosts": {name: hosts[name] for name in names}} for group, names in groups.items()}}}
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "hosts.json")
        with open(path, "w") as file:
            json.dump(inventory, file)
        return evaluate(os.path.join(HERE, "decide.yml"), path, limit=limit, failed=failed, **extra)


class Conversion(unittest.TestCase):
    def test_sqlite_becomes_etcd_only_with_consent_and_another_server_that_passed(self):
        for consent, failed, limit, converts in ((True, [], "all", True), (False, [], "all", False), (True, ["n2"], "all", False), (True, [], "n1,w1", False)):
            n1 = decide(sqlite=["n1"], limit=limit, k3s_tool_convert=consent, failed=failed)["n1"]
            self.assertEqual((n1["etcd"], n1["init"], n1["converts"]), (converts, converts, converts), (consent, failed, limit))

    def test_a_new_cluster_of_several_servers_has_etcd_from_the_start_and_one_server_has_not(self):
        n1 = decide()["n1"]
        self.assertEqual((n1["etcd"], n1["init"], n1["converts"]), (True, True, False))
        self.assertEqual(decide(servers=("n1",), k3s_tool_convert=True, sqlite=["n1"])["n1"]["init"], False)


class Versions(unittest.TestCase):
    def test_a_worker_newer_than_a_server_that_is_left_out_is_named_with_that_server(self):
        old, new = ["n1   v1.35.6+k3s1", "n2   v1.36.3+k3s1"], ["n1   v1.36.3+k3s1", "n2   v1.36.10+k3s1"]
        self.assertEqual(decide(limit="w1", test_versions=old)["w1"]["older"], ["n1 (v1.35.6+k3s1)"])
        self.assertEqual(decide(limit="w1", test_versions=new)["w1"]["older"], [])
        self.assertEqual(decide(limit="w1,n1", test_versions=old)["w1"]["older"], [])


class KeptVersions(unittest.TestCase):
    """The inventory of these wants v1.36.3+k3s1."""

    def decide(self, versions, members, **extra):
        looks = [{"item": name, "version": versions[name], "server": {"holds": True, "answers": True}} for name in ("n1",) if extra.get("limit") and name in versions]
        return decide(servers=("n1",), versions=versions, clusters={name: "abc" for name in members}, test_looks=looks,
                      **({"k3s_tool_cluster_version": versions["n1"]} if "n1" in members else {}), **extra)

    def test_a_node_that_runs_an_older_one_keeps_it_and_upgrade_is_named(self):
        older = {"n1": "v1.36.2+k3s1", "w1": "v1.35.6+k3s1"}
        found = self.decide(older, older)
        self.assertEqual({name: (found[name]["version"], found[name]["binary"]) for name in older}, {name: (older[name], True) for name in older})
        for name in older:
            [warning] = [text for text in found[name]["warnings"] if "k3s-tool upgrade" in text]
            self.assertEqual(warning, "Warning: This node keeps k3s %s; k3s_version is v1.36.3+k3s1. To upgrade the cluster: `k3s-tool upgrade`" % older[name])

    def test_an_upgrade_gives_it_the_one_of_the_inventory(self):
        older = {"n1": "v1.36.2+k3s1", "w1": "v1.36.2+k3s1"}
        found = self.decide(older, older, k3s_tool_upgrade=True)
        self.assertEqual([(found[name]["version"], found[name]["binary"], found[name]["warnings"]) for name in older], [("v1.36.3+k3s1", False, [])] * 2)

    def test_a_host_that_is_new_gets_that_of_the_cluster_so_that_it_is_not_newer(self):
        found = self.decide({"n1": "v1.36.2+k3s1"}, ["n1"])
        self.assertEqual((found["w1"]["version"], len(found["w1"]["warnings"])), ("v1.36.2+k3s1", 1))

    def test_what_is_no_cluster_yet_and_what_is_newer_is_left_to_the_rules_of_an_installation(self):
        newer = {"n1": "v1.36.4+k3s1", "w1": "v1.36.10+k3s1"}
        for versions, members in (({"n1": "v1.36.2+k3s1"}, []), ({}, []), (newer, newer)):
            found = self.decide(versions, members)
            self.assertEqual([(found[name]["version"], found[name]["warnings"]) for name in ("n1", "w1")], [("v1.36.3+k3s1", [])] * 2, versions)


class Warnings(unittest.TestCase):
    def test_a_worker_with_less_memory_than_a_server_needs_is_told_so(self):
        little, enough = decide(memory_mb=899), decide(memory_mb=900)
        self.assertEqual([len(little[name]["warnings"]) for name in ("n1", "w1")], [0, 1])
        self.assertIn("899 MB of memory", little["w1"]["warnings"][0])
        self.assertEqual([found["warnings"] for found in enough.values()], [[], [], []])

    def test_a_release_that_loses_the_pod_network_is_told_with_those_that_do_not(self):
        for fixed, said in (({"33": "v1.33.20+k3s1", "34": "v1.34.9+k3s1", "36": "v1.36.5+k3s2"}, "v1.33.20, v1.34.9 and v1.36.5"), ({"33": "v1.36.4+k3s1"}, "v1.36.4")):
            found = decide(k3s_tool_flannel_fixed=fixed)
            [warning] = found["n1"]["warnings"]
            self.assertTrue(warning.endswith("so k3s is restarted with it; fixed in %s." % said), warning)
            self.assertEqual(found["w1"]["warnings"], [])

    def test_pods_that_change_their_cgroup_are_told_before(self):
        for pods_below, told in ((False, {"w0": None, "w10": "into"}), (True, {"w0": "out of", "w10": None})):
            found = decide(workers=told, pods_below=pods_below, settings={"w0": {"cpu_weight": 0}, "w10": {"cpu_weight": 10}})
            for name, way in told.items():
                expected = ["Warning: Provisioning restarts each pod of this node once, as cpu_weight moves them %s k3s.slice." % way] if way else []
                self.assertEqual(found[name]["warnings"], expected, (name, pods_below))


class Storage(unittest.TestCase):
    def test_directories_that_are_given_up_are_asked_for_volumes_and_no_others(self):
        was = [{"path": "/srv/a", "class": "fast", "mount": "/"}, {"path": "/srv/b", "class": "bulk", "mount": "/"}]
        for now, dropped in ((was, []), ([was[0]], ["/srv/b"]), ([dict(was[0], **{"class": "other"}), was[1]], ["/srv/a"]), (None, ["/srv/a", "/srv/b"])):
            found = decide(recorded={"w1": was}, settings={"w1": {"storage_paths": now}})
            self.assertEqual((found["w1"]["dropped"], found["n1"]["dropped"]), (dropped, []))
            self.assertEqual(found["n1"]["storage"], {"n1": [], "n2": [], "w1": now or []}, "classes are of all nodes of the inventory")


class Problems(unittest.TestCase):
    def test_limits_for_all_namespaces_need_a_release_that_has_policies_for_it(self):
        told = "default_limits needs k3s v1.36 or newer, and k3s_version is v1.35.6+k3s1"
        for version, limits, problems in (("v1.35.6+k3s1", {"cpu": "1"}, [told]), ("v1.36.0+k3s1", {"cpu": "1"}, [])):
            found = decide(k3s_version=version, default_limits=limits)
            self.assertEqual((found["n1"]["problems"], found["w1"]["problems"]), (problems, []), version)

    def test_an_option_that_a_template_brought_is_refused_as_one_in_the_inventory_is(self):
        told = "k3s_config has nodeip, tls-san, which k3s does not have or k3s-tool sets itself"
        for options, problems in (({"tls-san": ["a"], "debug": True, "nodeip": "x"}, [told]), ({"debug": True}, [])):
            found = decide(k3s_config={name: value for name, value in sorted(options.items())})
            self.assertEqual((found["n1"]["problems"], found["w1"]["problems"]), (problems, problems))

    def test_a_registries_file_of_others_is_kept_and_one_with_a_password_must_be_there(self):
        other = "/etc/rancher/k3s/registries.yaml on this host was not written by k3s-tool, and `registries` is set"
        missing = "there is no file /proc/nonexistent/password on the workstation"
        mirrors, configs = {"mirrors": {"docker.io": None}}, {"configs": {"a": {"auth": {"password_file": "/proc/nonexistent/password"}}, "b": None}}
        for found, registries, problems in (("other", mirrors, [other]), ("other", {}, []), ("own", mirrors, []), (None, configs, [missing]), ("other", configs, [other, missing])):
            told = decide(found_registries=found, registries=registries)
            self.assertEqual((told["n1"]["problems"], told["w1"]["problems"]), (problems, problems), (found, registries))

    def test_a_server_that_waits_for_a_restored_cluster_is_refused_where_none_has_the_data_but_by_a_restore(self):
        told = "this server waits for the restored cluster, and no server has its data"
        awaits = {"holds": False, "answers": False, "awaits": True}
        for server, problems, extra in ((awaits, [told], {}), (awaits, [], {"k3s_tool_restore_to": "n1"}), ({**awaits, "awaits": False}, [], {})):
            found = decide(server=server, **extra)
            self.assertEqual((found["n1"]["problems"], found["n2"]["problems"]), (problems, []), extra)

    def test_a_member_of_etcd_that_has_another_address_is_refused_and_told_how_to_go_on(self):
        holds, addresses = {"holds": True, "answers": False}, {"n1": "100.64.0.1", "n2": "100.64.0.99"}
        for servers, sqlite, problems in (
                (("n1", "n2"), (), ["etcd knows this server as 100.64.0.99, and its address is 100.64.0.2 now"]), (("n1", "n2"), ("n2",), [])):
            found = decide(servers=servers, sqlite=sqlite, server=holds, addresses=addresses)
            self.assertEqual((found["n1"]["problems"], found["n2"]["problems"]), ([], problems))
            self.assertEqual(["old address back" in hint for hint in found["n2"]["hints"]], [True for _ in problems])
        three = decide(servers=("n1", "n2", "n3"), server=holds, addresses=addresses)["n2"]
        self.assertEqual(three["hints"], ["Let it leave the cluster and join it again: `k3s-tool node set-ip n2`."])
        alone = decide(servers=("n1",), server=holds, addresses={"n1": "100.64.0.9"})["n1"]
        self.assertIn("k3s server --cluster-reset", alone["hints"][0])
        self.assertEqual(decide(servers=("n1",), server=holds, addresses={"n1": "100.64.0.9"}, k3s_tool_restore_to="n1")["n1"]["problems"], [])

    def test_what_the_workstations_directory_lacks_is_named_with_the_command_that_downloads_it(self):
        found = decide(artifact_dir="artifacts", k3s_tool_absent_artifacts=["k3s", "k3s-airgap-images-amd64.tar"])["w1"]
        self.assertTrue(found["artifacts"].startswith("/") and found["artifacts"].endswith("/artifacts"), found["artifacts"])
        self.assertEqual(found["problems"], [found["artifacts"] + " on the workstation lacks k3s, k3s-airgap-images-amd64.tar of v1.36.3+k3s1"])
        self.assertIn("`k3s-tool artifacts download --dir %s --k3s-version v1.36.3+k3s1 --arch amd64`" % found["artifacts"], found["hints"][0])
        paths = {"w1": ("/srv/a", "/srv/a"), "w2": ("~/a", os.path.expanduser("~/a")), "w3": ("", ""), "w4": (None, "")}
        found = decide(workers=paths, settings={name: {"artifact_dir": given} for name, (given, _) in paths.items()})
        self.assertEqual({name: (found[name]["artifacts"], found[name]["problems"]) for name in paths}, {name: (path, []) for name, (_, path) in paths.items()})

    def test_with_the_workstations_directory_a_host_is_not_done_without_the_images(self):
        versions = {name: "v1.36.3+k3s1" for name in ("n1", "n2", "w1")}
        for given, done in (({}, True), ({"artifact_dir": "/srv/a"}, False), ({"artifact_dir": "/srv/a", "k3s_binary_airgap_images": False}, True)):
            self.assertEqual(decide(versions=versions, **given)["w1"]["binary"], done, given)
        images = {"artifact_dir": "/srv/a", "images": ["/i/k3s-airgap-images-amd64-v1.36.3+k3s1.tar.zst"]}
        for given, done in ((images, True), ({**images, "k3s_tool_images_pattern": "none"}, False), ({"k3s_binary_version": "v1.36.2+k3s1"}, True)):
            self.assertEqual(decide(versions=versions, **given)["w1"]["binary"], done, given)

    def test_a_cluster_that_exists_neither_starts_nor_ceases_to_encrypt_its_secrets(self):
        late = "secrets are not encrypted in this cluster, and k3s can only encrypt them from the start"
        lost = "secrets are encrypted in this cluster, and k3s could not read them without secrets-encryption"
        for holds, encrypts, wanted, problems in ((True, False, True, [late]), (True, True, False, [lost]), (True, True, True, []), (False, False, True, [])):
            found = decide(server={"holds": holds, "answers": holds}, encrypts=encrypts, k3s_config={"secrets-encryption": wanted} if wanted else {})
            self.assertEqual((found["n1"]["problems"], found["w1"]["problems"]), (problems, []), (holds, encrypts, wanted))
            if wanted or encrypts:
                found = decide(server={"holds": holds, "answers": holds}, encrypts=encrypts, secrets_encryption=wanted)
                self.assertEqual((found["n1"]["problems"], found["w1"]["problems"]), (problems, []), (holds, encrypts, wanted))
        found = decide(server={"holds": True, "answers": True}, encrypts=True, k3s_control_plane_extra_config={"secrets-encryption": True})
        self.assertEqual(found["n1"]["problems"], [])

    def test_the_data_of_a_cluster_is_not_moved_to_a_database_or_from_it(self):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("mysql://k3s:pw@tcp(db:3306)/k3s\n")
            file.flush()
            found_there = hashlib.sha256(b"mysql://tcp(db:3306)/k3s").hexdigest()
            here, there = "the data of this cluster is on its servers, and k3s cannot move it to a database (datastore_endpoint_file)", \
                "the data of this cluster is in a database, and datastore_endpoint_file is not set"
            other = "the data of this cluster is in another database than datastore_endpoint_file names"
            for holds, database, wanted, problems in ((True, None, True, [here]), (True, found_there, False, [there]), (True, found_there, True, []),
                                                      (True, "0" * 64, True, [other]), (False, None, True, [])):
                given = {"datastore_endpoint_file": file.name} if wanted else {}
                found = decide(server={"holds": holds, "answers": holds}, database=database, **given)
                self.assertEqual((found["n1"]["problems"], found["w1"]["problems"]), (problems, []), (holds, database, wanted))
                self.assertEqual((found["n1"]["etcd"], found["n1"]["init"]), (not wanted, not wanted))

    def test_an_endpoint_that_is_missing_or_none_is_said_without_it(self):
        found = decide(datastore_endpoint_file="/nonexistent/endpoint")
        self.assertEqual(found["n1"]["problems"], ["/nonexistent/endpoint is not on the workstation (datastore_endpoint_file and the files beside it)"])
        self.assertEqual(found["w1"]["problems"], [])
        wrong = ("", "sqlite:///x", "/var/lib/db", "postgres://a b", "postgres://a\nmysql://b", "hunter2", "postgres://k3s:hunter2/x@db/k3s",
                 "postgres://k3s:hunter2%zz@db/k3s", "postgres://k3s:hunter2#@db/k3s", "postgres://k3s:{hunter2}@db/k3s", "mysql://hunter2(db)/k3s",
                 "postgres://k3s:hunter2@db:port/k3s", "https://k3s:hunter2@db:2379")
        right = ("postgres://k3s:hunter2%40!@db.example.com:5432/k3s?sslmode=require", "postgresql://db", "postgres://a:b@[fd7a::1]:5432,db2/k3s",
                 "mysql://k3s:hunter2/#@@tcp(db:3306)/k3s?tls=true", "nats://db:4222", "https://a:2379,https://b:2379")
        with tempfile.TemporaryDirectory() as directory:
            names = ["n%d" % number for number in range(len(wrong + right))]
            for name, endpoint in zip(names, wrong + right):
                with open(os.path.join(directory, name), "w") as file:
                    file.write(endpoint)
            found = decide(servers=names, datastore_endpoint_file=directory + "/{{ inventory_hostname }}")
        for name, endpoint in zip(names, wrong + right):
            problems = " ".join(found[name]["problems"])
            self.assertRegex(problems, "has no endpoint that k3s knows$" if endpoint in wrong else "^$", endpoint)
            self.assertNotIn("hunter2", problems)

    def test_a_worker_alone_in_a_run_is_judged_by_what_is_known_of_its_server(self):
        """A server that is left out by --limit is looked at for what it serves; which cluster it has stays unknown."""
        looks = [{"item": "n1", "server": {"holds": True, "answers": True}}]
        for clusters in ({}, {"w1": "abc"}):
            for known in (looks, []):
                found = decide(servers=("n1",), clusters=clusters, limit="w1", test_looks=known)["w1"]["problems"]
                self.assertEqual(len(found), 0 if known else 1, (clusters, known, found))

    def test_a_problem_is_a_sentence_that_begins_with_a_capital_unless_with_the_name_of_a_setting(self):
        said = {"n1": "the disk is full", "n2": "reserved_memory is 9Gi", "w1": "example.com/zone is set by k3s"}
        found = decide(problems={name: [{"message": message, "hint": "-"}] for name, message in said.items()})
        self.assertEqual({name: found[name]["sentence"].split(";")[0] for name in said}, {**said, "n1": "The disk is full"})


if __name__ == "__main__":
    unittest.main()
