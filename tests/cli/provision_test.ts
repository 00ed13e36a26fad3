/** Golden tests of `provision`. */
import assert from "node:assert/strict";
import { INITIAL_RUN, reduceRun } from "../../src/ansible/events/run_state.ts";
import { askAboutFailures, RENAMED } from "../../src/cli/commands/cluster/provision.ts";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { withDirectory } from "../ansible/fake_system.ts";
import { FakeRunner } from "../process/fake_runner.ts";
import { statusJson, tailscaleSays } from "../tailscale/status_fixture.ts";
import { ansibleMachine, BAD_RUN, GOOD_RUN, INVENTORY, writeInventory } from "./ansible_machine.ts";
import { PROJECT_ROOT, runCommand } from "./fake_context.ts";

const SOCKET = { K3S_TOOL_TAILSCALE_SOCKET: "/proc/nonexistent" };

/** Paths of this very run as the same words each time. */
function steady(text: string, directory: string): string {
  return text.replaceAll(directory, "HOME").replaceAll(/\d{8}T\d{6}\.\d{3}Z/g, "TIME");
}

Deno.test("provision on a pipe: lines that begin with the host, then the table", async () => {
  await withDirectory(async (directory) => {
    const file = await writeInventory(directory);
    const { runner, started } = ansibleMachine();
    const result = await runCommand(["provision", "--forks", "3", "--limit", "nuc,pi"], {
      directory,
      runner,
    });
    assert.equal(result.code, 0, result.stderr);
    assert.equal(
      result.stdout,
      `HOST  RESULT  OK  CHANGED  FAILED  TIME
nuc   done     1        1       0    2s
pi    done     1        1       0    2s
`,
    );
    assert.equal(
      result.stderr,
      `all: Control plane (2 hosts)
nuc: changed: Control plane · Start k3s (1.5s)
pi: changed: Control plane · Start k3s (1.5s)
Done. Show the cluster with: k3s-tool status
`,
    );
    const [{ argv, extraVars } = assert.fail()] = started;
    assert.deepEqual(argv.slice(1, 3), ["--inventory", file]);
    assert.match(argv.join(" "), / --limit nuc,pi --forks 3 \S+\/ansible\/playbooks\/site\.yml$/);
    assert.match(String(extraVars.k3s_tool_kubeconfig_path), /\/kubeconfigs\/[0-9a-f]{16}\.yaml$/);
  });
});

Deno.test("a host that fails: the table, the failure, the key line last, exit code 1", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner } = ansibleMachine({ events: BAD_RUN, rc: 2 });
    const result = await runCommand(["provision"], { directory, runner });
    assert.equal(result.code, 1);
    assert.equal(
      result.stdout,
      `HOST  RESULT                  OK  CHANGED  FAILED  TIME
nuc   done                     1        1       0    2s
pi    failed (Control plane)   0        0       1    1s
`,
    );
    const log = "HOME/.local/state/k3s-tool/runs/TIME-site/ansible.log";
    assert.equal(
      steady(result.stderr, directory),
      `all: Control plane (2 hosts)
nuc: changed: Control plane · Start k3s (1.5s)
pi: failed: Control plane · Check the disk (0.5s): only 3 MiB are free
✗ pi · Control plane · Check the disk
  only 3 MiB are free
  Hint: Make room on pi.
  Log: ${log}
Error: Provisioning failed on pi: Control plane · Check the disk: only 3 MiB are free
Hint: Make room on pi. Then go on with: k3s-tool provision
      The log: ${log}
`,
    );
  });
});

Deno.test("-o json: one event a line and nothing else, the end last", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner } = ansibleMachine();
    const { code, stdout } = await runCommand(["provision", "-o", "json"], { directory, runner });
    assert.equal(code, 0);
    const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    for (const event of events) DOCUMENTS.RunEvent.parse(event);
    assert.deepEqual(events.map(({ type }) => type), [
      "started",
      "run_start",
      "play_start",
      "host_start",
      "host_start",
      "result",
      "result",
      "run_end",
      "end",
    ]);
    assert.equal(events.at(-1).outcome, "ok");
  });
});

Deno.test("--check asks Ansible to change nothing and leaves the kubeconfig alone", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner, started } = ansibleMachine();
    const result = await runCommand(["provision", "--dry-run", "--diff"], { directory, runner });
    assert.equal(result.code, 0);
    assert.ok(started[0]?.argv.includes("--check") && started[0].argv.includes("--diff"));
    assert.match(result.stderr, /2 changes would be made; nothing was changed\.\n$/);
  });
});

Deno.test("--diff shows what changes in the files of each host as a patch", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const events = GOOD_RUN.map((event) =>
      event.type === "result" && event.host === "pi"
        ? { ...event, diff: [{ header: "/etc/x", before: "a\nb", after: "a\nc\u001b[2J" }] }
        : event
    );
    const { runner } = ansibleMachine({ events });
    const { stderr } = await runCommand(["provision", "--diff"], { directory, runner });
    assert.ok(
      stderr.includes(
        `pi: changed: Control plane · Start k3s (1.5s)
--- a/pi/etc/x
+++ b/pi/etc/x
@@ -1,2 +1,2 @@
 a
-b
+c
`,
      ),
      stderr,
    );
  });
});

Deno.test("an offline host is named before the run begins, which goes on", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner } = ansibleMachine({ peers: ["nuc"] });
    const { code, stderr } = await runCommand(["provision"], { directory, runner });
    assert.equal(code, 0);
    assert.match(
      stderr,
      /^Warning: pi: offline in the tailnet, last seen 2026-11-20 08:00 UTC; it will fail/,
    );
  });
});

Deno.test("an inventory with problems: exit code 2, nothing is started", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory, INVENTORY.replaceAll("100.64.0.2", "100.64.0.1"));
    const { runner, started } = ansibleMachine();
    const { code, stderr } = await runCommand(["provision"], { directory, runner });
    assert.equal(code, 2);
    assert.match(stderr, /hosts\.yml:\d+:\d+: /);
    assert.equal(started.length, 0);
    assert.deepEqual(runner.calls, []);
  });
});

Deno.test("--limit with a name that is not there: exit code 2 and the names there are", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner, started } = ansibleMachine();
    const { code, stderr } = await runCommand(["provision", "-l", "nuk"], { directory, runner });
    assert.equal(code, 2);
    assert.match(stderr, /no host or group nuk\nHint: Did you mean nuc\?/);
    assert.equal(started.length, 0);
  });
});

for (const argv of ["provision --limit ,", "provision --limit=", "reset --yes --limit="]) {
  Deno.test(`${argv} is not about every host: exit code 2`, async () => {
    await withDirectory(async (directory) => {
      await writeInventory(directory);
      const { runner, started } = ansibleMachine();
      const { code, stderr } = await runCommand(argv.split(" "), { directory, runner });
      assert.equal(code, 2);
      assert.match(stderr, /--limit needs a value/);
      assert.equal(started.length, 0);
    });
  });
}

Deno.test("without ansible-core and without anybody to ask: exit code 3 and how to get it", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const runner = tailscaleSays(statusJson()).on("ssh -V");
    const { code, stderr } = await runCommand(["provision"], { directory, runner });
    assert.equal(code, 3);
    assert.match(stderr, /ansible-core is not installed\nHint: .*k3s-tool doctor --fix/);
  });
});

Deno.test("without ssh: exit code 3 and the package", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const runner = tailscaleSays(statusJson());
    const { code, stderr } = await runCommand(["provision"], { directory, runner });
    assert.equal(code, 3);
    assert.match(stderr, /ssh is not installed on this machine\nHint: .*openssh-client/);
  });
});

Deno.test("nothing is installed while the hosts are out of reach", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const runner = new FakeRunner().on("ssh -V").on("python3", { stdout: "3.12 1\n" });
    for (const command of ["provision", "reset", "kubeconfig", "node remove pi"]) {
      const argv = [...command.split(" "), "--yes"];
      const { code, stderr } = await runCommand(argv, { directory, runner, env: SOCKET });
      assert.equal(code, 3);
      assert.match(stderr, /Tailscale is not installed/);
    }
    assert.deepEqual(runner.lines.filter((line) => line.startsWith("python3")), []);
  });
});

Deno.test("where the tailnet is out of reach it says so before anything is started", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const runner = new FakeRunner()
      .on("tailscale", { code: 1, stderr: "failed to connect to local tailscaled" })
      .on("ssh -V")
      .on("ansible-playbook --version", { stdout: "ansible-playbook [core 2.19.14]\n" });
    const { code, stderr } = await runCommand(["provision"], { directory, runner, env: SOCKET });
    assert.equal(code, 4);
    assert.match(
      stderr,
      /^Error: The hosts cannot be reached from this machine: The Tailscale service/,
    );
  });
});

Deno.test("interrupted: exit code 130, the state of the hosts, and how to go on", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const stop = new AbortController();
    const { runner } = ansibleMachine({
      events: BAD_RUN.slice(0, 5),
      rc: 99,
      onStarted: () => stop.abort(),
    });
    const { code, stderr } = await runCommand(["provision"], {
      directory,
      runner,
      signal: stop.signal,
    });
    assert.equal(code, 130);
    assert.match(
      stderr,
      /Provisioning was interrupted; nuc is partly set up \(at Control plane · Start k3s\), pi may have been changed/,
    );
    assert.match(stderr, /k3s-tool provision continues from there/);
  });
});

Deno.test("the kubeconfig the playbook brought is merged, and that is said once", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const kubeconfig = JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "default", cluster: { server: "https://100.64.0.1:6443" } }],
      users: [{ name: "default", user: { token: "x" } }],
      contexts: [{ name: "default", context: { cluster: "default", user: "default" } }],
      "current-context": "default",
    });
    const machine = () =>
      ansibleMachine({
        onStarted: ({ extraVars }) =>
          Deno.writeTextFile(String(extraVars.k3s_tool_kubeconfig_path), kubeconfig),
      });
    const first = await runCommand(["provision"], { directory, runner: machine().runner });
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stderr, /Added the context homelab to .*\/\.kube\/config/);
    assert.match(await Deno.readTextFile(`${directory}/.kube/config`), /name: homelab/);
    const second = await runCommand(["provision"], { directory, runner: machine().runner });
    assert.doesNotMatch(second.stderr, /Added the context/);
  });
});

Deno.test("--skip-kubeconfig leaves ~/.kube/config alone", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner } = ansibleMachine();
    await runCommand(["provision", "--skip-kubeconfig"], { directory, runner });
    assert.equal(await Deno.stat(`${directory}/.kube`).catch(() => "none"), "none");
  });
});

for (const [rc, signal] of [[137, "SIGKILL"], [143, "SIGTERM"], [99, "SIGINT"]] as const) {
  Deno.test(`ansible-playbook ended from outside by ${signal}: it says so, with the host table`, async () => {
    await withDirectory(async (directory) => {
      await writeInventory(directory);
      const { runner } = ansibleMachine({ events: GOOD_RUN.slice(0, 5), rc });
      const { code, stdout, stderr } = await runCommand(["provision"], { directory, runner });
      assert.equal(code, 1);
      assert.match(stdout, /nuc +done[^]*pi +stopped \(Control plane\)/);
      assert.match(
        stderr,
        new RegExp(
          `Provisioning stopped early: ansible-playbook was terminated by ${signal}; nuc is`,
        ),
      );
      assert.match(stderr, /Then go on with: k3s-tool provision/);
    });
  });
}

Deno.test("a dry run that fails goes on with a dry run", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    for (const line of ["provision --check", "reset --dry-run", "node remove pi --dry-run"]) {
      const { runner } = ansibleMachine({ events: BAD_RUN, rc: 2 });
      const { stderr } = await runCommand(line.split(" "), { directory, runner });
      assert.match(stderr, new RegExp(`Then go on with: k3s-tool ${line}`), stderr);
    }
  });
});

Deno.test("--replace names hosts of the inventory, and --yes alone replaces none", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner, started } = ansibleMachine();
    const unknown = await runCommand(["provision", "--replace", "pi,nuk"], { directory, runner });
    assert.equal(unknown.code, 2);
    assert.match(unknown.stderr, /no host nuk\nHint: Did you mean nuc\?/);
    assert.equal(started.length, 0);
    await runCommand(["provision", "--replace", "pi", "--replace", "nuc"], { directory, runner });
    assert.deepEqual(started[0]?.extraVars.k3s_tool_replace, ["pi", "nuc"]);
    assert.equal(started[0]?.extraVars.k3s_tool_convert, false);
    await runCommand(["provision", "--yes"], { directory, runner });
    assert.deepEqual(started[1]?.extraVars.k3s_tool_replace, []);
    assert.equal(started[1]?.extraVars.k3s_tool_convert, true);
  });
});

Deno.test("a host that was renamed is known by how the role begins its warning", async () => {
  const role = `${PROJECT_ROOT}/ansible/roles/node_config/tasks/report.yml`;
  assert.ok((await Deno.readTextFile(role)).includes(`Warning: ${RENAMED}`));
});

Deno.test("what a run cannot decide is asked once for each host, and no is no", async () => {
  const state = [
    { host: "pi", code: "node_password_rejected" },
    { host: "pi", code: "node_password_rejected" },
    { host: "nas", code: "node_password_rejected" },
    { host: "n2", code: "conversion_needed" },
    { host: "n4", code: "keeps_ending" },
  ].reduce(
    (state, { host, code }) =>
      reduceRun(state, { type: "result", host, task: "Start", status: "failed", code }),
    INITIAL_RUN,
  );
  const asked: string[] = [];
  const answers = (yes: (flag: string) => boolean) =>
    askAboutFailures(state.failures, {
      confirm: ({ message, flag }) => Promise.resolve((asked.push(message), yes(flag))),
    });
  assert.deepEqual(await answers((flag) => flag !== "--replace nas"), {
    replace: ["pi"],
    convert: true,
  });
  assert.equal(asked.length, 3);
  assert.match(asked[2]!, /To let n2 join.* etcd\. This cannot be undone/);
  assert.equal(await answers(() => false), undefined);
});

Deno.test("-K without a terminal: exit code 2 and the option that needs none", async () => {
  await withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner, started } = ansibleMachine();
    for (
      const line of ["provision -K", "reset --yes --ask-become-pass", "node remove pi -K --yes"]
    ) {
      const { code, stderr } = await runCommand(line.split(" "), { directory, runner });
      assert.equal(code, 2);
      assert.match(stderr, /--become-password-file/);
    }
    assert.equal(started.length, 0);
  });
});

for (
  const line of [
    "provision",
    "provision --limit pi,nuc --tags node_config -i inventory/hosts.yml --become-password-file 'my file'",
    "-v provision --check -l pi --skip-tags gitops",
    "kubeconfig --set-current -i inventory/hosts.yml",
    "node remove pi --yes --inventory inventory/hosts.yml --dry-run",
    "reset --limit pi --yes -i inventory/hosts.yml",
  ]
) {
  Deno.test(`k3s-tool ${line} that fails or is interrupted names that line to go on with`, async () => {
    const argv = [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);
    await withDirectory(async (directory) => {
      await writeInventory(directory);
      const failed = await runCommand(argv, {
        directory,
        runner: ansibleMachine({ events: BAD_RUN, rc: 2 }).runner,
      });
      assert.equal(failed.code, 1, failed.stderr);
      const said = failed.stderr.replace(/ \(with --force .*\)$/m, "");
      assert.match(said, /Then (go on|check again) with: (.*)$/m);
      assert.equal(/Then (?:go on|check again) with: (.*)$/m.exec(said)?.[1], `k3s-tool ${line}`);

      const stop = new AbortController();
      const interrupted = await runCommand(argv, {
        directory,
        signal: stop.signal,
        runner: ansibleMachine({
          events: BAD_RUN.slice(0, 5),
          rc: 99,
          onStarted: () => stop.abort(),
        }).runner,
      });
      assert.equal(interrupted.code, 130, interrupted.stderr);
      assert.ok(interrupted.stderr.includes(`k3s-tool ${line}`), interrupted.stderr);
    });
  });
}
