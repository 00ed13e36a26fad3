/** What is read of an edited text in part is what reading all of it gives. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { UserError } from "../../src/errors/user_error.ts";
import { removeIn, renameIn, setIn } from "../../src/yaml/edit.ts";
import { applySplices } from "../../src/yaml/splices.ts";
import { keyName, type MapNode, type YamlDocument, type YamlNode } from "../../src/yaml/node.ts";
import { readPart } from "../../src/yaml/part.ts";
import { parseYaml } from "../../src/yaml/tree.ts";
import { inventories } from "../properties/inventory_text.ts";

/** Keys to each entry of a map that maps alone lead to. */
function pathsIn(node: YamlNode | undefined, path: readonly string[] = []): string[][] {
  if (node?.kind !== "map") return [];
  return node.entries.flatMap((entry) => {
    const own = [...path, keyName(entry) ?? ""];
    return [own, ...pathsIn(entry.value, own)];
  });
}

/** The maps on the way to an entry. */
function mapsTo(document: YamlDocument, path: readonly string[]): MapNode[] {
  const maps: MapNode[] = [];
  let node = document.root;
  for (const key of path) {
    if (node?.kind !== "map") break;
    maps.push(node);
    node = node.entries.find((entry) => keyName(entry) === key)?.value;
  }
  return maps;
}

function assertAsWhole(document: YamlDocument): void {
  const whole = parseYaml(document.text, document.file);
  assert.deepEqual(whole.problems, [], document.text);
  assert.deepEqual(document.root, whole.root, document.text);
  assert.equal(document.lines.count, whole.lines.count);
}

const value = fc.oneof(
  fc.constantFrom(null, true, 7, "text", "a: b", "# no", "two\nlines", ""),
  fc.constantFrom<{ [key: string]: string }>({}, { a: "1" }, { a: "x", b: "y" }),
  fc.constant([{ key: "gpu", effect: "NoSchedule" }]),
);

Deno.test("edits read in part give the tree of the whole text, one after another", () => {
  const kind = fc.constantFrom("remove", "rename", "set", "set below");
  const edit = fc.record({ at: fc.nat(), kind, value });
  fc.assert(
    fc.property(inventories, fc.array(edit, { minLength: 1, maxLength: 5 }), ({ text }, edits) => {
      let document = parseYaml(text, "hosts.yml");
      for (const { at, kind, value } of edits) {
        const paths = pathsIn(document.root);
        if (paths.length === 0) return;
        const path = paths[at % paths.length]!;
        try {
          if (kind === "remove") document = removeIn(document, path);
          else if (kind === "rename") document = renameIn(document, path, `${value}`);
          else document = setIn(document, kind === "set" ? path : [...path, "added"], value);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
        }
        assertAsWhole(document);
      }
    }),
    { numRuns: 300 },
  );
});

/** Whatever might change how the lines around it are read. */
const fragment = fc.constantFrom(
  ...[
    "a: 1",
    "\n",
    "\n  ",
    "\n      ",
    "x:",
    "x: |",
    "x: |+\n",
    "x: >-",
    "- i",
    "#",
    " # c",
    "'",
    '"',
  ],
  ...["{", "}", "[", "]", ",", "? k", ": ", "&a ", "*a", "<<: ", "---\n", "...\n", "\t", "!v ", ""],
);

Deno.test("a tag before the entries, on a line farther left than they are, is left to the whole", () => {
  const document = parseYaml("all:\n children:\n  a: 1\n", "hosts.yml");
  for (const text of ["!v \n", "&a \n", "   !v\n"]) {
    const splices = [{ start: 5, end: 5, text }];
    assert.equal(readPart(document, mapsTo(document, ["all", "children"]), splices), undefined);
  }
});

Deno.test("a splice of any text is read in part as in the whole, or not in part", () => {
  let inPart = 0;
  const splice = fc.record({ at: fc.nat(), cut: fc.nat(40), text: fc.array(fragment) });
  fc.assert(
    fc.property(inventories, fc.nat(), splice, ({ text }, seed, { at, cut, text: parts }) => {
      const document = parseYaml(text, "hosts.yml");
      const paths = pathsIn(document.root);
      const start = at % (text.length + 1);
      const splices = [{ start, end: Math.min(text.length, start + cut), text: parts.join("") }];
      const read = readPart(document, mapsTo(document, paths[seed % paths.length]!), splices);
      if (read === undefined) return;
      inPart++;
      assert.equal(read.document.text, applySplices(text, splices));
      assertAsWhole(read.document);
    }),
    { numRuns: 3000 },
  );
  assert.ok(inPart > 100, `${inPart}`);
});
