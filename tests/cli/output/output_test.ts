import assert from "node:assert/strict";
import type { Context } from "../../../src/cli/program/context.ts";
import { Output } from "../../../src/cli/output/output.ts";

function yamlOutput(written: string[]): Output {
  const stream = { write: (text: string) => void written.push(text), isTerminal: false };
  const context = { stdout: stream, stderr: stream, env: () => undefined };
  // Output reads these three of a context.
  return new Output(context as unknown as Context, {
    inventory: undefined,
    output: "yaml",
    verbose: false,
    quiet: false,
    color: false,
    yes: false,
    input: false,
  });
}

Deno.test("YAML repeats what occurs twice instead of an alias", async () => {
  const where = { file: "hosts.yml" };
  const written: string[] = [];
  await yamlOutput(written).document("NodeList", { items: [{ where }, { where }] });
  assert.equal(
    written.join(""),
    "apiVersion: k3s-tool/v1\nkind: NodeList\nitems:\n" +
      "  - where:\n      file: hosts.yml\n  - where:\n      file: hosts.yml\n",
  );
});
