"""Which server leads, and where hosts join, whichever servers are on."""

import json
import os
import tempfile
import unittest

from ansible_playbook import HERE, ansible_playbook

N1, N2, N3 = ("https://100.64.0.%d:6443" % number for number in (1, 2, 3))


def probe(holds=False, answers=False, joined=None, problems=(), awaits=False):
    """What the preflight finds on a host."""
    return {"problems": list(problems), "k3s": {"server": {"holds": holds, "answers": answers, "awaits": awaits}, "joined": joined}}


FRESH = probe()
FIRST = probe(holds=True, answers=True)
MEMBER = probe(holds=True, answers=True, joined=N1)
STOPPED = probe(holds=True)
OFF = None


def choose(hosts, limit=None):
    """The result of every host; `hosts` maps a name to its probe, servers are n1 to n3."""
    entries = {}
    for name, found in hosts.items():
        entries[name] = {"tailscale_ip": "100.64.0.%s" % name[1:], "ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
        if found is not OFF:
            entries[name].update(test_probe=found, ansible_connection="local")
    servers = [name for name in hosts if name <= "n3"]
    inventory = {"all": {"vars": {"k3s_version": "v1.36.2+k3s1"}, "children": {
        "control_plane": {"hosts": {name: entries[name] for name in servers}},
        "workers": {"hosts": {name: entries[name] for name in hosts if name not in servers}}}}}
    with tempfile.TemporaryDirectory(prefix="k3s-tool-test-") as folder:
        path, output = os.path.join(folder, "hosts.json"), os.path.join(folder, "out.json")
        with open(path, "w") as file:
            json.dump(inventory, file)
        chosen = limit or [name for name, found in hosts.items() if found is not OFF]
        done = ansible_playbook("-i", path, os.path.join(HERE, "lead.yml"),
                                "-e", json.dumps({"test_output": output, "test_hosts": ",".join(chosen)}), ANSIBLE_HOME=folder)
        if done.returncode:
            raise AssertionError(done.stdout[-3000:])
        with open(output) as file:
            return json.load(file)


class Lead(unittest.TestCase):
    def test_a_new_cluster_begins_with_the_first_server(self):
        result = choose({"n1": FRESH, "n2": FRESH, "n4": FRESH})
        self.assertEqual([result[name]["joins"] for name in ("n1", "n2", "n4")], ["", N1, N1])

    def test_a_living_server_leads_while_the_first_is_off_and_no_member_is_rewritten(self):
        """R13 with the first server off, joins lead through a living one; P17 nothing of a member changes."""
        result = choose({"n1": OFF, "n2": MEMBER, "n3": MEMBER, "n4": probe(joined=N1), "n5": FRESH})
        self.assertEqual({each["lead"] for each in result.values()}, {"n2"})
        self.assertEqual({name: each["joins"] for name, each in result.items()}, {"n2": N1, "n3": N1, "n4": N1, "n5": N2})

    def test_the_first_server_installed_again_joins_the_others(self):
        result = choose({"n1": FRESH, "n2": MEMBER, "n3": MEMBER})
        self.assertEqual([result["n1"]["lead"], result["n1"]["joins"], result["n2"]["joins"]], ["n2", N2, N1])
        later = choose({"n1": probe(holds=True, answers=True, joined=N2), "n2": MEMBER, "n3": MEMBER})
        self.assertEqual([later["n1"]["lead"], later["n1"]["joins"]], ["n1", N2])

    def test_a_worker_joins_through_another_server_where_its_own_left_the_inventory_or_moved(self):
        result = choose({"n1": FIRST, "n4": probe(joined="https://100.64.0.77:6443"), "n5": probe(joined="https://nuc.tail1.ts.net:6443")})
        self.assertEqual([result[name]["joins"] for name in ("n1", "n4", "n5")], ["", N1, "https://nuc.tail1.ts.net:6443"])
        # A server with data does not ask the one that it joined through.
        gone = probe(holds=True, answers=True, joined="https://100.64.0.77:6443")
        self.assertEqual(choose({"n2": gone})["n2"]["joins"], "https://100.64.0.77:6443")

    def test_one_that_answers_comes_before_one_that_only_holds_the_data(self):
        self.assertEqual(choose({"n1": STOPPED, "n2": MEMBER})["n1"], {"lead": "n2", "answering": ["n2"], "joins": ""})
        self.assertEqual(choose({"n1": FRESH, "n2": STOPPED})["n1"]["lead"], "n2")
        self.assertEqual(choose({"n1": probe(holds=True, answers=True, problems=[{}]), "n2": MEMBER})["n1"]["lead"], "n2")

    def test_a_server_that_gave_its_data_up_for_a_restore_never_begins_a_cluster(self):
        waits = probe(awaits=True)
        self.assertEqual(choose({"n1": waits, "n2": STOPPED})["n1"]["lead"], "n2")
        for armed in (OFF, probe(holds=True, problems=[{}])):
            self.assertEqual(choose({"n1": waits, "n2": armed, "n3": waits})["n1"]["lead"], "n2")

    def test_a_run_for_one_worker_survives_servers_that_are_off(self):
        result = choose({"n1": OFF, "n4": FRESH}, limit=["n4"])
        self.assertEqual(result["n4"], {"lead": "n1", "answering": [], "joins": N1})


if __name__ == "__main__":
    unittest.main()
