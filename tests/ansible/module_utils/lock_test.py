"""The lock on a host: it counts while the run's connection lives, and never longer."""

import os
import subprocess
import sys
import tempfile
import unittest

from load_part import ROOT, load

RUN = {"id": "/state/runs/1/events.jsonl", "who": "ann@laptop", "inventory": "/home/ann/hosts.yml", "command": "k3s-tool provision"}
OTHER = {**RUN, "id": "/state/runs/2/events.jsonl", "who": "ben@desktop"}
SOCKETS = """0      0      100.64.0.1:22 100.64.0.9:51234 users:(("sshd",pid=70,fd=4),("sshd",pid=71,fd=4))
\t bbr rto:204 lastsnd:120 lastrcv:%s lastack:%s pacing_rate 1bps
0      0      100.64.0.1:22 100.64.0.8:51235 users:(("sshd",pid=7,fd=4))
\t bbr rto:204 lastsnd:12000 pacing_rate 1bps
"""


def entry(pid, name, command="", start=5):
    return {"pid": pid, "name": name, "parent": 1, "start": start, "command": command}


class Lock(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.part = load("lock")
        self.part["LOCK"], self.part["WORK"] = (os.path.join(directory.name, name) for name in ("lock", "work"))
        self.part["sockets"] = lambda: ""

    def connection(self):
        """A process in the place of a connection's end on this host."""
        child = subprocess.Popen([sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"], stdout=subprocess.PIPE)
        child.stdout.read(1)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    def come_through(self, child):
        """From here on this host is reached through that process."""
        found = {**self.part["process"](child.pid), "name": "sshd"}
        self.part["ancestors"] = lambda: [found]

    def test_a_second_run_is_told_of_the_first_while_that_lives(self):
        first, second = self.connection(), self.connection()
        self.come_through(first)
        self.assertIsNone(self.part["lock_host"](RUN))
        self.assertIsNone(self.part["lock_host"](RUN))
        self.come_through(second)
        told = self.part["lock_host"](OTHER)
        for word in ("k3s-tool provision", "ann@laptop", "/home/ann/hosts.yml", "since"):
            self.assertIn(word, told["message"])
        self.assertIn("Wait until it has ended", told["hint"])
        first.kill()
        first.wait()
        self.assertIsNone(self.part["lock_host"](OTHER))
        self.come_through(self.connection())
        self.assertIn("ben@desktop", self.part["lock_host"](RUN)["message"])

    def test_work_of_a_killed_run_is_waited_for(self):
        self.come_through(self.connection())
        text = "import sys; sys.path.insert(0, %r); from load_part import load; part = load('lock')\n" \
               "with part['working'](sys.argv[1]): print(flush=True); sys.stdin.read()" % os.path.join(ROOT, "tests", "ansible")
        work = subprocess.Popen([sys.executable, "-c", text, self.part["WORK"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(work.stdout.close)
        work.stdout.read(1)
        with self.part["working"]():  # of one run, on several hosts' behalf
            self.assertFalse(self.part["work_ended"](limit=0))
        seen = []

        def pause(_seconds):
            seen.append(work.poll())
            work.stdin.close()
            work.wait()
        self.assertTrue(self.part["work_ended"](pause=pause))
        self.assertEqual(seen, [None])
        self.assertIsNone(self.part["lock_host"](RUN))
        self.part["work_ended"] = lambda: False
        self.assertIn("a process that it started is still running", self.part["lock_host"](RUN)["message"])

    def test_two_that_come_at_once_do_not_both_get_it(self):
        text = "import sys; sys.path.insert(0, %r); from load_part import load; part = load('lock'); part['LOCK'] = sys.argv[1]; part['WORK'] = sys.argv[1] + '.work'\n" \
               "part['carrier'] = lambda chain: None\n" \
               "sys.exit(1 if part['lock_host']({'id': sys.argv[2], 'who': sys.argv[2], 'inventory': '', 'command': ''}) else 0)" % os.path.join(ROOT, "tests", "ansible")
        all_runs = [subprocess.Popen([sys.executable, "-c", text, self.part["LOCK"], str(number)]) for number in range(8)]
        self.assertEqual(sum(run.wait() == 0 for run in all_runs), 1)

    def test_another_process_of_the_same_id_does_not_hold_it(self):
        child = self.connection()
        found = self.part["process"](child.pid)
        lock = {"run": RUN, "taken": 0, "holder": {"pid": child.pid, "start": found["start"], "name": "sshd"}}
        self.assertTrue(self.part["is_alive"](lock))
        lock["holder"]["start"] -= 1
        self.assertFalse(self.part["is_alive"](lock))

    def test_a_workstation_that_went_away_holds_nothing(self):
        child = self.connection()
        lock = {"run": RUN, "taken": 0, "holder": {"pid": child.pid, "start": self.part["process"](child.pid)["start"], "name": "sshd"}}
        for heard, alive in ((4000, True), (59000, True), (61000, False)):
            self.part["sockets"] = lambda: (SOCKETS % (heard, heard + 9)).replace("pid=71,", "pid=%d," % child.pid)
            self.assertEqual(self.part["is_alive"](lock), alive)

    def test_how_long_the_other_end_is_silent(self):
        self.assertEqual(self.part["silence"](71, SOCKETS % (90000, 30000)), 30)
        self.assertEqual(self.part["silence"](7, SOCKETS % (90000, 90000)), 0)
        self.assertEqual(self.part["silence"](8, SOCKETS % (90000, 90000)), 0)

    def test_the_process_that_lives_as_long_as_the_run(self):
        carrier = self.part["carrier"]
        chain = [entry(9, "sudo"), entry(8, "sh"), entry(7, "sshd"), entry(6, "sshd"), entry(2, "sshd", "sshd: /usr/sbin/sshd -D"), entry(1, "systemd")]
        self.assertEqual(carrier(chain)["pid"], 7)
        self.assertEqual(carrier([entry(9, "sudo"), entry(7, "sshd-session"), entry(1, "systemd")])["pid"], 7)
        local = [entry(9, "ansible-playboo", "python3 ansible-playbook"), entry(8, "ansible-playboo", "python3 ansible-playbook"), entry(7, "bash"), entry(6, "sshd")]
        self.assertEqual(carrier(local)["pid"], 8)
        self.assertIsNone(carrier([entry(9, "sudo"), entry(8, "tailscaled", "tailscaled be-child ssh")]))

    def test_without_such_a_process_it_lasts_for_a_while(self):
        self.part["ancestors"] = lambda: []
        self.assertIsNone(self.part["lock_host"](RUN))
        self.assertIn("10 minutes", self.part["lock_host"](OTHER)["hint"])
        now = self.part["since_boot"]()
        self.part["since_boot"] = lambda: now + 601
        self.assertIsNone(self.part["lock_host"](OTHER))

    def test_the_next_run_of_the_same_inventory_need_not_wait_for_a_lease_to_end(self):
        self.part["carrier"] = lambda chain: None
        self.assertIsNone(self.part["lock_host"](RUN))
        self.assertIsNone(self.part["lock_host"]({**RUN, "id": "/state/runs/3/events.jsonl", "command": "k3s-tool reset"}))
        self.assertIsNotNone(self.part["lock_host"]({**RUN, "id": "/state/runs/4/events.jsonl", "inventory": "/home/ann/other.yml"}))

    def test_runs_without_a_name_are_told_apart_by_their_connection(self):
        plain = {**RUN, "id": ""}
        self.come_through(self.connection())
        self.assertIsNone(self.part["lock_host"](plain))
        self.assertIsNone(self.part["lock_host"](plain))
        self.come_through(self.connection())
        self.assertIsNotNone(self.part["lock_host"](plain))

    def test_a_lock_that_was_cut_off_holds_nothing(self):
        self.come_through(self.connection())
        for text in ("", "{", "[]", '{"run": {}}', "null"):
            with open(self.part["LOCK"], "w") as file:
                file.write(text)
            self.assertIsNone(self.part["lock_host"](RUN), text)


if __name__ == "__main__":
    unittest.main()
