import assert from "node:assert/strict";
import { parse } from "yaml";
import { renderScalar } from "../../src/yaml/render.ts";
import { parseYaml } from "../../src/yaml/tree.ts";
import { Values } from "../../src/yaml/read_value.ts";

const NASTY = [
  ..."yes|y|NO|on|null|~|010|0o17|1:30|1e3|1.5|.5|.|+.|._|0x1f|2024-01-01|.inf|=|<<|-|?|:|".split(
    "|",
  ),
  ..."a: b|a #b|- x|? y|x:|'q'|\"q\"|{x}|[x]|&a|*a|!t|%x|@x|`x|,|a,b|---|...|x'y|c:\\x".split("|"),
  ..."http://a/b?c=d|x:y|4Gi|é|家|😀|a  b| lead|trail |100.64.0.1|!vault x".split("|"),
  "|",
  ">",
  "a\nb",
  "\t",
  "\u0085",
  "\u2028",
  "\ufeff",
  "a\u0000b",
];

for (const flow of [false, true]) {
  for (const quote of ["single", "double"] as const) {
    Deno.test(`every text survives as ${flow ? "flow" : "block"} with ${quote} quotes`, () => {
      for (const text of NASTY) {
        const scalar = renderScalar(text, { flow, quote });
        const source = flow ? `{k: ${scalar}, z: 1}` : `k: ${scalar}\nz: 1`;
        const document = parseYaml(source, "f.yml");
        assert.deepEqual(document.problems, [], source);
        assert.deepEqual(new Values(document).of(document.root!), { k: text, z: 1 }, source);
        // Both readings of YAML, by another library.
        for (const version of ["1.1", "1.2"] as const) {
          assert.deepEqual(parse(source, { version }), { k: text, z: 1 }, `${version} ${source}`);
        }
      }
    });
  }
}

Deno.test("texts that need no quotes get none", () => {
  const plain = [
    "worker",
    "100.64.0.1",
    "v1.36.3+k3s1",
    "4Gi",
    "500m",
    "https://example.com/x.git",
  ];
  for (const text of [...plain, "Ein Büro", "me@example.com", "NoSchedule", "nvidia.com/gpu"]) {
    assert.equal(renderScalar(text, { flow: true, quote: "double" }), text);
  }
});

Deno.test("numbers, truth values and nothing are written plain", () => {
  const options = { flow: false, quote: "double" } as const;
  assert.deepEqual([1, -2.5, true, null].map((value) => renderScalar(value, options)), [
    "1",
    "-2.5",
    "true",
    "null",
  ]);
});
