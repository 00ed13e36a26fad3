import assert from "node:assert/strict";
import fc from "fast-check";
import { addHost } from "../../src/inventory/edit/edit.ts";
import { InventoryFiles } from "../../src/inventory/read/inventory_files.ts";
import { loadInventory } from "../../src/inventory/read/read.ts";
import { describeHost } from "../../src/inventory/edit/new_host.ts";
import { NodeDefinition } from "../../src/inventory/schema.ts";
import { parseYaml } from "../../src/yaml/tree.ts";

const FILE = "/nowhere/hosts.yml";
const EMPTY = "all:\n  children:\n    control_plane:\n    workers:\n";

/** Names of machines as people give them; `_` and capitals are mapped for the node. */
const name = fc.stringMatching(/^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,20}[A-Za-z0-9])?$/)
  .filter((text) => !/[._-]{2}|\.-|-\./.test(text))
  // A host cannot have a group's name, in any case; P21 refuses those.
  .filter((text) => !/^(all|ungrouped|control_plane|workers|others|localhost)$/i.test(text));
/** Addresses of 100.64.0.0/10. */
const address = fc.tuple(fc.integer({ min: 64, max: 127 }), fc.nat(255), fc.nat(255))
  .map((parts) => `100.${parts.join(".")}`);
const role = fc.constantFrom("control-plane" as const, "worker" as const);

Deno.test("P8 hostname, Tailscale IP and role make a valid node", () => {
  fc.assert(
    fc.property(name, address, role, (name, address, role) => {
      const described = describeHost({ name, address, role });
      assert.ok("host" in described, JSON.stringify(described));
      const document = parseYaml(EMPTY, FILE);
      const content = load(document);
      const after = addHost(content.content!, described.host).documents.get(FILE)!;
      const { problems, content: result } = load(after);
      assert.deepEqual(problems, []);
      const [host] = result!.inventory.hosts;
      assert.deepEqual([host?.name, host?.tailscaleIp, host?.role], [name, address, role]);
    }),
    { numRuns: 300 },
  );
});

Deno.test("P8 without hostname, Tailscale IP or role it is no node", () => {
  fc.assert(
    fc.property(
      fc.record({ name, address, role }),
      fc.subarray(["name", "address", "role"] as const, { minLength: 1 }),
      ({ name, address, role }, missing) => {
        const vars = missing.includes("address") ? {} : { tailscale_ip: address };
        const definition = {
          ...(missing.includes("name") ? {} : { name }),
          ...(missing.includes("role") ? {} : { role }),
          vars,
        };
        assert.equal(NodeDefinition.safeParse(definition).success, false);
        assert.equal(
          NodeDefinition.safeParse({ name, role, vars: { tailscale_ip: address } }).success,
          true,
        );
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("P8 an inventory whose host lacks address or role is refused", () => {
  fc.assert(
    fc.property(name, address, fc.boolean(), (name, address, withoutAddress) => {
      const group = withoutAddress ? "workers" : "others";
      const vars = withoutAddress ? "{gpu: true}" : `{tailscale_ip: ${address}}`;
      const text = `all: {children: {${group}: {hosts: {"${name}": ${vars}}}}}\n`;
      const { problems } = load(parseYaml(text, FILE));
      assert.equal(problems.length, 1, text);
      assert.match(
        problems[0]!.message,
        withoutAddress ? /no tailscale_ip/ : /no group that gives/,
      );
    }),
    { numRuns: 200 },
  );
});

function load(document: ReturnType<typeof parseYaml>) {
  return loadInventory(FILE, new InventoryFiles({ over: new Map([[FILE, document]]) }));
}
