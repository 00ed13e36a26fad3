import assert from "node:assert/strict";
import { FolderAssets } from "../../src/assets/source.ts";

Deno.test("only the embedded folders are listed, without Python's build products", async () => {
  const root = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${root}/ansible/__pycache__`, { recursive: true });
    await Deno.mkdir(`${root}/src`);
    await Deno.writeTextFile(`${root}/ansible/b.yml`, "b");
    await Deno.writeTextFile(`${root}/ansible/a.yml`, "a");
    await Deno.writeTextFile(`${root}/ansible/__pycache__/a.pyc`, "x");
    await Deno.writeTextFile(`${root}/src/main.ts`, "x");
    const assets = new FolderAssets(root);
    assert.deepEqual(await assets.list(), ["ansible/a.yml", "ansible/b.yml"]);
    assert.equal(new TextDecoder().decode(await assets.read("ansible/b.yml")), "b");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
