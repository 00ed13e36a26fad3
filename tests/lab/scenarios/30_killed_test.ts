/**
 * kill -9 of the tool at five different moments of a first provisioning: the inventory stays whole and
 * the next run converges.
 *
 * @module
 */

import assert from "node:assert/strict";
import { down, up } from "../lab.ts";
import { isReady, nodes } from "../kubernetes.ts";
import { changedTasks, provision, type RunEvent, signalAt } from "../run_events.ts";
import type { Host } from "../state.ts";
import { initArgs, inventoryFile, tool } from "../tool.ts";

/**
 * Task results of each run after which it is killed. What one run did the next one skips, so later moments
 * lie ever deeper in the installation; a run that has nothing left to do has 15 results.
 */
const MOMENTS = [1, 5, 7, 9, 11];

let hosts: Host[] = [];

Deno.test.beforeAll(async () => {
  hosts = await up({ hosts: 2 });
  await tool(...initArgs(hosts));
});
Deno.test.afterAll(async () => {
  assert.deepEqual(await down(), []);
});

Deno.test("killed at five moments, the next run converges", async () => {
  const inventory = await Deno.readTextFile(inventoryFile);
  for (const moment of MOMENTS) {
    assert.ok(await killAfter(moment), `the run was over before ${moment} results`);
    assert.equal(await Deno.readTextFile(inventoryFile), inventory);
  }
  await provision();
  const found = await nodes(hosts[0]!);
  for (const { name } of hosts) assert.ok(isReady(found.get(name)), name);
  assert.deepEqual(changedTasks(await provision()), []);
});

/** Starts a run and kills the tool when this many task results were printed; false if it ended first. */
async function killAfter(results: number): Promise<boolean> {
  let seen = 0;
  const isMoment = ({ type }: RunEvent) => type === "result" && ++seen >= results;
  return (await signalAt("SIGKILL", ["provision", "--yes"], isMoment)).signal === "SIGKILL";
}
