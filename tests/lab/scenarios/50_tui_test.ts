/**
 * The live screen on a real cluster: what it shows is compared with what hosts and the API server say.
 * The steps share one cluster and, where nothing else is said, one screen.
 *
 * @module
 */

import assert from "node:assert/strict";
import * as faults from "../faults.ts";
import { helloManifests, kubectl } from "../kubernetes.ts";
import { down, up } from "../lab.ts";
import { provision } from "../run_events.ts";
import { ssh } from "../ssh.ts";
import type { Host } from "../state.ts";
import { openTool } from "../terminal.ts";
import { initArgs, tool } from "../tool.ts";
import { waitFor } from "../wait.ts";
import { execAtWorkstation } from "../workstation.ts";
import type { Terminal } from "../../terminal/tmux.ts";

const size = { columns: 200, rows: 60 };

let hosts: Host[] = [];
const n1 = (): Host => hosts[0]!;
let screen: Terminal;

Deno.test.beforeAll(async () => {
  hosts = await up({ hosts: 3 });
  await tool(...initArgs(hosts));
  await provision();
  await kubectl(n1(), "apply -f -", helloManifests("hello", { replicas: 2, nodePort: 30080 }));
  screen = await openTool(["tui"], size);
});
Deno.test.afterAll(async () => {
  await screen?.close();
  assert.deepEqual(await down(), []);
});

/** A row of the Deployment with so many pods ready. */
const hello = (ready: string) => new RegExp(`default +hello +Deployment +${ready} `);

async function replicas(): Promise<string> {
  const path = "-o jsonpath={.spec.replicas}/{.status.readyReplicas}";
  return (await kubectl(n1(), `get deployment hello ${path}`)).trim();
}

Deno.test("nodes, workloads and their figures are those of the API server", async () => {
  const shown = await screen.waitForScreen(
    (text) => /● live/.test(text) && /Nodes 3\/3 ready/.test(text) && hello("2/2").test(text),
    { limit: 60 },
  );
  for (const { name, role, tailscaleAddress } of hosts) {
    const row = shown.split("\n").find((line) => line.slice(2).startsWith(`${name} `)) ?? "";
    assert.match(row, role === "worker" ? /worker +Ready/ : /control +Ready/);
    assert.ok(row.includes(tailscaleAddress), row);
  }
  assert.match(shown, /default +hello +Service +2\/2 /);
  const running = (await kubectl(n1(), "get pods -A --no-headers")).match(/ Running /g)?.length;
  assert.match(shown, new RegExp(`Pods ${running}/${running} running`));
});

Deno.test("CPU and memory come from metrics-server; kubectl agrees that there are any", async () => {
  await waitFor(async () => /n3 +\d+m/.test(await kubectl(n1(), "top nodes")), {
    limit: 90,
    what: "metrics-server to have measured",
  });
  await screen.waitForScreen(/n3 .*\d+%.*\d+%.*\d+%/, { limit: 60, what: "measured use" });
});

Deno.test("a container killed on its host is seen to restart", async () => {
  const where = "get pods -l app=hello -o jsonpath={.items[0].spec.nodeName}";
  assert.ok(await faults.kill9((await kubectl(n1(), where)).trim(), "^/hello"));
  await screen.waitForScreen(/default +hello +Deployment +2\/2 .* 1 +\d+/, { limit: 60 });
  const counts =
    "get pods -l app=hello -o jsonpath={.items[*].status.containerStatuses[0].restartCount}";
  assert.deepEqual((await kubectl(n1(), counts)).trim().split(" ").sort(), ["0", "1"]);
});

Deno.test("a Deployment is scaled from the palette, after a question that can be denied", async () => {
  await screen.keys("2", "/");
  await screen.type("hello deployment");
  await screen.keys("Enter");
  await screen.waitForScreen(/2 Workloads 1 of \d+|2 Workloads 1\b/);
  const ask = async () => {
    await screen.keys("p");
    await screen.type("scale");
    await screen.waitForScreen("scale Deployment default/hello…");
    await screen.keys("Enter");
    await screen.waitForScreen("How many pods?");
    await screen.type("3");
    await screen.keys("Enter");
    await screen.waitForScreen("Scale Deployment default/hello from 2 to 3?");
  };
  await ask();
  await screen.keys("n");
  await screen.waitForScreen((text) => !text.includes("from 2 to 3?"));
  assert.equal(await replicas(), "2/2");
  await ask();
  await screen.keys("y");
  await screen.waitForScreen(/✓ .*hello/);
  await screen.waitForScreen(hello("3/3"), { limit: 60 });
  assert.equal(await replicas(), "3/3");
});

Deno.test("a Deployment scaled by somebody else is seen", async () => {
  await kubectl(n1(), "scale deployment hello --replicas=1");
  await screen.waitForScreen(hello("1/1"), { limit: 60 });
});

Deno.test("details open on Enter, and Esc goes back to the same row", async () => {
  await screen.keys("Enter");
  await screen.waitForScreen(/Deployment default\/hello[^]*Pods[^]*hello-/);
  await screen.keys("Escape");
  await screen.waitForScreen(/2 Workloads[^]*› default +hello +Deployment/);
});

Deno.test("a log is followed", async () => {
  await screen.keys("l");
  await screen.waitForScreen(/Log of default\/hello-[^]*listening on :8080/, { limit: 30 });
  const address = await kubectl(n1(), "get pods -l app=hello -o jsonpath={.items[0].status.podIP}");
  await ssh(n1(), `curl -sf -m 5 -X POST http://${address.trim()}:8080/unready`);
  await screen.waitForScreen("unready from now on");
  await screen.keys("Escape");
  await screen.waitForScreen(/hello +Deployment +0\/1 +Down/);
  await ssh(n1(), `curl -sf -m 5 -X POST http://${address.trim()}:8080/ready`);
  await screen.waitForScreen(hello("1/1"));
});

Deno.test("a node whose Tailscale is cut is Unreachable, with since when", async () => {
  await faults.tailscaleDown("n3");
  await screen.waitForScreen(/n3 +worker +Unreachable \d+[smh]/, { limit: 60 });
  const status = JSON.parse(await execAtWorkstation(["tailscale", "status", "--json"]));
  const peers = Object.values(status.Peer) as { HostName: string; Online: boolean }[];
  assert.equal(peers.find(({ HostName }) => HostName === "n3")?.Online, false);
  await faults.tailscaleUp("n3");
  await screen.waitForScreen(/n3 +worker +Ready/, { limit: 90 });
});

Deno.test("an API server away for a minute: the last state stays, keys work, it comes back", async () => {
  await faults.stopService("n1", "k3s");
  await screen.waitForScreen(/✗ lost \d+s ago: .*next try in|✗ lost \d+s ago: .*trying/, {
    limit: 30,
  });
  await screen.waitForScreen(hello("1/1"));
  await screen.keys("?");
  await screen.waitForScreen("Ctrl-L");
  await screen.keys("Escape");
  await screen.resize(80, 24);
  await screen.waitForScreen((text) => /✗ lost/.test(text) && hello("1/1").test(text));
  await screen.resize(40, 10);
  await screen.waitForScreen(/50/, { what: "the size that is needed" });
  await screen.resize(size.columns, size.rows);
  await screen.waitForScreen(hello("1/1"));
  await screen.waitForScreen(/✗ lost 1m/, { limit: 75 });
  await faults.startService("n1", "k3s");
  await screen.waitForScreen(/● live/, { limit: 90 });
  await kubectl(n1(), "scale deployment hello --replicas=2");
  await screen.waitForScreen(hello("2/2"), { limit: 60 });
});

Deno.test("without metrics-server the kubelets are asked, and that is said", async () => {
  await kubectl(n1(), "delete apiservice v1beta1.metrics.k8s.io");
  await using other = await openTool(["tui", "--read-only"], size);
  await other.waitForScreen(/n3 .*\d+%.*\d+%.*\d+%/, { limit: 60, what: "use from the kubelets" });
  await other.keys("R");
  await other.waitForScreen(/\/api\/v1\/nodes\/n3\/proxy\/stats\/summary/);
});
