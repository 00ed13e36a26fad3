import assert from "node:assert/strict";
import { realContext } from "../../src/cli/program/real_context.ts";
import { PROJECT_ROOT } from "./fake_context.ts";

Deno.test("the process ends with the code of the command", async () => {
  for (const [argv, expected] of [[["version"], 0], [["nonsense"], 2]] as const) {
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", `${PROJECT_ROOT}/main.ts`, ...argv],
      stdin: "null",
    }).output();
    assert.equal(code, expected);
  }
});

Deno.test("a reader that closes the pipe early is no error", async () => {
  const { code, stderr } = await new Deno.Command("bash", {
    args: [
      "-c",
      'set -o pipefail; "$0" run -A "$1" assets list | head -1',
      Deno.execPath(),
      `${PROJECT_ROOT}/main.ts`,
    ],
    stdin: "null",
  }).output();
  assert.deepEqual([code, new TextDecoder().decode(stderr)], [0, ""]);
});

Deno.test("what is no text on stdin is refused, not changed on the way", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const file = `${directory}/hosts.yml`;
    await Deno.writeTextFile(file, "all:\n  vars:\n    note: before\n");
    const { code, stderr } = await new Deno.Command("sh", {
      args: [
        "-c",
        `printf 'pa\\377' | "$0" run -A "$1" config set note - -i "$2"`,
        Deno.execPath(),
        `${PROJECT_ROOT}/main.ts`,
        file,
      ],
    }).output();
    assert.match(new TextDecoder().decode(stderr), /stdin is not UTF-8 text; nothing was written/);
    assert.equal(code, 2);
    assert.match(await Deno.readTextFile(file), /note: before/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test({
  name: "the real context reads this machine",
  // Its signal listeners live as long as the process.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const context = realContext(PROJECT_ROOT);
    assert.equal(context.cwd, Deno.cwd());
    assert.equal(context.env("HOME"), Deno.env.get("HOME"));
    assert.ok((await context.assets.list()).length > 0);
  },
});
