import assert from "node:assert/strict";
import fc from "fast-check";
import { load } from "js-yaml";
import type { OutputFormat } from "../../../src/cli/program/command.ts";
import type { Context } from "../../../src/cli/program/context.ts";
import { Output } from "../../../src/cli/output/output.ts";

function outputOf(written: string[], format: OutputFormat): Output {
  const stream = { write: (text: string) => void written.push(text), isTerminal: false };
  const context = { stdout: stream, stderr: stream, env: () => undefined };
  // Output reads these three of a context.
  return new Output(context as unknown as Context, {
    inventory: undefined,
    output: format,
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
  await outputOf(written, "yaml").document("NodeList", { items: [{ where }, { where }] });
  assert.equal(
    written.join(""),
    "apiVersion: k3s-tool/v1\nkind: NodeList\nitems:\n" +
      "  - where:\n      file: hosts.yml\n  - where:\n      file: hosts.yml\n",
  );
});

Deno.test("documents bring text from outside unchanged, and nothing in them steers a terminal", async () => {
  const steering = fc.constantFrom(
    "\u001b[31m",
    "\u009b31m",
    "\u0085",
    "\u202e",
    "\u200b",
    "\u007f",
    "\n",
    ": ",
    "a",
  );
  const text = fc.oneof(
    fc.array(steering, { maxLength: 8 }).map((parts) => parts.join("")),
    fc.string({ unit: "binary" }).filter((each) => each.isWellFormed()),
  );
  const controls =
    // deno-lint-ignore no-control-regex
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
  await fc.assert(
    fc.asyncProperty(fc.dictionary(text, text), text, async (map, said) => {
      const body = { items: [map], said };
      const parsers = { json: JSON.parse, yaml: load } as const;
      for (const format of ["json", "yaml"] as const) {
        const written: string[] = [];
        await outputOf(written, format).document("Version", body);
        const printed = written.join("");
        assert.doesNotMatch(printed, controls);
        const { items, said: read } = parsers[format](printed) as typeof body;
        assert.deepEqual([items, read], [[{ ...map }], said]);
      }
      const line: string[] = [];
      outputOf(line, "json").event("Version", body);
      assert.doesNotMatch(line.join("").slice(0, -1), controls);
      assert.equal(JSON.parse(line.join("")).said, said);
    }),
    { numRuns: 100 },
  );
});
