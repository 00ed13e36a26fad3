import assert from "node:assert/strict";
import * as fc from "fast-check";
import { commandLine } from "../../src/actions/hosts/remote.ts";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { FakeRunner } from "../process/fake_runner.ts";
import { runCommand } from "./fake_context.ts";

const INVENTORY = `all:
  children:
    control_plane:
      hosts:
        nuc: {ansible_host: 100.64.0.1, tailscale_ip: 100.64.0.1, ansible_user: ada}
    workers:
      hosts:
        pi: {ansible_host: 100.64.0.2, tailscale_ip: 100.64.0.2, ansible_port: 2222}
        odd: {ansible_host: 100.64.0.3, tailscale_ip: 100.64.0.3, ansible_ssh_common_args: -J hop}
`;

async function withInventory(argv: readonly string[], runner = new FakeRunner()) {
  const directory = await Deno.makeTempDir({ prefix: "k3s-tool-test-" });
  try {
    await Deno.writeTextFile(`${directory}/hosts.yml`, INVENTORY);
    return { ...await runCommand(argv, { directory, runner }), runner };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The last words of each call: after `--`, the address and the command. */
const asked = ({ calls }: FakeRunner) =>
  calls.map(({ argv }) => argv.slice(argv.indexOf("--") + 1)).sort();

Deno.test("ssh opens a shell with the login, the port and the host keys of the inventory", async () => {
  const runner = new FakeRunner().on("ssh", { code: 3 });
  const { code } = await withInventory(["ssh", "nuc"], runner);
  assert.equal(code, 3);
  const [line = ""] = runner.lines;
  assert.match(line, /^ssh -o .*k3s-tool\/known_hosts".* -l ada -- 100\.64\.0\.1$/);
  assert.doesNotMatch(line, /BatchMode|-T|ServerAlive/);
  const away = await withInventory(["ssh", "pi"], new FakeRunner().on("ssh", { code: 255 }));
  assert.equal(away.code, 4);
  await withInventory(["ssh", "pi", "--", "ls", "a file"], runner);
  assert.match(runner.lines[1]!, /-p 2222 -- 100\.64\.0\.2 ls 'a file'$/);
});

Deno.test("a host that is not known, or only Ansible can reach, is wrong usage; without ssh it is 3", async () => {
  for (const command of [["ssh"], ["logs"]]) {
    assert.equal((await withInventory([...command, "nuk"])).code, 2);
    const { code, stderr } = await withInventory([...command, "odd"], new FakeRunner().on("ssh"));
    assert.equal(code, 2);
    assert.match(stderr, /ssh cannot be used for odd: the inventory has its own ssh settings/);
    assert.equal((await withInventory([...command, "nuc"])).code, 3);
  }
  assert.equal((await withInventory(["exec", "--limit", "nuk", "--", "true"])).code, 2);
});

Deno.test("exec asks every host that is meant, and says by host what came of it", async () => {
  const runner = new FakeRunner()
    .on((argv) => argv.includes("100.64.0.1"), { stdout: "up 3 days\u001b[2J\n" })
    .on("ssh", { code: 255, stderr: "ssh: connect to host: Connection timed out\n" });
  const all = await withInventory(["exec", "--limit", "nuc,pi", "--", "uptime"], runner);
  assert.equal(all.code, 4);
  assert.deepEqual(asked(runner), [["100.64.0.1", "uptime"], ["100.64.0.2", "uptime"]]);
  // One whose power fails now would be waited for forever.
  for (const line of runner.lines) assert.match(line, /-o ServerAliveInterval=5 /);
  assert.match(all.stdout, /^nuc\nup 3 days/m);
  assert.ok(!all.stdout.includes("\u001b"));
  assert.match(all.stdout, /^pi \(unreachable\)\npi cannot be reached: .*timed out\nHint: /m);
  const json = await withInventory([
    "exec",
    "--limit",
    "control_plane",
    "-o",
    "json",
    "--",
    "uptime",
  ], runner);
  assert.equal(json.code, 0, json.stderr);
  const { items } = DOCUMENTS.ExecResult.parse(JSON.parse(json.stdout));
  assert.deepEqual(items.map(({ host, code }) => [host, code]), [["nuc", 0]]);
});

Deno.test("exec ends with 1 where the command fails somewhere", async () => {
  const runner = new FakeRunner().on("ssh", { code: 7, stderr: "no\n" });
  const { code, stdout } = await withInventory(["exec", "--limit", "pi", "--", "false"], runner);
  assert.equal(code, 1);
  assert.equal(stdout, "pi (exit code 7)\nno\n");
});

Deno.test("several words reach the command as they are, whatever is in them", async () => {
  const words = fc.array(
    fc.string({ unit: "binary-ascii", minLength: 1 }).filter((word) => !word.includes("\0")),
    {
      minLength: 2,
      maxLength: 5,
    },
  );
  await fc.assert(
    fc.asyncProperty(words, async (words) => {
      const line = commandLine(["printf", "%s\\0", ...words]);
      const { stdout } = await new Deno.Command("sh", { args: ["-c", line] }).output();
      assert.deepEqual(new TextDecoder().decode(stdout).split("\0").slice(0, -1), words);
    }),
    { numRuns: 100 },
  );
});

Deno.test("logs prints what k3s said, and of the kernel only what is trouble", async () => {
  const lines = [
    "2026-11-23T12:00:00+0000 pi k3s[7]: started\u001b[2J",
    "2026-11-23T12:00:01+0000 pi kernel: device veth1 entered promiscuous mode",
    "2026-11-23T12:00:02+0000 pi kernel: Out of memory: Killed process 12 (python3)",
  ];
  const runner = new FakeRunner().on("ssh", { stdout: lines.join("\n") });
  const { code, stdout } = await withInventory(["logs", "pi", "--since", "10m", "-f"], runner);
  assert.equal(code, 0);
  assert.ok(stdout.includes("started") && stdout.includes("Out of memory"));
  assert.ok(!stdout.includes("veth1") && !stdout.includes("\u001b"));
  assert.match(
    runner.lines[0]!,
    /sudo -n journalctl .*--since=-10m --follow _SYSTEMD_UNIT=k3s\.service/,
  );
  await withInventory(["logs", "pi", "--since", "x'; rm -rf / #"], runner);
  assert.match(runner.lines[1]!, /'--since=x'\\''; rm -rf \/ #'/);
  const both = await withInventory(["logs", "pi", "--since", "5m", "-n", "2"], runner);
  assert.deepEqual([both.code, runner.lines.length], [2, 2]);
  assert.match(both.stderr, /--since and --lines cannot be used together/);
});

/** A host whose journal is a file, one entry a paragraph; new ones come when it is followed. */
async function withJournal(
  { entries, later = [] }: {
    readonly entries: readonly string[];
    readonly later?: readonly string[];
  },
  argv: readonly string[],
) {
  const host = await Deno.makeTempDir({ prefix: "k3s-tool-test-" });
  try {
    await Deno.writeTextFile(`${host}/sudo`, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    await Deno.writeTextFile(
      `${host}/journalctl`,
      `#!/bin/sh
cd ${host}
case "$*" in
*--show-cursor*)
  [ -s newest ] || exit 1
  head -n 1 newest
  echo "-- cursor: s=1;i=2" ;;
*--reverse*--cursor=s=1\\;i=2*) cat newest ;;
*--follow*--after-cursor=s=1\\;i=2*) cat later ;;
*--lines=0*--follow*) cat later ;;
*--lines=0*) : ;;
*) echo "unexpected: $*" >&2; exit 1 ;;
esac
`,
      { mode: 0o755 },
    );
    const text = (some: readonly string[]) => some.map((each) => `${each}\n`).join("");
    await Deno.writeTextFile(`${host}/newest`, text(entries.toReversed()));
    await Deno.writeTextFile(`${host}/later`, text(later));
    const runner = new FakeRunner().on("ssh", async ({ argv }) => {
      const done = await new Deno.Command("sh", {
        args: ["-c", argv.at(-1)!],
        env: { PATH: `${host}:${Deno.env.get("PATH")}` },
      }).output();
      const [stdout = "", stderr = ""] = [done.stdout, done.stderr].map((bytes) =>
        new TextDecoder().decode(bytes)
      );
      return { code: done.code, stdout, stderr };
    });
    return await withInventory(["logs", "pi", ...argv], runner);
  } finally {
    await Deno.remove(host, { recursive: true });
  }
}

Deno.test("logs counts lines after the noise of the kernel is dropped, so that a firewall that logs leaves the others", async () => {
  const at = (second: number, who: string, what: string) =>
    `2026-11-23T12:00:${String(second).padStart(2, "0")}+0000 pi ${who}: ${what}`;
  const k3s = [
    at(1, "k3s[7]", "one"),
    `${at(2, "k3s[7]", "two")}\n${" ".repeat(40)}and more of it`,
    at(3, "kernel", "EXT4-fs error (device sda1): I/O error"),
    at(4, "tailscaled[9]", "kernel: not one of its lines"),
  ];
  const noise = Array.from({ length: 50 }, (_, each) => at(each, "kernel", "[UFW BLOCK] IN=eth0"));
  const entries = [...k3s, ...noise];
  const later = [at(58, "kernel", "[UFW BLOCK] IN=eth0"), at(59, "k3s[7]", "later")];

  const all = await withJournal({ entries }, []);
  assert.deepEqual([all.code, all.stderr], [0, ""]);
  assert.equal(all.stdout, k3s.map((each) => `${each}\n`).join(""));
  const some = await withJournal({ entries }, ["--lines=3"]);
  assert.equal(some.stdout, k3s.slice(1).map((each) => `${each}\n`).join(""));
  const followed = await withJournal({ entries, later }, ["--lines=1", "--follow"]);
  assert.equal(followed.stdout, `${k3s[3]}\n${later[1]}\n`);

  const none = await withJournal({ entries: [] }, []);
  assert.deepEqual([none.code, none.stdout, none.stderr], [0, "", ""]);
  const first = await withJournal({ entries: [], later }, ["-f"]);
  assert.equal(first.stdout, `${later[1]}\n`);
});

Deno.test("logs says why where journalctl fails", async () => {
  const runner = new FakeRunner().on("ssh", {
    code: 1,
    stderr: "Failed to parse timestamp: soon\n",
  });
  const { code, stderr } = await withInventory(["logs", "pi", "--since", "soon"], runner);
  assert.equal(code, 1);
  assert.match(stderr, /journalctl failed on pi: Failed to parse timestamp: soon/);
});

Deno.test("an option of the remote command that is not behind -- is refused, with what to do", async () => {
  for (const argv of [["ssh", "pi", "ls", "-la"], ["exec", "ls", "-la"]]) {
    const { code, stderr, runner } = await withInventory(argv);
    assert.equal(code, 2);
    assert.match(stderr, /Unknown option '-la'\nHint: Options of the remote command go after --: /);
    assert.deepEqual(runner.calls, []);
  }
});

Deno.test("notify test has the first server post, says what went wrong, and asks no worker", async () => {
  const posts = new FakeRunner().on("ssh");
  const { code, stderr } = await withInventory(["notify", "test"], posts);
  assert.deepEqual([code, stderr], [0, "nuc has sent a test message.\n"]);
  assert.match(posts.lines[0]!, /100\.64\.0\.1 .*notify\.py test/);
  const refused = new FakeRunner().on("ssh", {
    code: 1,
    stderr: "the message was refused: HTTP status 403\n",
  });
  const failed = await withInventory(["notify", "test"], refused);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /nuc could not send a message: .*HTTP status 403/);
  assert.equal((await withInventory(["notify", "test", "pi"])).code, 2);
  const none = await withInventory(["notify", "test"], new FakeRunner().on("ssh", { code: 93 }));
  assert.equal(none.code, 3);
  assert.match(none.stderr, /Hint: .*notify install/);
  const away = new FakeRunner().on("ssh", { code: 255, stderr: "timed out\n" });
  assert.equal((await withInventory(["notify", "test"], away)).code, 4);
});

Deno.test("notify install --dry-run shows what it would save, and an address that does not fit is refused before", async () => {
  const file = await Deno.makeTempFile();
  try {
    const install = (...more: string[]) =>
      withInventory(["notify", "install", "--url-file", file, "--dry-run", ...more]);
    await Deno.writeTextFile(file, "https://ntfy.sh/secret\n");
    const shown = await install();
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /^\+.*notifications:/m);
    assert.ok(shown.stdout.includes(`url_file: ${file}`));
    assert.doesNotMatch(shown.stdout, /secret/);
    assert.match((await install("--format", "mail")).stderr, /does not fit the format mail/);
    for (const address of ["", "ntfy.sh/x", "https://a:b@ntfy.sh/x", "https://a/x\nhttps://b/y"]) {
      await Deno.writeTextFile(file, address);
      const { code, stderr } = await install();
      assert.equal(code, 2, address);
      assert.doesNotMatch(stderr, /ntfy\.sh\/x|a:b/);
    }
  } finally {
    await Deno.remove(file);
  }
  for (const wrong of [[], ["--url-file", "nowhere"], ["--url-file", "x", "--format", "x"]]) {
    assert.equal((await withInventory(["notify", "install", ...wrong])).code, 2);
  }
  const secret = ["config", "set", "notifications.url_file", "https://ntfy.sh/secret"];
  assert.equal((await withInventory(secret)).code, 2);
});
