/**
 * Every command of the installed package in every format it offers, as its own examples call it: once
 * where all it needs is there, once where nothing is.
 *
 * @module
 */

import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { OUTPUT_FORMATS, type OutputFormat } from "../../src/cli/program/command.ts";
import { commands } from "../../src/cli/program/registry.ts";
import { withApiServer } from "../cluster/fake_api_server.ts";
import { CLUSTER } from "../golden/homelab.ts";
import { command, environmentOf, type Installed, type Left } from "./installed.ts";
import { argumentsOf, atOnce, DEFECT, machineEnvironment, makeMachine } from "./machine.ts";

interface Run {
  readonly argv: readonly string[];
  readonly format: OutputFormat;
  readonly left: Left;
}

/** Registers the tests. */
export function testFormats({ directory, home, tool, compiled }: Installed): void {
  Deno.test("every command of the packed tool in every format it offers", async (t) => {
    const ready = `${directory}/ready`;
    const nothing = `${directory}/nothing`;
    await Deno.mkdir(nothing);
    await makeMachine(ready, { tool, home });
    await withApiServer(CLUSTER, async ({ kubeconfig }) => {
      for (const declaration of commands) {
        await t.step(declaration.name, async () => {
          const inReady = { cwd: ready, env: machineEnvironment(ready, { compiled, kubeconfig }) };
          const inNothing = {
            cwd: nothing,
            env: { ...environmentOf(nothing), DENO_DIR: compiled },
          };
          const calls = [
            ...Object.keys(declaration.examples).map((example) => ({
              argv: argumentsOf(example),
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
              // What comes after -- is not ours.
              const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
              const args = format === "table" ? argv : argv.toSpliced(end, 0, "-o", format);
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

function words(runs: readonly Run[]): string {
  return runs.map(({ argv, left }) =>
    `k3s-tool ${argv.join(" ")}: ${left.code}\n${left.stdout.slice(0, 2_000)}${left.stderr}`
  ).join("\n");
}
