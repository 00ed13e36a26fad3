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
    "in-a-row": { type: "string", default: "1" },
  },
});
const count = Number(values.moments);
const seed = Number(values.seed);
const inARow = Number(values["in-a-row"]);
const file = `${ROOT}/dist/faults.jsonl`;
const names = positionals.length > 0 ? positionals : Object.keys(COMMANDS);
const until = performance.now() + Number(values.minutes) * 60_000;
const unknown = names.find((name) => COMMANDS[name] === undefined);
if (unknown !== undefined || !(count > 0) || !(inARow > 0) || !Number.isInteger(seed)) {
  say(
    `usage: deno task faults [${Object.keys(COMMANDS).join("|")}…] [--moments 8] [--from 1] ` +
      "[--seed NUMBER] [--in-a-row 1] [--minutes M]",
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
  const known = (await allFindings()).findLast((each) => each.command === name && each.extent);
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
  const left = momentsOf(seed, name, count).slice(from - 1);
  while (left.length > 0) {
    if (performance.now() > until) {
      say(
        `${name}: time is up; go on with: deno task faults ${name} --moments ${count} ` +
          `--seed ${seed} --in-a-row ${inARow} --from ${left[0]!.number}`,
      );
      return;
    }
    await one(cluster, { name, command, moments: left.splice(0, inARow), extent });
  }
}

/** Interrupts a command, and the run that is to continue it, and so on; then it is let through. */
async function one(
  cluster: Cluster,
  { name, command, moments, extent }: {
    readonly name: string;
    readonly command: Command;
    readonly moments: readonly Moment[];
    readonly extent: Extent;
  },
): Promise<void> {
  const began = performance.now();
  const args = await command.prepare(cluster);
  const inventories = [await Deno.readTextFile(inventoryFile)];
  const problems: string[] = [];
  const cuts: { readonly moment: number; readonly killed: string | undefined }[] = [];
  let over = false;
  for (const at of moments) {
    const cut = await cutOff(args, { of: extent, at, host: cluster.server.name });
    say(`${name} ${at.number}: ${described(cut, at.kind)}`);
    cuts.push({ moment: at.number, killed: cut.killed });
    inventories.push(await Deno.readTextFile(inventoryFile));
    problems.push(...await command.cutOff?.(cluster) ?? []);
    if (cut.killed === "power") await cluster.answers();
    over = cut.killed === undefined && cut.code === 0;
    if (cut.killed === undefined) break;
  }
  const how = over ? "over before" : await converge(args).catch((error: Error) => {
    problems.push(`does not converge: ${error.message}`);
    return "no";
  });
  command.converged?.(cluster);
  const whole = [inventories[0], await Deno.readTextFile(inventoryFile)];
  const torn = inventories.find((each) => !whole.includes(each));
  if (torn !== undefined) problems.push(`the inventory was torn:\n${torn}`);
  problems.push(...await cluster.problems({ version: versionNow() }));
  for (const cut of cuts) await note({ seed, command: name, ...cut, how, problems });
  say(`${name}: ${how} (${secondsSince(began)})`);
  for (const problem of problems) say(`  PROBLEM ${problem}`);
  if (how === "no") throw new Error(`${name} does not converge`); // what comes next would begin from there
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

async function allFindings(): Promise<readonly Finding[]> {
  const text = await Deno.readTextFile(file).catch(() => "");
  return text.trim().split("\n").filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Finding);
}

/** Those of this seed; of a moment the last one. */
async function findings(): Promise<readonly Finding[]> {
  const mine = (await allFindings()).filter((each) => each.seed === seed);
  return [...new Map(mine.map((each) => [`${each.command} ${each.moment}`, each])).values()];
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
