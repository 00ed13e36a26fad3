/**
 * The live screen on a real cluster: what it shows is compared with what hosts and the API server say.
 * The steps share one cluster and, where nothing else is said, one screen.
 *
 * @module
 */

import assert from "node:assert/strict";
import * as faults from "../hosts/faults.ts";
import { helloManifests, kubectl, nodes } from "../kubernetes.ts";
import { down, up } from "../lab.ts";
import { provision } from "../run_events.ts";
import { onHost } from "../hosts/on_host.ts";
import type { Host } from "../state.ts";
import { openTool } from "../terminal.ts";
import { initArgs, tool } from "../tool.ts";
import { waitFor } from "../wait.ts";
import { execAtWorkstation } from "../hosts/workstation.ts";
import { screenAndTerminal } from "./screen/terminal.ts";
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

/** Chooses an action of the palette. */
async function choose(typed: string, label: string): Promise<void> {
  await screen.keys("p");
  await screen.type(typed);
  await screen.waitForScreen(new RegExp(`› +${RegExp.escape(label)}`));
  await screen.keys("Enter");
}

/** A field of each pod of the Deployment, as the API server has it. */
async function podsOf(field: string): Promise<string[]> {
  const said = await kubectl(n1(), `get pods -l app=hello -o jsonpath={.items[*].${field}}`);
  return said.split(/\s+/).filter((word) => word !== "");
}

/** A row of the Deployment with so many pods ready. */
const hello = (ready: string) => new RegExp(`default +hello +Deployment +${ready} `);

async function replicas(): Promise<string> {
  const path = "-o jsonpath={.spec.replicas}/{.status.readyReplicas}";
  return (await kubectl(n1(), `get deployment hello ${path}`)).trim();
}

Deno.test("nodes, workloads and their figures are those of the API server", async () => {
  const hasRow = (text: string, { name, role, tailscaleAddress }: Host) =>
    text.split("\n").some((line) =>
      line.slice(2).startsWith(`${name} `) && line.includes(tailscaleAddress) &&
      (role === "worker" ? /worker +Ready/ : /control +Ready/).test(line)
    );
  await screen.waitForScreen(
    (text) =>
      /● live/.test(text) && /Nodes 3\/3 ready/.test(text) && hello("2/2").test(text) &&
      /default +hello +Service +2\/2 /.test(text) && hosts.every((host) => hasRow(text, host)),
    { what: "the rows of all nodes, the Deployment and its Service" },
  );
  await waitFor(async () => {
    const running = (await kubectl(n1(), "get pods -A --no-headers")).match(/ Running /g)?.length;
    return (await screen.screen()).includes(`Pods ${running}/${running} running`);
  }, { what: "all pods to run, there and on the screen" });
});

Deno.test("CPU and memory come from metrics-server; kubectl agrees that there are any", async () => {
  await waitFor(async () => /n3 +\d+m/.test(await kubectl(n1(), "top nodes")), {
    limit: 90,
    what: "metrics-server to have measured",
  });
  await screen.waitForScreen(/n3 .*\d+%.*\d+%.*\d+%/, { limit: 60, what: "measured use" });
});

Deno.test("a container killed on its host is seen to restart", async () => {
  const [node] = await podsOf("spec.nodeName");
  assert.ok(await faults.kill9(node!, "^/hello"));
  await screen.waitForScreen(/default +hello +Deployment +2\/2 .* 1 +\d+/, { limit: 60 });
  const restarts = await podsOf("status.containerStatuses[0].restartCount");
  assert.deepEqual(restarts.sort(), ["0", "1"]);
});

Deno.test("a Deployment is scaled from the palette, after a question that can be denied", async () => {
  await screen.keys("2", "/");
  await screen.type("hello deployment");
  await screen.keys("Enter");
  await screen.waitForScreen(/2 Workloads 1 of \d+|2 Workloads 1\b/);
  const ask = async () => {
    await choose("scale", "scale Deployment default/hello…");
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
  await screen.waitForScreen(/✓ Deployment default\/hello has 3 pods/, { limit: 60 });
  await screen.waitForScreen(hello("3/3"), { limit: 60 });
  assert.equal(await replicas(), "3/3");
});

Deno.test("a Deployment scaled by somebody else is seen", async () => {
  await kubectl(n1(), "scale deployment hello --replicas=1");
  await screen.waitForScreen(hello("1/1"), { limit: 60 });
  await waitFor(async () => (await podsOf("metadata.name")).length === 1, {
    limit: 60,
    what: "one pod",
  });
});

Deno.test("details open on Enter, and Esc goes back to the same row", async () => {
  await screen.keys("Enter");
  await screen.waitForScreen(/Deployment default\/hello[^]*Pods[^]*hello-/);
  await screen.keys("Escape");
  await screen.waitForScreen(/2 Workloads[^]*› default +hello +Deployment/);
});

Deno.test("a log is followed", async () => {
  await screen.keys("l");
  await screen.waitForScreen(/Log of default\/hello-[^]*listening on :8080/);
  const [pod] = await podsOf("status.podIP");
  await onHost(n1(), `curl -sf -m 5 -X POST http://${pod}:8080/unready`);
  await screen.waitForScreen("unready from now on");
  await screen.keys("Escape");
  await screen.waitForScreen(/hello +Deployment +0\/1 +Down/);
  await onHost(n1(), `curl -sf -m 5 -X POST http://${pod}:8080/ready`);
  await screen.waitForScreen(hello("1/1"));
});

Deno.test("a pod is deleted from its details, and another takes its place", async () => {
  const [before] = await podsOf("metadata.uid");
  await screen.keys("Enter");
  const listed = /Pods \(1\)\n +(hello-\S+) /;
  const isRead = (text: string) =>
    listed.test(text) && /^›/m.test(text) && !text.includes("being read…");
  const details = await screen.waitForScreen(isRead, { what: "the one pod" });
  const name = listed.exec(details)![1]!;
  const lines = details.split("\n");
  const marked = lines.findIndex((line) => line.startsWith("›"));
  const steps = lines.findIndex((line) => line.startsWith(`    ${name} `)) - marked;
  for (let step = 0; step < steps; step++) await screen.keys("j");
  await screen.waitForScreen(new RegExp(`^› +${name} `, "m"));
  await screen.keys("Enter");
  await screen.waitForScreen(`━ Pod default/${name} ━`);
  await choose("delete", `delete Pod default/${name}`);
  await screen.waitForScreen(/Delete Pod default\/hello-[^]*will create a new one/);
  await screen.keys("y");
  await screen.waitForScreen(/✓ .*hello-/, { limit: 60 });
  await screen.keys("Escape");
  await screen.waitForScreen("━ Deployment default/hello ━");
  await screen.keys("Escape");
  await screen.waitForScreen(hello("1/1"), { limit: 60 });
  await waitFor(async () => {
    const after = await podsOf("metadata.uid");
    return after.length === 1 && after[0] !== before;
  }, { limit: 60, what: "one other pod" });
});

Deno.test("a node is drained from the palette: its pods go elsewhere, and it stays cordoned", async () => {
  const onNode = async (name: string) =>
    (await kubectl(n1(), `get pods -A --no-headers --field-selector spec.nodeName=${name}`)).trim();
  const name = (await podsOf("spec.nodeName"))[0]!;
  await screen.keys("1", "g");
  for (const _before of hosts.slice(0, hosts.findIndex((host) => host.name === name))) {
    await screen.keys("j");
  }
  await screen.waitForScreen(new RegExp(`^› ${name} `, "m"));
  await choose("drain", `drain Node ${name}`);
  await screen.waitForScreen(new RegExp(`Drain ${name}\\?[^]*\\d pods? (is|are) evicted`));
  assert.notEqual(await onNode(name), "");
  await screen.keys("y");
  await screen.waitForScreen(new RegExp(`✓ ${name} is drained`), { limit: 90 });
  await screen.waitForScreen(new RegExp(`^. ${name} .*Ready, cordoned`, "m"));
  assert.equal(await onNode(name), "");
  await screen.waitForScreen(hello("1/1"), { limit: 60 });
  await choose("uncordon", `uncordon Node ${name}`);
  await screen.waitForScreen(`Uncordon ${name}?`);
  await screen.keys("y");
  await screen.waitForScreen(new RegExp(`^. ${name} +\\w+ +Ready  `, "m"));
  assert.equal((await nodes(n1())).get(name)?.spec.unschedulable, undefined);
});

Deno.test("a node whose Tailscale is cut is Unreachable, with since when", async () => {
  await faults.tailscaleDown("n3");
  try {
    await screen.waitForScreen(/n3 +worker +Unreachable \d+[smh]/, { limit: 60 });
    const status = JSON.parse(await execAtWorkstation(["tailscale", "status", "--json"]));
    const peers = Object.values(status.Peer) as { HostName: string; Online: boolean }[];
    assert.equal(peers.find(({ HostName }) => HostName === "n3")?.Online, false);
  } finally {
    await faults.tailscaleUp("n3");
  }
  await screen.waitForScreen(/n3 +worker +Ready/, { limit: 90 });
  await screen.waitForScreen(hello("1/1"), { limit: 60 });
});

Deno.test("an API server away for a minute: the last state stays, keys work, it comes back", async () => {
  await screen.keys("2");
  await faults.stopService("n1", "k3s");
  try {
    await screen.waitForScreen(/✗ lost \d+s ago: .*next try in|✗ lost \d+s ago: .*trying/);
    assert.match(await screen.screen(), hello("1/1"));
    await screen.keys("?");
    await screen.waitForScreen("Ctrl-L");
    await screen.keys("Escape");
    await screen.resize(80, 24);
    await screen.waitForScreen((text) => /✗ lost/.test(text) && hello("1/1").test(text));
    await screen.resize(40, 10);
    await screen.waitForScreen(/needs\s+50×12/);
    await screen.resize(size.columns, size.rows);
    await screen.waitForScreen(hello("1/1"));
    await screen.waitForScreen(/✗ lost 1m/, { limit: 75 });
  } finally {
    await faults.startService("n1", "k3s");
  }
  await screen.waitForScreen(/● live/, { limit: 90 });
  await kubectl(n1(), "scale deployment hello --replicas=2");
  await screen.waitForScreen(hello("2/2"), { limit: 60 });
});

Deno.test("without metrics-server the kubelets are asked, as the list of requests says", async () => {
  await kubectl(n1(), "delete apiservice v1beta1.metrics.k8s.io");
  await using other = await openTool(["tui", "--read-only"], size);
  await other.waitForScreen(/n3 .*\d+%.*\d+%.*\d+%/, { limit: 60, what: "use from the kubelets" });
  await other.keys("R");
  // Of what is asked again and again only the latest is listed: the kubelet of one of the nodes.
  await other.waitForScreen(/ 200 .*\/api\/v1\/nodes\/n\d\/proxy\/stats\/summary/);
  await other.waitForScreen(/ 404 .*\/apis\/metrics\.k8s\.io\//);
});

screenAndTerminal(() => hosts);
