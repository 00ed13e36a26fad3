import assert from "node:assert/strict";
import { PROJECT_ROOT, runCommand } from "./fake_context.ts";

const CONFIG = "ansible/ansible.cfg";

async function withDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("assets list -o name prints paths that eject takes", async () => {
  const { code, stdout } = await runCommand(["assets", "list", CONFIG, "-o", "name"]);
  assert.deepEqual([code, stdout], [0, `${CONFIG}\n`]);
});

Deno.test("assets eject copies, and says when all is there already", () =>
  withDirectory(async (directory) => {
    const eject = ["assets", "eject", "out", CONFIG, "-o", "json"];
    const first = await runCommand(eject, { directory });
    assert.deepEqual(JSON.parse(first.stdout).items, [{ path: CONFIG, change: "created" }]);
    assert.equal(
      await Deno.readTextFile(`${directory}/out/${CONFIG}`),
      await Deno.readTextFile(`${PROJECT_ROOT}/${CONFIG}`),
    );
    const second = await runCommand(eject, { directory });
    assert.deepEqual(JSON.parse(second.stdout).items, [{ path: CONFIG, change: "kept" }]);
  }));

Deno.test("assets eject never overwrites without --force", () =>
  withDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/ansible`);
    await Deno.writeTextFile(`${directory}/${CONFIG}`, "mine");
    const refused = await runCommand(["assets", "eject", ".", "ansible"], { directory });
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /ansible\.cfg: this file would be overwritten/);
    assert.match(refused.stderr, /Hint: .*--force/);
    assert.equal(await Deno.readTextFile(`${directory}/${CONFIG}`), "mine");
    assert.deepEqual([...Deno.readDirSync(`${directory}/ansible`)].length, 1);

    const dry = await runCommand(["assets", "eject", ".", CONFIG, "--force", "--dry-run"], {
      directory,
    });
    assert.match(dry.stdout, /overwritten/);
    assert.equal(await Deno.readTextFile(`${directory}/${CONFIG}`), "mine");

    const forced = await runCommand(["assets", "eject", ".", CONFIG, "--force"], { directory });
    assert.equal(forced.code, 0);
    assert.notEqual(await Deno.readTextFile(`${directory}/${CONFIG}`), "mine");
  }));

Deno.test("assets eject says which file cannot be written, and leaves no part of one", () =>
  withDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/out/ansible`, { recursive: true });
    // The name under which it is written first is taken by a directory that is not empty.
    await Deno.mkdir(`${directory}/out/ansible/.ansible.cfg.k3s-tool/x`, { recursive: true });
    const { code, stderr } = await runCommand(["assets", "eject", "out", CONFIG], { directory });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^Error: Cannot write \S+\/out\/ansible\/ansible\.cfg: /);
    assert.deepEqual([...Deno.readDirSync(`${directory}/out/ansible`)].map(({ name }) => name), [
      ".ansible.cfg.k3s-tool",
    ]);
  }));

Deno.test("assets eject of an unknown path is wrong usage", async () => {
  const { code, stderr } = await runCommand(["assets", "eject", "out", "nope"]);
  assert.equal(code, 2);
  assert.match(stderr, /No embedded file matches nope/);
});
