/**
 * Each machine by what it is. The subjects share three machines, provisioned once: a lab costs two minutes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { down, up } from "../lab.ts";
import { isReady, nodes } from "../kubernetes.ts";
import { provision } from "../run_events.ts";
import type { Host } from "../state.ts";
import { initArgs, tool } from "../tool.ts";
import { gpuScenarios } from "./hardware/gpu.ts";
import { sharedMachines } from "./hardware/shared.ts";
import { storage } from "./hardware/storage.ts";

let hosts: Host[] = [];

Deno.test.beforeAll(async () => {
  hosts = await up({ hosts: 3 });
  await tool(...initArgs(hosts));
});
Deno.test.afterAll(async () => {
  assert.deepEqual(await down(), []);
});

Deno.test("P10 three machines of no particular kind make a cluster", async () => {
  await provision();
  const found = await nodes(hosts[0]!);
  assert.ok(hosts.every((host) => isReady(found.get(host.name))));
});

sharedMachines(() => hosts);
storage(() => hosts);
gpuScenarios(() => hosts);
