import assert from "node:assert/strict";
import { parse } from "yaml";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { withDirectory } from "../ansible/fake_system.ts";
import { ansibleMachine, BAD_RUN, INVENTORY, writeInventory } from "../cli/ansible_machine.ts";
import { runCommand } from "../cli/fake_context.ts";
import { k3sKubeconfig } from "../kubeconfig/kubeconfig_fixture.ts";

const PERSONAL = `apiVersion: v1
kind: Config
current-context: work
clusters: []
contexts: []
users: []
`;

/** A machine whose playbook leaves the cluster's kubeconfig where it is told to. */
function machine() {
  return ansibleMachine({
    onStarted: ({ extraVars }) =>
      Deno.writeTextFile(String(extraVars.k3s_tool_kubeconfig_path), k3sKubeconfig()),
  });
}

Deno.test("kubeconfig fetches and merges, keeps a copy, and changes nothing the second time", () =>
  withDirectory(async (directory) => {
    await writeInventory(directory);
    await Deno.mkdir(`${directory}/.kube`);
    await Deno.writeTextFile(`${directory}/.kube/config`, PERSONAL);
    const { runner, started } = machine();
    const first = await runCommand(["kubeconfig"], { directory, runner });
    assert.equal(first.code, 0, first.stderr);
    assert.equal(first.stdout, "");
    assert.match(started[0]?.argv.at(-1) ?? "", /\/ansible\/playbooks\/kubeconfig\.yml$/);
    assert.equal(
      first.stderr.replaceAll(directory, "HOME").replace(/\d{8}T\d{6}Z/, "TIME"),
      `Wrote the context homelab to HOME/.kube/config.
The old file is now HOME/.kube/config.TIME.bak.
Try: kubectl --context homelab get nodes
`,
    );
    const config = parse(await Deno.readTextFile(`${directory}/.kube/config`));
    assert.equal(config["current-context"], "work");
    assert.equal(config.clusters[0].cluster.server, "https://100.64.0.1:6443");

    const second = await runCommand(["kubeconfig", "--stored"], { directory, runner });
    assert.equal(second.code, 0);
    assert.match(second.stderr, /is up to date; nothing was changed/);
    assert.equal(started.length, 1, "--stored contacts no host");
  }));

Deno.test("kubeconfig --print prints it under the cluster's name and writes nothing", () =>
  withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner } = machine();
    const yaml = await runCommand(["kubeconfig", "--print"], { directory, runner });
    assert.equal(yaml.code, 0, yaml.stderr);
    assert.equal(parse(yaml.stdout)["current-context"], "homelab");
    const json = await runCommand(
      ["kubeconfig", "--print", "--stored", "--context", "lab", "-o", "json"],
      { directory, runner },
    );
    assert.equal(JSON.parse(json.stdout).contexts[0].name, "lab");
    await assert.rejects(Deno.stat(`${directory}/.kube`), Deno.errors.NotFound);
  }));

Deno.test("kubeconfig -o json is what its schema says", () =>
  withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner } = machine();
    const argv = ["kubeconfig", "-o", "json", "--kubeconfig", "mine", "--set-current"];
    const { stdout } = await runCommand(argv, { directory, runner });
    const document = DOCUMENTS.KubeconfigMerge.parse(JSON.parse(stdout));
    assert.equal(document.file, await Deno.realPath(`${directory}/mine`));
    assert.deepEqual([document.changed, document.isCurrent, document.backup], [true, true, null]);
  }));

Deno.test("kubeconfig does not replace another cluster unasked", () =>
  withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner } = machine();
    const env = { KUBECONFIG: `${directory}/mine` };
    const other = k3sKubeconfig({ server: "https://other:6443", authority: "T1RIRVI=" });
    await Deno.writeTextFile(env.KUBECONFIG, other.replaceAll("default", "homelab"));
    const refused = await runCommand(["kubeconfig"], { directory, runner, env });
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /has homelab already, for https:\/\/other:6443/);
    const forced = await runCommand(["kubeconfig", "--stored", "--force"], {
      directory,
      runner,
      env,
    });
    assert.equal(forced.code, 0, forced.stderr);
    assert.match(await Deno.readTextFile(env.KUBECONFIG), /100\.64\.0\.1/);
  }));

Deno.test("kubeconfig without a server, a run that fails, and nothing stored, each say so", () =>
  withDirectory(async (directory) => {
    await writeInventory(directory);
    const stored = await runCommand(["kubeconfig", "--stored"], { directory });
    assert.equal(stored.code, 3);
    assert.match(stored.stderr, /The kubeconfig of this cluster was not fetched yet/);
    const { runner } = ansibleMachine({ events: BAD_RUN, rc: 2 });
    const failed = await runCommand(["kubeconfig"], { directory, runner });
    assert.equal(failed.code, 1);
    assert.match(failed.stderr, /only 3 MiB are free/);
    assert.equal(failed.stdout, "");
    await writeInventory(directory, "all: {children: {workers: {hosts: {}}}}\n");
    const empty = await runCommand(["kubeconfig"], { directory, runner });
    assert.equal(empty.code, 2);
    assert.match(empty.stderr, /no control-plane host/);
  }));

Deno.test("kubeconfig leaves the current context of all files of KUBECONFIG as it is", () =>
  withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner } = machine();
    await runCommand(["kubeconfig", "--kubeconfig", "elsewhere"], { directory, runner });
    const [fresh, work] = [`${directory}/new.yaml`, `${directory}/work.yaml`];
    const env = { KUBECONFIG: `${fresh}:${work}` };
    const merge = (...more: string[]) =>
      runCommand(["kubeconfig", "--stored", ...more], { directory, runner, env });
    await Deno.writeTextFile(work, PERSONAL);
    const done = await merge();
    assert.equal(done.code, 0, done.stderr);
    assert.equal(parse(await Deno.readTextFile(fresh))["current-context"], undefined);
    assert.equal(await Deno.readTextFile(work), PERSONAL);
    assert.match(done.stderr, /kubectl --context homelab get nodes/);
    await merge("--set-current");
    assert.equal(parse(await Deno.readTextFile(fresh))["current-context"], "homelab");
    // Where none of the files names one, it is the current one.
    await Deno.remove(fresh);
    await Deno.writeTextFile(work, PERSONAL.replace("current-context: work\n", ""));
    await merge();
    assert.equal(parse(await Deno.readTextFile(fresh))["current-context"], "homelab");
  }));

Deno.test("kubeconfig moves a context whose parts are in several files to its new server", () =>
  withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner } = machine();
    await runCommand(["kubeconfig", "--kubeconfig", "elsewhere"], { directory, runner });
    const parts = parse(
      k3sKubeconfig({ server: "https://100.64.0.2:6443" }).replaceAll("default", "homelab"),
    );
    const [contexts, others] = [`${directory}/contexts`, `${directory}/others`];
    await Deno.writeTextFile(
      contexts,
      JSON.stringify({ contexts: parts.contexts, "current-context": "homelab" }),
    );
    await Deno.writeTextFile(
      others,
      JSON.stringify({ clusters: parts.clusters, users: parts.users }),
    );
    const env = { KUBECONFIG: `${contexts}:${others}` };
    const done = await runCommand(["kubeconfig", "--stored"], { directory, runner, env });
    assert.equal(done.code, 0, done.stderr);
    const [cluster] = parse(await Deno.readTextFile(contexts)).clusters;
    assert.equal(cluster.cluster.server, "https://100.64.0.1:6443");
  }));

Deno.test("a context of the cluster's former name is told of once, with the commands to remove it", () =>
  withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner } = machine();
    const [home, work] = [`${directory}/home.yaml`, `${directory}/work.yaml`];
    await Deno.writeTextFile(work, PERSONAL.replace("current-context: work\n", ""));
    for (const files of [[home], [home, work], [work, home]]) {
      await Deno.remove(home).catch(() => {});
      const env = { KUBECONFIG: files.join(":") };
      const merge = (command: string, ...more: string[]) =>
        runCommand([command, ...more], { directory, runner, env });
      for (const command of ["kubeconfig", "provision"]) {
        const file = await writeInventory(directory);
        const before = await merge("kubeconfig");
        assert.doesNotMatch(before.stderr, /to this cluster too/);
        await Deno.writeTextFile(file, INVENTORY.replace("homelab", "den"));
        const { stderr } = await merge(command);
        assert.match(
          stderr,
          /The context homelab points to this cluster too. To remove it, run: kubectl config use-context den && kubectl config delete-context homelab\n/,
        );
        assert.doesNotMatch((await merge(command)).stderr, /to this cluster too/);
        const { stdout } = await merge("kubeconfig", "--stored", "-o", "json");
        assert.deepEqual(JSON.parse(stdout).otherContexts, ["homelab"]);
        for (const each of files) {
          await Deno.writeTextFile(each, PERSONAL.replace(/^curr.*\n/m, ""));
        }
      }
    }
    // kubectl is told of the file where it would not look there by itself.
    const named = ["kubeconfig", "--kubeconfig", "my file"];
    const { stderr } = await runCommand(named, { directory, runner });
    assert.match(stderr, /Try: kubectl --kubeconfig '.*my file' get nodes/);
    const renamed = await runCommand([...named, "--context", "a b"], { directory, runner });
    assert.match(
      renamed.stderr,
      /: kubectl --kubeconfig '.*my file' config use-context 'a b' && kubectl --kubeconfig '.*my file' config delete-context den\n/,
    );
  }));

Deno.test("a context that leads to another cluster is not taken for one of this cluster", () =>
  withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner } = machine();
    const other = k3sKubeconfig({ server: "https://other:6443", authority: "T1RIRVI=" });
    await Deno.writeTextFile(`${directory}/mine`, other);
    const argv = ["kubeconfig", "--kubeconfig", "mine", "-o", "json"];
    const { stdout } = await runCommand(argv, { directory, runner });
    assert.deepEqual(JSON.parse(stdout).otherContexts, []);
  }));

Deno.test("commands that go on without a kubeconfig they cannot use name its file", () =>
  withDirectory(async (directory) => {
    await writeInventory(directory);
    const { runner } = machine();
    const bad = `${directory}/bad`;
    for (const content of ["a: [\n", "contexts: 3\n"]) {
      await Deno.writeTextFile(bad, content);
      const env = { KUBECONFIG: bad };
      for (const argv of [["status"], ["discover"], ["provision"]]) {
        const { stdout, stderr } = await runCommand(argv, { directory, runner, env });
        assert.ok(`${stdout}${stderr}`.includes(bad), `${argv}: ${stderr}`);
      }
    }
  }));
