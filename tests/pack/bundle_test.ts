/**
 * What the bundler makes of lazy imports: in the packed program they give what they give in the sources.
 *
 * @module
 */

import assert from "node:assert/strict";
import { bundle } from "../../tasks/bundle.ts";
import { filesBelow } from "../../tasks/stage.ts";
import { PROJECT_ROOT } from "../cli/fake_context.ts";

/** What the sources import lazily and is no file of theirs. */
const packages = new Set<string>();
for (const file of await filesBelow(`${PROJECT_ROOT}/src`)) {
  const text = await Deno.readTextFile(`${PROJECT_ROOT}/src/${file}`);
  for (const [, name = ""] of text.matchAll(/\bimport\(\s*"([^."][^"]*)"/g)) packages.add(name);
}

/** Bundles a program that lies in the checkout's dist/, where its packages are found, and runs it. */
async function bundled(source: string): Promise<string> {
  await Deno.mkdir(`${PROJECT_ROOT}/dist`, { recursive: true });
  const directory = await Deno.makeTempDir({ dir: `${PROJECT_ROOT}/dist`, prefix: "bundle-" });
  try {
    await Deno.writeTextFile(`${directory}/entry.ts`, source);
    await bundle(`${directory}/entry.ts`, { outdir: `${directory}/out` });
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-config", "-A", `${directory}/out/entry.js`],
      stdin: "null",
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The names a module gives out that a program can ask for; `default` is the same for every importer. */
function namesOf(module: object): string[] {
  return Object.keys(module).filter((name) => /^(?!default$)[\w$]+$/.test(name)).sort();
}

Deno.test("every lazy import of the sources gives the same names bundled as in the sources", async () => {
  assert.ok(packages.has("yaml"));
  const lines = [...packages].map((name) => `${JSON.stringify(name)}: await import("${name}"),`);
  const source = `const modules = {\n${lines.join("\n")}\n};
    console.log(JSON.stringify(Object.entries(modules).map(([name, module]) =>
      [name, Object.keys(module)])));`;
  const found = new Map<string, string[]>(JSON.parse(await bundled(source)));
  for (const name of packages) {
    const names = Object.fromEntries((found.get(name) ?? []).map((each) => [each, true]));
    assert.deepEqual(namesOf(names), namesOf(await import(name)), name);
  }
});

Deno.test("what a lazy import of a CommonJS package gives works", async () => {
  const source = `const { parse, stringify } = await import("yaml");
    const yaml = await import("yaml");
    console.log(stringify({ a: parse("[1, 2]") }) + (yaml.default.parse === parse));`;
  assert.equal(await bundled(source), "a:\n  - 1\n  - 2\ntrue\n");
});

Deno.test("a lazy import that would lose its names ends the bundling", async () => {
  const file = `${PROJECT_ROOT}/node_modules/yaml/dist/index.js`;
  await assert.rejects(
    bundled(`await import(${JSON.stringify(file)});`),
    /Lazy imports of CommonJS/,
  );
});

Deno.test("a package that can do without another one does so", async () => {
  // Below 48 bytes `ws` masks by itself, above with `bufferutil` where there is one.
  const source = `import { WebSocket, WebSocketServer } from "ws";
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    server.on("connection", (socket) => socket.on("message", (data) => socket.send(data)));
    await new Promise((resolve) => server.once("listening", resolve));
    const socket = new WebSocket("ws://127.0.0.1:" + server.address().port);
    socket.on("open", () => socket.send("long ".repeat(100)));
    socket.on("message", (data) => { console.log(data.length); socket.close(); server.close(); });`;
  assert.equal(await bundled(source), "500\n");
});
