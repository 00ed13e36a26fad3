import assert from "node:assert/strict";
import { VARIABLE_SCHEMAS } from "../../src/inventory/schema.ts";
import { PROJECT_ROOT } from "../cli/fake_context.ts";

Deno.test("nothing promises GPUs while no role sets them up", async () => {
  const roles = [...Deno.readDirSync(`${PROJECT_ROOT}/ansible/roles`)].map(({ name }) => name);
  assert.ok(!roles.some((name) => /gpu/.test(name)), "then say in the documents what it does");
  const promising: string[] = [];
  for (
    const file of await filesBelow(
      "README.md",
      "docs",
      "examples/inventories",
      "examples/apps/README.md",
    )
  ) {
    const text = await Deno.readTextFile(`${PROJECT_ROOT}/${file}`);
    if (/\bgpu: true|GPU (?:box|job|workstation)|NVIDIA GPU/.test(text) && !/\byet\b/.test(text)) {
      promising.push(file);
    }
  }
  assert.deepEqual(promising, []);
});

async function filesBelow(...paths: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of paths) {
    if ((await Deno.stat(`${PROJECT_ROOT}/${path}`)).isFile) {
      found.push(path);
      continue;
    }
    const names = [...Deno.readDirSync(`${PROJECT_ROOT}/${path}`)].map(({ name }) => name);
    found.push(...await filesBelow(...names.map((name) => `${path}/${name}`)));
  }
  return found;
}

Deno.test("docs/inventory.md lists every variable that the tool knows", async () => {
  const page = await Deno.readTextFile(`${PROJECT_ROOT}/docs/inventory.md`);
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  const listed = new Set(rows.flatMap((row) => {
    const [, first = ""] = row.split("|");
    return [...first.matchAll(/`([\w]+)`/g)].map(([, name]) => name!);
  }));
  assert.deepEqual([...VARIABLE_SCHEMAS.keys()].filter((name) => !listed.has(name)), []);
});
