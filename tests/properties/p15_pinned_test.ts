import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { PROJECT_ROOT } from "../cli/fake_context.ts";

interface Lock {
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, { readonly integrity?: string }>>;
}

const lock: Lock = JSON.parse(Deno.readTextFileSync(`${PROJECT_ROOT}/deno.lock`));

Deno.test("P15 every dependency is pinned in deno.json and deno.lock", () => {
  const imports = Object.values(config.imports);
  assert.ok(imports.length > 0);
  for (const specifier of imports) {
    const [, name, version] = /^npm:(@?[^@]+)@(\d+\.\d+\.\d+)$/.exec(specifier) ?? [];
    assert.ok(name !== undefined && version !== undefined, `${specifier} is not an exact version`);
    assert.ok(lock.specifiers[specifier]?.startsWith(version), `${specifier} is not locked`);
  }
});

Deno.test("P15 every locked package carries the hash of its content", () => {
  const packages = Object.entries(lock.npm);
  assert.ok(packages.length > 0);
  for (const [name, { integrity }] of packages) assert.match(integrity ?? "", /^sha512-/, name);
});
