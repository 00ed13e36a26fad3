import assert from "node:assert/strict";
import type { YamlValue } from "../../src/yaml/yaml_value.ts";
import { removeIn, renameIn, setIn } from "../../src/yaml/edit.ts";
import { parseYaml } from "../../src/yaml/tree.ts";

interface Case {
  readonly what: string;
  readonly before: string;
  /** Keys from the root, parted by `/`. */
  readonly path: string;
  /** Undefined: removed. */
  readonly value?: YamlValue;
  readonly after: string;
}

const HOST = { ip: "100.64.0.9", cpu: "4", labels: { a: "true" }, taints: [{ k: "x", e: "No" }] };
const BLOCK = (indent: string) =>
  ["new:", "  ip: 100.64.0.9", '  cpu: "4"', "  labels:", '    a: "true"', "  taints:"]
    .concat(["    - k: x", '      e: "No"']).map((line) => indent + line).join("\n");
const FLOW = '{ip: 100.64.0.9, cpu: "4", labels: {a: "true"}, taints: [{k: x, e: "No"}]}';

const CASES: readonly Case[] = [
  {
    what: "a host beside block hosts",
    before: "hosts:\n  a:\n    ip: 1.1 # x\n\nvars:\n",
    path: "hosts/new",
    value: HOST,
    after: `hosts:\n  a:\n    ip: 1.1 # x\n${BLOCK("  ")}\n\nvars:\n`,
  },
  {
    what: "a host beside hosts in braces",
    before: "hosts:\n  a: {ip: 1.1} # x\n",
    path: "hosts/new",
    value: HOST,
    after: `hosts:\n  a: {ip: 1.1} # x\n  new: ${FLOW}\n`,
  },
  {
    what: "a host into padded braces",
    before: "hosts: { a: { ip: 1.1 } } # x\n",
    path: "hosts/new",
    value: { ip: "x" },
    after: "hosts: { a: { ip: 1.1 }, new: { ip: x } } # x\n",
  },
  {
    what: "a host into JSON",
    before: '{"hosts": {"a": {"ip": "1.1"}}}',
    path: "hosts/new",
    value: { ip: "x", n: 1 },
    after: '{"hosts": {"a": {"ip": "1.1"}, "new": {"ip": "x", "n": 1}}}',
  },
  {
    what: "a host into braces over several lines, comments in between",
    before: "hosts: {\n    a: {x: 1}, # one\n    b: {x: 2} # two\n}\n",
    path: "hosts/c",
    value: { x: 3 },
    after: "hosts: {\n    a: {x: 1}, # one\n    b: {x: 2}, # two\n    c: {x: 3}\n}\n",
  },
  {
    what: "a host behind a trailing comma",
    before: "hosts: {\n  a: {x: 1},\n  }\n",
    path: "hosts/c",
    value: { x: 3 },
    after: "hosts: {\n  a: {x: 1},\n  c: {x: 3},\n  }\n",
  },
  ...["", " ~", " null", " {}"].map((empty) => ({
    what: `the first host where hosts is '${empty}'`,
    before: `workers:\n  hosts:${empty} # none\n  vars: {}\n`,
    path: "workers/hosts/new",
    value: HOST,
    after: `workers:\n  hosts: # none\n${BLOCK("    ")}\n  vars: {}\n`,
  })),
  {
    what: "the first host below a comment that stands for it",
    before: "workers:\n  hosts:\n    # put hosts here\n  vars: {}\n",
    path: "workers/hosts/new",
    value: { x: 1 },
    after: "workers:\n  hosts:\n    # put hosts here\n    new:\n      x: 1\n  vars: {}\n",
  },
  {
    what: "a group that is absent",
    before: "all:\n   children:\n      a:\n         hosts:\n            x:\n",
    path: "all/children/workers/hosts/new",
    value: { k: 1 },
    after: "all:\n   children:\n      a:\n         hosts:\n            x:\n" +
      "      workers:\n         hosts:\n            new:\n               k: 1\n",
  },
  {
    what: "into a file without a final line break",
    before: "hosts:\n  a:\n    x: 1",
    path: "hosts/b",
    value: { x: 2 },
    after: "hosts:\n  a:\n    x: 1\n  b:\n    x: 2",
  },
  {
    what: "into a file with CRLF",
    before: "hosts:\r\n  a:\r\n    x: 1\r\n",
    path: "hosts/b",
    value: { x: [1] },
    after: "hosts:\r\n  a:\r\n    x: 1\r\n  b:\r\n    x:\r\n      - 1\r\n",
  },
  {
    what: "above a host that is commented out",
    before: "hosts:\n  a:\n  # b:\n  #   x: 1\n# end\n",
    path: "hosts/c",
    value: 1,
    after: "hosts:\n  a:\n  c: 1\n  # b:\n  #   x: 1\n# end\n",
  },
  {
    what: "parted by blank lines where the others are",
    before: "hosts:\n\n  # A\n  a: {x: 1}\n\n  # B\n  b: {x: 1}\n",
    path: "hosts/c",
    value: { x: 1 },
    after: "hosts:\n\n  # A\n  a: {x: 1}\n\n  # B\n  b: {x: 1}\n\n  c: {x: 1}\n",
  },
  {
    what: "with the quotes its neighbours have",
    before: "hosts:\n  a:\n    ip: '1.1.1.1'\n",
    path: "hosts/b",
    value: { ip: "2.2.2.2", num: "7" },
    after: "hosts:\n  a:\n    ip: '1.1.1.1'\n  b:\n    ip: '2.2.2.2'\n    num: '7'\n",
  },
  {
    what: "lists as far left as the others",
    before: "a:\n  l:\n  - 1\n",
    path: "a/m",
    value: [{ x: 1, z: 2 }],
    after: "a:\n  l:\n  - 1\n  m:\n  - x: 1\n    z: 2\n",
  },
  {
    what: "a scalar, its quotes and comment kept",
    before: "a: 'x' # keep\nb: 1\n",
    path: "a",
    value: "it's",
    after: "a: 'it''s' # keep\nb: 1\n",
  },
  {
    what: "a number by a text that looks like one",
    before: "a: 4 # keep\n",
    path: "a",
    value: "4",
    after: 'a: "4" # keep\n',
  },
  {
    what: "a block scalar by a word",
    before: "a: |\n  x\n  y\nb: 1\n",
    path: "a",
    value: "z",
    after: "a: z\nb: 1\n",
  },
  {
    what: "a map by a word, the comment of its key kept",
    before: "a: # why\n  x: 1\n  y: 2\nb: 1\n",
    path: "a",
    value: "z",
    after: "a: z # why\nb: 1\n",
  },
  {
    what: "a word by a map, its comment kept",
    before: "a: z # why\nb:\n    c: 1\n",
    path: "a",
    value: { x: 1 },
    after: "a: # why\n    x: 1\nb:\n    c: 1\n",
  },
  {
    what: "an encrypted value by a plain one",
    before: "a: !vault |\n  $ANSIBLE_VAULT\n  61\nb: 1\n",
    path: "a",
    value: "z",
    after: "a: z\nb: 1\n",
  },
  {
    what: "over a merge key",
    before: "d: &d {x: 1}\nh:\n  <<: *d\n",
    path: "h/x",
    value: 2,
    after: "d: &d {x: 1}\nh:\n  <<: *d\n  x: 2\n",
  },
  {
    what: "into an empty file",
    before: "",
    path: "a/b",
    value: 1,
    after: "a:\n  b: 1\n",
  },
  {
    what: "into a file of comments",
    before: "# c\n",
    path: "a",
    value: 1,
    after: "# c\na: 1\n",
  },
  {
    what: "without a host and what is inside it",
    before: "hosts:\n  a:\n    x: 1 # c\n    # tail of a\n  # about b\n  b: {}\n",
    path: "hosts/a",
    after: "hosts:\n  # about b\n  b: {}\n",
  },
  {
    what: "without the comment that is a host's own",
    before: "hosts:\n  # about a\n  a: {}\n  # about b\n  b: {}\n",
    path: "hosts/a",
    after: "hosts:\n  # about b\n  b: {}\n",
  },
  {
    what: "but with the heading of several hosts",
    before: "hosts:\n  # GPU machines\n  a: {}\n  b: {}\n",
    path: "hosts/a",
    after: "hosts:\n  # GPU machines\n  b: {}\n",
  },
  {
    what: "without the last host of a group",
    before: "hosts: # mine\n  # heading\n  a: {}\nvars: {}\n",
    path: "hosts/a",
    after: "hosts: # mine\n  # heading\nvars: {}\n",
  },
  {
    what: "but with the comments of others above the last host",
    before: "hosts:\n  a:\n  # c is out\n  # c:\n  #   x: 1\n  # b is new\n  # and red\n  b:\n",
    path: "hosts/b",
    after: "hosts:\n  a:\n  # c is out\n  # c:\n  #   x: 1\n",
  },
  {
    what: "but with a comment that names a neighbour too",
    before: "hosts:\n  a:\n  # a and b share a shelf\n  b:\n",
    path: "hosts/b",
    after: "hosts:\n  a:\n  # a and b share a shelf\n",
  },
  {
    what: "without the last entry of the file",
    before: "# mine\na: 1\n",
    path: "a",
    after: "# mine\n",
  },
  {
    what: "without the first in braces",
    before: "hosts: {a: {}, b: {}}\n",
    path: "hosts/a",
    after: "hosts: {b: {}}\n",
  },
  {
    what: "without the last in braces",
    before: "hosts: {a: {}, b: {}} # c\n",
    path: "hosts/b",
    after: "hosts: {a: {}} # c\n",
  },
  {
    what: "without the last line of a file that has no final line break",
    before: "hosts:\n  a:\n  b: 1",
    path: "hosts/b",
    after: "hosts:\n  a:",
  },
];

for (const { what, before, path, value, after } of CASES) {
  Deno.test(`edit: ${what}`, () => {
    const document = parseYaml(before, "f.yml");
    assert.deepEqual(document.problems, []);
    const keys = path.split("/");
    const edited = value === undefined ? removeIn(document, keys) : setIn(document, keys, value);
    assert.equal(edited.text, after);
  });
}

for (
  const [what, before, path] of [
    ["an alias", "a: &x {k: 1}\nb: *x\n", "b/k"],
    ["a map that an alias repeats", "a: &x {k: 1}\nb: *x\n", "a/k"],
    ["a map that came by a merge key", "a: &x {k: {z: 1}}\nb:\n  <<: *x\n", "b/k/z"],
    ["a list's member", "a: [1, 2]\n", "a/0"],
    ["below a word", "a: word\n", "a/b"],
    ["a value behind a question mark", "? a\n: 1\n", "a"],
  ] as const
) {
  Deno.test(`edit: ${what} is refused with its place, exit code 2`, () => {
    const document = parseYaml(before, "f.yml");
    assert.throws(() => setIn(document, path.split("/"), 7), {
      name: "UserError",
      exitCode: 2,
      message: /nothing was written/,
    });
  });
}

for (
  const [what, before, path, after] of [
    [
      "where it is",
      "h:\n  # x\n  a: # y\n    k: 1\n  c:\n",
      "h/a",
      "h:\n  # x\n  b: # y\n    k: 1\n  c:\n",
    ],
    ["in its quotes", "h: {'a': 1, c: 2}\n", "h/a", "h: {'b': 1, c: 2}\n"],
    ["without a value", "h: {a, c}\n", "h/a", "h: {b, c}\n"],
    [
      "beside a merge key",
      "m: &m {z: 1}\nh:\n  <<: *m\n  a: 1\n",
      "h/a",
      "m: &m {z: 1}\nh:\n  <<: *m\n  b: 1\n",
    ],
    [
      "with an anchor behind it",
      "a: &v !vault |\n  61\nc: *v\n",
      "a",
      "b: &v !vault |\n  61\nc: *v\n",
    ],
  ] as const
) {
  Deno.test(`edit: another key, ${what}`, () => {
    assert.equal(renameIn(parseYaml(before, "f.yml"), path.split("/"), "b").text, after);
  });
}

for (
  const [what, before, path] of [
    ["one that is there", "a: 1\nb: 2\n", "a"],
    ["in a map that an alias repeats", "x: &x {a: 1}\ny: *x\n", "x/a"],
    ["over one that a merge key brings too", "x: &x {a: 1}\ny: {<<: *x, a: 2}\n", "y/a"],
    ["behind a question mark", "? a\n: 1\n", "a"],
    ["with an anchor of its own", "&k a: 1\nc: *k\n", "a"],
  ] as const
) {
  Deno.test(`edit: another key, ${what}: refused`, () => {
    assert.throws(() => renameIn(parseYaml(before, "f.yml"), path.split("/"), "b"), {
      exitCode: 2,
      message: /nothing was written/,
    });
  });
}

Deno.test("edit: an anchor that is still used is not removed", () => {
  const document = parseYaml("a:\n  x: &k 1\n  y: *k\n", "f.yml");
  assert.throws(() => removeIn(document, ["a", "x"]), { exitCode: 2 });
});

Deno.test("edit: what is so already changes nothing", () => {
  const document = parseYaml("a: {b: 'x'}\n", "f.yml");
  assert.equal(setIn(document, ["a", "b"], "x"), document);
  assert.equal(removeIn(document, ["a", "c"]), document);
  assert.equal(renameIn(document, ["a", "c"], "d"), document);
});
