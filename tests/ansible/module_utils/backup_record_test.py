"""What a cluster is told of its backups."""

import unittest

from load_part import load

RECORD = load("backup_record")


class Record(unittest.TestCase):
    def setUp(self):
        self.asked = []

    def ask(self, *words, timeout):
        self.asked.append(words)

    def test_a_backup_ends_an_earlier_failure(self):
        RECORD["made"]("nuc", "2026-11-27T09:30:00Z", "homelab.age", self.ask)
        self.assertEqual(self.asked, [("annotate", "node", "nuc", "--overwrite",
                                       'k3s-tool.io/backup={"time": "2026-11-27T09:30:00Z", "name": "homelab.age"}', "k3s-tool.io/backup-failed-")])

    def test_a_failure_leaves_the_newest_backup_and_is_cut(self):
        RECORD["failed"]("nuc", "2026-11-27T09:30:00Z", "x" * 1000, self.ask)
        self.assertEqual(len(self.asked[0]), 5)
        self.assertIn('"' + "x" * 300 + '"', self.asked[0][4])

    def test_a_schedule_comes_and_goes(self):
        RECORD["scheduled"]("nuc", 3600, "2026-11-27T09:30:00Z", self.ask)
        RECORD["unscheduled"]("nuc", self.ask)
        self.assertEqual([words[4:] for words in self.asked], [('k3s-tool.io/backup-schedule={"every": 3600, "since": "2026-11-27T09:30:00Z"}',),
                                                               ("k3s-tool.io/backup-schedule-", "k3s-tool.io/backup-failed-")])


if __name__ == "__main__":
    unittest.main()
