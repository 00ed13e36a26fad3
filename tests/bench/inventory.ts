/**
 * `deno task bench inventory`: one host more in an inventory of 1,000, against ruamel.yaml's load and dump of
 * the same file.
 *
 * Twice: the whole process, as a person waits for it, and the work alone, warm, inside one process.
 *
 * @module
 */

import { addHost } from "../../src/inventory/edit.ts";
import { editInventory } from "../../src/inventory/store.ts";
import { makeStage, STAGE } from "../../tasks/stage.ts";
import { writeInventory } from "./inventory_file.ts";
import { comparePairs, type Comparison, spread } from "./measure.ts";
import { reportTable } from "./report.ts";
import { ruamelPython } from "./ruamel.ts";

const HOSTS = 1_000;

/** Loads and dumps once and says nothing; with a number: that many times, milliseconds of each as JSON. */
const PEER = `
import io, json, sys, time
from ruamel.yaml import YAML
text = open(sys.argv[1]).read()
took = []
for _ in range(int(sys.argv[2])):
    began = time.perf_counter()
    yaml = YAML()
    yaml.preserve_quotes = True
    document = yaml.load(text)
    document["all"]["children"]["workers"]["hosts"]["new1"] = {"tailscale_ip": "100.64.100.1"}
    out = io.StringIO()
    yaml.dump(document, out)
    took.append((time.perf_counter() - began) * 1000)
json.dump(took, sys.stdout)
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
    const whole = await comparePairs(
      {
        name: "node add",
        argv: [
          "sh",
          "-c",
          'cp "$1" "$2" && shift 2 && exec "$@"',
          "sh",
          file,
          `${directory}/copy.yml`,
          Deno.execPath(),
          "run",
          "-A",
          "--no-config",
          "--no-lock",
          `${STAGE}/main.js`,
          "node",
          "add",
          "new1",
          "100.64.100.1",
          "--role",
          "worker",
          "-i",
          `${directory}/copy.yml`,
        ],
        env: { HOME: directory },
      },
      { name: "ruamel.yaml", argv: [python, "-c", PEER, file, "1"] },
      { runs: 5 },
    );
    const work = await compareWork({ file, python });
    const lines = await changedLines(original, `${directory}/copy.yml`);
    return reportTable("k3s-tool", "ruamel.yaml", [
      { what: "`node add`, whole process", comparison: whole, target: "at most 0.1" },
      { what: "read, edit, validate; warm", comparison: work, target: "at most 0.1" },
    ]) + `\nLines of the file that differ afterwards, beside the new host's: ${lines}\n`;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function compareWork(
  { file, python }: { readonly file: string; readonly python: string },
): Promise<Comparison> {
  const runs = 5;
  const edit = async () => {
    const began = performance.now();
    const vars = { tailscale_ip: "100.64.100.1" };
    await editInventory(
      file,
      (content) => addHost(content, { name: "new1", role: "worker", vars }),
      { cwd: "/", dryRun: true },
    );
    return performance.now() - began;
  };
  for (let warm = 0; warm < 3; warm++) await edit();
  const subject: number[] = [];
  for (let run = 0; run < runs; run++) subject.push(await edit());
  const { stdout } = await new Deno.Command(python, {
    args: ["-c", PEER, file, String(runs + 1)],
  }).output();
  const peer = (JSON.parse(new TextDecoder().decode(stdout)) as number[]).slice(1);
  return {
    subject: spread(subject),
    peer: spread(peer),
    ratio: spread(subject.map((took, index) => took / (peer[index] ?? Number.NaN))),
  };
}

async function changedLines(original: string, copy: string): Promise<number> {
  const before = original.split("\n");
  const after = new Set((await Deno.readTextFile(copy)).split("\n"));
  return before.filter((line) => !after.has(line)).length;
}
