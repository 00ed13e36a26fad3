/**
 * The demo on a real terminal, played by tmux: the mouse, the clipboard, a resize behind its back.
 *
 * @module
 */

import assert from "node:assert/strict";
import { PROJECT_ROOT } from "../../cli/fake_context.ts";
import { hasProgram } from "../../process/has_program.ts";
import { Terminal } from "../../terminal/tmux.ts";

const hasTmux = await hasProgram("tmux");

const TUI = [Deno.execPath(), "run", "-A", "--no-check", `${PROJECT_ROOT}/main.ts`, "tui"];
const SIZE = { columns: 80, rows: 24 };

Deno.test({
  name: "with --mouse a click selects, a second one opens; c copies over OSC 52",
  ignore: !hasTmux,
  async fn() {
    await using terminal = await Terminal.start([...TUI, "--demo", "--mouse"], SIZE);
    await terminal.waitForScreen("› nuc");
    assert.equal((await terminal.modes()).mouse, true);
    // Columns and rows of reports count from 1: header, title, names of the columns, third node.
    const click = "\u001b[<0;9;8M\u001b[<0;9;8m";
    await terminal.type(click);
    await terminal.waitForScreen("› dgx");
    await terminal.type(click);
    await terminal.waitForScreen("━━ Node dgx");
    await terminal.keys("Escape");
    await terminal.waitForScreen("━━ 1 Nodes");
    await terminal.type("\u001b[<64;9;8M");
    await terminal.keys("c");
    await terminal.waitForScreen("Copied: dgx");
    assert.equal((await terminal.clipboard()).trim(), "dgx");
    await terminal.keys("q");
    assert.equal((await terminal.waitForEnd()).code, 0);
    const { alternateScreen, mouse } = await terminal.modes();
    assert.deepEqual([alternateScreen, mouse], [false, false]);
  },
});

Deno.test({
  name: "a terminal resized while the screen was suspended is filled after fg",
  ignore: !hasTmux,
  async fn() {
    const env = { ...Deno.env.toObject(), PS1: "prompt> ", TERM: "xterm-256color" };
    const shell = ["bash", "--norc", "--noprofile", "-i"];
    await using terminal = await Terminal.start(shell, { ...SIZE, env });
    await terminal.waitForScreen("prompt>");
    await terminal.type(`${TUI.map((word) => `'${word}'`).join(" ")} --demo`);
    await terminal.keys("Enter");
    await terminal.waitForScreen("› nuc");
    await terminal.keys("C-z");
    await terminal.waitForScreen("Stopped");
    await terminal.resize(100, 30);
    await terminal.type("fg");
    await terminal.keys("Enter");
    const screen = await terminal.waitForScreen((screen) =>
      screen.split("\n").some((line) => line.startsWith("━━ 1 Nodes") && [...line].length === 100)
    );
    assert.match(screen.trimEnd().split("\n")[29]!, /^\? help {2}q quit/);
    await terminal.keys("q");
    await terminal.waitForScreen(/fg\n[^]*prompt>\s*$/);
  },
});
