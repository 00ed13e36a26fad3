import assert from "node:assert/strict";
import { checkTags, TAGS } from "../../../src/actions/hosts/limit.ts";
import { FolderAssets } from "../../../src/assets/source.ts";
import { PROJECT_ROOT } from "../../cli/fake_context.ts";

Deno.test("the parts are the tags of the playbooks and roles", async () => {
  const assets = new FolderAssets(PROJECT_ROOT);
  const found = new Set<string>();
  for (const path of await assets.list()) {
    if (!path.startsWith("ansible/") || !path.endsWith(".yml")) continue;
    const text = new TextDecoder().decode(await assets.read(path));
    for (const [, list = ""] of text.matchAll(/\btags: \[([^\]]*)\]/g)) {
      for (const tag of list.split(",")) found.add(tag.trim());
    }
  }
  found.delete("always");
  assert.deepEqual([...found].sort(), [...TAGS].sort());
});

Deno.test("a part that there is not is refused, exit code 2", () => {
  checkTags([...TAGS, "all"]);
  assert.throws(() => checkTags(["binary", "bianry"]), {
    exitCode: 2,
    message: "Unknown tag bianry",
  });
});
