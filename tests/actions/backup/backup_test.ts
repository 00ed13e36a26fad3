/**
 * Backups by whole commands.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Answer } from "../../process/fake_runner.ts";
import { DOCUMENTS } from "../../../src/cli/program/document_schemas.ts";
import { verifyBackup } from "../../../src/actions/backup/backup_file.ts";
import { CREATE, names, OPEN, WITH_PASSPHRASE, withHome } from "./backup_home.ts";

Deno.test("a backup has the datastore, the keys, the configuration and the inventory, for its owner alone", async () => {
  await withHome(async ({ host, backups, run }) => {
    // More than fits into the header of a tar.
    const long = `n${"é".repeat(100)}.yaml`;
    await Deno.writeTextFile(`${host}/k3s-data/server/manifests/${long}`, "kind: Secret");
    const made = await run([...WITH_PASSPHRASE, "-o", "json"]);
    assert.equal(made.code, 0, made.stderr);
    const document = DOCUMENTS.Backup.parse(JSON.parse(made.stdout));
    assert.deepEqual(document.parts.map(({ path }) => path), [
      "datastore",
      "config/config.yaml",
      "manifests/mine.yaml",
      `manifests/${long}`,
      "server/tls/etcd/peer-ca.crt",
      "server/tls/server-ca.key",
      "server/token",
      "inventory/hosts.yml",
    ]);
    assert.equal(document.k3s, "v1.36.3+k3s1");
    assert.match(made.stderr, /Volumes are not in a backup: pvc-1 \(web\/data\)/);
    const [file = "", ...others] = await names(backups);
    const noted = (await Deno.readTextFile(`${host}/k3s.asked`)).trim().split("\n").at(-1);
    assert.equal(
      noted,
      "kubectl annotate node nuc --overwrite k3s-tool.io/backup=" +
        `{"time": "${document.time}", "name": "${file}"} k3s-tool.io/backup-failed-`,
    );
    assert.match(file, /^home-\d{8}T\d{6}Z-v1\.36\.3\+k3s1-sqlite\.age$/);
    assert.deepEqual(others, []);
    assert.equal((await Deno.stat(`${backups}/${file}`)).mode! & 0o777, 0o600);
    const content = await Deno.readTextFile(`${backups}/${file}`);
    assert.ok(!content.includes("K10abc"));
    // Nothing with secrets stays on the host.
    assert.deepEqual(await names(`${host}/k3s-data/server/db/snapshots`), []);

    const shown = await run(["backup", "show", file, "--passphrase-file", "passphrase"]);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /Datastore: sqlite[\s\S]*server\/token/);
    const list = await run(["backup", "list", "-o", "json"]);
    const [item] = DOCUMENTS.BackupList.parse(JSON.parse(list.stdout)).items;
    assert.equal(item?.encryptedTo, "passphrase");
    assert.equal(item?.cluster, "home");
  });
});

Deno.test("what is in a database is neither backed up nor restored, and the server is not asked", async () => {
  await withHome(async ({ backups, run }) => {
    assert.equal((await run(CREATE)).code, 0);
    const [file = ""] = await names(backups);
    assert.equal((await run(["config", "set", "datastore_endpoint_file", "~/db"])).code, 0);
    const asked = () => assert.fail("a host was asked");
    for (
      const [argv, said] of [
        [CREATE, /is in a database .*Hint: .*pg_dump/s],
        [["backup", "schedule", "--every", "daily"], /is in a database/],
        [
          ["backup", "restore", file, ...OPEN, "--yes"],
          /cannot be restored to a database.*Hint: .*config unset datastore_endpoint_file/s,
        ],
      ] as const
    ) {
      const refused = await run(argv, asked);
      assert.equal(refused.code, 2, refused.stderr);
      assert.match(refused.stderr, said);
    }
  });
});

Deno.test("a backup that the cluster cannot be told of is a backup", async () => {
  await withHome(async ({ backups, run }) => {
    let calls = 0;
    const made = await run(
      CREATE,
      (answer) => calls++ === 0 ? answer : { code: 3, stderr: "away" },
    );
    assert.equal(made.code, 0, made.stderr);
    assert.match(
      made.stderr,
      /The backup could not be recorded in the cluster, so `status` does not count it: .*: away/,
    );
    assert.equal((await names(backups)).length, 1);
  });
});

Deno.test("backups are where backup_dir says", async () => {
  await withHome(async ({ directory, run }) => {
    assert.equal((await run(["config", "set", "backup_dir", "nas/backups"])).code, 0);
    assert.equal((await run(CREATE)).code, 0);
    const [file = ""] = await names(`${directory}/inventory/nas/backups`);
    assert.match(file, /^home-.*\.age$/);
    assert.match((await run(["backup", "list", "-o", "name"])).stdout, /\/nas\/backups\/home-/);
    await run(["config", "set", "backup_dir", "~/mine"]);
    assert.equal((await run(CREATE)).code, 0);
    assert.equal((await names(`${directory}/mine`)).length, 1);
  });
});

Deno.test("a wrong passphrase is refused", async () => {
  await withHome(async ({ backups, run }) => {
    assert.equal((await run(WITH_PASSPHRASE)).code, 0);
    const [name = ""] = await names(backups);
    const { stderr } = await run(["backup", "show", name, "--passphrase-file", "wrong"]);
    assert.match(stderr, /cannot be decrypted: the passphrase or key does not/);
  });
});

Deno.test("a file that is cut off and one that was changed are refused", async () => {
  await withHome(async ({ backups, run }) => {
    assert.equal((await run(CREATE)).code, 0);
    const [name = ""] = await names(backups);
    const whole = await Deno.readFile(`${backups}/${name}`);
    const changed = whole.slice();
    changed[whole.length - 40]! ^= 1;
    for (const bytes of [changed, whole.subarray(0, -100), whole.subarray(0, 60)]) {
      await Deno.writeFile(`${backups}/${name}`, bytes);
      const { code, stderr } = await run(["backup", "show", name, ...OPEN]);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /damaged|cannot be decrypted/);
    }
  });
});

Deno.test("a backup is encrypted to recipients, and only their key opens it", async () => {
  await withHome(async ({ directory, backups, run }) => {
    const { generateX25519Identity, identityToRecipient } = await import("age-encryption");
    const [mine, other] = [await generateX25519Identity(), await generateX25519Identity()];
    const recipient = await identityToRecipient(mine);
    const made = await run(["backup", "create", "--recipient", recipient]);
    assert.equal(made.code, 0, made.stderr);
    const [name = ""] = await names(backups);
    await Deno.writeTextFile(`${directory}/other`, other);
    const refused = await run(["backup", "show", name, "--identity", "other"]);
    assert.equal(refused.code, 1, refused.stderr);
    const manifest = await verifyBackup(`${backups}/${name}`, { identities: `# key\n${mine}\n` });
    assert.equal(manifest.host, "nuc");
    assert.match((await run(["backup", "list"])).stdout, / recipient\n/);
    const both = ["--identity", "other", "--passphrase-file", "passphrase"];
    const wrong: [readonly string[], RegExp][] = [
      [both, /not with both/],
      [["--identity", "nowhere"], /Cannot read nowhere: it does not exist\n/],
      [
        ["--identity", "inventory"],
        /Cannot read inventory: a directory is where a file is needed\n/,
      ],
      [["--identity", "/dev/zero"], /Cannot read \/dev\/zero: it is larger than 1 MiB\n/],
      [["--passphrase-file", "/dev/zero"], /Cannot read \/dev\/zero: it is larger than 1 MiB\n/],
      [["--identity", "passphrase"], /no private age key\nHint: .*age-keygen/],
    ];
    for (const [options, words] of wrong) {
      const { code, stderr } = await run(["backup", "show", name, ...options]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, words);
    }
    const none = await run(["backup", "show", "nothing.age", ...both.slice(0, 2)]);
    assert.ok(none.stderr.includes(`There is no backup nothing.age in ${backups}\n`), none.stderr);
    const bad = await run(["backup", "create", "--recipient", "age1none"]);
    assert.equal(bad.code, 2);
    assert.match(bad.stderr, /age1none is not an age recipient/);
  });
});

Deno.test("what a host sends is whole, or there is no file", async () => {
  await withHome(async ({ host, backups, run }) => {
    const cases: [RegExp, (answer: Answer) => Answer][] = [
      [
        /is damaged: it is cut off|damaged/,
        (answer) => ({ ...answer, bytes: answer.bytes!.slice(0, 200) }),
      ],
      [
        /Connection reset/,
        (answer) => ({ bytes: answer.bytes!, code: 1, stderr: "Connection reset" }),
      ],
      [
        /cannot be reached/,
        () => ({ code: 255, stderr: "ssh: connect to host: No route to host" }),
      ],
    ];
    for (const [words, change] of cases) {
      const { code, stderr } = await run(CREATE, change);
      assert.ok(code === 1 || code === 4, stderr);
      assert.match(stderr, words);
      assert.deepEqual(await names(backups), []);
    }
    await Deno.remove(`${host}/k3s-data/server/db/state.db`);
    assert.match((await run(CREATE)).stderr, /nuc: there is no datastore of k3s on this host/);
  });
});

Deno.test("only a server without k3s is asked whether it is provisioned, and a full disk is named", async () => {
  await withHome(async ({ host, run }) => {
    const snapshots = `${host}/k3s-data/server/db/snapshots`;
    const failing = async (line: string) => {
      await Deno.rename(`${host}/k3s-data/server/db/state.db`, `${host}/away`);
      await Deno.mkdir(`${host}/k3s-data/server/db/etcd/member/wal`, { recursive: true });
      await Deno.writeTextFile(
        `${host}/k3s`,
        `#!/bin/sh\n[ "$1" = --version ] && echo "k3s version v1.36.3+k3s1" && exit\n${line}\n`,
      );
      const { code, stderr } = await run(CREATE);
      await Deno.rename(`${host}/away`, `${host}/k3s-data/server/db/state.db`);
      await Deno.remove(`${host}/k3s-data/server/db/etcd`, { recursive: true });
      assert.equal(code, 1, stderr);
      assert.ok(!stderr.includes("provisioned"), stderr);
      return stderr;
    };
    const full = await failing("echo 'write x.part: no space left on device' >&2; exit 1");
    assert.ok(full.includes(`on nuc: the disk of ${snapshots} is full\n`), full);
    assert.match(full, /Hint: Free space on that disk of nuc, then try again/);
    assert.match(await failing("echo broken >&2; exit 1"), /broken\nHint: See .*k3s-tool logs nuc/);
    await Deno.remove(`${host}/k3s-data/server/db/state.db`);
    const absent = await run(CREATE);
    assert.match(
      absent.stderr,
      /no datastore of k3s on this host\nHint: Is the cluster provisioned/,
    );
  });
});

Deno.test("a directory of this machine that takes no files ends it: no other server is asked", async () => {
  await withHome(async ({ directory, run }) => {
    const inventory = `${directory}/inventory/hosts.yml`;
    const text = await Deno.readTextFile(inventory);
    const own = /^( *)nuc:\n(?:\1 .*\n)*/m;
    const another = (found: string) => found.replace("nuc", "two").replaceAll("0.1", "0.2");
    await Deno.writeTextFile(inventory, text.replace(own, (found) => found + another(found)));
    let calls = 0;
    // Nobody can create a file there, not even root.
    const { code, stderr } = await run([...CREATE, "--directory", "/sys/kernel"], (answer) => {
      calls++;
      return answer;
    });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /Error: Cannot write the backup to \/sys\/kernel: /);
    assert.equal(stderr.match(/Cannot write/g)?.length, 1, stderr);
    assert.equal(calls, 1, stderr);
    const both = await run(CREATE, () => ({ code: 1, stderr: "broken" }));
    assert.match(both.stderr, /on nuc: broken[\s\S]*on two: broken/);
  });
});

Deno.test("what a killed run left is removed by the next, here and on the host", async () => {
  await withHome(async ({ host, backups, run }) => {
    await Deno.mkdir(backups, { recursive: true });
    await Deno.writeTextFile(`${backups}/.k3s-tool-backup-0.part`, "half");
    await Deno.writeTextFile(`${backups}/notes.txt`, "the owner's");
    const snapshots = `${host}/k3s-data/server/db/snapshots`;
    await Deno.mkdir(snapshots);
    await Deno.writeTextFile(`${snapshots}/k3s-tool-backup-nuc-1.sqlite`, "secrets");
    await Deno.writeTextFile(`${snapshots}/before-upgrade-nuc-1.sqlite`, "another's");
    assert.equal((await run(CREATE)).code, 0);
    assert.ok(!(await names(backups)).some((name) => name.endsWith(".part")));
    assert.ok((await names(backups)).includes("notes.txt"));
    assert.deepEqual(await names(snapshots), ["before-upgrade-nuc-1.sqlite"]);
  });
});

Deno.test("prune deletes this cluster's old backups and nothing else", async () => {
  await withHome(async ({ directory, run }) => {
    const shared = `${directory}/shared`;
    await Deno.mkdir(shared);
    const name = (cluster: string, day: string) =>
      `${cluster}-202611${day}T090000Z-v1.36.3+k3s1-etcd.age`;
    const all = [
      name("home", "01"),
      name("home", "02"),
      name("home", "03"),
      name("other", "01"),
      "x.age",
    ];
    for (const file of all) await Deno.writeTextFile(`${shared}/${file}`, "");
    const prune = ["backup", "prune", "--directory", shared, "--keep-daily", "2", "-o", "json"];
    const keep = ["--keep-weekly", "1", "--keep-monthly", "1"];
    const asked = await run([...prune, ...keep]);
    assert.equal(asked.code, 2, asked.stderr);
    const checked = await run([...prune, ...keep, "--check"]);
    const { deleted, kept } = DOCUMENTS.BackupPrune.parse(JSON.parse(checked.stdout));
    assert.deepEqual(deleted.map((each) => each.name), [name("home", "01")]);
    assert.equal(kept.length, 2);
    assert.deepEqual(await names(shared), [...all].sort());
    assert.equal((await run([...prune, ...keep, "--yes"])).code, 0);
    assert.deepEqual(await names(shared), all.filter((file) => file !== name("home", "01")).sort());
  });
});
