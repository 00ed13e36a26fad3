/**
 * `deno task test`: everything that needs no lab, each part with its name and its time.
 *
 * @module
 */

import { installWherePossible } from "../tests/lab/cli/requirements.ts";
import { runToEnd } from "./run_to_end.ts";
import { ROOT } from "./stage.ts";

/** Part to command line; each says itself what it installs. */
const PARTS: readonly (readonly [string, readonly string[]])[] = [
  ["format, lint, types, unit tests, architecture", [Deno.execPath(), "task", "--quiet", "ok"]],
  ["roles: syntax, lint, callback plugin", ["bash", "tests/ansible/check.sh"]],
  ["packed artefact", [Deno.execPath(), "task", "--quiet", "test:pack"]],
];

const say = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));

await installWherePossible(["tmux", "ssh", "git"]);
for (const [name, argv] of PARTS) {
  say(`\n== ${name}\n`);
  const began = performance.now();
  try {
    await runToEnd(argv, { cwd: ROOT });
  } catch (error) {
    say(`== ${name}: failed (${error instanceof Error ? error.message : error})\n`);
    Deno.exitCode = 1;
    continue;
  }
  say(`== ${name}: passed in ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
}
