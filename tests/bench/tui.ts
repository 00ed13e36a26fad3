/**
 * `deno task bench tui [--k9s PATH] [--rounds N]`: the live screen on 1,000 nodes and 10,000 pods, idle and
 * with 200 changes a second; beside k9s in the same run where its path is given. This project neither ships
 * nor builds k9s.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { COLLECTIONS } from "../../src/cluster/watch/collections.ts";
import { connect } from "../../src/cluster/api/connect.ts";
import { listAll } from "../../src/cluster/api/kubernetes_api.ts";
import { step } from "../lab/cli/progress.ts";
import { startScaleCluster } from "../lab/scale/scale_cluster.ts";
import { podCount, type ScaleSize } from "../lab/scale/scale_objects.ts";
import { makeStage, RUN_FLAGS, STAGE } from "../../tasks/stage.ts";
import { spread } from "./measure.ts";
import { screenTable } from "./tui_report.ts";
import {
  type FirstFrame,
  type Measured,
  type RunOptions,
  runScreen,
  type Subject,
  timeFirstFrame,
} from "./tui_run.ts";
import { contextOf } from "../kubeconfig/kubeconfig_fixture.ts";

/** Measures and returns the report. */
export async function benchTui(args: readonly string[]): Promise<string> {
  const { values: { k9s, rounds } } = parseArgs({
    args: [...args],
    options: { k9s: { type: "string" }, rounds: { type: "string", default: "5" } },
  });
  await makeStage();
  const home = await Deno.makeTempDir();
  try {
    await using cluster = await startScaleCluster();
    const env = {
      HOME: home,
      KUBECONFIG: cluster.kubeconfig,
      LANG: "C.UTF-8",
      PATH: Deno.env.get("PATH") ?? "",
    };
    const subjects = [k3sTool(cluster.size, env)];
    if (k9s !== undefined) subjects.push(await peer(k9s, cluster.size, { env, home }));
    const options: RunOptions = { api: cluster.api, changesPerSecond: 200, seconds: 20, marks: 24 };
    const table = screenTable(await measure(subjects, options, Number(rounds)), options);
    return `${table}\n${await listLine(cluster.kubeconfig, Number(rounds))}`;
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** Every round starts each program in turn; the long run comes once, last. */
async function measure(
  subjects: readonly Subject[],
  options: RunOptions,
  rounds: number,
): Promise<Measured[]> {
  const firstFrames = new Map(subjects.map(({ name }) => [name, [] as FirstFrame[]]));
  for (const subject of subjects) await timeFirstFrame(subject); // caches are warm from here on
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      firstFrames.get(subject.name)?.push(await timeFirstFrame(subject));
    }
  }
  const measured: Measured[] = [];
  for (const subject of subjects) {
    const run = await step(`${subject.name} measured`, () => runScreen(subject, options));
    measured.push({
      name: subject.name,
      firstFrames: firstFrames.get(subject.name) ?? [],
      run,
    });
  }
  return measured;
}

/** What the list of all pods takes alone, by the screen's own client. */
async function listLine(kubeconfig: string, runs: number): Promise<string> {
  const api = await connect(await contextOf(kubeconfig, "default"), { now: Date.now() });
  try {
    const { path, ...how } = COLLECTIONS.pods;
    const times: number[] = [];
    let pods = 0;
    for (let run = 0; run <= runs; run++) {
      const start = performance.now();
      pods = (await listAll(api, path, how)).length;
      if (run > 0) times.push(performance.now() - start); // the first one warms up
    }
    const { min, median, max } = spread(times);
    const [ms, from, to] = [median, min, max].map((each) => each.toFixed(0));
    return `The list of ${pods} pods alone, in pages, read by the tool: ${ms} ms (${from}–${to}).\n`;
  } finally {
    await api.close();
  }
}

function k3sTool(size: ScaleSize, env: Readonly<Record<string, string>>): Subject {
  const totals = [size.nodes, podCount(size) + 1].map((count) => amount(`${count}/${count}`));
  return {
    name: "k3s-tool",
    argv: [Deno.execPath(), ...RUN_FLAGS, `${STAGE}/main.js`, "tui"],
    env,
    // All pods and nodes are counted, and each pane has its rows.
    isComplete: (screen) =>
      totals.every((total) => total.test(screen)) &&
      ["node-0000", "a-mark", "event: Registered"].every((word) => screen.includes(word)),
    quit: ["q"],
  };
}

/** k9s in its pods view, with nothing changed but what its start would ask the internet for. */
async function peer(
  path: string,
  size: ScaleSize,
  { env, home }: { readonly env: Readonly<Record<string, string>>; readonly home: string },
): Promise<Subject> {
  const config = `${home}/k9s`;
  await Deno.mkdir(config);
  await Deno.writeTextFile(`${config}/config.yaml`, "k9s:\n  skipLatestRevCheck: true\n");
  const title = new RegExp(`\\[${amount(podCount(size) + 1).source}\\]`);
  return {
    name: "k9s",
    argv: [path, "--all-namespaces", "--command", "pods"],
    env: { ...env, K9S_CONFIG_DIR: config },
    isComplete: (screen) => title.test(screen) && screen.includes("a-mark"),
    quit: ["C-c"],
  };
}

/** A count as programs write it: `10001` or `10,001`; `1000/1000` with anything between. */
function amount(count: number | string): RegExp {
  const digits = String(count).replace(/\d+/g, (all) => all.split("").join("[,. ]?"));
  return new RegExp(`(?<!\\d)${digits.replace("/", "\\D{1,3}")}(?!\\d)`);
}
