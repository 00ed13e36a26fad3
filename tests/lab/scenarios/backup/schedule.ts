/**
 * A server makes backups by its timer: what it makes can be restored, a missing disk is named, and nothing but the backups is
 * left where the schedule ends.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { onHost } from "../../hosts/on_host.ts";
import { changedTasks, provision } from "../../run_events.ts";
import type { Host } from "../../state.ts";
import { projectDir, tool, tryTool } from "../../tool.ts";
import { waitFor } from "../../wait.ts";

const identity = join(projectDir, "backup.key");
const DIRECTORY = "/mnt/nas/backups";

let n1: () => Host;

async function newest(): Promise<{ readonly name: string } | null> {
  return JSON.parse(await tool("status", "-o", "json")).backup.newest;
}

/** Declares the scenario; for a server. */
export function backupSchedule(server: () => Host): void {
  n1 = server;

  Deno.test("a schedule makes its first backup at once, which opens on the workstation", async () => {
    const key = await onHost(n1(), "age-keygen 2>/dev/null");
    await Deno.writeTextFile(identity, key);
    const recipient = /age1\w+/.exec(key)![0];
    // A disk of its own, as far as the table of mounts can tell.
    await onHost(n1(), "mkdir -p /srv/disk /mnt/nas && mount --bind /srv/disk /mnt/nas");
    const before = (await newest())?.name;
    await tool("backup", "schedule", "--recipient", recipient, "--directory", DIRECTORY);
    await waitFor(async () => (await newest())?.name !== before, {
      limit: 60,
      what: "the first backup",
      interval: 500,
    });
    assert.equal(
      (await onHost(n1(), "systemctl is-enabled k3s-tool-backup.timer")).trim(),
      "enabled",
    );
    const { name } = (await newest())!;
    assert.equal((await onHost(n1(), `stat -c %a ${DIRECTORY}/${name}`)).trim(), "600");
    const listed = await tool("backup", "list", "--server", "-o", "json");
    assert.deepEqual(JSON.parse(listed).items.map((each: { name: string }) => each.name), [name]);
    await tool("backup", "fetch", name);
    await tool("backup", "restore", name, "--identity", identity, "--check");
    assert.doesNotMatch((await tryTool("status", "--check")).stdout, /backup/);
    assert.deepEqual(changedTasks(await provision()), []);
  });

  Deno.test("where the disk is missing nothing is written below it, and status --check says so", async () => {
    await onHost(n1(), "umount /mnt/nas");
    assert.match(
      await onHost(
        n1(),
        "systemctl start k3s-tool-backup.service 2>&1 && echo well || echo failed",
      ),
      /failed/,
    );
    assert.equal(await onHost(n1(), "ls -A /mnt/nas"), "");
    const { code, stdout } = await tryTool("status", "--check");
    assert.equal(code, 1);
    assert.match(stdout, /^n1: a backup failed .* is not mounted at \/mnt\/nas/m);
    await onHost(
      n1(),
      "mount --bind /srv/disk /mnt/nas && systemctl start k3s-tool-backup.service",
    );
    assert.doesNotMatch((await tryTool("status", "--check")).stdout, /backup/);
  });

  Deno.test("without the schedule the backups stay and nothing else", async () => {
    await tool("backup", "schedule", "--off");
    const left = await onHost(
      n1(),
      "ls -d /etc/systemd/system/k3s-tool-backup* /usr/local/lib/k3s-tool/backup 2>/dev/null || true",
    );
    assert.equal(left.trim(), "");
    // Of one day the newest is kept.
    const days = (await onHost(n1(), `ls ${DIRECTORY}`)).trim().split("\n")
      .map((name) => /-(\d{8})T\d{6}Z-/.exec(name)?.[1]);
    assert.equal(new Set(days).size, days.length, days.join());
    assert.equal(JSON.parse(await tool("status", "-o", "json")).backup.schedule, null);
  });
}
