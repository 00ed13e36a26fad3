/**
 * `deno task faults`: kills the tool, what it runs and its hosts at moments that lie ever deeper in commands, runs
 * each command again, and looks whether all is as it should be.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { makeStage, ROOT } from "../../../tasks/stage.ts";
import { ansibleOnPath } from "../ansible.ts";
import { say, secondsSince } from "../cli/progress.ts";
import { down, up } from "../lab.ts";
import { inventoryFile } from "../tool.ts";
import { Cluster, converge, TEMPORARY } from "./cluster.ts";
import { type Command, COMMANDS, versionNow } from "./commands.ts";
import { type CutOff, cutOff, type Extent } from "./cut_off.ts";
import { KINDS, type Moment, momentsOf } from "./moments.ts";

/** What was found, kept line by line so that a run may be continued. */
interface Finding {
  readonly seed: number;
  readonly command: string;
  /** 0: an undisturbed one, which says how long the command is. */
  readonly moment: number;
  readonly killed?: string | undefined;
  readonly extent?: Extent;
  readonly how?: string;
  readonly problems?: readonly string[];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    moments: { type: "string", default: "8" },
    from: { type: "string", default: "1" },
    seed: { type: "string", default: String(Date.now() % 10_000) },
    minutes: { type: "string", default: "600" },
  },
});
const count = Number(values.moments);
const seed = Number(values.seed);
const file = `${ROOT}/dist/faults.jsonl`;
const names = positionals.length > 0 ? positionals : Object.keys(COMMANDS);
const until = performance.now() + Number(values.minutes) * 60_000;
const unknown = names.find((name) => COMMANDS[name] === undefined);
if (unknown !== undefined || !(count > 0) || !Number.isInteger(seed)) {
  say(
    `usage: deno task faults [${Object.keys(COMMANDS).join("|")}…] [--moments 8] [--from 1] ` +
      "[--seed NUMBER] [--minutes M]",
  );
  Deno.exit(2);
}

await Deno.mkdir(`${ROOT}/dist`, { recursive: true });
Deno.env.set("TMPDIR", TEMPORARY);
await Deno.mkdir(TEMPORARY, { recursive: true });
try {
  await makeStage();
  await ansibleOnPath();
  await down(); // an earlier run that was cut short
  const cluster = new Cluster(await up({ hosts: 3 }));
  await cluster.create();
  say(`faults: seed ${seed}; ${cluster.members.length} hosts and a spare`);
  for (const name of names) await attack(cluster, name, Number(values.from));
} finally {
  await down();
  await Deno.remove(TEMPORARY, { recursive: true });
}
const found = await findings();
say(table(found));
if (found.some(({ problems = [] }) => problems.length > 0)) Deno.exitCode = 1;

/** Cuts a command off at one moment after another. */
async function attack(cluster: Cluster, name: string, from: number): Promise<void> {
  const command = COMMANDS[name]!;
  const known = (await findings()).findLast((each) => each.command === name && each.extent);
  let extent = known?.extent;
  if (extent === undefined) {
    const whole = await cutOff(await command.prepare(cluster));
    if (whole.code !== 0) throw new Error(`an undisturbed ${name} ends with code ${whole.code}`);
    command.converged?.(cluster);
    extent = { results: whole.results, seconds: whole.seconds };
    say(`${name}: undisturbed ${whole.results} results in ${whole.seconds.toFixed(0)} s`);
    await note({ seed, command: name, moment: 0, extent });
    await cluster.takeBaseline();
  }
  for (const moment of momentsOf(seed, name, count).slice(from - 1)) {
    if (performance.now() > until) {
      say(
        `${name}: time is up; go on with: deno task faults ${name} --moments ${count} ` +
          `--seed ${seed} --from ${moment.number}`,
      );
      return;
    }
    await one(cluster, { name, command, moment, extent });
  }
}

async function one(
  cluster: Cluster,
  { name, command, moment, extent }: {
    readonly name: string;
    readonly command: Command;
    readonly moment: Moment;
    readonly extent: Extent;
  },
): Promise<void> {
  const began = performance.now();
  const args = await command.prepare(cluster);
  const before = await Deno.readTextFile(inventoryFile);
  const cut = await cutOff(args, { of: extent, at: moment, host: cluster.server.name });
  const problems: string[] = [];
  const between = await Deno.readTextFile(inventoryFile);
  problems.push(...await command.cutOff?.(cluster) ?? []);
  if (cut.killed === "power") await cluster.answers();
  let how: string;
  if (cut.killed === undefined && cut.code === 0) how = "over before";
  else {
    how = await converge(args).catch((error: Error) => {
      problems.push(`does not converge: ${error.message}`);
      return "no";
    });
  }
  command.converged?.(cluster);
  const after = await Deno.readTextFile(inventoryFile);
  if (![before, after].includes(between)) problems.push(`the inventory was torn:\n${between}`);
  problems.push(...await cluster.problems({ version: versionNow() }));
  const { number, kind } = moment;
  await note({ seed, command: name, moment: number, killed: cut.killed, how, problems });
  say(`${name} ${number}: ${described(cut, kind)}; ${how} (${secondsSince(began)})`);
  for (const problem of problems) say(`  PROBLEM ${problem}`);
  if (how === "no") throw new Error(`${name} does not converge after moment ${number}`);
}

function described({ killed, place, code, seconds, results }: CutOff, wanted: string): string {
  const where = `after ${results} results, ${seconds.toFixed(1)} s${place ? `, ${place}` : ""}`;
  return killed === undefined
    ? `${wanted} was to be killed, but it had ended with code ${code}`
    : `${killed} killed ${where}; code ${code}`;
}

async function note(finding: Finding): Promise<void> {
  await Deno.writeTextFile(file, `${JSON.stringify(finding)}\n`, { append: true });
}

/** Those of this seed; of a moment the last one. */
async function findings(): Promise<readonly Finding[]> {
  const text = await Deno.readTextFile(file).catch(() => "");
  const all = text.trim().split("\n").filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Finding).filter((each) => each.seed === seed);
  return [...new Map(all.map((each) => [`${each.command} ${each.moment}`, each])).values()];
}

/** What was killed how often, and how often all was well afterwards. */
function table(found: readonly Finding[]): string {
  const lines = [
    `| Command | ${KINDS.join(" | ")} | Moments | Converged |`,
    `|${" --- |".repeat(KINDS.length + 3)}`,
  ];
  for (const name of Object.keys(COMMANDS)) {
    const cut = found.filter((each) => each.command === name && each.killed !== undefined);
    if (cut.length === 0) continue;
    const kinds = KINDS.map((kind) => cut.filter(({ killed }) => killed === kind).length);
    const well = cut.filter(({ problems }) => problems?.length === 0).length;
    lines.push(`| ${name} | ${kinds.join(" | ")} | ${cut.length} | ${well} |`);
  }
  return lines.join("\n");
}
