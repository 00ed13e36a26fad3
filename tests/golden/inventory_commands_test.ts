import assert from "node:assert/strict";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { type CommandResult, PROJECT_ROOT, runCommand } from "../cli/fake_context.ts";
import { SMALL, temporaryInventory } from "../inventory/temporary_inventory.ts";
import { peerFields, statusJson, tailscaleSays } from "../tailscale/status_fixture.ts";
import { assertGolden } from "./golden.ts";

const EXAMPLES = `${PROJECT_ROOT}/examples/inventories`;
/** No tailscaled of the machine the tests run on is asked. */
const OFFLINE = { K3S_TOOL_TAILSCALE_SOCKET: "/proc/nonexistent/tailscaled.sock" };
const TAILNET = statusJson({
  peers: [peerFields("pi", "100.64.0.4"), peerFields("nas", "100.64.0.5", { Expired: true })],
});

/** A command beside an inventory that stays for the next one; all that was said, in order. */
function inDirectory(directory: string, { online = false } = {}) {
  return (...argv: string[]): Promise<CommandResult> =>
    runCommand(argv, {
      directory,
      env: OFFLINE,
      ...(online ? { runner: tailscaleSays(TAILNET) } : {}),
    });
}

for (const format of ["table", "wide", "json", "yaml", "name"]) {
  Deno.test(`node list -o ${format}`, async () => {
    const inventory = "examples/inventories/homelab.yml";
    const argv = ["node", "list", "-i", inventory, "-o", format];
    const { code, stdout, stderr } = await runCommand(argv, { directory: PROJECT_ROOT });
    assert.deepEqual([code, stderr], [0, ""]);
    await assertGolden(`node-list.${format}.txt`, stdout);
    if (format === "json") DOCUMENTS.NodeList.parse(JSON.parse(stdout));
  });
}

Deno.test("node show tells every variable with its origin, secrets masked", async () => {
  const run = inDirectory(`${EXAMPLES}/multi`);
  const table = await run("node", "show", "dgx");
  assert.equal(table.code, 0);
  await assertGolden("node-show.txt", table.stdout + table.stderr);
  const json = await run("node", "show", "dgx", "-o", "json");
  DOCUMENTS.Node.parse(JSON.parse(json.stdout));
  const unknown = await run("node", "show", "nobody");
  assert.equal(unknown.code, 2);
});

Deno.test("config list and get tell what holds and why", async () => {
  const run = inDirectory(`${EXAMPLES}/multi`);
  const all = await run("config", "list", "--show-origin");
  await assertGolden("config-list.txt", all.stdout);
  const scoped = await run("config", "list", "--scope", "dgx", "-o", "json");
  DOCUMENTS.ConfigList.parse(JSON.parse(scoped.stdout));
  const get = async (...argv: string[]) => (await run("config", "get", ...argv)).stdout;
  assert.equal(await get("k3s_version"), "v1.36.3+k3s1\n");
  assert.equal(
    await get("reserved_memory", "--scope", "dgx", "--show-origin"),
    "group_vars/gpu_workers.yml:2:18\t8Gi\n",
  );
  assert.equal(await get("reserved_memory", "--scope", "workers"), "1Gi\n");
  assert.equal(await get("gpu", "--scope", "dgx"), "true\n");
  const json = await run("config", "get", "gpu", "--scope", "dgx", "-o", "json");
  DOCUMENTS.ConfigValue.parse(JSON.parse(json.stdout));
  const missing = await run("config-get", "reserved_memory");
  assert.deepEqual([missing.code, missing.stdout], [1, ""]);
  assert.match(missing.stderr, /It is set for workers, gpu_workers: use --scope/);
});

Deno.test("secrets show only where they are asked for", async () => {
  await using inventory = await temporaryInventory(
    SMALL.replace("vars:", "vars:\n    k3s_token: hunter2\n    registry: {password: hunter2}"),
  );
  const run = inDirectory(inventory.directory);
  for (
    const argv of [["config", "list"], ["node", "show", "dgx"], ["config", "list", "-o", "json"]]
  ) {
    const hidden = await run(...argv);
    assert.ok(hidden.stdout.includes("********") && !hidden.stdout.includes("hunter2"));
    assert.match((await run(...argv, "--show-secrets")).stdout, /hunter2/);
  }
  assert.equal((await run("config", "get", "k3s_token")).stdout, "hunter2\n");
});

Deno.test("node add: planned, done, done before, and refused", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const run = inDirectory(inventory.directory);
  const argv = [
    ...["node", "add", "gpu", "100.64.0.9", "--role", "worker", "--reserved-cpu", "2", "--gpu"],
    ...["--reserved-memory", "4Gi", "--label", "disk=ssd", "--labels", "a=b,c=d"],
    ...["--taint", "nvidia.com/gpu=true:NoSchedule", "--taints", "x:NoExecute", "--user", "me"],
  ];
  const planned = await run(...argv, "--dry-run");
  await assertGolden("node-add-dry-run.txt", planned.stdout + planned.stderr);
  assert.equal(inventory.read(), SMALL);
  const done = await run(...argv);
  await assertGolden("node-add.txt", done.stdout + done.stderr);
  await assertGolden("node-add.yml", inventory.read());
  const again = await run(...argv);
  assert.deepEqual([again.code, again.stdout], [0, ""]);
  assert.match(again.stderr, /gpu is already in the inventory/);
  const other = await run("node", "add", "gpu", "100.64.0.10", "--role", "worker");
  assert.equal(other.code, 2);
  assert.match(other.stderr, /hosts\.yml:17:9: gpu is already in the inventory/);
  await assertGolden("node-add.yml", inventory.read());
});

Deno.test("node add looks the address up, and says what the tailnet knows better", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const run = inDirectory(inventory.directory, { online: true });
  const found = await run("add-node", "pi", "--role", "worker", "-o", "json");
  const document = DOCUMENTS.InventoryChange.parse(JSON.parse(found.stdout));
  assert.equal(document.host?.tailscaleIp, "100.64.0.4");
  const unknown = await run("node", "add", "nobody", "--role", "worker");
  assert.equal(unknown.code, 2);
  const expired = await run("node", "add", "nas", "100.64.0.5", "--role", "worker");
  assert.deepEqual([expired.code, expired.stdout], [0, ""]);
  assert.match(expired.stderr, /The Tailscale key of nas has expired/);
  const strange = await run("node", "add", "x", "100.64.0.77", "--role", "worker", "--dry-run");
  assert.match(strange.stderr, /No machine of the tailnet has the address 100\.64\.0\.77/);
});

Deno.test("node add needs no network where the address is given, and says so where it is not", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const run = inDirectory(inventory.directory);
  const given = await run("node", "add", "pi", "100.64.0.4", "--role", "control-plane");
  assert.equal(given.code, 0);
  assert.match(given.stderr, /Not checked against the tailnet: Tailscale is not installed/);
  const missing = await run("node", "add", "nas", "--role", "worker");
  assert.equal(missing.code, 3);
  assert.match(missing.stderr, /Hint: Specify the address: k3s-tool node add nas 100\.x\.y\.z/);
  for (const line of ["node set-ip pi", "node replace pi 'nas; x'"]) {
    const [name = ""] = /[^']+$|(?<=')[^']+/.exec(line.slice(line.indexOf("pi") + 3)) ?? [];
    const words = line.split(" ").slice(0, 3);
    const { code, stderr } = await run(...words, ...name === "" ? [] : [name]);
    assert.equal(code, 3, stderr);
    assert.ok(stderr.includes(`Specify the address: k3s-tool ${line} 100.x.y.z`), stderr);
  }
});

Deno.test("node add reports all that is wrong at once, exit code 2, not a byte written", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const run = inDirectory(inventory.directory);
  const bad = ["--reserved-cpu", "lots", "--label", "a b=c", "--taint", "x=y", "--role", "worker"];
  const { code, stderr } = await run("node", "add", "p i", "fd7a::1", ...bad);
  assert.equal(code, 2);
  for (const part of ["host's name", "the address", "--reserved-cpu", "bad label", "bad taint"]) {
    assert.ok(stderr.includes(part), stderr);
  }
  const roleless = await run("node", "add", "pi", "100.64.0.4");
  assert.equal(roleless.code, 2);
  assert.match(roleless.stderr, /--role control-plane or --role worker/);
  for (const address of ["100.64.0.1", "10.0.0.1"]) {
    assert.equal((await run("node", "add", "pi", address, "--role", "worker")).code, 2);
  }
  assert.equal(inventory.read(), SMALL);
});

Deno.test("config set and unset", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const run = inDirectory(inventory.directory);
  const steps = [
    ["config", "set", "reserved_cpu", "2", "--scope", "workers"],
    ["config", "set", "node_labels.example.com/disk", "true", "--scope", "dgx"],
    ["config", "set", "node_taints", '[{"key":"a","effect":"NoSchedule"}]', "--scope", "nuc"],
    ["config-set", "quotas.pods", "20", "--type", "string"],
    ["config", "set", "gpu", "yes", "--scope", "dgx", "--dry-run"],
    ["config", "unset", "quotas.pods"],
    ["config", "unset", "reserved_cpu", "--scope", "workers"],
    ["config", "unset", "node_labels", "--scope", "dgx"],
  ];
  let transcript = "";
  for (const argv of steps) {
    const { code, stdout, stderr } = await run(...argv);
    assert.equal(code, 0, stderr);
    transcript += `$ k3s-tool ${argv.join(" ")}\n${stdout}${stderr}`;
  }
  await assertGolden("config-set.txt", transcript);
  await assertGolden("config-set.yml", inventory.read());
});

Deno.test("config set refuses what does not fit, exit code 2, not a byte written", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const run = inDirectory(inventory.directory);
  for (
    const [words, message] of [
      ["k3s_version latest", /expected a k3s release/],
      ["reserved_cpu 4Gi --scope dgx", /expected a quantity of processors/],
      ["gpu maybe --scope dgx", /expected true or false/],
      ["node_labels {a --scope dgx", /expected a map in JSON: \{"disk": "ssd"\}/],
      ["k3s_disable traefik", /expected a list in JSON: \["traefik"\]/],
      ["reserved_memory -1Gi --scope dgx", /expected a quantity of memory/],
      ["reserved_memory -1Gi --scop dgx", /unknown option '--scop'/i],
      ["k3s_version v1.36.3+k3s1 --scope dgx", /applies to the whole cluster/],
      ["rack 1 --scope nobody", /There is no host or group nobody/],
      ["no-key 1", /is not a key/],
      ["reserved_cpu.x 1 --scope dgx", /reserved_cpu already has a value/],
      [
        "storage_paths.0.class a --scope dgx",
        /has no entries, so storage_paths\.0 cannot be set\nHint: .* storage_paths .* --scope dgx/,
      ],
    ] as const
  ) {
    const { code, stdout, stderr } = await run("config", "set", ...words.split(" "));
    assert.deepEqual([code, stdout], [2, ""], stderr);
    assert.match(stderr, message);
  }
  assert.equal((await run("config", "unset", "nothing")).code, 2);
  assert.equal(inventory.read(), SMALL);
});

Deno.test("config set tells where it has no effect, and names that look like a slip", async () => {
  await using inventory = await temporaryInventory(SMALL, { "group_vars/all.yml": "rack: 1\n" });
  const run = inDirectory(inventory.directory);
  const shadowed = await run("config", "set", "rack", "2", "--scope", "workers");
  assert.match(
    shadowed.stderr,
    /group_vars\/all\.yml:1:7: rack has no effect on dgx: all overrides it/,
  );
  const slip = await run("config", "set", "reserved_cpus", "2", "--scope", "dgx");
  assert.match(slip.stderr, /Did you mean reserved_cpu\?/);
});

Deno.test("config validate", async () => {
  await using inventory = await temporaryInventory(SMALL.replace('"4"', "lots"));
  const run = inDirectory(inventory.directory);
  const bad = await run("config", "validate");
  assert.deepEqual([bad.code, bad.stdout], [2, ""]);
  await assertGolden("config-validate.txt", bad.stderr);
  const json = await run("config", "validate", "-o", "json");
  const document = DOCUMENTS.InventoryCheck.parse(JSON.parse(json.stdout));
  assert.deepEqual([json.code, document.valid, document.problems[0]?.where?.line], [2, false, 16]);
  await Deno.writeTextFile(inventory.file, SMALL);
  const good = await run("config", "validate");
  assert.deepEqual([good.code, good.stderr], [
    0,
    "hosts.yml is valid: 1 server, 1 worker.\n",
  ]);
});

Deno.test("config schema prints what is published", async () => {
  const { stdout } = await runCommand(["config", "schema"]);
  assert.equal(stdout, await Deno.readTextFile(`${PROJECT_ROOT}/docs/schemas/variables.json`));
  const list = await runCommand(["config", "schema", "--list"]);
  assert.ok(list.stdout.split("\n").includes("NodeList"));
  assert.equal((await runCommand(["config", "schema", "Nothing"])).code, 2);
});

Deno.test("without an inventory every command says how to make one, exit code 3", async () => {
  await using empty = await temporaryInventory("");
  await Deno.remove(empty.file);
  const run = inDirectory(empty.directory);
  for (
    const words of ["node list", "node show x", "config list", "config get x", "config set x 1"]
  ) {
    const { code, stderr } = await run(...words.split(" "));
    assert.equal(code, 3, words);
    assert.match(stderr, /Make one with: k3s-tool init/);
  }
});

Deno.test("hostile text in an inventory is shown harmless", async () => {
  await using inventory = await temporaryInventory(
    SMALL.replace("vars:", 'vars:\n    note: "\\e]0;owned\\a\\e[31mred\\u202e"'),
  );
  const run = inDirectory(inventory.directory);
  for (const argv of [["config", "list"], ["node", "show", "dgx"], ["config", "get", "note"]]) {
    const { stdout } = await run(...argv);
    assert.ok(stdout.includes("red"), argv.join(" "));
    // deno-lint-ignore no-control-regex
    assert.ok(!/[\u0007\u001b\u202e]/.test(stdout));
  }
});

Deno.test("config set KEY - takes the value from stdin", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const { directory, file } = inventory;
  const run = (stdin: string) =>
    runCommand(["config", "set", "registry_password", "-"], { directory, stdin });
  assert.equal((await run("s3cret: #1\n")).code, 0);
  assert.match(await Deno.readTextFile(file), /registry_password: (["'])s3cret: #1\1/);
  const before = await Deno.readTextFile(file);
  for (const nothing of ["", "\n"]) {
    const { code, stderr } = await run(nothing);
    assert.equal(code, 2);
    assert.match(stderr, /There is no value on stdin; nothing was written/);
  }
  assert.equal(await Deno.readTextFile(file), before);
  const stdin = { isTerminal: true, readAll: () => assert.fail("it waits for the person") };
  const asked = await runCommand(["config", "set", "a", "-"], { directory, context: { stdin } });
  assert.deepEqual([asked.code, asked.stdout], [2, ""]);
});

Deno.test("a value that begins with a dash and a digit is a value", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const run = inDirectory(inventory.directory);
  for (const value of ["-1Gi", "-5", "-.5x"]) {
    const { code, stderr } = await run("config", "set", "note", value, "--type", "string");
    assert.equal(code, 0, stderr);
    assert.equal((await run("config", "get", "note")).stdout, `${value}\n`);
  }
  const other = await run("config", "set", "note", "-x");
  assert.equal(other.code, 2);
  assert.match(other.stderr, /config set KEY -- VALUE/);
  assert.equal((await run("config", "set", "note", "--", "-x")).code, 0);
});

Deno.test("config set changes a variable of all nodes where their common group sets it", async () => {
  const text = `k3s_cluster:
  children:
    server: {hosts: {100.64.0.1: }}
    agent: {hosts: {100.64.0.2: }}
  vars:
    k3s_version: v1.31.12+k3s1
`;
  await using inventory = await temporaryInventory(text);
  const run = inDirectory(inventory.directory);
  const { code, stderr } = await run("config", "set", "k3s_version", "v1.33.2+k3s1");
  assert.deepEqual([code, inventory.read()], [0, text.replace("v1.31.12", "v1.33.2")]);
  assert.match(stderr, /Set k3s_version for k3s_cluster/);
  const named = await run("config", "set", "k3s_version", "v1.33.3+k3s1", "--scope", "all");
  assert.equal(named.code, 2);
  assert.match(named.stderr, /would have no effect: k3s_cluster override.*--scope k3s_cluster/s);
  assert.equal((await run("config", "get", "k3s_version")).stdout, "v1.33.2+k3s1\n");
});

Deno.test("a secret in a file that others can read is warned of", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const run = inDirectory(inventory.directory);
  await Deno.chmod(inventory.file, 0o644);
  const open = await run("config", "set", "k3s_token", "hunter2");
  assert.equal(open.code, 0);
  assert.match(open.stderr, /others on this machine can read it \(mode 0644\).*chmod 600/s);
  assert.ok(!open.stderr.includes("hunter2"));
  await Deno.chmod(inventory.file, 0o600);
  for (
    const argv of [["k3s_token", "hunter3"], ["k3s_token", "{{ vault_token }}"], ["note", "x"]]
  ) {
    assert.doesNotMatch((await run("config", "set", ...argv)).stderr, /others on this machine/);
  }
});

Deno.test("node add refuses what cannot be a host's name, and says which part of a label is wrong", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const run = inDirectory(inventory.directory);
  for (
    const [words, message] of [
      ["workers 100.64.0.9", /The inventory already has a group named workers/],
      ["all 100.64.0.9", /another name: by all/],
      ["localhost 100.64.0.9", /another name: by all/],
      ["127.0.0.1 100.64.0.9", /another name: by all/],
      [`${"a".repeat(64)} 100.64.0.9`, /at most 63 characters/],
      ["pi 100.64.0.9 --label Example.com/x=1", /a prefix in lower case: example.com\/x/],
      [`pi 100.64.0.9 --label x=${"a".repeat(64)}`, /a value of at most 63 characters/],
      ["pi 100.64.0.9 --label x", /expected key=value/],
      ["pi 100.64.0.9 --taint Example.com/x=1:NoSchedule", /a prefix in lower case/],
    ] as const
  ) {
    const { code, stderr } = await run("node", "add", ...words.split(" "), "--role", "worker");
    assert.equal(code, 2, words);
    assert.match(stderr, message);
  }
  assert.equal(inventory.read(), SMALL);
  // What only looks like a number gets quotes.
  assert.equal((await run("node", "add", "123", "100.64.0.9", "--role", "worker")).code, 0);
  assert.match(inventory.read(), /^ {8}"123":$/m);
});
