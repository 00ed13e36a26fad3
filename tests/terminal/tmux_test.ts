import assert from "node:assert/strict";
import { hasProgram } from "../process/has_program.ts";
import { Terminal } from "./tmux.ts";
import { waitForValue } from "./wait_for_value.ts";

const size = { columns: 60, rows: 10 };

const hasTmux = await hasProgram("tmux");

function terminalTest(name: string, run: () => Promise<void>): void {
  Deno.test({ name, ignore: !hasTmux, fn: run });
}

terminalTest("a program gets keys and its screen is read, plain and in colour", async () => {
  const script =
    `printf 'one \\033[31mred\\033[0m\\n'; read -r line; printf 'read %s\\n' "$line"; cat`;
  await using terminal = await Terminal.start(["sh", "-c", script], size);
  await terminal.waitForScreen("one red\n");
  assert.ok((await terminal.screenWithColours()).includes("\x1b[31mred"));
  await terminal.type("Enter is a word");
  await terminal.keys("Enter");
  await terminal.waitForScreen(/^read Enter is a word$/m);
});

terminalTest("size, environment and directory are those asked for", async () => {
  const env = { PATH: Deno.env.get("PATH") ?? "", MARK: "here" };
  const script =
    'trap "stty size" WINCH; pwd; echo "$MARK/$HOME"; stty size; while :; do read -r x; done';
  await using terminal = await Terminal.start(["bash", "-c", script], {
    ...size,
    env,
    cwd: "/usr",
  });
  await terminal.waitForScreen(/^\/usr\nhere\/\n10 60$/m);
  await terminal.resize(100, 30);
  await terminal.keys("Enter"); // bash looks at signals between two commands
  await terminal.waitForScreen(/^30 100$/m);
});

terminalTest("the end of a program is seen with its code and its last screen", async () => {
  await using terminal = await Terminal.start(["sh", "-c", "echo last; read -r x; exit 7"], size);
  await terminal.waitForScreen("last");
  await terminal.keys("Enter");
  assert.deepEqual(await terminal.waitForEnd(), { code: 7, signal: undefined });
  assert.match(await terminal.screen(), /^last$/m);
});

terminalTest("the modes that a program leaves behind are seen", async () => {
  const script =
    "printf '\\033[?1049h\\033[?25l\\033[?1000h'; read -r x; printf '\\033[?1049l\\033[?25h\\033[?1000l'";
  await using terminal = await Terminal.start(["bash", "-c", `${script}; echo back; cat`], size);
  await terminal.waitForScreen(() => true);
  while (!(await terminal.modes()).mouse);
  assert.deepEqual(await terminal.modes(), {
    alternateScreen: true,
    cursorShown: false,
    mouse: true,
  });
  await terminal.keys("Enter");
  await terminal.waitForScreen("back");
  assert.deepEqual(await terminal.modes(), {
    alternateScreen: false,
    cursorShown: true,
    mouse: false,
  });
});

terminalTest("a screen that does not come is shown by the error", async () => {
  await using terminal = await Terminal.start(["sh", "-c", "echo something else; cat"], size);
  await terminal.waitForScreen("something");
  await assert.rejects(
    terminal.waitForScreen("this", { limit: 0.2 }),
    /for this .*something else/s,
  );
});

terminalTest("closing it hangs up on the program, and nothing stays", async () => {
  const terminal = await Terminal.start(["sleep", "1000"], size);
  const pid = await terminal.pid();
  await Deno.stat(`/proc/${pid}`);
  await terminal.close();
  const gone = await waitForValue(
    () => Deno.stat(`/proc/${pid}`).then(() => undefined, () => true),
  );
  assert.ok(gone);
});

terminalTest("what the program writes can be recorded, byte for byte", async () => {
  const file = await Deno.makeTempFile();
  try {
    const script = "read -r x; printf '\\033[1mabc\\033[0m'; read -r x";
    await using terminal = await Terminal.start(["bash", "-c", script], size);
    await terminal.record(file);
    await terminal.keys("Enter");
    await terminal.waitForScreen("abc");
    const recorded = await waitForValue(async () => await Deno.readTextFile(file) || undefined);
    assert.ok(recorded?.endsWith("\x1b[1mabc\x1b[0m"), `recorded: ${recorded}`);
  } finally {
    await Deno.remove(file);
  }
});
