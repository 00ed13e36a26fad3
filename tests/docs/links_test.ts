import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { PROJECT_ROOT } from "../cli/fake_context.ts";

Deno.test("every link between the project's own pages leads somewhere", async () => {
  const pages = await pagesBelow(PROJECT_ROOT);
  const broken: string[] = [];
  for (const page of pages) {
    for (const target of linksOf(await Deno.readTextFile(page))) {
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? page : join(dirname(page), path);
      if (!await isFine(file, anchor)) broken.push(`${relative(PROJECT_ROOT, page)}: ${target}`);
    }
  }
  assert.ok(pages.length > 10);
  assert.deepEqual(broken, []);
});

Deno.test("every file of src/ and tests/ that a page names is there", async () => {
  const gone: string[] = [];
  for (const page of await pagesBelow(PROJECT_ROOT)) {
    const text = withoutCode(await Deno.readTextFile(page));
    for (const [, path] of text.matchAll(/`((?:src|tests)\/[\w./-]+)`/g)) {
      if (path!.includes("NAME")) continue; // in a recipe
      const there = await Deno.stat(join(PROJECT_ROOT, path!)).catch(() => undefined);
      if (there === undefined) gone.push(`${relative(PROJECT_ROOT, page)}: ${path}`);
    }
  }
  assert.deepEqual(gone, []);
});

/** Targets of a page's links but those to other sites. */
function linksOf(text: string): string[] {
  const links = withoutCode(text).matchAll(/\]\(([^()\s]+)\)/g);
  return [...links].map(([, target]) => target!).filter((target) => !/^[a-z]+:/.test(target));
}

async function isFine(file: string, anchor: string | undefined): Promise<boolean> {
  const stat = await Deno.stat(file).catch(() => undefined);
  if (stat === undefined) return false;
  if (anchor === undefined) return true;
  const text = withoutCode(await Deno.readTextFile(file));
  return [...text.matchAll(/^#+ (.+)$/gm)].some(([, title]) => slugOf(title!) === anchor);
}

/** As GitHub makes it of a heading. */
function slugOf(title: string): string {
  return title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}

function withoutCode(text: string): string {
  return text.replace(/^```[^]*?^```$/gm, "");
}

async function pagesBelow(root: string): Promise<string[]> {
  const pages: string[] = [];
  const visit = async (directory: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(directory)) {
      // What is made, and the tree for users, whose links hold only after it was written out.
      if (/^(?:\..*|node_modules|dist)$/.test(name) || directory === `${root}/gitops`) continue;
      const path = join(directory, name);
      if (isDirectory) await visit(path);
      else if (name.endsWith(".md")) pages.push(path);
    }
  };
  await visit(root);
  return pages.sort();
}
