import assert from "node:assert/strict";
import fc from "fast-check";
import { listHosts } from "../../src/inventory/host_list.ts";
import { readInventory } from "../../src/inventory/read/read.ts";
import { SMALL, type TemporaryInventory, temporaryInventory } from "./temporary_inventory.ts";

const BUILD = "file:///program-1.js";

function listed({ directory, file }: TemporaryInventory, build: string | undefined = BUILD) {
  return listHosts(file, { cwd: directory, cache: `${directory}/.cache`, build });
}

/** The file that holds the kept list; undefined where nothing was kept. */
function keptFile({ directory }: TemporaryInventory): string | undefined {
  try {
    const [name] = [...Deno.readDirSync(`${directory}/.cache/hosts`)].map((each) => each.name);
    return `${directory}/.cache/hosts/${name}`;
  } catch {
    return undefined;
  }
}

/** Makes the kept list tell itself apart from one that is read anew. */
function mark(inventory: TemporaryInventory): void {
  const file = keptFile(inventory)!;
  Deno.writeTextFileSync(file, Deno.readTextFileSync(file).replace('"dgx"', '"kept"'));
}

async function names(inventory: TemporaryInventory, build?: string): Promise<string[]> {
  return (await listed(inventory, build)).hosts.map(({ name }) => name);
}

Deno.test("the second list is the kept one, and equal to a fresh one", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const fresh = await listed(inventory);
  assert.deepEqual(await listed(inventory), fresh);
  mark(inventory);
  assert.ok((await names(inventory)).includes("kept"));
});

Deno.test("another program, another directory and a damaged file read anew", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const fresh = await names(inventory);
  mark(inventory);
  assert.deepEqual(await names(inventory, "file:///program-2.js"), fresh);
  mark(inventory);
  const { directory, file } = inventory;
  const elsewhere = await listHosts(file, { cwd: "/", cache: `${directory}/.cache`, build: BUILD });
  assert.equal(elsewhere.hosts[0]?.where.file, file.slice(1));
  Deno.writeTextFileSync(keptFile(inventory)!, "{");
  assert.deepEqual(await names(inventory), fresh);
});

Deno.test("an inventory that is wrong by now is refused, kept list or not", async () => {
  await using inventory = await temporaryInventory(SMALL);
  await listed(inventory);
  await Deno.writeTextFile(
    inventory.file,
    SMALL.replace("tailscale_ip: 100.64.0.1", "tailscale_ip: somewhere"),
  );
  await assert.rejects(listed(inventory), { exitCode: 2 });
  await Deno.remove(inventory.file);
  await assert.rejects(listed(inventory), { exitCode: 2 });
});

Deno.test("variables are not kept, nor anything of an inventory with warnings or from the sources", async () => {
  const vars = { "group_vars/all.yml": "my_password: hunter2\n" };
  await using inventory = await temporaryInventory(SMALL, vars);
  await listHosts(inventory.file, {
    cwd: inventory.directory,
    cache: `${inventory.directory}/.cache`,
  });
  assert.equal(keptFile(inventory), undefined);
  await listed(inventory);
  const kept = keptFile(inventory)!;
  assert.doesNotMatch(Deno.readTextFileSync(kept), /hunter2|my_password/);
  assert.equal(Deno.statSync(kept).mode! & 0o777, 0o600);

  const vault = { "group_vars/all.yml": "$ANSIBLE_VAULT;1.1;AES256\n6162\n" };
  await using encrypted = await temporaryInventory(SMALL, vault);
  assert.ok((await listed(encrypted)).warnings.length > 0);
  assert.equal(keptFile(encrypted), undefined);
});

Deno.test("after any changes the list is what a fresh reading finds", async () => {
  const text = fc.constantFrom(
    undefined,
    "reserved_cpu: 1\n",
    "reserved_cpu: 2\n",
    "node_labels: {a: b}\n",
    "",
  );
  const place = fc.constantFrom(
    "group_vars/all.yml",
    "group_vars/all/a.yml",
    "group_vars/workers.yml",
    "group_vars/unknown.yml",
    "host_vars/dgx.yml",
    "host_vars/dgx/main.yaml",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(place, text), { maxLength: 4 }), async (changes) => {
      await using inventory = await temporaryInventory(SMALL);
      await listed(inventory);
      for (const [name, content] of changes) {
        const path = `${inventory.directory}/${name}`;
        await Deno.remove(path, { recursive: true }).catch(() => {});
        if (content !== undefined) {
          await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
          await Deno.writeTextFile(path, content);
        }
        const fresh = await readInventory(inventory.file, { cwd: inventory.directory });
        const expected = fresh.hosts.map(({ vars: _, ...host }) => host);
        for (let time = 0; time < 2; time++) {
          assert.deepEqual((await listed(inventory)).hosts, expected);
        }
      }
    }),
    { numRuns: 100 },
  );
});
