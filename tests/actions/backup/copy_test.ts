/**
 * Copies of backups in S3 and on another host, by whole commands.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DOCUMENTS } from "../../../src/cli/program/document_schemas.ts";
import { certificate } from "../../cluster/tls_fixture.ts";
import { runCommand } from "../../cli/fake_context.ts";
import { type Answer, type Call, FakeRunner } from "../../process/fake_runner.ts";
import { asHost, names, withHome } from "./backup_home.ts";
import { failed, withS3 } from "./s3_server.ts";

const KEYS = { AWS_ACCESS_KEY_ID: "lab", AWS_SECRET_ACCESS_KEY: "labsecret" };
const OPEN = ["--identity", "key"];
const PREFIX = "k3s/of+home";
const PLACE = `s3://homelab/${PREFIX}`;

interface Home {
  readonly directory: string;
  readonly host: string;
  readonly backups: string;
  readonly env: Record<string, string>;
  readonly runner: FakeRunner;
  run(...argv: readonly string[]): ReturnType<typeof runCommand>;
  /** The same with other hosts. */
  runWith(runner: FakeRunner, ...argv: readonly string[]): ReturnType<typeof runCommand>;
  /** Makes a backup of this name, without a cluster. */
  make(day: string): Promise<string>;
}

/** A home whose key is in `key`; its hosts answer with what this machine runs. */
async function withCopies(
  setting: Readonly<Record<string, string>>,
  work: (home: Home) => Promise<void>,
): Promise<void> {
  await withHome(async ({ directory, host, backups }) => {
    const { Encrypter, generateX25519Identity, identityToRecipient } = await import(
      "age-encryption"
    );
    const identity = await generateX25519Identity();
    await Deno.writeTextFile(`${directory}/key`, identity);
    const recipient = await identityToRecipient(identity);
    const env: Record<string, string> = { ...KEYS };
    const runner = new FakeRunner().on(
      "ssh",
      (call) => call.options.input === undefined ? asHost(call, host) : asReceiver(call, host),
    );
    const runWith = (runner: FakeRunner, ...argv: readonly string[]) =>
      runCommand(
        argv[1] === "create" ? [...argv, "--recipient", recipient] : argv,
        { directory, runner, env },
      );
    const run = (...argv: readonly string[]) => runWith(runner, ...argv);
    const set = await run(
      "config",
      "set",
      "backup_copy",
      JSON.stringify(setting),
      "--type",
      "json",
    );
    assert.equal(set.code, 0, set.stderr);
    const make = async (day: string) => {
      const encrypter = new Encrypter();
      encrypter.addRecipient(recipient);
      const name = `home-${day}T093000Z-v1.36.3+k3s1-sqlite.age`;
      await Deno.mkdir(backups, { recursive: true });
      await Deno.writeFile(`${backups}/${name}`, await encrypter.encrypt(`of ${day}`));
      return name;
    };
    await work({ directory, host, backups, env, runner, run, runWith, make });
  });
}

/** A program that is sent with what it reads, run here with `/srv` below the host's files. */
async function asReceiver({ argv, options }: Call, host: string): Promise<Answer> {
  const sent = await new Response(options.input).bytes();
  const line = sent.indexOf(10);
  const size = Number(new TextDecoder().decode(sent.subarray(0, line)));
  const program = new TextEncoder().encode(
    new TextDecoder().decode(sent.subarray(line + 1, line + 1 + size))
      .replaceAll("/srv/", `${host}/srv/`),
  );
  const child = new Deno.Command("sh", {
    args: ["-c", argv.at(-1)!],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = new Blob([`${program.length}\n`, program, sent.slice(line + 1 + size)]).stream();
  const [{ code, stdout, stderr }] = await Promise.all([
    child.output(),
    input.pipeTo(child.stdin).catch(() => {}),
  ]);
  return { code, bytes: stdout, stderr: new TextDecoder().decode(stderr) };
}

Deno.test("a backup is copied to S3, listed at both places, and opened and restored from the copy alone", async () => {
  await withS3(async ({ endpoint, objects }) => {
    await withCopies({ to: PLACE, endpoint }, async ({ backups, run }) => {
      const made = await run("backup", "create", "-o", "json");
      assert.equal(made.code, 0, made.stderr);
      const document = DOCUMENTS.Backup.parse(JSON.parse(made.stdout));
      const [name = ""] = await names(backups);
      assert.equal(document.copy, `${PLACE}/${name}`);
      const whole = await Deno.readFile(`${backups}/${name}`);
      assert.deepEqual([...objects.keys()], [`${PREFIX}/${name}`]);
      assert.deepEqual(objects.get(`${PREFIX}/${name}`)!.bytes, whole);
      const words = made.stdout + made.stderr;
      assert.ok(!words.includes("labsecret"));
      const table = (await run("backup", "list")).stdout.split("\n").map((row) =>
        row.split(/ {2,}/)
      );
      assert.equal(table[0]?.at(-1), "AT");
      assert.deepEqual(table[1]?.slice(-2), ["recipient", "here, copy"]);

      await Deno.remove(`${backups}/${name}`);
      const list = await run("backup", "list", "-o", "json");
      const [item] = DOCUMENTS.BackupList.parse(JSON.parse(list.stdout)).items;
      assert.equal(item?.file, `${PLACE}/${name}`);
      assert.equal(item?.copy, item?.file);
      assert.equal(item?.encryptedTo, "recipient");
      for (const named of [name, item?.file ?? ""]) {
        const shown = await run("backup", "show", named, ...OPEN, "-o", "json");
        assert.equal(shown.code, 0, shown.stderr);
        assert.equal(DOCUMENTS.Backup.parse(JSON.parse(shown.stdout)).file, `${PLACE}/${name}`);
      }
      const restored = await run("backup", "restore", name, ...OPEN, "--check");
      assert.equal(restored.code, 0, restored.stderr);
      assert.match(restored.stderr, /The backup is whole; nothing was changed/);
      assert.deepEqual(await names(backups), []);
      assert.equal((await run("backup", "list", "--local")).stdout, "");
    });
  });
});

Deno.test("a copy that fails leaves the backup and says how to go on, and nothing half is there", async () => {
  await withS3(async (s3) => {
    await withCopies({ to: PLACE, endpoint: s3.endpoint }, async ({ backups, env, run }) => {
      s3.instead = ({ method }) =>
        method === "PUT" ? failed(503, "SlowDown", "Reduce your \u001b[31mrate.") : undefined;
      const made = await run("backup", "create");
      assert.equal(made.code, 4, made.stderr);
      const [name = ""] = await names(backups);
      assert.ok(made.stderr.includes(`${backups}/${name} is kept, but has no copy: `), made.stderr);
      assert.match(made.stderr, /SlowDown: Reduce your .*rate/);
      assert.ok(!made.stderr.includes("\u001b"));
      assert.ok(made.stderr.includes(`k3s-tool backup copy ${backups}/${name}\n`));
      assert.match(made.stderr, /Volumes are not in a backup/);
      assert.equal(s3.objects.size, 0);

      s3.instead = undefined;
      await Deno.writeTextFile(`${backups}/notes.age`, "the owner's");
      const other = await run("backup", "copy", "notes.age");
      assert.equal(other.code, 2);
      assert.match(other.stderr, /notes\.age is not the name of a backup/);
      assert.equal((await run("backup", "copy", name)).stdout, `${PLACE}/${name}\n`);
      assert.equal(s3.objects.size, 1);
      const asked = s3.requests.length;
      const again = await run("backup", "copy");
      assert.match(again.stderr, /All backups have a copy/);
      assert.ok(!s3.requests.slice(asked).some((request) => request.startsWith("PUT")));

      // What was copied before is not replaced by a file that was damaged since.
      await Deno.writeTextFile(`${backups}/${name}`, "age-encryption.org/v1\ndamaged");
      const differs = await run("backup", "copy", name);
      assert.equal(differs.code, 1);
      assert.match(differs.stderr, /already exists with different content/);
      assert.match((await run("backup", "list")).stderr, /not of the same size/);
      const shown = await run("backup", "show", name, "--copy", ...OPEN);
      assert.equal(shown.code, 0, shown.stderr);

      env.AWS_SECRET_ACCESS_KEY = "wrong";
      const refused = await run("backup", "list");
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /SignatureDoesNotMatch/);
      assert.match(refused.stdout, /^home-/m);
      assert.ok(!refused.stderr.includes("wrong"));
    });
  });
});

Deno.test("an interrupted copy leaves nothing, and the backup stays", async () => {
  await withS3(async (s3) => {
    await withCopies({ to: PLACE, endpoint: s3.endpoint }, async (home) => {
      const { directory, backups, env, runner, run, make } = home;
      const name = await make("20261127");
      // More than the buffers between the two hold.
      await Deno.truncate(`${backups}/${name}`, 1 << 25);
      const interrupt = new AbortController();
      s3.before = ({ method }) => {
        if (method === "PUT") interrupt.abort(new DOMException("Interrupted", "AbortError"));
      };
      const { signal } = interrupt;
      const cut = await runCommand(["backup", "copy"], { directory, runner, env, signal });
      assert.equal(cut.code, 130, cut.stderr);
      assert.equal(s3.objects.size, 0);
      s3.before = undefined;
      assert.equal((await run("backup", "copy")).stdout, `${PLACE}/${name}\n`);
      assert.equal(s3.objects.get(`${PREFIX}/${name}`)?.bytes.length, 1 << 25);
    });
  });
});

Deno.test("a copy that was changed is refused, and one that is cut off", async () => {
  await withS3(async (s3) => {
    await withCopies({ to: PLACE, endpoint: s3.endpoint }, async ({ backups, run, make }) => {
      const name = await make("20261127");
      assert.equal((await run("backup", "copy")).code, 0);
      await Deno.remove(`${backups}/${name}`);
      const key = `${PREFIX}/${name}`;
      const object = s3.objects.get(key)!;
      s3.objects.set(key, { ...object, bytes: object.bytes.with(40, object.bytes[40]! ^ 1) });
      const changed = await run("backup", "show", name, ...OPEN);
      assert.equal(changed.code, 1);
      assert.match(changed.stderr, /is not what was copied there: its checksum differs/);
      s3.objects.set(key, { ...object, bytes: object.bytes.slice(0, -1) });
      assert.equal((await run("backup", "restore", name, ...OPEN, "--check")).code, 1);
      // A server may send another amount than it lists.
      for (const bytes of [object.bytes.slice(1), new Uint8Array(object.bytes.length + 1)]) {
        s3.objects.set(key, object);
        s3.instead = ({ method, url }) =>
          method === "GET" && url.endsWith(".age") ? new Response(bytes) : undefined;
        const shown = await run("backup", "show", `${PLACE}/${name}`, ...OPEN);
        assert.equal(shown.code, 1);
        assert.match(shown.stderr, /does not have the size that was listed/);
      }
      const none = await run("backup", "show", name.replace("27T", "26T"), ...OPEN);
      assert.equal(none.code, 2);
      assert.match(none.stderr, /There is no backup home-20261126/);
    });
  });
});

Deno.test("prune keeps by the same rules at both places, and only this cluster's backups go", async () => {
  await withS3(async ({ endpoint, objects }) => {
    await withCopies({ to: PLACE, endpoint }, async ({ backups, run, make }) => {
      const days = ["20261125", "20261126", "20261127"];
      for (const day of days) await make(day);
      assert.equal((await run("backup", "copy")).code, 0);
      const other = `${PREFIX}/other-20261101T093000Z-v1.36.3+k3s1-etcd.age`;
      objects.set(other, { bytes: new Uint8Array(1), sha256: null });
      objects.set(`${PREFIX}/notes.txt`, { bytes: new Uint8Array(1), sha256: null });
      const keep = ["--keep-daily", "2", "--keep-weekly", "1", "--keep-monthly", "1"];
      const check = await run("backup", "prune", ...keep, "--check", "-o", "json");
      const { deleted, kept } = DOCUMENTS.BackupPrune.parse(JSON.parse(check.stdout));
      assert.deepEqual([deleted.length, kept.length, objects.size], [2, 4, 5]);
      const done = await run("backup", "prune", ...keep, "--yes");
      assert.equal(done.code, 0, done.stderr);
      assert.deepEqual((await names(backups)).map((name) => name.slice(5, 13)), days.slice(1));
      assert.deepEqual(
        [...objects.keys()].sort().map((key) => key.slice(PREFIX.length + 1).slice(0, 14)),
        ["home-20261126T", "home-20261127T", "notes.txt", "other-20261101"],
      );
    });
  }, { pageSize: 2 });
});

Deno.test("credentials come from the setting's file, the environment or AWS' file, and what is wrong is named with its cure", async () => {
  await withS3(async ({ endpoint }) => {
    const setting = { to: PLACE, endpoint, region: "garage" };
    await withCopies(setting, async ({ directory, backups, env, run }) => {
      const aws = "; mine\n[other]\naws_access_key_id=none\n[default]\naws_access_key_id = lab\n" +
        "aws_secret_access_key = labsecret\n";
      delete env.AWS_ACCESS_KEY_ID;
      const list = () => run("backup", "list");
      const none = await run("backup", "create");
      assert.equal(none.code, 3);
      assert.match(none.stderr, /no credentials for s3:[^]*aws_access_key_id = …/);
      assert.deepEqual(await names(backups).catch(() => []), []); // before anything was done
      await Deno.mkdir(`${directory}/.aws`);
      await Deno.writeTextFile(`${directory}/.aws/credentials`, aws);
      assert.equal((await list()).code, 0);
      env.AWS_PROFILE = "other";
      assert.equal((await list()).code, 3);
      delete env.AWS_PROFILE;
      Object.assign(env, KEYS, { AWS_SECRET_ACCESS_KEY: "wrong" });
      assert.equal((await list()).code, 1);
      const named = async (more: Record<string, string>) => {
        const value = JSON.stringify({ ...setting, ...more });
        return await run("config", "set", "backup_copy", value, "--type", "json");
      };
      await Deno.writeTextFile(`${directory}/inventory/keys`, aws);
      await named({ credentials_file: "keys" });
      assert.equal((await list()).code, 0);
      await named({ credentials_file: "keys", region: "us-east-1" });
      assert.match((await list()).stderr, /another region: add region: garage to backup_copy/);
      await named({ credentials_file: "keys", to: "s3://nowhere" });
      assert.match((await list()).stderr, /NoSuchBucket[^]*Create the bucket at http/);
      await named({ credentials_file: "keys", endpoint: "http://127.0.0.1:1" });
      assert.equal((await list()).code, 4);
    });
  }, { region: "garage" });
});

Deno.test("a server with a certificate of a private authority is trusted by ca_file alone", async () => {
  const place = await Deno.makeTempDir();
  try {
    const authority = await certificate(place, 30);
    const tls = await certificate(place, 30, authority);
    await withS3(async ({ endpoint, objects }) => {
      await withCopies({ to: PLACE, endpoint }, async ({ directory, run, make }) => {
        await make("20261127");
        const refused = await run("backup", "copy");
        assert.equal(refused.code, 4);
        assert.match(refused.stderr, /certificate[^]*with ca_file in backup_copy/);
        await Deno.writeTextFile(`${directory}/inventory/ca.pem`, authority.cert);
        const value = JSON.stringify({ to: PLACE, endpoint, ca_file: "ca.pem" });
        await run("config", "set", "backup_copy", value, "--type", "json");
        const copied = await run("backup", "copy");
        assert.equal(copied.code, 0, copied.stderr);
        assert.equal(objects.size, 1);
      });
    }, { tls });
  } finally {
    await Deno.remove(place, { recursive: true });
  }
});

Deno.test("an address that is none, or that would hold a secret, is refused", async () => {
  await withCopies({ to: "s3://homelab" }, async ({ run }) => {
    const s3 = { to: "s3://homelab" };
    for (
      const [value, said] of [
        [{ to: "homelab" }, /s3:\/\/BUCKET\/PREFIX or ssh/],
        [{ to: "s3://homelab/../other" }, /s3:\/\/BUCKET/],
        [{ to: "ssh://me:secret@nas/srv/backups" }, /s3:\/\/BUCKET/],
        [{ to: "ssh://-oProxyCommand=x/srv/backups" }, /s3:\/\/BUCKET/],
        [{ to: "ssh://nas/etc/backups" }, /a directory that nothing else uses/],
        [{ to: "ssh://nas/srv/../etc" }, /a directory that nothing else uses/],
        [{ to: "ssh://nas/srv/backups", region: "x" }, /are for s3/],
        [{ ...s3, endpoint: "https://me:secret@s3.example.com" }, /without a user/],
        [{ ...s3, secret_access_key: "x" }, /secret_access_key/],
      ] as const
    ) {
      const set = await run(
        "config",
        "set",
        "backup_copy",
        JSON.stringify(value),
        "--type",
        "json",
      );
      assert.equal(set.code, 2, JSON.stringify(value));
      assert.match(set.stderr, said, JSON.stringify(value));
    }
  });
});

Deno.test("a backup is copied to a directory of another host, for its user alone, and read and pruned there", async () => {
  const place = "ssh://ann@nas:2222/srv/copies";
  await withCopies({ to: place }, async ({ host, backups, run, runner, make }) => {
    const made = await run("backup", "create");
    assert.equal(made.code, 0, made.stderr);
    const [name = ""] = await names(backups);
    assert.match(runner.lines.at(-1)!, / -p 2222 -l ann -- nas exec python3 /);
    const there = `${host}/srv/copies`;
    assert.deepEqual(await names(there), [name]);
    assert.equal((await Deno.stat(there)).mode! & 0o777, 0o700);
    assert.equal((await Deno.stat(`${there}/${name}`)).mode! & 0o777, 0o600);
    await Deno.remove(`${backups}/${name}`);
    const list = await run("backup", "list", "-o", "json");
    const [item] = DOCUMENTS.BackupList.parse(JSON.parse(list.stdout)).items;
    assert.deepEqual([item?.file, item?.encryptedTo], [`${place}/${name}`, "recipient"]);
    const shown = await run("backup", "show", name, ...OPEN);
    assert.equal(shown.code, 0, shown.stderr);
    await make("20251101");
    await make("20251102");
    assert.equal((await run("backup", "copy")).code, 0);
    assert.equal((await names(there)).length, 3);
    const keep = ["--keep-daily", "1", "--keep-weekly", "1", "--keep-monthly", "1"];
    assert.equal((await run("backup", "prune", ...keep, "--yes")).code, 0);
    assert.deepEqual(await names(there), [name]);

    await Deno.remove(there, { recursive: true });
    await Deno.writeTextFile(there, "a file");
    await make("20251103");
    const refused = await run("backup", "copy");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /could not be listed: .*Not a directory/);
  });
});

Deno.test("a host of the inventory is reached as the inventory says, and one that is away is a failure of the copy alone", async () => {
  await withCopies({ to: "ssh://nuc/srv/copies" }, async (home) => {
    const { directory, host, run, runWith, runner } = home;
    const here = ["--directory", "usb"];
    assert.equal((await run("config", "set", "ansible_user", "bob", "--scope", "nuc")).code, 0);
    assert.equal((await run("backup", "create", ...here)).code, 0);
    assert.match(runner.lines.at(-1)!, / -l bob -- 100\.64\.0\.1 exec python3 /);
    const [name = ""] = await names(`${directory}/usb`);
    const usb = await Deno.readFile(`${directory}/usb/${name}`);
    await Deno.remove(`${directory}/usb/${name}`);
    const list = await run("backup", "list", ...here, "-o", "name");
    assert.equal(list.stdout, `ssh://nuc/srv/copies/${name}\n`);
    const restored = await run("backup", "restore", name, ...here, ...OPEN, "--check");
    assert.equal(restored.code, 0, restored.stderr);
    await Deno.writeFile(`${directory}/usb/${name}`, usb);
    await Deno.remove(`${host}/srv/copies/${name}`);
    const away = { code: 255, stderr: "ssh: connect to host: Connection timed out" };
    const offline = new FakeRunner().on("ssh", away);
    const copied = await runWith(offline, "backup", "copy", name, ...here);
    assert.equal(copied.code, 4, copied.stderr);
    assert.match(copied.stderr, /is kept, but has no copy: nuc cannot be reached/);
    assert.equal((await run("backup", "copy", ...here)).stdout, `ssh://nuc/srv/copies/${name}\n`);
  });
});
