/** What a person meant who mistyped a command, an option, a key, a host or a format. */
import assert from "node:assert/strict";
import { commands } from "../../src/cli/program/registry.ts";
import { temporaryInventory } from "../inventory/temporary_inventory.ts";
import { ansibleMachine } from "./ansible_machine.ts";
import { runCommand } from "./fake_context.ts";

/** A home with eighty machines. */
const HOSTS = Array.from(
  { length: 79 },
  (_, at) => `        node${at + 1}: {tailscale_ip: 100.64.1.${at + 1}}`,
);
const INVENTORY = `all:
  vars: {k3s_version: v1.36.3+k3s1}
  children:
    control_plane:
      hosts:
        nuc: {tailscale_ip: 100.64.0.1, reserved_memory: 1Gi}
    workers:
      hosts:
${HOSTS.join("\n")}
`;

async function hintOf(argv: readonly string[]): Promise<string> {
  await using inventory = await temporaryInventory(INVENTORY);
  const { code, stderr } = await runCommand(argv, {
    directory: inventory.directory,
    runner: ansibleMachine().runner,
    env: { K3S_TOOL_TAILSCALE_SOCKET: "/proc/nonexistent" },
  });
  assert.ok(code === 2 || code === 1, stderr);
  return stderr.split("\n").filter((line) => !line.startsWith("Error:")).join("\n");
}

for (
  const [line, suggestion] of [
    ["prov", "Did you mean provision?"],
    ["-o json prov", "Did you mean provision?"],
    ["help prov", "Did you mean provision?"],
    ["stat", "Did you mean status?"],
    ["nodes list", "Did you mean node?"],
    ["gitop status", "Did you mean gitops?"],
    ["node lst", "Did you mean list?"],
    ["node rem nuc", "Did you mean remove?"],
    ["config st a b", "Did you mean set?"],
    ["gitops new", "Did you mean new-app?"],
    ["provision --chekc", "Did you mean --check?"],
    ["provision --lim nuc", "Did you mean --limit?"],
    ["node ls --inventry x", "Did you mean --inventory?"],
    ["node add x 100.64.0.9 --rol worker", "Did you mean --role?"],
    ["node list -o jsn", "Did you mean json?"],
    ["node add x 100.64.0.9 --role workr", "Did you mean worker?"],
    ["completions zhs", "Did you mean zsh?"],
    ["config schema NodList", "Did you mean NodeList?"],
    ["config get reserved_mem --scope nuc", "Did you mean reserved_memory?"],
    ["config unset reserved_mem --scope nuc", "Did you mean reserved_memory?"],
    ["config set gpu true --scope ncu", "Did you mean nuc?"],
    ["config set gpu true --scope worker1", "Did you mean workers"],
    ["config list --scope contol_plane", "Did you mean control_plane?"],
    ["node show ncu", "Did you mean nuc?"],
    ["node remove ncu --yes", "Did you mean nuc?"],
    ["node rm ncu --inventory-only", "Did you mean nuc?"],
    ["provision --limit ncu", "Did you mean nuc?"],
    ["provision --tags preflihgt", "Did you mean preflight?"],
    ["reset --limit nuk --yes", "Did you mean nuc?"],
    ["config set cluster_name -xyz", "k3s-tool config set KEY -- VALUE"],
  ] as const
) {
  Deno.test(`k3s-tool ${line} suggests: ${suggestion}`, async () => {
    const hint = await hintOf(line.split(" "));
    assert.ok(hint.includes(suggestion), hint);
    assert.ok(hint.slice(hint.indexOf("Hint:")).length < 200, hint);
  });
}

Deno.test("a variable that is near a known one is written, with a word", async () => {
  await using inventory = await temporaryInventory(INVENTORY);
  const argv = ["config", "set", "reserved_mem", "4Gi", "--scope", "nuc"];
  const { code, stderr } = await runCommand(argv, { directory: inventory.directory });
  assert.equal(code, 0);
  assert.match(stderr, /does not know the variable reserved_mem\. Did you mean reserved_memory\?/);
});

Deno.test("every beginning of a command's name that is long enough leads to it", async () => {
  for (const { name, hidden } of commands) {
    const words = name.split(" ");
    const last = words.pop()!;
    for (let length = 3; length < last.length && !hidden; length++) {
      const argv = [...words, last.slice(0, length)];
      if (commands.some((each) => [each.name, ...each.aliases ?? []].includes(argv.join(" ")))) {
        continue;
      }
      const { code, stderr } = await runCommand(argv);
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`Did you mean .*\\b${last}\\b`), argv.join(" "));
    }
  }
});

for (
  const [alias, name] of [
    ["node ls", "node list"],
    ["node get", "node list"],
    ["node describe", "node show"],
    ["node rm", "node remove"],
    ["node delete", "node remove"],
    ["config ls", "config list"],
    ["config rm", "config unset"],
    ["config delete", "config unset"],
    ["assets ls", "assets list"],
  ] as const
) {
  Deno.test(`k3s-tool ${alias} is ${name}, and not in the list of the help`, async () => {
    const [group, short] = alias.split(" ") as [string, string];
    const help = await runCommand([...alias.split(" "), "--help"]);
    const real = await runCommand([...name.split(" "), "--help"]);
    assert.equal(help.code, 0);
    assert.equal(help.stdout.replace(alias, name), real.stdout);
    assert.doesNotMatch(
      (await runCommand([group, "--help"])).stdout,
      new RegExp(`^  ${short}\\b`, "m"),
    );
  });
}
