/**
 * `deno task bench inventory`: one host more in an inventory of 1,000, against ruamel.yaml's load and dump of
 * the same file.
 *
 * Twice: the whole process, as a person waits for it, and the work alone, warm, inside one process.
 *
 * @module
 */

import process from "node:process";
import { addHost } from "../../src/inventory/edit/edit.ts";
import { editInventory } from "../../src/inventory/store.ts";
import { makeStage, RUN_FLAGS, STAGE } from "../../tasks/stage.ts";
import { writeInventory } from "./inventory_file.ts";
import { comparePairs, type Comparisons, timeOnce } from "./measure.ts";
import { reportTable } from "./report.ts";
import { ruamelPython } from "./ruamel.ts";

const HOSTS = 1_000;

const RUNS = 9;

/** Loads and dumps the file for each line of stdin, and answers with the milliseconds: wall, processor. */
const PEER = `
import io, sys, time
from ruamel.yaml import YAML
text = open(sys.argv[1]).read()
for _ in sys.stdin:
    wall, cpu = time.perf_counter(), time.process_time()
    yaml = YAML()
    yaml.preserve_quotes = True
    document = yaml.load(text)
    document["all"]["children"]["workers"]["hosts"]["new1"] = {"tailscale_ip": "100.64.100.1"}
    out = io.StringIO()
    yaml.dump(document, out)
    took = [(time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000]
    sys.stdout.write("%f %f\\n" % (took[0], took[1]))
    sys.stdout.flush()
`;

/** Measures and returns the report. */
export async function benchInventory(): Promise<string> {
  await makeStage();
  const python = await ruamelPython();
  const directory = await Deno.makeTempDir();
  try {
    const file = `${directory}/hosts.yml`;
    await writeInventory(file, { hosts: HOSTS });
    const original = await Deno.readTextFile(file);
    const copy = `${directory}/copy.yml`;
    const add = ["node", "add", "new1", "100.64.100.1", "--role", "worker", "-i", copy];
    const subject = {
      name: "node add",
      argv: [Deno.execPath(), ...RUN_FLAGS, `${STAGE}/main.js`, ...add],
      env: { HOME: directory },
    };
    const peer = {
      name: "ruamel.yaml",
      argv: ["sh", "-c", `echo | ${python} -c '${PEER}' ${file}`],
    };
    const whole = await comparePairs(
      async () => {
        await Deno.copyFile(file, copy);
        return await timeOnce(subject);
      },
      () => timeOnce(peer),
      { runs: RUNS },
    );
    const work = await compareWork({ file, python });
    const lines = await changedLines(original, copy);
    return reportTable("k3s-tool", "ruamel.yaml", [
      { what: "`node add`, whole process", comparisons: whole, target: "at most 0.1" },
      { what: "read, edit, validate; warm", comparisons: work, target: "at most 0.1" },
    ]) + `\nOther lines of the file that changed: ${lines}\n`;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function compareWork(
  { file, python }: { readonly file: string; readonly python: string },
): Promise<Comparisons> {
  const vars = { tailscale_ip: "100.64.100.1" };
  const edit = async () => {
    const [wall, cpu] = [performance.now(), process.cpuUsage()];
    await editInventory(
      file,
      (content) => addHost(content, { name: "new1", role: "worker", vars }),
      { cwd: "/", dryRun: true },
    );
    const { user, system } = process.cpuUsage(cpu);
    return { wall: performance.now() - wall, cpu: (user + system) / 1000 };
  };
  const peer = new Deno.Command(python, {
    args: ["-c", PEER, file],
    stdin: "piped",
    stdout: "piped",
  })
    .spawn();
  const asked = peer.stdin.getWriter();
  const answers = peer.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const loadAndDump = async () => {
    await asked.write(new TextEncoder().encode("\n"));
    const [wall, cpu] = (await answers.read()).value!.split(" ").map(Number);
    return { wall: wall!, cpu: cpu! };
  };
  try {
    for (let warm = 0; warm < 3; warm++) await edit();
    return await comparePairs(edit, loadAndDump, { runs: RUNS });
  } finally {
    await asked.close();
    await peer.status;
  }
}

async function changedLines(original: string, copy: string): Promise<number> {
  const before = original.split("\n");
  const after = new Set((await Deno.readTextFile(copy)).split("\n"));
  return before.filter((line) => !after.has(line)).length;
}
