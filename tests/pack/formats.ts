/**
 * Every command of the installed package in every format it offers, as its own examples call it: once
 * where all it needs is there, once where nothing is.
 *
 * @module
 */

import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { OUTPUT_FORMATS, type OutputFormat } from "../../src/cli/program/global_options.ts";
import { commands } from "../../src/cli/program/registry.ts";
import { withApiServer } from "../cluster/fake_api_server.ts";
import { CLUSTER, INVENTORY, TAILNET } from "../golden/homelab.ts";
import { command, environmentOf, type Installed, type Left } from "./installed.ts";

/** What a person reads where the program is wrong, and not they or their machine. */
export const DEFECT = /defect|is not a function|is not defined|Cannot read propert/;

/** How many programs run at a time. */
const AT_ONCE = 3;

/** Programs a command may call, as they answer on a machine whose hosts are all off. */
const PROGRAMS: Readonly<Record<string, string>> = {
  tailscale: 'exec cat "$TAILNET"',
  ssh: "exit 255",
  "ansible-playbook": 'case "$*" in *--version*) echo "ansible-playbook [core 2.19.14]";; esac',
};

interface Run {
  readonly argv: readonly string[];
  readonly format: OutputFormat;
  readonly left: Left;
}

/** Registers the tests. */
export function testFormats({ directory, home, tool }: Installed): void {
  Deno.test("every command of the packed tool in every format it offers", async (t) => {
    const ready = `${directory}/ready`;
    const nothing = `${directory}/nothing`;
    await Deno.mkdir(nothing);
    await makeMachine(ready, { tool, home });
    await withApiServer(CLUSTER, async ({ kubeconfig }) => {
      for (const declaration of commands) {
        await t.step(declaration.name, async () => {
          const inReady = { cwd: ready, env: machineEnvironment(ready, kubeconfig) };
          const inNothing = { cwd: nothing, env: environmentOf(nothing) };
          const calls = [
            ...declaration.examples.map((example) => ({
              argv: argumentsOf(example.command),
              where: inReady,
            })),
            { argv: declaration.name.split(" "), where: inNothing },
          ];
          for (const { argv, where } of calls) {
            const runs = await atOnce(declaration.formats ?? OUTPUT_FORMATS, async (format) => {
              // Each finds the machine as it was before: commands change it.
              const cwd = await Deno.makeTempDir({ dir: directory });
              await command(["cp", "-a", `${where.cwd}/.`, cwd], { cwd: directory });
              const env = { ...where.env, HOME: cwd };
              const args = [...argv, ...(format === "table" ? [] : ["-o", format])];
              return { argv: args, format, left: await call([tool, ...args], { cwd, env }) };
            });
            for (const run of runs) assertSound(run);
            assert.equal(new Set(runs.map(({ left }) => left.code)).size, 1, words(runs));
          }
        });
      }
    });
  });
}

/** The arguments of an example, without its format and the parts of its line that are the shell's. */
function argumentsOf(line: string): readonly string[] {
  const [, call = ""] = /\bk3s-tool (.*)$/.exec(line) ?? [];
  const argv: string[] = [];
  for (const [word, quoted] of call.replace(/ -o \w+/, "").matchAll(/'([^']*)'|\S+/g)) {
    if (/^[|<>&]/.test(word)) break;
    argv.push(quoted ?? word);
  }
  return argv;
}

/** A home with an inventory, an apps repository and the programs. */
async function makeMachine(
  directory: string,
  { tool, home }: Pick<Installed, "tool" | "home">,
): Promise<void> {
  for (const folder of ["bin", "inventory", "staging"]) {
    await Deno.mkdir(`${directory}/${folder}`, { recursive: true });
  }
  const settings = "reserved_cpu: '1', node_labels: {workstation: 'true'}, ";
  const inventory = INVENTORY.replace("dgx: {", `dgx: {${settings}`);
  await Deno.writeTextFile(`${directory}/inventory/hosts.yml`, inventory);
  await Deno.writeTextFile(`${directory}/staging/hosts.yml`, inventory);
  await Deno.writeTextFile(`${directory}/tailnet.json`, TAILNET);
  for (const [name, script] of Object.entries(PROGRAMS)) {
    await Deno.writeTextFile(`${directory}/bin/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  const made = await command([tool, "gitops", "init", "homelab-apps"], {
    cwd: directory,
    env: environmentOf(home),
  });
  assert.equal(made.code, 0, made.stderr);
}

function machineEnvironment(directory: string, kubeconfig: string): Record<string, string> {
  return {
    ...environmentOf(directory),
    PATH: `${directory}/bin:${Deno.env.get("PATH")}`,
    TAILNET: `${directory}/tailnet.json`,
    KUBECONFIG: kubeconfig,
  };
}

/** Runs a command; one that follows something is interrupted when it has shown it. */
async function call(
  [program = "", ...args]: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Left> {
  if (!args.includes("--watch")) return await command([program, ...args], { cwd, env });
  const child = new Deno.Command(program, {
    args,
    cwd,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const decoder = new TextDecoder();
  let stdout = "";
  const stderr = new Response(child.stderr).text();
  for await (const chunk of child.stdout) {
    if (stdout === "") child.kill("SIGINT");
    stdout += decoder.decode(chunk, { stream: true });
  }
  return { code: (await child.status).code, stdout, stderr: await stderr };
}

function assertSound(run: Run): void {
  const { format, left: { code, stdout, stderr } } = run;
  assert.doesNotMatch(stdout + stderr, DEFECT, words([run]));
  assert.ok([0, 1, 2, 3, 4, 130].includes(code), words([run]));
  if (format === "json") assert.ok(jsonDocuments(stdout) > 0, words([run]));
  if (format === "yaml") {
    const documents = parseAllDocuments(stdout);
    assert.ok(Array.isArray(documents) && documents.length > 0, words([run]));
    for (const { errors } of documents) assert.deepEqual(errors, [], words([run]));
  }
  assert.notEqual(stdout + stderr, "", words([run]));
}

/** How many documents a text is: one as a whole, or one a line. */
function jsonDocuments(text: string): number {
  try {
    JSON.parse(text);
    return 1;
  } catch {
    return text.trimEnd().split("\n").map((line) => JSON.parse(line)).length;
  }
}

async function atOnce<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    results.push(...await Promise.all(items.slice(from, from + AT_ONCE).map(work)));
  }
  return results;
}

function words(runs: readonly Run[]): string {
  return runs.map(({ argv, left }) =>
    `k3s-tool ${argv.join(" ")}: ${left.code}\n${left.stdout.slice(0, 2_000)}${left.stderr}`
  ).join("\n");
}
