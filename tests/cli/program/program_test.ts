import assert from "node:assert/strict";
import { parse } from "yaml";
import metadata from "../../../deno.json" with { type: "json" };
import { DOCUMENTS } from "../../../src/cli/program/document_schemas.ts";
import { GROUPS } from "../../../src/cli/program/program.ts";
import { commands } from "../../../src/cli/program/registry.ts";
import { recordedStream, runCommand } from "../fake_context.ts";

Deno.test("version prints the version of deno.json", async () => {
  for (const argv of [["version"], ["-V"], ["--version"]]) {
    const { code, stdout, stderr } = await runCommand(argv);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.ok(stdout.startsWith(`k3s-tool ${metadata.version} (deno `), stdout);
  }
});

Deno.test("version -o json is a document", async () => {
  const { stdout } = await runCommand(["version", "-o", "json"]);
  const { apiVersion, kind, version } = JSON.parse(stdout);
  assert.deepEqual([apiVersion, kind, version], ["k3s-tool/v1", "Version", metadata.version]);
});

Deno.test("no arguments show the help on stdout", async () => {
  const bare = await runCommand([]);
  const asked = await runCommand(["--help"]);
  assert.deepEqual([bare.code, bare.stdout], [0, asked.stdout]);
  for (const { name, hidden } of commands) {
    const [word = ""] = name.split(" ");
    if (!hidden) assert.match(asked.stdout, new RegExp(`^  ${word}\\b`, "m"));
  }
});

Deno.test("help fits into 80 columns", async () => {
  const { stdout } = await runCommand(["--help"]);
  const prose = stdout.split("\nFirst steps:")[0] ?? "";
  assert.deepEqual(prose.split("\n").filter((line) => line.length > 80), []);
});

for (const { name, examples, hidden, aliases = [] } of commands.filter(({ hidden }) => !hidden)) {
  Deno.test(`help of ${name} has two real examples`, async () => {
    assert.ok(Object.keys(examples).length >= 2 && !hidden);
    const { code, stdout } = await runCommand([...name.split(" "), "--help"]);
    assert.equal(code, 0);
    for (const [command, does] of Object.entries(examples)) {
      assert.ok(stdout.includes(`  ${command}\n      ${does}`), stdout);
      assert.ok(command.includes("k3s-tool "), command);
    }
    for (const alias of aliases) {
      assert.equal((await runCommand([alias, "--help"])).code, 0);
    }
  });
}

Deno.test("every group of commands says what it is for", () => {
  const groups = new Set(
    commands.map(({ name }) => name.split(" ")).filter(([, second]) => second !== undefined)
      .map(([first]) => first!),
  );
  assert.deepEqual(Object.keys(GROUPS).sort(), [...groups].sort());
});

Deno.test("every option's key is its long flag in camel case", () => {
  for (const { name, options = {} } of commands) {
    for (const [key, { flags }] of Object.entries<{ flags: string }>(options)) {
      const long = /--(?:no-)?([\w-]+)/.exec(flags)?.[1] ?? "";
      const camel = long.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
      assert.equal(key, camel, `${name} ${flags}`);
    }
  }
});

Deno.test("a mistyped command suggests the right one and exits with 2", async () => {
  const { code, stdout, stderr } = await runCommand(["versoin"]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /^Error: Unknown command 'versoin'\nHint: Did you mean version\?/);
});

for (
  const [argv, message, hint] of [
    [["nonsense"], "Unknown command 'nonsense'", "See: k3s-tool --help"],
    [["node", "add"], "Missing required argument 'host'", "See: k3s-tool node add --help"],
    [
      ["node", "bdd", "x"],
      "Unknown command 'bdd'",
      "Did you mean add? See also: k3s-tool node --help",
    ],
    [
      ["add-node", "x", "--rol"],
      "Unknown option '--rol'",
      "Did you mean --role? See also: k3s-tool add-node --help",
    ],
  ] as const
) {
  Deno.test(`${argv.join(" ")} is refused in a sentence, and as a document`, async () => {
    const { code, stdout, stderr } = await runCommand([...argv, "-o", "json"]);
    assert.equal(code, 2);
    assert.equal(stderr, `Error: ${message}\nHint: ${hint}\n`);
    const document = DOCUMENTS.Error.parse(JSON.parse(stdout));
    assert.deepEqual([document.message, document.hint], [message, hint]);
  });
}

Deno.test("help for a command that is none says so, and nothing else", async () => {
  const { code, stderr } = await runCommand(["help", "nonsense"]);
  assert.equal(code, 2);
  assert.equal(stderr, "Error: Unknown command 'nonsense'\nHint: See: k3s-tool --help\n");
  const within = await runCommand(["help", "node", "ad"]);
  assert.equal(within.code, 2);
  assert.match(within.stderr, /^Error: Unknown command 'ad'\nHint: Did you mean add\?/);
  assert.equal((await runCommand(["help", "node", "add"])).code, 0);
});

Deno.test("an unknown option exits with 2", async () => {
  assert.equal((await runCommand(["version", "--colour"])).code, 2);
});

Deno.test("an output format without meaning for the command exits with 2", async () => {
  const { code, stderr } = await runCommand(["version", "-o", "wide"]);
  assert.equal(code, 2);
  assert.match(stderr, /does not support -o wide\nHint: Use -o table/);
});

Deno.test("with -o json an error is a document on stdout too", async () => {
  const { code, stdout, stderr } = await runCommand(["assets", "eject", "x", "none", "-o", "json"]);
  assert.equal(code, 2);
  assert.equal(JSON.parse(stdout).kind, "Error");
  assert.match(stderr, /^Error: /m);
});

Deno.test("a full stdout is an error like others, with a document of errors or without", async () => {
  for (const more of [[], ["-o", "json"], ["-o", "yaml"]]) {
    const full = recordedStream(() => {
      throw new Error("No space left on device (os error 28)");
    });
    const { code, stderr } = await runCommand(["version", ...more], { context: { stdout: full } });
    assert.equal(code, 1);
    assert.match(stderr, /^Error: No space left on device/);
  }
});

Deno.test("with -o yaml an error is the same document, behind what was printed before it", async () => {
  const wrong: readonly (readonly string[])[] = [
    ["assets", "eject", "x", "none"],
    ["versoin"],
    ["version", "--colour"],
    ["node", "list", "-i", "/proc/nonexistent/hosts.yml"],
  ];
  for (const argv of wrong) {
    const json = await runCommand([...argv, "-o", "json"]);
    const yaml = await runCommand([...argv, "-o", "yaml"]);
    assert.match(yaml.stdout, /^---\napiVersion: k3s-tool\/v1\nkind: Error\n/, argv.join(" "));
    assert.deepEqual(parse(yaml.stdout), JSON.parse(json.stdout));
    assert.deepEqual([yaml.code, yaml.stderr], [json.code, json.stderr]);
  }
});
