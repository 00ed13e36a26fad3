import assert from "node:assert/strict";
import fc from "fast-check";
import { extractAssets, hashAssets } from "../../src/assets/extract.ts";
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
