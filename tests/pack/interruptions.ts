/**
 * Every command of the installed package, as its own examples call it, where a person does not wait
 * for its end: Ctrl-C while what it asks does not answer, and a reader that goes away.
 *
 * @module
 */

import assert from "node:assert/strict";
import { commands } from "../../src/cli/program/registry.ts";
import { withApiServer } from "../cluster/fake_api_server.ts";
import { CLUSTER } from "../golden/homelab.ts";
import { command, type Installed } from "./installed.ts";
import { argumentsOf, atOnce, DEFECT, machineEnvironment, makeMachine } from "./machine.ts";

/** A program that says that it was called, and then nothing. */
const HANGS = 'echo $$ >> "$ASKED"; exec sleep 3600';

/** Programs as they are where the network is gone; ssh and Ansible can say their versions. */
const PROGRAMS: Readonly<Record<string, string>> = {
  tailscale: HANGS,
  ssh: `case "$*" in -V) exit 0;; esac; ${HANGS}`,
  "ansible-playbook":
    `case "$*" in *--version*) echo "ansible-playbook [core 2.19.14]"; exit 0;; esac; ${HANGS}`,
};

const examples = commands.flatMap(({ name, examples }) =>
  Object.keys(examples).map((command) => ({ name, argv: argumentsOf(command) }))
);

/** The first example of a command. */
function exampleOf(name: string): typeof examples[number] {
  const found = examples.find((example) => example.name === name);
  assert.ok(found, `${name} has no example`);
  return found;
}

/** Registers the tests. */
export function testInterruptions({ directory, home, tool, compiled }: Installed): void {
  Deno.test("Ctrl-C ends every command of the packed tool, and what it called", async () => {
    const machine = `${directory}/hanging`;
    await makeMachine(machine, { tool, home, programs: PROGRAMS });
    const before = await Deno.readTextFile(`${machine}/inventory/hosts.yml`);
    let interrupted = 0;
    await atOnce(examples, async ({ name, argv }) => {
      using server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const connected = server.accept();
      const cwd = await copyOf(machine, directory);
      const kubeconfig = `${cwd}/kubeconfig`;
      await Deno.writeTextFile(kubeconfig, kubeconfigFor(server.addr.port));
      await Deno.writeTextFile(`${cwd}/asked`, "");
      const env = { ...machineEnvironment(cwd, { compiled, kubeconfig }), ASKED: `${cwd}/asked` };
      using calls = Deno.watchFs(`${cwd}/asked`);
      const child = start([tool, ...argv], { cwd, env });
      const hangs = await Promise.race([
        child.status.then(() => false),
        connected.then(() => true),
        calls[Symbol.asyncIterator]().next().then(() => true),
      ]);
      if (hangs) {
        interrupted += 1;
        child.kill("SIGINT");
      }
      const [{ code }, stderr] = await Promise.all([
        child.status,
        new Response(child.stderr).text(),
        child.stdout.cancel(),
      ]);
      server.close();
      await connected.then((connection) => connection.close(), () => {});
      const said = `k3s-tool ${argv.join(" ")}: ${code}\n${stderr}`;
      assert.doesNotMatch(stderr, DEFECT, said);
      if (!hangs) return;
      assert.equal(code, 130, said);
      for (const pid of (await Deno.readTextFile(`${cwd}/asked`)).split("\n").filter(Boolean)) {
        assert.ok(!isAlive(pid), `${said}\nprocess ${pid} is still there`);
      }
      const after = await Deno.readTextFile(`${cwd}/inventory/hosts.yml`);
      assert.equal(after, before, `${name} changed the inventory`);
    });
    assert.ok(interrupted > 10, `only ${interrupted} commands asked for anything`);
  });

  for (const gone of ["stdout", "stderr"] as const) {
    Deno.test(`every command of the packed tool, with nobody who reads ${gone}`, async () => {
      const machine = `${directory}/unread-${gone}`;
      await makeMachine(machine, { tool, home });
      await withApiServer(CLUSTER, async ({ kubeconfig }) => {
        const each = gone === "stdout" ? examples : commands.map(({ name }) => exampleOf(name));
        await atOnce(each, async ({ argv }) => {
          const cwd = await copyOf(machine, directory);
          const env = machineEnvironment(cwd, { compiled, kubeconfig });
          const { code, text } = await unread([tool, ...argv], { cwd, env, gone });
          const said = `k3s-tool ${argv.join(" ")}: ${code}\n${text}`;
          assert.doesNotMatch(text, DEFECT, said);
          assert.ok([0, 1, 2, 3, 4, 130].includes(code), said);
        });
      });
    });
  }
}

/** Commands change the machine they run on: each gets a copy of its own. */
async function copyOf(machine: string, directory: string): Promise<string> {
  const cwd = await Deno.makeTempDir({ dir: directory });
  await command(["cp", "-a", `${machine}/.`, cwd], { cwd: directory });
  return cwd;
}

function start(
  [program = "", ...args]: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Deno.ChildProcess {
  return new Deno.Command(program, {
    ...options,
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/**
 * Runs a command with one of its pipes closed at the other end. One that follows something ends by
 * itself when nobody reads what it shows; else it is interrupted when it has shown it.
 */
async function unread(
  argv: readonly string[],
  { gone, ...options }: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly gone: "stdout" | "stderr";
  },
): Promise<{ readonly code: number; readonly text: string }> {
  const child = start(argv, options);
  const closed = child[gone].cancel();
  let text = "";
  const kept = child[gone === "stdout" ? "stderr" : "stdout"];
  for await (const chunk of kept.pipeThrough(new TextDecoderStream())) {
    if (text === "" && gone === "stderr" && argv.includes("--watch")) child.kill("SIGINT");
    text += chunk;
  }
  await closed;
  return { code: (await child.status).code, text };
}

function isAlive(pid: string): boolean {
  try {
    return !/^State:\s*Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function kubeconfigFor(port: number): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: "u", user: {} }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    "current-context": "c",
  });
}
