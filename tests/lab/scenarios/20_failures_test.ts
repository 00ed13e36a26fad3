/**
 * What goes wrong on one host stays there, is named, and heals.
 *
 * @module
 */

import assert from "node:assert/strict";
import { bootOf as hostBootOf } from "../hosts/host.ts";
import { seeThroughReboot, tailscaleDown, tailscaleUp } from "../hosts/faults.ts";
import { down, up } from "../lab.ts";
import { isReady, nodes, waitUntilReady } from "../kubernetes.ts";
import { changedTasks, provision, runWithEvents } from "../run_events.ts";
import { onHost } from "../hosts/on_host.ts";
import type { Host } from "../state.ts";
import { initArgs, projectDir, tool, tryTool } from "../tool.ts";
import { waitFor } from "../wait.ts";
import { tryAtWorkstation } from "../hosts/workstation.ts";
import { sharedDatabase } from "./servers/database.ts";

let hosts: Host[] = [];
const n1 = (): Host => hosts[0]!;

Deno.test.beforeAll(async () => {
  hosts = await up({ hosts: 3 });
  await tool(...initArgs(hosts));
});
Deno.test.afterAll(async () => {
  assert.deepEqual(await down(), []);
});

Deno.test("P4 P5 a worker without Tailscale fails alone, by name", async () => {
  await tailscaleDown("n3");
  const run = await runWithEvents("provision", "--yes");
  assert.equal(run.code, 1, run.stderr);
  assert.match(run.stderr, /n3/);
  assert.match(run.stderr, /Hint: /);
  const found = await nodes(n1());
  assert.ok(isReady(found.get("n1")) && isReady(found.get("n2")), run.stderr);
  assert.ok(!found.has("n3"));
});

Deno.test("on a terminal the same failure has the same exit code, and the terminal is given back", async () => {
  const argv = ["script", "-qec", "k3s-tool provision --yes", "/dev/null"];
  const { code, stdout } = await tryAtWorkstation(argv, { cwd: projectDir });
  assert.equal(code, 1, stdout);
  assert.match(stdout, /n3/);
  // What was switched off is on again: the cursor is visible.
  assert.ok(stdout.lastIndexOf("\u001b[?25h") >= stdout.lastIndexOf("\u001b[?25l"));
});

Deno.test("P6 a worker that cannot reach the API server does not try to join, and says so", async () => {
  await tailscaleUp("n3");
  const n3 = hosts[2]!;
  const rule = `OUTPUT -d ${n1().tailscaleAddress} -p tcp --dport 6443 -j DROP`;
  await onHost(n3, `iptables -I ${rule}`);
  const run = await runWithEvents("provision", "--yes");
  await onHost(n3, `iptables -D ${rule}`);
  assert.equal(run.code, 1, run.stderr);
  assert.match(run.stderr, /n3 · .*\n {2}The server 100\.64\.0\.1 does not answer on port 6443/);
  assert.equal(await onHost(n3, "journalctl -q -u k3s-agent"), "");
});

Deno.test("the next run goes on with that host alone", async () => {
  const run = await provision();
  assert.ok(isReady((await nodes(n1())).get("n3")));
  assert.deepEqual(changedTasks(run).filter((task) => !task.startsWith("n3")), []);
});

Deno.test("R2 a node whose Tailscale goes down shows as Unreachable, with since when", async () => {
  await waitUntilReady(n1(), hosts);
  await tailscaleDown("n3");
  const line = await waitFor(async () => {
    const text = await tool("status");
    const found = text.split("\n").find((one) => one.startsWith("n3"));
    return found?.includes("Unreachable") ? found : undefined;
  }, { limit: 90, what: "n3 to be shown as Unreachable", interval: 1000 });
  assert.match(line, /Unreachable \(?.*(\d+[smh]|since)/);
  await tailscaleUp("n3");
  await waitUntilReady(n1(), hosts);
});

Deno.test("an owner looks after machines: shell, commands, journal, past runs", async () => {
  const { code, stdout } = await tryTool("exec", "-o", "json", "--", "hostname; exit 3");
  assert.equal(code, 1);
  const said = JSON.parse(stdout).items.map((
    { host, code, stdout }: Record<string, unknown>,
  ) => [host, code, stdout]);
  assert.deepEqual(said, hosts.map(({ name }) => [name, 3, `${name}\n`]));
  assert.equal(await tool("ssh", "n2", "--", "hostname"), "n2\n");
  assert.match(await tool("logs", "n2", "--since", "1h"), /k3s\[\d+\]|k3s-agent/);
  assert.match(await tool("runs", "list"), /-site +\d+[smh]\S* +failed/);
  assert.match(await tool("runs", "show"), /^n3 +done/m);
});

Deno.test("a machine that is rebooted is drained first, and takes pods when it is Ready again", async () => {
  const bootOf = async () => (await nodes(n1())).get("n3")?.status.nodeInfo.bootID;
  const before = await bootOf();
  const boot = await hostBootOf("n3");
  const rebooted = tryTool("node", "reboot", "n3", "--yes");
  await waitFor(async () => (await nodes(n1())).get("n3")?.spec.unschedulable, {
    limit: 60,
    what: "n3 to be cordoned",
  });
  await seeThroughReboot("n3", boot);
  const said = await rebooted;
  assert.equal(said.code, 0, said.stderr);
  assert.match(said.stderr, /n3 is Ready again\.\n.*n3 takes pods again/s);
  assert.notEqual(await bootOf(), before);
  assert.ok(!(await nodes(n1())).get("n3")?.spec.unschedulable);
});

Deno.test("a drained node is empty and stays cordoned until it is let go", async () => {
  await tool("node", "drain", "n2", "--dry-run");
  assert.ok(!(await nodes(n1())).get("n2")?.spec.unschedulable);
  await tool("node", "drain", "n2");
  assert.ok((await nodes(n1())).get("n2")?.spec.unschedulable);
  await tool("node", "uncordon", "n2");
  assert.ok(!(await nodes(n1())).get("n2")?.spec.unschedulable);
});

sharedDatabase(() => hosts);
