import assert from "node:assert/strict";
import { writeInventory } from "../bench/inventory_file.ts";
import { PROJECT_ROOT } from "./fake_context.ts";

// The completion library prints by itself, so these run the program as a process.
async function tool(...argv: string[]): Promise<string> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `${PROJECT_ROOT}/main.ts`, ...argv],
    cwd: "/",
    stdin: "null",
  }).output();
  assert.equal(code, 0);
  return new TextDecoder().decode(stdout);
}

for (const shell of ["bash", "zsh", "fish"]) {
  Deno.test(`completions ${shell} prints a script that asks the tool`, async () => {
    assert.match(await tool("completions", shell), /k3s-tool complete --/);
  });
}

Deno.test("the bash script is valid bash", async () => {
  const script = await tool("completions", "bash");
  const child = new Deno.Command("bash", { args: ["-n"], stdin: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  assert.equal((await child.status).code, 0);
});

Deno.test("completion offers commands, subcommands, options and choices", async () => {
  assert.match(await tool("complete", "--", "ver"), /^version\t/m);
  assert.match(await tool("complete", "--", "assets", ""), /^eject\t/m);
  assert.match(await tool("complete", "--", "assets", "eject", "--f"), /^--force\t/m);
  assert.match(await tool("complete", "--", "node", "r"), /^rm\t/m);
  assert.match(await tool("complete", "--", "node", "rm", "--f"), /^--force\t/m);
  assert.match(await tool("complete", "--", "completions", ""), /^zsh/m);
  assert.match(await tool("complete", "--", "version", "--output", ""), /^json/m);
});

Deno.test("completion offers hosts of the inventory and variables", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await writeInventory(`${directory}/hosts.yml`, { hosts: 3 });
    const words = ["complete", "--", "node", "show", ""];
    assert.match(await tool("-i", `${directory}/hosts.yml`, ...words), /^node2\t?$/m);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
  assert.match(await tool("complete", "--", "config", "get", "tail"), /^tailscale_network/m);
});
