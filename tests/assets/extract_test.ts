import assert from "node:assert/strict";
import fc from "fast-check";
import { extractAssets, hashAssets } from "../../src/assets/extract.ts";
import { UserError } from "../../src/errors/user_error.ts";
import type { AssetSource } from "../../src/assets/source.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function source(files: Readonly<Record<string, string>>): AssetSource {
  return {
    list: () => Promise.resolve(Object.keys(files).sort()),
    read: (path) => Promise.resolve(bytes(files[path] ?? "")),
  };
}

const FILES = { "ansible/site.yml": "- hosts: all\n", "ansible/roles/a/tasks/main.yml": "[]\n" };

async function withCache(test: (cache: string) => Promise<void>): Promise<void> {
  const cache = await Deno.makeTempDir();
  try {
    await test(cache);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

Deno.test("extraction writes every file under the hash of the content", () =>
  withCache(async (cache) => {
    const { root, hash } = await extractAssets(source(FILES), { cache });
    assert.ok(root.startsWith(`${cache}/assets/${hash.slice(0, 8)}`));
    for (const [path, content] of Object.entries(FILES)) {
      assert.equal(await Deno.readTextFile(`${root}/${path}`), content);
    }
  }));

Deno.test("a changed or missing file is put back", () =>
  withCache(async (cache) => {
    const { root } = await extractAssets(source(FILES), { cache });
    await Deno.writeTextFile(`${root}/ansible/site.yml`, "- hosts: evil\n");
    await Deno.remove(`${root}/ansible/roles`, { recursive: true });
    assert.equal((await extractAssets(source(FILES), { cache })).root, root);
    assert.equal(await Deno.readTextFile(`${root}/ansible/site.yml`), "- hosts: all\n");
    assert.equal(await Deno.readTextFile(`${root}/ansible/roles/a/tasks/main.yml`), "[]\n");
  }));

/** What somebody, or something, may have made of a tree: each time it is put right. */
const DAMAGES: Readonly<Record<string, (root: string) => Promise<unknown>>> = {
  "a file that was added": (root) =>
    Deno.mkdir(`${root}/ansible/host_vars`).then(() =>
      Deno.writeTextFile(`${root}/ansible/host_vars/x.yml`, "ansible_host: 192.0.2.1\n")
    ),
  "an empty folder that was added": (root) => Deno.mkdir(`${root}/ansible/library`),
  "compiled Python beside a plugin": (root) =>
    Deno.mkdir(`${root}/ansible/roles/__pycache__`).then(() =>
      Deno.writeTextFile(`${root}/ansible/roles/__pycache__/a.pyc`, "x")
    ),
  "a folder in the place of a file": (root) =>
    Deno.remove(`${root}/ansible/site.yml`).then(() =>
      Deno.mkdir(`${root}/ansible/site.yml/deep`, { recursive: true })
    ),
  "a file in the place of a folder": (root) =>
    Deno.remove(`${root}/ansible/roles`, { recursive: true }).then(() =>
      Deno.writeTextFile(`${root}/ansible/roles`, "x")
    ),
  "a pipe in the place of a file": (root) =>
    Deno.remove(`${root}/ansible/site.yml`).then(() => makePipe(`${root}/ansible/site.yml`)),
  "a pipe that was added": (root) => makePipe(`${root}/ansible/pipe`),
  "a link in the place of a file": (root) =>
    Deno.rename(`${root}/ansible/site.yml`, `${root}.elsewhere`).then(() =>
      Deno.symlink(`${root}.elsewhere`, `${root}/ansible/site.yml`)
    ),
  "a link that leads in a circle": (root) =>
    Deno.remove(`${root}/ansible/site.yml`).then(() =>
      Deno.symlink("site.yml", `${root}/ansible/site.yml`)
    ),
  "a link in the place of the tree": (root) =>
    Deno.rename(root, `${root}x`).then(() => Deno.symlink(`${root}x`, root)),
  "a file in the place of the tree": (root) =>
    Deno.remove(root, { recursive: true }).then(() => Deno.writeTextFile(root, "x")),
  "a pipe in the place of the tree": (root) =>
    Deno.remove(root, { recursive: true }).then(() => makePipe(root)),
};

async function makePipe(path: string): Promise<void> {
  assert.ok((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
}

for (const [what, damage] of Object.entries(DAMAGES)) {
  Deno.test(`${what} is put right`, () =>
    withCache(async (cache) => {
      const { root } = await extractAssets(source(FILES), { cache });
      await damage(root);
      assert.equal((await extractAssets(source(FILES), { cache })).root, root);
      assert.deepEqual(await entriesBelow(root), [
        "ansible/",
        "ansible/roles/",
        "ansible/roles/a/",
        "ansible/roles/a/tasks/",
        "ansible/roles/a/tasks/main.yml",
        "ansible/site.yml",
      ]);
      for (const [path, content] of Object.entries(FILES)) {
        assert.equal(await Deno.readTextFile(`${root}/${path}`), content);
      }
    }));
}

/** Every regular file and, with a slash, every folder below a folder, sorted. */
async function entriesBelow(root: string, folder = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory, isFile } of Deno.readDir(`${root}/${folder}`)) {
    if (isDirectory) {
      found.push(`${folder}${name}/`, ...await entriesBelow(root, `${folder}${name}/`));
    } else found.push(`${folder}${name}${isFile ? "" : " (no regular file)"}`);
  }
  return found.sort();
}

Deno.test("what a killed extraction left is gone after the next", () =>
  withCache(async (cache) => {
    const { root } = await extractAssets(source(FILES), { cache });
    const others = `${cache}/assets/${"0".repeat(32)}`;
    const left = [`${root}.new`, `${root}.old`, `${others}.new`, `${root}.${crypto.randomUUID()}`];
    for (const path of left) await Deno.mkdir(`${path}/ansible`, { recursive: true });
    await Deno.mkdir(others);
    await extractAssets(source(FILES), { cache });
    const names = [...Deno.readDirSync(`${cache}/assets`)].map(({ name }) => name);
    // The tree of another version stays: it may be in use.
    assert.deepEqual(names.sort(), [others, root].map((path) => path.split("/").at(-1)).sort());
  }));

Deno.test("an extraction that is at work is left to its work", () =>
  withCache(async (cache) => {
    const { root } = await extractAssets(source(FILES), { cache });
    await Deno.mkdir(`${root}.new`);
    using handle = await Deno.open(`${cache}/assets`);
    await handle.lock(true);
    await extractAssets(source(FILES), { cache });
    assert.ok((await Deno.stat(`${root}.new`)).isDirectory);
  }));

Deno.test("where it cannot be written the reason is said, and what to do about it", () =>
  withCache(async (cache) => {
    const mistakes: readonly (readonly [string, (path: string) => Promise<unknown>, RegExp])[] = [
      ["file", (path) => Deno.writeTextFile(path, ""), /a file is where a directory is needed/],
      ["pipe", makePipe, /a file is where a directory is needed/],
      ["circle", (path) => Deno.symlink("circle", path), /loop|where a directory is needed/],
    ];
    for (const [name, make, reason] of mistakes) {
      await make(`${cache}/${name}`);
      await assert.rejects(
        extractAssets(source(FILES), { cache: `${cache}/${name}` }),
        (error: unknown) => {
          assert.ok(error instanceof UserError, String(error));
          assert.match(error.message, reason);
          assert.match(error.hint ?? "", /, or set XDG_CACHE_HOME to a directory/);
          assert.doesNotMatch(error.hint ?? "", /Make room/);
          return true;
        },
      );
    }
  }));

Deno.test("ten extractions at once leave one whole tree and nothing else", () =>
  withCache(async (cache) => {
    const roots = await Promise.all(
      Array.from({ length: 10 }, () => extractAssets(source(FILES), { cache })),
    );
    assert.equal(new Set(roots.map(({ root }) => root)).size, 1);
    const left = [...Deno.readDirSync(`${cache}/assets`)].filter((entry) => entry.isDirectory);
    assert.equal(left.length, 1);
  }));

Deno.test("the hash knows paths and contents and ignores order", async () => {
  const asset = fc.record({ path: fc.string({ minLength: 1 }), content: fc.uint8Array() });
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(asset, { minLength: 1, selector: ({ path }) => path }),
      async (assets) => {
        const hash = await hashAssets(assets);
        assert.equal(await hashAssets([...assets].reverse()), hash);
        const [first, ...others] = assets;
        const longer = { path: first!.path, content: new Uint8Array([...first!.content, 1]) };
        assert.notEqual(await hashAssets([longer, ...others]), hash);
        assert.notEqual(
          await hashAssets([{ ...first!, path: `${first!.path}x` }, ...others]),
          hash,
        );
      },
    ),
    { numRuns: 100 },
  );
});
