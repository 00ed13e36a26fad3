/**
 * `deno task pack`: the npm package, dist/npm/*.tgz.
 *
 * It holds the same bundle and assets as the executable and runs them with npm's own `deno`.
 *
 * @module
 */

import metadata from "../deno.json" with { type: "json" };
import { runToEnd } from "./run_to_end.ts";
import { makeStage, ROOT, RUN_FLAGS, STAGE } from "./stage.ts";

const OUT = `${ROOT}/dist/npm`;
const PACKAGE = `${OUT}/package`;

// One file in two languages, as starting node would double the time of a short command: sh finds deno where
// npm puts it and becomes it; elsewhere (other package managers, other systems) sh becomes node, for which
// sh's part is a comment. node finds deno by its own rules and replaces itself where it can
// (process.execve, node 23.11), so that signals and the terminal belong to one process; else it waits,
// leaving Ctrl-C to deno.
const LAUNCHER = `#!/bin/sh
":" /*
self=$(readlink -f "$0" 2>/dev/null) || exec node "$0" "$@"
package=\${self%/bin/*}
case $(uname -sm) in
  "Linux x86_64") platform=linux-x64-glibc ;;
  "Linux aarch64") platform=linux-arm64-glibc ;;
  "Darwin x86_64") platform=darwin-x64 ;;
  "Darwin arm64") platform=darwin-arm64 ;;
  *) exec node "$self" "$@" ;;
esac
for modules in "$package/node_modules" "\${package%/*}"; do
  deno=$modules/@deno/$platform/deno
  if [ -x "$deno" ]; then
    exec "$deno" ${RUN_FLAGS.join(" ")} "$package/lib/main.js" "$@"
  fi
done
exec node "$self" "$@"
*/
"use strict";
const path = require("node:path");
const { spawn } = require("node:child_process");
const main = path.join(__dirname, "..", "lib", "main.js");
const args = [...${JSON.stringify(RUN_FLAGS)}, main];
args.push(...process.argv.slice(2));
const deno = findDeno();
if (typeof process.execve === "function") {
  try {
    process.execve(deno, [deno, ...args]);
  } catch {
    // not possible on this platform
  }
}
const child = spawn(deno, args, { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => signal === "SIGINT" || child.kill(signal));
}
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
child.on("error", (error) => {
  console.error("Error: cannot start " + deno + ": " + error.message);
  process.exit(3);
});

// npm's deno keeps the binary of the platform in an optional package of its own; its own launcher
// would cost another start of node.
function findDeno() {
  const here = require.resolve("deno/package.json");
  const libc = process.platform === "linux" ? "-glibc" : "";
  const name = process.platform === "win32" ? "deno.exe" : "deno";
  try {
    const platform = "@deno/" + process.platform + "-" + process.arch + libc;
    const folder = path.dirname(require.resolve(platform + "/package.json", { paths: [here] }));
    return path.join(folder, name);
  } catch {
    console.error("Error: there is no deno for " + process.platform + "/" + process.arch);
    console.error("Hint: install again without --omit=optional.");
    process.exit(3);
  }
}
`;

const stage = await makeStage();
await Deno.remove(OUT, { recursive: true }).catch(() => {});
for (const file of stage) {
  const target = `${PACKAGE}/lib/${file}`;
  await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
  await Deno.copyFile(`${STAGE}/${file}`, target);
}
await Deno.mkdir(`${PACKAGE}/bin`);
await Deno.writeTextFile(`${PACKAGE}/bin/k3s-tool.js`, LAUNCHER, { mode: 0o755 });
await Deno.copyFile(`${ROOT}/LICENSE`, `${PACKAGE}/LICENSE`);
await Deno.copyFile(`${ROOT}/README.md`, `${PACKAGE}/README.md`);
await Deno.writeTextFile(
  `${PACKAGE}/package.json`,
  JSON.stringify(
    {
      name: "k3s-tool",
      version: metadata.version,
      description: "A k3s cluster on the machines of your tailnet, kept as workstations",
      license: metadata.license,
      type: "commonjs",
      bin: { "k3s-tool": "bin/k3s-tool.js" },
      files: ["bin", "lib"],
      // Where Ansible runs, and sh.
      os: ["linux", "darwin"],
      engines: { node: ">=20" },
      dependencies: { deno: Deno.version.deno },
    },
    null,
    2,
  ) + "\n",
);
// lib/ holds ES modules, the launcher above it is CommonJS.
await Deno.writeTextFile(`${PACKAGE}/lib/package.json`, `{ "type": "module" }\n`);
await runToEnd(["npm", "pack", "--silent", "--pack-destination", OUT, PACKAGE], { cwd: OUT });
