import assert from "node:assert/strict";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { type Asker, askInit, candidates } from "../../src/cli/init/init_wizard.ts";
import { describeHost } from "../../src/inventory/edit/new_host.ts";
import { readInventory } from "../../src/inventory/read/read.ts";
import { parseStatus, tailnetOf } from "../../src/tailscale/status.ts";
import { runCommand } from "../cli/fake_context.ts";
import { SMALL, temporaryInventory } from "../inventory/temporary_inventory.ts";
import { peerFields, statusJson, tailscaleSays } from "../tailscale/status_fixture.ts";
import { assertGolden } from "./golden.ts";

const TAILNET = statusJson({
  peers: [
    peerFields("nuc", "100.64.0.1"),
    peerFields("dgx", "100.64.0.3"),
    peerFields("phone", "100.64.0.7", { OS: "iOS" }),
    peerFields("old", "100.64.0.8", { Expired: true }),
  ],
});
const FLAGS = ["init", "--control-plane", "nuc=100.64.0.1", "--worker", "dgx=100.64.0.3"];

Deno.test("init from flags writes a commented inventory and says the next step", async () => {
  await using at = await temporaryInventory("");
  await Deno.remove(at.file);
  const { code, stdout, stderr } = await runCommand([
    ...FLAGS,
    ...["--cluster-name", "homelab", "--k3s-version", "v1.35.6+k3s1", "--user", "me"],
    ...["--git-repo", "https://example.com/x.git", "--set", "k3s_binary_airgap_images=true"],
    ...["--set", "dgx:reserved_memory=8Gi", "--set", "dgx:gpu=true"],
  ], { directory: at.directory });
  assert.deepEqual([code, stdout], [0, ""]);
  assert.equal(stderr, "Wrote inventory/hosts.yml with 2 machines. Next: k3s-tool provision\n");
  await assertGolden("init.yml", at.read("inventory/hosts.yml"));
  const { hosts, warnings } = await readInventory(`${at.directory}/inventory/hosts.yml`);
  assert.deepEqual(hosts.map(({ name, role }) => [name, role]), [
    ["nuc", "control-plane"],
    ["dgx", "worker"],
  ]);
  assert.deepEqual(warnings, []);
});

Deno.test("init never replaces an inventory unasked", async () => {
  await using at = await temporaryInventory(SMALL);
  const argv = [...FLAGS, "-i", "hosts.yml"];
  const refused = await runCommand(argv, { directory: at.directory });
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /already exists; nothing was written\nHint: .*--force/);
  assert.equal(at.read(), SMALL);
  const planned = await runCommand([...argv, "--dry-run"], { directory: at.directory });
  assert.match(planned.stdout, /^-# my machines$/m);
  assert.equal(at.read(), SMALL);
  const forced = await runCommand([...argv, "--force", "-o", "json"], { directory: at.directory });
  const document = DOCUMENTS.InventoryChange.parse(JSON.parse(forced.stdout));
  assert.deepEqual(document.hosts?.map(({ name }) => name), ["nuc", "dgx"]);
  assert.ok(!at.read().includes("# my machines"));
});

Deno.test("init looks up addresses that are left out", async () => {
  await using at = await temporaryInventory("");
  const argv = ["init", "-i", "new.yml", "--control-plane", "nuc", "--worker", "dgx"];
  const runner = tailscaleSays(TAILNET);
  const found = await runCommand(argv, { directory: at.directory, runner });
  assert.equal(found.code, 0, found.stderr);
  const { hosts } = await readInventory(`${at.directory}/new.yml`);
  assert.deepEqual(hosts.map((host) => host.tailscaleIp), ["100.64.0.1", "100.64.0.3"]);
  const offline = await runCommand([...argv, "--force"], {
    directory: at.directory,
    env: { K3S_TOOL_TAILSCALE_SOCKET: "/proc/nonexistent" },
  });
  assert.equal(offline.code, 3);
  assert.match(offline.stderr, /Hint: Specify the address: --control-plane nuc=100\.x\.y\.z/);
});

Deno.test("init refuses what would not be valid, and writes nothing", async () => {
  await using at = await temporaryInventory("");
  for (
    const [words, message] of [
      ["", /No machine is set for the control plane/],
      ["--control-plane a=100.64.0.1 --worker a=100.64.0.2", /a is in the list twice/],
      ["--control-plane a=100.64.0.1 --worker b=100.64.0.1", /have the same tailscale_ip/],
      ["--control-plane a=10.0.0.1", /outside tailscale_network/],
      ["--control-plane a=100.64.0.1 --k3s-version latest", /expected a k3s release/],
      ["--control-plane a=x", /expected an IPv4 address/],
      ["--control-plane a=100.64.0.1 --set x", /KEY=VALUE/],
      ["--control-plane a=100.64.0.1 --set b:x=1", /not a machine of this inventory/],
    ] as const
  ) {
    const argv = ["init", "-i", "new.yml", ...words.split(" ").filter(Boolean)];
    const { code, stderr } = await runCommand(argv, { directory: at.directory });
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
  await assert.rejects(Deno.stat(`${at.directory}/new.yml`), Deno.errors.NotFound);
});

/** Answers questions by the flag that would answer them. */
function answers(by: Readonly<Record<string, unknown>>): Asker & { readonly asked: string[] } {
  const asked: string[] = [];
  const answer = (question: { readonly flag: string; readonly initial?: unknown }) => {
    asked.push(question.flag);
    const key = Object.keys(by).find((prefix) => question.flag.startsWith(prefix));
    return Promise.resolve((key === undefined ? question.initial ?? "" : by[key]) as never);
  };
  return { asked, confirm: answer, text: answer, multiselect: answer };
}

const DEFAULTS = {
  clusterName: "homelab",
  k3sVersion: "v1.36.3+k3s1",
  user: undefined,
  gitRepoUrl: undefined,
};

Deno.test("the wizard offers machines that can be nodes", async () => {
  const parsed = parseStatus(TAILNET);
  assert.ok(!("problem" in parsed));
  const { peers } = tailnetOf(parsed.status);
  assert.deepEqual(candidates(peers).map(({ name }) => name), ["ws", "dgx", "nuc"]);
  const asker = answers({
    "--control-plane": ["100.64.0.1"],
    "--worker": ["100.64.0.3"],
    "--user": "me",
  });
  const chosen = await askInit(asker, { peers, defaults: DEFAULTS });
  assert.deepEqual(chosen, {
    hosts: [
      { name: "nuc", address: "100.64.0.1", role: "control-plane" },
      { name: "dgx", address: "100.64.0.3", role: "worker" },
    ],
    clusterName: "homelab",
    k3sVersion: "v1.36.3+k3s1",
    user: "me",
    gitRepoUrl: undefined,
  });
  for (const host of chosen.hosts) assert.ok("host" in describeHost(host));
});

Deno.test("without a tailnet the wizard takes names and addresses", async () => {
  const asker = answers({
    "--control-plane": "nuc=100.64.0.1",
    "--worker": "dgx=100.64.0.3, pi=100.64.0.4",
  });
  const { hosts } = await askInit(asker, { peers: [], defaults: DEFAULTS });
  assert.deepEqual(hosts.map(({ name, address, role }) => [name, address, role]), [
    ["nuc", "100.64.0.1", "control-plane"],
    ["dgx", "100.64.0.3", "worker"],
    ["pi", "100.64.0.4", "worker"],
  ]);
});

Deno.test("what the inventory would refuse is refused where it is asked", async () => {
  const wrong: Readonly<Record<string, readonly string[]>> = {
    "--control-plane": ["", "nuc", "nuc=10.0.0", "nuc=192.168.1.2", "a=100.64.0.1 b=100.64.0.1"],
    "--worker": ["dgx", "dgx=100.64.0.1", "nuc=100.64.0.2"],
    "--cluster-name": ["", "Home Lab"],
    "--k3s-version": ["", "latest"],
    "--user": ["two words", "-oProxyCommand=x"],
    "--git-repo": ["not a url"],
  };
  const right: Readonly<Record<string, string>> = { "--control-plane": "nuc=100.64.0.1" };
  const judged: string[] = [];
  const text: Asker["text"] = ({ flag, initial, validate }) => {
    const [name = ""] = flag.split(" ");
    const answer = right[name] ?? initial ?? "";
    assert.equal(validate?.(answer), undefined, name);
    for (const value of wrong[name] ?? []) assert.ok(validate?.(value), `${name} ${value}`);
    judged.push(name);
    return Promise.resolve(answer);
  };
  const asker: Asker = { ...answers({}), text };
  await askInit(asker, { peers: [], defaults: DEFAULTS });
  assert.deepEqual(judged.sort(), Object.keys(wrong).sort());
});
