import assert from "node:assert/strict";
import { leftOut } from "../../../src/gitops/repository/source_ignore.ts";

/** Which of the paths are left out by a text at the root. */
function out(text: string | undefined, paths: readonly string[]): readonly string[] {
  return paths.filter(leftOut(text === undefined ? [] : [{ directory: "", text }]));
}

Deno.test("Flux leaves out pictures, archives, CI and its own files, until somebody says otherwise", () => {
  const defaults = [
    ...["a/b.jpg", "x.tar.gz", ".github/workflows/x.yaml", "appveyor.yml", ".sops.yaml"],
    ...["a/.flux.yaml", "a/.github/x.yaml", "x.zip/y"],
  ];
  assert.deepEqual(out(undefined, [...defaults, "a.yaml", "a/github/x.yaml"]), defaults);
  assert.deepEqual(out("# nothing\n\n", defaults), defaults);
  assert.deepEqual(out("/docs", defaults), []);
  assert.deepEqual(out("/docs", [".git/config", "a/.gitignore"]), [".git/config", "a/.gitignore"]);
});

for (
  const [text, paths, expected] of [
    ["/*\n!/kubernetes", ["a.yaml", "kubernetes/a/b.yaml"], ["a.yaml"]],
    ["docs/", ["docs", "docs/a", "x/docs/a"], ["docs/a", "x/docs/a"]],
    ["/docs/", ["docs/a", "x/docs/a"], ["docs/a"]],
    ["a/b", ["a/b", "a/b/c", "x/a/b"], ["a/b", "a/b/c"]],
    ["*.md", ["a.md", "x/b.md", "a.mdx"], ["a.md", "x/b.md"]],
    ["**/x.yaml", ["x.yaml", "a/b/x.yaml", "ax.yaml"], ["x.yaml", "a/b/x.yaml"]],
    ["a/**/z", ["a/z", "a/b/c/z", "az"], ["a/z", "a/b/c/z"]],
    ["a/**", ["a/b", "a/b/c", "ab"], ["a/b", "a/b/c"]],
    // Unlike Git's, what is below a folder that is left out comes back.
    ["/a/**/s/\n!/a/**/s/k.yaml", ["a/b/s/k.yaml", "a/b/s/x.yaml"], ["a/b/s/x.yaml"]],
    ["a?c[0-2]\n\\!x  ", ["abc1", "abc3", "a/c1", "!x"], ["abc1", "!x"]],
    ["[z-a]\nb", ["z", "b"], ["b"]],
  ] as const
) {
  Deno.test(`left out by ${JSON.stringify(text)}`, () => {
    assert.deepEqual(out(text, paths), expected);
  });
}

Deno.test("a .sourceignore counts from its own directory", () => {
  const isLeftOut = leftOut([{ directory: "a.b", text: "/x\n*.md\n" }]);
  assert.deepEqual(["x", "a.b/x/y", "a.b/c/d.md", "d.md", "aab/x"].filter(isLeftOut), [
    "a.b/x/y",
    "a.b/c/d.md",
  ]);
});
