/**
 * What the artefact holds, how it starts, and the things people do first.
 *
 * @module
 */

import assert from "node:assert/strict";
import metadata from "../../deno.json" with { type: "json" };
import { FolderAssets } from "../../src/assets/source.ts";
import { PROJECT_ROOT } from "../cli/fake_context.ts";
import { testFormats } from "./formats.ts";
import { command, environmentOf, installPackage } from "./installed.ts";
import { testInterruptions } from "./interruptions.ts";
import { testKeys } from "./keys.ts";

const installed = await installPackage();
const { directory, home, tool } = installed;

function packed(...argv: string[]) {
  return command([tool, ...argv], { cwd: home, env: environmentOf(home) });
}

Deno.test.afterAll(() => Deno.remove(directory, { recursive: true }));

Deno.test("the packed tool says its version", async () => {
  const { code, stdout, stderr } = await packed("version", "-o", "json");
  assert.deepEqual([code, stderr, JSON.parse(stdout).version], [0, "", metadata.version]);
});

Deno.test("the packed tool embeds exactly the assets of the checkout", async () => {
  const { code, stdout } = await packed("assets", "list", "-o", "name");
  const expected = await new FolderAssets(PROJECT_ROOT).list();
  assert.deepEqual([code, stdout.trim().split("\n")], [0, expected]);
});

Deno.test("the executable would embed the same files", async () => {
  const build = [Deno.execPath(), "task", "--quiet", "build", "--list"];
  const { code, stdout } = await command(build, { cwd: PROJECT_ROOT });
  const files = stdout.trim().split("\n");
  assert.equal(code, 0);
  assert.ok(files.includes("main.js"));
  const expected = await new FolderAssets(PROJECT_ROOT).list();
  assert.deepEqual(files.filter((file) => !file.endsWith(".js")), expected);
});

Deno.test("a build for another platform is refused where it would be one for this machine", async () => {
  const wrong: readonly (readonly [readonly string[], string, RegExp])[] = [
    [["--target"], "", /--target <value>' argument missing/],
    [["--target", "--list"], "", /argument is ambiguous/],
    [["--target", ""], "", /--target needs a platform/],
    [["--target", "aarch64-apple-darwin"], "/usr/bin/denort", /unset DENORT_BIN/],
    [["--tagret", "aarch64-apple-darwin"], "", /Unknown option '--tagret'/],
  ];
  for (const [args, denort, said] of wrong) {
    const { code, stderr } = await command([Deno.execPath(), "task", "--quiet", "build", ...args], {
      cwd: PROJECT_ROOT,
      env: { DENORT_BIN: denort },
    });
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, said);
  }
});

Deno.test("the packed tool ejects assets into an empty directory", async () => {
  const { code } = await packed("assets", "eject", "out", "ansible/ansible.cfg");
  assert.equal(code, 0);
  assert.equal(
    await Deno.readTextFile(`${home}/out/ansible/ansible.cfg`),
    await Deno.readTextFile(`${PROJECT_ROOT}/ansible/ansible.cfg`),
  );
});

Deno.test("the packed tool makes an inventory, edits it and reads it back", async () => {
  const steps: readonly (readonly string[])[] = [
    ["init", "--control-plane", "nuc=100.64.0.1", "--cluster-name", "home", "--no-input"],
    ["node", "add", "dgx", "100.64.0.3", "--role", "worker", "--gpu", "--label", "disk=nvme"],
    ["config", "set", "reserved_cpu", "2", "--scope", "dgx"],
    ["config", "validate"],
    ["node", "show", "dgx"],
    ["config", "get", "reserved_cpu", "--scope", "dgx", "--show-origin"],
    ["node", "remove", "dgx", "--inventory-only", "--yes"],
  ];
  for (const step of steps) {
    const { code, stderr } = await packed(...step);
    assert.equal(code, 0, `${step.join(" ")}: ${stderr}`);
  }
  const { stdout } = await packed("node", "list", "-o", "name");
  assert.equal(stdout, "nuc\n");
});

Deno.test("the packed tool says what is missing, whichever part of it is asked", async () => {
  // No program is on this PATH but what starts the tool itself.
  for (const command of ["discover", "status", "doctor"]) {
    const { code, stderr } = await packed(command, "--no-input");
    assert.ok([0, 1, 3, 4].includes(code), `${command}: ${code} ${stderr}`);
    assert.doesNotMatch(stderr, /defect|bug in k3s-tool|is not a function|not defined/, command);
  }
});

Deno.test("wrong usage of the packed tool exits with 2", async () => {
  const { code, stderr } = await packed("versoin");
  assert.equal(code, 2);
  assert.match(stderr, /Did you mean version\?/);
});

Deno.test("the start loads no module of Node, as the first costs a third of it", async () => {
  const lib = `${directory}/app/node_modules/k3s-tool/lib`;
  const seen = new Set<string>();
  const foreign: string[] = [];
  const visit = async (file: string): Promise<void> => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = await Deno.readTextFile(`${lib}/${file}`);
    for (const [, specifier = ""] of text.matchAll(/(?:\bimport|\bfrom)"([\w@./:-]+)"/g)) {
      if (specifier.startsWith("./")) await visit(specifier.slice(2));
      else foreign.push(`${file}: ${specifier}`);
    }
  };
  await visit("main.js");
  assert.ok(seen.size > 1, "the program is split");
  assert.deepEqual(foreign, []);
});

Deno.test("the start reads no part of the program that it does not need", async () => {
  const lib = `${directory}/app/node_modules/k3s-tool/lib`;
  let lazy = 0;
  for (const { name } of Deno.readDirSync(lib)) {
    if (!name.endsWith(".js")) continue;
    const text = await Deno.readTextFile(`${lib}/${name}`);
    // Deno would read these before the first line runs.
    assert.doesNotMatch(text, /\bimport\("\.\//, name);
    lazy += text.match(/\bimport\(String\("\.\//g)?.length ?? 0;
  }
  assert.ok(lazy > 50, `${lazy} lazy imports`);
});

Deno.test("the packed tool writes a repository with an app, and checks it", async () => {
  const app = [
    "new-app",
    "blog",
    "--dir",
    "repo",
    "--image",
    "ghcr.io/me/blog:1.0",
    "--port",
    "80",
  ];
  for (const argv of [["init", "repo"], app, ["validate", "repo"]]) {
    const { code, stderr } = await packed("gitops", ...argv);
    assert.equal(code, 0, `${argv.join(" ")}: ${stderr}`);
    assert.doesNotMatch(stderr, /DeprecationWarning/);
  }
  // npm leaves files of these names out of packages.
  for (const file of [".gitignore", ".sops.yaml"]) await Deno.stat(`${home}/repo/${file}`);
  await Deno.writeTextFile(
    `${home}/repo/apps/blog/base/service.yaml`,
    "apiVersion: v1\nkind: Nothing\n",
  );
  const wrong = await packed("gitops", "validate", "repo");
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /apps\/blog\/base\/service\.yaml:2:1: there is no kind Nothing in v1/);
});

Deno.test("the packed tool can ask an API server", async () => {
  const server = Deno.serve({ port: 0, onListen: () => {} }, (request) => {
    const { pathname } = new URL(request.url);
    const kind = pathname.endsWith("/nodes") ? "NodeList" : "List";
    return Response.json({ apiVersion: "v1", kind, metadata: {}, items: [] });
  });
  const { port } = server.addr;
  const kubeconfig = `${directory}/kubeconfig`;
  await Deno.writeTextFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{
        name: "c",
        cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true },
      }],
      users: [{ name: "u", user: {} }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      "current-context": "c",
    }),
  );
  try {
    const { stdout, stderr } = await packed("status", "--kubeconfig", kubeconfig, "-o", "json");
    assert.doesNotMatch(stderr, /could not be asked|defect|bug in k3s-tool/);
    assert.equal(JSON.parse(stdout).kind, "Status");
  } finally {
    await server.shutdown();
  }
});

Deno.test("the packed tool starts without node, and where sh finds no deno with it", async () => {
  const bin = `${directory}/bin`;
  await Deno.mkdir(bin);
  for (const name of ["readlink", "uname"]) {
    const { stdout } = await command(["sh", "-c", `command -v ${name}`], { cwd: home });
    await Deno.symlink(stdout.trim(), `${bin}/${name}`);
  }
  const args = ["version", "-o", "json"];
  const alone = await command([tool, ...args], { cwd: home, env: { HOME: home, PATH: bin } });
  assert.deepEqual([alone.code, JSON.parse(alone.stdout).version], [0, metadata.version]);

  const launcher = `${directory}/app/node_modules/k3s-tool/bin/k3s-tool.js`;
  const byNode = await command(["node", launcher, ...args], { cwd: home, env: { HOME: home } });
  assert.deepEqual([byNode.code, byNode.stdout], [0, alone.stdout]);
});

testFormats(installed);
testInterruptions(installed);
await testKeys(installed);
