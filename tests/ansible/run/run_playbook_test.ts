/** The real ansible-playbook with the real callback plugin, on this machine alone. */
import assert from "node:assert/strict";
import type { RunEvent } from "../../../src/ansible/events/event.ts";
import { installPrivateAnsible } from "../../../src/ansible/setup/private_ansible.ts";
import { pastRuns } from "../../../src/ansible/run/run_history.ts";
import { runPlaybook } from "../../../src/ansible/run/run_playbook.ts";
import { processesOfRun } from "../../../src/ansible/run/run_processes.ts";
import { INITIAL_RUN, reduceRun } from "../../../src/ansible/events/run_state.ts";
import { DenoRunner } from "../../../src/process/deno_runner.ts";
import type { System } from "../../../src/process/system.ts";
import { PROJECT_ROOT } from "../../cli/fake_context.ts";
import { FakeRunner } from "../../process/fake_runner.ts";
import { fakeSystem, withDirectory } from "../fake_system.ts";

const ANSIBLE = { argv: ["ansible-playbook"], version: "2.19.14", origin: "path" } as const;

/** ansible-core as `doctor --fix` installs it, kept between test runs. */
async function realAnsible() {
  const base = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  const system = fakeSystem("/proc/nonexistent", {
    runner: new DenoRunner(),
    directories: { home: "/", config: "/", state: "/", cache: `${base}/k3s-tool-test` },
  });
  const requirements = await Deno.readTextFile(`${PROJECT_ROOT}/ansible/requirements.txt`);
  return await installPrivateAnsible(system, requirements);
}

/** The project's tree with one playbook in the place of `site`. */
async function treeWith(directory: string, playbook: string): Promise<string> {
  const tree = `${directory}/tree`;
  await Deno.mkdir(`${tree}/playbooks`, { recursive: true });
  await Deno.symlink(`${PROJECT_ROOT}/ansible/plugins`, `${tree}/plugins`);
  await Deno.copyFile(`${PROJECT_ROOT}/ansible/ansible.cfg`, `${tree}/ansible.cfg`);
  await Deno.writeTextFile(`${tree}/playbooks/site.yml`, playbook);
  await Deno.writeTextFile(
    `${directory}/hosts.yml`,
    `all:
  vars: {ansible_connection: local, ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  hosts: {here: {}, there: {}}
`,
  );
  return tree;
}

async function collect(
  system: System,
  run: Omit<Parameters<typeof runPlaybook>[1], "playbook" | "inventories" | "inventory">,
  onEvent: (event: RunEvent) => void = () => {},
): Promise<RunEvent[]> {
  const inventory = `${system.cwd}/hosts.yml`;
  const events: RunEvent[] = [];
  for await (
    const event of runPlaybook(system, {
      ...run,
      playbook: "site",
      inventory,
      inventories: [inventory],
    })
  ) {
    events.push(event);
    onEvent(event);
  }
  return events;
}

Deno.test("a real run: two tasks, one host fails, the other goes on", async () => {
  await withDirectory(async (directory) => {
    const ansible = await realAnsible();
    const tree = await treeWith(
      directory,
      `- name: Preflight
  hosts: all
  gather_facts: false
  tasks:
    - name: Only here
      ansible.builtin.assert:
        that: inventory_hostname != "there"
        fail_msg: "there is wrong\\nHint: go elsewhere"
    - name: Write
      ansible.builtin.copy:
        content: "{{ greeting }}"
        dest: "{{ target }}"
        mode: "0600"
`,
    );
    const target = `${directory}/written`;
    const system = fakeSystem(directory, { runner: new DenoRunner() });
    const events = await collect(system, {
      ansible,
      tree,
      extraVars: { greeting: "hello", target },
    });
    const end = events.at(-1);
    assert.ok(end?.type === "end");
    assert.equal(end.outcome, "failed", await Deno.readTextFile(end.log));
    const state = events.reduce((before, event) => reduceRun(before, event), INITIAL_RUN);
    assert.equal(state.stage, "Preflight");
    assert.equal(state.hosts.get("here")?.changed, 1, JSON.stringify(events));
    assert.equal(state.hosts.get("here")?.status, "ok");
    assert.deepEqual(state.failures, [{
      host: "there",
      stage: "Preflight",
      task: "Only here",
      message: "there is wrong",
      hint: "go elsewhere",
      unreachable: false,
    }]);
    assert.equal(await Deno.readTextFile(target), "hello");
    const [past] = await pastRuns(`${system.directories.state}/runs`);
    assert.equal(past?.result?.rc, 2);
    assert.match(await Deno.readTextFile(end.log), /PLAY RECAP/);
    assert.equal(await Deno.stat(`${end.directory}/tmp`).catch(() => "gone"), "gone");
  });
});

Deno.test("a real run with --diff keeps no secret: neither in its events nor in its log", async () => {
  await withDirectory(async (directory) => {
    const ansible = await realAnsible();
    const tree = await treeWith(
      directory,
      `- name: Workers
  hosts: here
  gather_facts: false
  tasks:
    - name: Write
      ansible.builtin.copy:
        content: "node-ip: 100.64.0.1\\netcd-s3-secret-key: {{ word }}2\\nextra:\\n  token:\\n    - {{ word }}3\\n"
        dest: "{{ target }}"
        mode: "0600"
`,
    );
    const target = `${directory}/config.yaml`;
    await Deno.writeTextFile(target, "node-ip: 100.64.0.1\netcd-s3-secret-key: hunter1\n");
    const system = fakeSystem(directory, { runner: new DenoRunner() });
    const events = await collect(system, {
      ansible,
      tree,
      diff: true,
      extraVars: { target, word: "hunter" },
    });
    const end = events.at(-1);
    assert.ok(end?.type === "end" && end.outcome === "ok");
    const result = events.find((event) => event.type === "result");
    assert.ok(result?.type === "result");
    assert.equal(
      result.diff?.[0]?.before,
      "node-ip: 100.64.0.1\netcd-s3-secret-key: ******** (changed)",
    );
    assert.match(result.diff?.[0]?.after ?? "", /^node-ip: 100\.64\.0\.1\netcd-s3-secret-key: \*/);
    const kept = await Deno.readTextFile(`${end.directory}/events.jsonl`) +
      await Deno.readTextFile(end.log);
    assert.match(kept, /PLAY RECAP/);
    assert.doesNotMatch(kept, /hunter/);
  });
});

Deno.test("an abort ends ansible and all it started, then the end says so", async () => {
  await withDirectory(async (directory) => {
    const ansible = await realAnsible();
    const tree = await treeWith(
      directory,
      `- name: Workers
  hosts: all
  gather_facts: false
  tasks:
    - name: Wait long
      ansible.builtin.command: sleep 600
`,
    );
    const stop = new AbortController();
    const system = fakeSystem(directory, { runner: new DenoRunner(), signal: stop.signal });
    let waiting = 0;
    const events = await collect(system, { ansible, tree }, (event) => {
      if (event.type === "host_start" && ++waiting === 2) stop.abort();
    });
    const end = events.at(-1);
    assert.ok(end?.type === "end");
    assert.equal(end.outcome, "interrupted");
    assert.deepEqual(await processesOfRun(system, `${end.directory}/events.jsonl`), []);
    const [past] = await pastRuns(`${system.directories.state}/runs`);
    assert.equal(past?.result?.outcome, "interrupted");
  });
});

Deno.test("ansible-playbook that cannot work at all is an error with its words", async () => {
  await withDirectory(async (directory) => {
    const system = fakeSystem(directory);
    system.runner.onStart("ansible-playbook", async (_argv, { logFile }) => {
      await Deno.writeTextFile(logFile, "[ERROR]: the playbook could not be found\n");
      return 1;
    });
    const events = await collect(system, { ansible: ANSIBLE, tree: "/tree" });
    assert.deepEqual(events.map(({ type }) => type), ["started", "end"]);
    const end = events.at(-1);
    assert.ok(end?.type === "end");
    assert.equal(end.outcome, "error");
    assert.equal(end.message, "[ERROR]: the playbook could not be found");
  });
});

Deno.test("extra variables and groups are files of the owner alone, and gone afterwards", async () => {
  await withDirectory(async (directory) => {
    const system = fakeSystem(directory);
    const modes: number[] = [];
    system.runner.onStart("ansible-playbook", async (argv, { env, without }) => {
      for (const path of [argv.find((word) => word.startsWith("@"))?.slice(1), argv[4]]) {
        modes.push(((await Deno.stat(path ?? "")).mode ?? 0) & 0o777);
      }
      assert.match(env?.ANSIBLE_SSH_COMMON_ARGS ?? "", /known_hosts/);
      assert.ok(without?.test("ANSIBLE_SSH_ARGS"));
      return 0;
    });
    const events = await collect(system, {
      ansible: ANSIBLE,
      tree: "/tree",
      extraVars: { a: 1 },
      extraInventory: "all: {}\n",
      publishedHostKeys: "x ssh-ed25519 AAAA\n",
    });
    assert.deepEqual(modes, [0o600, 0o600]);
    const { state } = system.directories;
    assert.equal(
      await Deno.readTextFile(`${state}/known_hosts.tailnet`),
      "x ssh-ed25519 AAAA\n",
    );
    const end = events.at(-1);
    assert.ok(end?.type === "end");
    assert.equal(await Deno.stat(`${end.directory}/tmp`).catch(() => "gone"), "gone");
  });
});

Deno.test("leaving the loop early stops the run", async () => {
  await withDirectory(async (directory) => {
    const system = fakeSystem(directory, { runner: new FakeRunner() });
    let stopped = false;
    system.runner.onStart("ansible-playbook", async (_argv, { env, stopped: signal }) => {
      const aborted = new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve());
      });
      await Deno.writeTextFile(
        env?.K3S_TOOL_EVENTS ?? "",
        '{"type":"play_start","play":"Preflight","hosts":["n1"]}\n',
      );
      await aborted;
      stopped = true;
      return 99;
    });
    const inventory = `${directory}/hosts.yml`;
    const run = runPlaybook(system, {
      ansible: ANSIBLE,
      tree: "/tree",
      playbook: "site",
      inventory,
      inventories: [inventory],
    });
    for await (const event of run) if (event.type === "play_start") break;
    assert.ok(stopped);
    const [past] = await pastRuns(`${system.directories.state}/runs`);
    assert.equal(past?.result?.outcome, "interrupted");
  });
});

Deno.test("two names of one inventory are one inventory: a second run is refused", () =>
  withDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/hosts.yml`, "");
    await Deno.symlink("hosts.yml", `${directory}/link.yml`);
    const runner = new FakeRunner().onStart(
      "ansible-playbook",
      (_, { stopped }) =>
        new Promise((resolve) => stopped.addEventListener("abort", () => resolve(0))),
    );
    const system = fakeSystem(directory, { runner });
    const run = (name: string) =>
      runPlaybook(system, {
        ansible: ANSIBLE,
        tree: directory,
        playbook: "site",
        inventory: `${directory}/${name}`,
        inventories: [`${directory}/${name}`],
      });
    const first = run("hosts.yml");
    assert.equal((await first.next()).value?.type, "started");
    await assert.rejects(run("link.yml").next(), /Another run on .* is under way/);
    await first.return();
  }));

Deno.test("a sudo password that was typed reaches Ansible by a pipe and is in no file, argument or event", async () => {
  await withDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/hosts.yml`, "all: {}\n");
    const password = "correct horse";
    const inFiles = async () =>
      (await new Deno.Command("grep", { args: ["-rlF", password, directory] }).output()).code === 0;
    const runner = new FakeRunner().onStart("ansible-playbook", async (argv, options) => {
      assert.equal(argv[argv.indexOf("--become-password-file") + 1], "-");
      assert.equal(options.stdin, password);
      assert.ok(!JSON.stringify([argv, options.env]).includes(password));
      // What a process that is killed now would leave behind.
      assert.equal(await inFiles(), false);
      await Deno.writeTextFile(options.logFile, "");
      await Deno.writeTextFile(
        options.env?.K3S_TOOL_EVENTS ?? "",
        '{"type":"run_start","playbook":"site.yml"}\n{"type":"run_end","stats":{}}\n',
      );
      return 0;
    });
    const events = await collect(fakeSystem(directory, { runner }), {
      ansible: ANSIBLE,
      tree: directory,
      becomePassword: password,
      becomePasswordFile: `${directory}/another`,
    });
    const end = events.at(-1);
    assert.ok(end?.type === "end" && end.outcome === "ok");
    assert.ok(!JSON.stringify(events).includes(password));
    assert.equal(await inFiles(), false);
  });
});
