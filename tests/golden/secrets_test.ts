/** Every command beside an inventory full of secrets: none of them prints one that was not asked for. */
import assert from "node:assert/strict";
import { ansibleMachine } from "../cli/ansible_machine.ts";
import { runCommand } from "../cli/fake_context.ts";
import { type CommandDeclaration, OUTPUT_FORMATS } from "../../src/cli/program/command.ts";
import { commands } from "../../src/cli/program/registry.ts";
import { temporaryInventory } from "../inventory/temporary_inventory.ts";

/** Every secret of the inventory, and every one that is typed. */
const SECRET = /hunter\d/;

const INVENTORY = `all:
  vars:
    k3s_version: v1.36.3+k3s1
    k3s_token: hunter1 # not hunter2
    # ansible_become_password: hunter3
    registry: {user: me, password: hunter4}
    vault_secrets:
      db: hunter5
      note: |
        hunter6
    http_proxy: http://me:hunter7@proxy:3128
    k3s_control_plane_extra_config:
      etcd-s3-secret-key: hunter8
  children:
    control_plane:
      hosts:
        nuc: {ansible_host: 100.64.0.1, tailscale_ip: 100.64.0.1, ansible_password: hunter9}
    workers:
      hosts:
        pi:
          ansible_host: 100.64.0.2
          tailscale_ip: 100.64.0.2
          ansible_ssh_pass: "hunter0"
          reserved_cpu: "1"
`;

/** What is typed for an argument. */
const TYPED: Readonly<Record<string, string>> = {
  host: "pi",
  key: "k3s_token",
  value: "hunter2",
  ip: "100.64.0.9",
};

/** A command with arguments that do something, as a dry run where it has one. */
function commandLine({ name, args = [], options = {} }: CommandDeclaration): string[] {
  return [
    ...name.split(" "),
    ...args.map(({ syntax, choices }) =>
      choices?.[0] ?? TYPED[syntax.replace(/\W/g, "")] ?? "word"
    ),
    ...("dryRun" in options ? ["--dry-run"] : []),
    ...("check" in options && "diff" in options ? ["--check", "--diff"] : []),
  ];
}

const LINES: readonly (readonly string[])[] = [
  // `config get` prints what it is asked for, the screen needs a terminal.
  ...commands.filter(({ name }) => !["config get", "tui"].includes(name)).map(commandLine),
  ["config", "set", "reserved_cpu", "2", "--scope", "pi", "--dry-run"],
  ["config", "set", "registry.password", "hunter2", "--dry-run"],
  ["config", "set", "k3s_token", "hunter2", "--type", "int", "--dry-run"],
  ["config", "set", "k3s_token", "[hunter2", "--type", "json", "--dry-run"],
  ["config", "set", "git_repo_url", "https://me:hunter2@github.com/me/x.git", "--dry-run"],
  ["config", "set", "gitops_token_file", "ghp_hunter2hunter2", "--dry-run"],
  ["config", "unset", "vault_secrets", "--dry-run"],
  ["config", "unset", "registry.password", "--dry-run"],
  ["config", "list", "--scope", "pi", "--show-origin"],
  ["node", "add", "x", "100.64.0.9", "--role", "worker", "--dry-run"],
  ["node", "remove", "pi", "--inventory-only", "--dry-run"],
  [
    "init",
    "other.yml",
    "--control-plane",
    "a=100.64.0.8",
    "--dry-run",
    "--set",
    "k3s_token=hunter2",
  ],
  ["init", "--control-plane", "a=100.64.0.8", "--dry-run", "--set", "k3s_token: hunter2"],
];

for (const line of LINES) {
  Deno.test(`no secret is printed by k3s-tool ${line.join(" ").replace(/hunter\d/g, "…")}`, async () => {
    for (const format of OUTPUT_FORMATS) {
      await using inventory = await temporaryInventory(INVENTORY);
      const { runner } = ansibleMachine();
      const { stdout, stderr } = await runCommand([...line, "-v", "-o", format], {
        directory: inventory.directory,
        runner,
        env: { K3S_TOOL_TAILSCALE_SOCKET: "/proc/nonexistent" },
      });
      assert.doesNotMatch(stdout + stderr, SECRET);
    }
  });
}

Deno.test("an error repeats no secret of a file that is no YAML", async () => {
  for (const line of ["  k3s_token: hunter1: x", "  k3s_token: [hunter1", "\tpassword: hunter1"]) {
    await using inventory = await temporaryInventory(`all:\n  vars:\n  ${line}\n`);
    for (const argv of [["config", "validate"], ["config", "list", "-o", "json"]]) {
      const { code, stdout, stderr } = await runCommand(argv, { directory: inventory.directory });
      assert.notEqual(code, 0);
      assert.doesNotMatch(stdout + stderr, SECRET);
    }
  }
});

Deno.test("a dry run shows that a secret changes", async () => {
  await using inventory = await temporaryInventory(INVENTORY);
  const { stdout } = await runCommand(["config", "set", "k3s_token", "hunter2", "--dry-run"], {
    directory: inventory.directory,
  });
  assert.match(stdout, /^- +k3s_token: \*{8}.*\n\+ +k3s_token: \*{8}/m);
});
