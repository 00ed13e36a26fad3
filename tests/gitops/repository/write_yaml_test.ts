import assert from "node:assert/strict";
import fc from "fast-check";
import { CORE_SCHEMA, load, YAML11_SCHEMA } from "js-yaml";
import { parse } from "yaml";
import { writeYaml } from "../../../src/gitops/repository/write_yaml.ts";

const AWKWARD = fc.oneof(
  fc.constantFrom(
    ...["no", "NO", "y", "on", "null", "~", "1e3", "0x1f", "0o17", "017", "1:30", "1_0", "1.10"],
    ...[
      "true",
      "",
      " x",
      "x ",
      "a: b",
      "# c",
      "- d",
      "${x}",
      "=",
      "<<",
      "2026-01-01",
      "%",
      "a\nb\n",
    ],
  ),
  fc.string({ unit: "binary" }).filter((text) => text.isWellFormed() && !text.includes("\r")),
);

/** Names of environment variables, some of which YAML 1.1 takes for truth values. */
const VARIABLE = fc.oneof(
  fc.constantFrom("no", "NO", "y", "Y", "on", "Off", "true", "null", "Null", "_1", "e1"),
  fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/).filter((name) => name !== "__proto__"),
);

Deno.test("text stays text for every reader of YAML", () => {
  fc.assert(
    fc.property(
      fc.dictionary(VARIABLE, AWKWARD, { noNullPrototype: true }),
      AWKWARD,
      (data, name) => {
        const object = { metadata: { name }, data, list: [name, 1, true] };
        const text = writeYaml(object, { comment: "one\ntwo" });
        assert.ok(text.startsWith("# one\n# two\n"));
        assert.deepEqual(parse(text), object);
        assert.deepEqual(parse(text, { version: "1.1" }), object);
        assert.deepEqual(load(text, { schema: CORE_SCHEMA }), object);
        assert.deepEqual(load(text, { schema: YAML11_SCHEMA }), object);
      },
    ),
    { numRuns: 300 },
  );
});
