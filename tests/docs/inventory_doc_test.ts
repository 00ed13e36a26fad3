import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { parse } from "yaml";
import { CLUSTER_VARIABLES, VARIABLE_SCHEMAS } from "../../src/inventory/schema.ts";
import { PROJECT_ROOT } from "../cli/fake_context.ts";

Deno.test("docs/gpu.md has the versions and the key that the role uses, and says what never ran", async () => {
  const defaults: Record<string, string> = parse(
    await Deno.readTextFile(`${PROJECT_ROOT}/ansible/roles/gpu_support/defaults/main.yml`),
  );
  const all: Record<string, unknown> = parse(
    await Deno.readTextFile(`${PROJECT_ROOT}/ansible/playbooks/group_vars/all.yml`),
  );
  const page = await Deno.readTextFile(`${PROJECT_ROOT}/docs/gpu.md`);
  assert.ok(page.includes(`version ${all.k3s_tool_gpu_toolkit} of NVIDIA's container toolkit`));
  assert.ok(page.includes(`\`${defaults.gpu_support_key_fingerprint}\``));
  assert.match(defaults.gpu_support_plugin_image!, /:v[\d.]+@sha256:[0-9a-f]{64}$/);
  assert.match(page, /\n## What was never run on a card\n/);
});

Deno.test("docs/inventory.md lists every variable that the tool knows", async () => {
  const page = await Deno.readTextFile(`${PROJECT_ROOT}/docs/inventory.md`);
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  const listed = new Set(rows.flatMap((row) => {
    const [, first = ""] = row.split("|");
    return [...first.matchAll(/`([\w]+)`/g)].map(([, name]) => name!);
  }));
  assert.deepEqual([...VARIABLE_SCHEMAS.keys()].filter((name) => !listed.has(name)), []);
});

Deno.test("every variable that the tool knows is read by a role, or by the tool itself", () => {
  const words = new Set(
    ["ansible", "src"].flatMap((folder) =>
      readdirSync(`${PROJECT_ROOT}/${folder}`, { recursive: true, encoding: "utf8" })
        .filter((name) => /\.(?:yml|j2|py|ts)$/.test(name) && name !== "inventory/schema.ts")
        .flatMap((name) =>
          Deno.readTextFileSync(`${PROJECT_ROOT}/${folder}/${name}`).match(/\w+/g) ?? []
        )
    ),
  );
  assert.deepEqual([...VARIABLE_SCHEMAS.keys()].filter((name) => !words.has(name)), []);
});

Deno.test("no page sets a variable of the whole cluster for a part of it", async () => {
  for await (const { name } of Deno.readDir(`${PROJECT_ROOT}/docs`)) {
    if (!name.endsWith(".md")) continue;
    const page = await Deno.readTextFile(`${PROJECT_ROOT}/docs/${name}`);
    for (const [line, variable = ""] of page.matchAll(/config set (\w+)\S* .*--scope (?!all\b)/g)) {
      assert.ok(!CLUSTER_VARIABLES.includes(variable), `${name}: ${line}`);
    }
  }
});
