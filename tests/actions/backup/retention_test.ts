import assert from "node:assert/strict";
import fc from "fast-check";
import { formatBackupName, parseBackupName } from "../../../src/actions/backup/backup_name.ts";
import cases from "./retention_cases.json" with { type: "json" };
import { divideBackups } from "../../../src/actions/backup/retention.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const backups = fc.array(
  fc.integer({ min: 0, max: 900 * 24 }).map((hour) => ({
    time: Date.UTC(2025, 0, 1) + hour * 3_600_000,
  })),
  { maxLength: 60 },
);
const count = fc.integer({ min: 1, max: 12 });
const retention = fc.record({ daily: count, weekly: count, monthly: count });

Deno.test("a backup stays or goes, and the newest stays", () => {
  fc.assert(
    fc.property(backups, retention, (all, rule) => {
      const { keep, remove } = divideBackups(all, rule);
      assert.equal(keep.length + remove.length, all.length);
      assert.deepEqual(new Set([...keep, ...remove]), new Set(all));
      const newest = Math.max(...all.map(({ time }) => time));
      assert.ok(all.length === 0 || keep.some(({ time }) => time === newest));
      assert.ok(keep.length <= rule.daily + rule.weekly + rule.monthly);
    }),
    { numRuns: 200 },
  );
});

Deno.test("each of the last days with a backup keeps its newest", () => {
  fc.assert(
    fc.property(backups, retention, (all, rule) => {
      const { keep } = divideBackups(all, rule);
      const days = [...new Set(all.map(({ time }) => Math.floor(time / DAY_MS)))].sort((a, b) =>
        b - a
      );
      for (const day of days.slice(0, rule.daily)) {
        const newest = Math.max(
          ...all.filter(({ time }) => Math.floor(time / DAY_MS) === day).map(({ time }) => time),
        );
        assert.ok(keep.some(({ time }) => time === newest));
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("pruning again deletes nothing", () => {
  fc.assert(
    fc.property(backups, retention, (all, rule) => {
      const { keep } = divideBackups(all, rule);
      assert.deepEqual(divideBackups(keep, rule).remove, []);
    }),
    { numRuns: 200 },
  );
});

// The program that makes backups on servers is held to the same cases: tests/ansible/module_utils/scheduled_backup_test.py.
Deno.test("only periods with a backup count, weeks begin on Monday, and the newest stays", () => {
  const made = (stamp: string) => ({
    time: parseBackupName(`home-${stamp}-v1.36.3+k3s1-etcd.age`)!.time,
  });
  for (const { keep, times, kept } of cases) {
    assert.deepEqual(divideBackups(times.map(made), keep).keep, kept.map(made));
  }
});

Deno.test("a backup's name says what is read back from it", () => {
  fc.assert(
    fc.property(
      fc.record({
        cluster: fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/),
        time: fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000),
        k3s: fc.constantFrom("v1.36.3+k3s1", "v1.35.0-rc1+k3s2"),
        datastore: fc.constantFrom("sqlite" as const, "etcd" as const),
      }),
      (name) => assert.deepEqual(parseBackupName(formatBackupName(name)), { ...name }),
    ),
    { numRuns: 200 },
  );
  for (const other of ["x.age", "k3s-20261399T000000Z-v1.36.3+k3s1-etcd.age", "../a.age"]) {
    assert.equal(parseBackupName(other), undefined);
  }
});
