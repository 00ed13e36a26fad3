/** What people read has none of the words that the table of CONTRIBUTING.md replaces. Comments may. */
import assert from "node:assert/strict";
import { filesBelow } from "../../tasks/stage.ts";
import { PROJECT_ROOT } from "../cli/fake_context.ts";

const REPLACED =
  /\b(?:anew|mend(?:s|ed|ing)?|br(?:ings?|inging|ought) (?:(?:it|them|this|that) )?about|lies?|stands?(?!-)|of (?:its|their) own|told of|not understood|broke off|stays so|all the same|is not known|leads? (?:to nothing|nowhere|into)|is there already|with another content|when you like)\b/i;

/** Reports strings, parts of templates and texts of JSX; a word alone is a name, not a sentence. */
const SENTENCES: Deno.lint.Plugin = {
  name: "words",
  rules: {
    sentences: {
      create(context) {
        const look = (node: Deno.lint.Node, text: unknown) => {
          if (typeof text !== "string" || !text.trim().includes(" ")) return;
          if (REPLACED.test(text)) context.report({ node, message: text.trim() });
        };
        return {
          Literal: (node) => look(node, node.value),
          TemplateElement: (node) => look(node, node.cooked),
          JSXText: (node) => look(node, node.value),
        };
      },
    },
  },
};

const VISIBLE: Readonly<Record<string, (text: string) => string>> = {
  py: (text) => withoutComments(withoutDocstrings(text)),
  yml: withoutComments,
  j2: withoutComments,
  json: (text) => text,
  md: (text) => text,
};

Deno.test("what src/ says has no word that CONTRIBUTING.md replaces", async () => {
  const files = await filesOf("src");
  assert.ok(files.length > 200);
  const wrong: string[] = [];
  for (const file of files.filter((name) => /\.tsx?$/.test(name))) {
    wrong.push(...(await sentencesOf(file)).map((text) => `${file}: ${text}`));
  }
  assert.deepEqual(wrong, []);
});

Deno.test("what ansible/ says has none", async () => {
  const files = await filesOf("ansible");
  assert.ok(files.length > 100);
  assert.deepEqual((await Promise.all(files.map(linesWith))).flat(), []);
});

Deno.test("the pages and the examples have none", async () => {
  const pages = (await filesOf("docs")).filter((file) => /^docs\/[^/]+\.md$/.test(file));
  const examples = [...await filesOf("examples"), ...await filesOf("gitops")];
  assert.ok(pages.length > 10 && examples.length > 10);
  const files = [...pages, ...examples, "README.md", "CONTRIBUTING.md"];
  assert.deepEqual((await Promise.all(files.map(linesWith))).flat(), []);
});

Deno.test("comments may have them, sentences may not", () => {
  const code = [
    "// made anew",
    'const anew = "stands";',
    'say("It is made anew");',
    "say(`It ${verb} of its own`);",
  ].join("\n");
  const found = Deno.lint.runPlugin(SENTENCES, "words.ts", code);
  assert.deepEqual(found.map(({ message }) => message), ["It is made anew", "of its own"]);
  const python = '"""Made anew."""\nA = r"""\nIt lies there\n"""\n\n\ndef f():\n    """Anew."""\n';
  assert.equal(
    VISIBLE.py!(`${python}    return "told of it"  # anew`).match(/lies|told of|anew/gi)?.join(),
    "lies,told of",
  );
  assert.equal(VISIBLE.yml!('# anew\na: "it lies" # anew\n').match(/lies|anew/g)?.join(), "lies");
});

async function sentencesOf(file: string): Promise<string[]> {
  const text = await Deno.readTextFile(`${PROJECT_ROOT}/${file}`);
  return Deno.lint.runPlugin(SENTENCES, file, text).map(({ message }) => message);
}

async function linesWith(file: string): Promise<string[]> {
  const visible = VISIBLE[file.slice(file.lastIndexOf(".") + 1)];
  if (visible === undefined) return [];
  const text = await Deno.readTextFile(`${PROJECT_ROOT}/${file}`);
  const read = visible(file === "CONTRIBUTING.md" ? withoutTable(text) : text);
  return read.split("\n").filter((line) => REPLACED.test(line)).map((line) =>
    `${file}: ${line.trim()}`
  );
}

/** CONTRIBUTING.md without what it says not to say. */
function withoutTable(text: string): string {
  assert.match(text, /^\| Say \| Not \|$/m);
  return text.replace(/^\| Say \| Not \|\n(?:\|.*\n)+/m, "");
}

/** Python without the texts that begin a module, a class or a function; other long texts stay. */
function withoutDocstrings(text: string): string {
  return text.replace(
    /^([ \t]*r?""")[^]*?"""|"""[^]*?"""/gm,
    (all, begin?: string) => begin === undefined ? all : "",
  );
}

function withoutComments(text: string): string {
  return text.replace(/^[ \t]*#.*$|[ \t]#[ \t].*$/gm, "");
}

/** Every file below a folder of the project, without what Python and ansible-lint leave there. */
async function filesOf(folder: string): Promise<string[]> {
  return (await filesBelow(`${PROJECT_ROOT}/${folder}`)).map((path) => `${folder}/${path}`)
    .filter((path) => !/\/(?:__pycache__|\.ansible)\//.test(path));
}
