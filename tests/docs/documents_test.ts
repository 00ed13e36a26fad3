import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { DOCUMENTS } from "../../src/cli/program/document_schemas.ts";
import { PROJECT_ROOT, runCommand } from "../cli/fake_context.ts";
import { FakeRunner } from "../process/fake_runner.ts";

/** One after the other beside one inventory, with the kind of document each must print. */
const COMMANDS: readonly (readonly [command: string, kind: keyof typeof DOCUMENTS])[] = [
  ["version", "Version"],
  ["node list", "Error"],
  ["init --control-plane nuc=100.64.0.1 --dry-run", "InventoryChange"],
  ["init --control-plane nuc=100.64.0.1", "InventoryChange"],
  ["init --control-plane nuc=100.64.0.1", "Error"],
  ["node list", "NodeList"],
  ["node show nuc", "Node"],
  ["node show none", "Error"],
  ["node add pi 100.64.0.2 --role worker --label a=b --taint c=d:NoSchedule", "InventoryChange"],
  ["node add pi 100.64.0.2 --role worker", "InventoryChange"],
  ["node add pi 100.64.0.3 --role worker", "Error"],
  ["node remove pi --inventory-only --dry-run", "InventoryChange"],
  ["node remove pi --inventory-only", "InventoryChange"],
  ["config set reserved_cpu 2 --scope nuc --dry-run", "InventoryChange"],
  ["config set reserved_cpu 2 --scope nuc", "InventoryChange"],
  ["config set reserved_cpu many --scope nuc", "Error"],
  ["config get reserved_cpu --scope nuc", "ConfigValue"],
  ["config unset reserved_cpu --scope nuc", "InventoryChange"],
  ["config list", "ConfigList"],
  ["config validate", "InventoryCheck"],
  ["config schema --list", "SchemaList"],
  ["discover", "Error"],
  ["status", "Status"],
  ["doctor", "DoctorReport"],
  ["kubeconfig --stored", "Error"],
  ["provision", "Error"],
  ["adopt nobody --check", "Error"],
  ["artifacts download --dir out --arch riscv64", "Error"],
  ["reset --yes", "Error"],
  ["gitops deploy-key", "DeployKey"],
  ["assets list ansible/ansible.cfg", "AssetList"],
  ["assets eject out ansible/ansible.cfg", "EjectedFileList"],
  ["no such command", "Error"],
];

Deno.test("what -o json prints is a document of its published schema", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const env = { K3S_TOOL_TAILSCALE_SOCKET: "/proc/nonexistent/tailscaled.sock" };
    const runner = new FakeRunner().on("ssh-keygen", { stdout: "ssh-ed25519 AAAA k3s-tool\n" });
    for (const [command, kind] of COMMANDS) {
      const argv = [...command.split(" "), "-o", "json"];
      const { stdout } = await runCommand(argv, { directory, env, runner });
      const document = JSON.parse(stdout);
      assert.equal(document.kind, kind, command);
      assert.doesNotThrow(() => DOCUMENTS[kind].parse(document), command);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("each document is held to its schema: above, or where its command is tested", () => {
  const above = new Set<string>(COMMANDS.map(([, kind]) => kind));
  const tests = readdirSync(`${PROJECT_ROOT}/tests`, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("_test.ts"))
    .map((name) => Deno.readTextFileSync(`${PROJECT_ROOT}/tests/${name}`)).join();
  const unseen = Object.keys(DOCUMENTS).filter((kind) =>
    !above.has(kind) && !tests.includes(`DOCUMENTS.${kind}.`)
  );
  assert.deepEqual(unseen, []);
});
