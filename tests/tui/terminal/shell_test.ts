/**
 * A shell on a machine from the screen, on a real terminal played by tmux: nothing typed is lost, nothing
 * of the terminal is.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../cli/fake_context.ts";
import { hasProgram } from "../../process/has_program.ts";
import { Terminal } from "../../terminal/tmux.ts";

const INVENTORY = `all:
  children:
    control_plane:
      hosts:
        pi:
          tailscale_ip: 100.64.0.1
          ansible_user: ada
`;

/** Does what it is told, in the terminal's process group, as ssh is; and then what a lost one leaves behind. */
const SSH = `#!/bin/bash
echo "$*" > "$HOME/argv"
trap 'echo; echo interrupted' INT
lose() {
  printf '\\e[?1000h\\e[?1049h\\e[?25l'
  stty raw -echo
  kill -9 $$
}
refuse() {
  echo "Warning: Permanently added '100.64.0.1' (ED25519) to the list of known hosts." > "$2"
  [ -z "$3" ] || exit 255
  echo 'ssh: connect to host 100.64.0.1 port 22: Connection refused' > "$2"
  exit 255
}
while :; do
  printf 'pi> '
  IFS= read -r line || continue
  case $line in refuse) refuse "$1" "$2" "" ;; kill_remote) refuse "$1" "$2" silent ;; *) eval "$line" ;; esac
done
`;

Deno.test({
  name: "S lends the terminal to ssh and takes it back as it was",
  ignore: !await hasProgram("tmux"),
  async fn() {
    const home = await Deno.makeTempDir();
    await Deno.mkdir(join(home, "bin"));
    await Deno.writeTextFile(join(home, "bin", "ssh"), SSH, { mode: 0o755 });
    await Deno.writeTextFile(join(home, "hosts.yml"), INVENTORY);
    const env = {
      ...Deno.env.toObject(),
      HOME: home,
      XDG_STATE_HOME: join(home, "state"),
      KUBECONFIG: join(home, "none"),
      PATH: `${join(home, "bin")}:${Deno.env.get("PATH")}`,
      TERM: "xterm-256color",
      PS1: "prompt> ",
    };
    const bash = ["bash", "--norc", "--noprofile", "-i"];
    const size = { columns: 100, rows: 24 };
    await using shell = await Terminal.start(bash, { ...size, env, cwd: home });
    await shell.waitForScreen("prompt>");
    await enter(shell, "echo begun; sleep 1000");
    await shell.waitForScreen(/^begun$/m);
    const before = await settings(shell);
    await shell.keys("C-c");
    const tool = `'${Deno.execPath()}' run -A --no-check '${PROJECT_ROOT}/main.ts' tui --mouse`;
    const start = async () => {
      await enter(shell, `clear; ${tool} -i hosts.yml; echo "code $?"; sleep 1000`);
      await shell.waitForScreen("› pi");
    };
    await start();
    const inScreen = await settings(shell);

    await shell.keys("S");
    await shell.waitForScreen("pi>");
    assert.equal(await settings(shell), before);
    await enter(shell, "echo nothing is lost 1234567890");
    await shell.waitForScreen(/^nothing is lost 1234567890$/m);
    await shell.resize(90, 30);
    await shell.keys("C-c");
    await shell.waitForScreen(/^interrupted$/m);
    await enter(shell, "exit 7");
    const back = await shell.waitForScreen("The shell on pi ended with code 7.");
    const lines = back.trimEnd().split("\n");
    assert.equal(lines.length, 30);
    assert.ok(lines.some((line) => /^━━ 1 Nodes/.test(line) && [...line].length === 90), back);
    assert.match(lines.at(-1)!, /^\? help {2}q quit/);
    assert.equal(await settings(shell), inScreen);

    await shell.keys("S");
    await shell.waitForScreen(/^(?:.*[^0-9a-z])?pi>$/m);
    await enter(shell, "lose");
    await shell.waitForScreen("The shell on pi ended with code 137.");
    assert.equal(await settings(shell), inScreen);

    await shell.keys("S");
    await shell.waitForScreen(/^(?:.*[^0-9a-z])?pi>$/m);
    await enter(shell, "refuse");
    await shell.waitForScreen("✗ pi cannot be reached: ssh: connect to host 100.64.0.1 port 22");
    await shell.keys("S");
    await shell.waitForScreen(/pi>$/m);
    await enter(shell, "kill_remote");
    await shell.waitForScreen("✗ The shell on pi was killed, or the connection to it ended");
    await shell.keys("?");
    await shell.waitForScreen("Keys in the lists");
    await shell.keys("Escape", "q");
    await shell.waitForScreen(/^code 0$/m);
    assert.equal(await settings(shell), before);

    // Ended while the shell has the terminal.
    await shell.keys("C-c");
    await start();
    await shell.keys("S");
    await shell.waitForScreen(/pi>$/m);
    const [pid] = await childrenOf(await shell.pid());
    const [ssh] = await childrenOf(pid!);
    Deno.kill(pid!, "SIGTERM");
    await shell.waitForScreen(/^code 130$/m);
    assert.equal(await settings(shell), before);
    await assert.rejects(Deno.stat(`/proc/${ssh}`), Deno.errors.NotFound);
    const argv = await Deno.readTextFile(join(home, "argv"));
    assert.match(argv, /^-E \S+ .*StrictHostKeyChecking=accept-new.* -l ada -- pi$/m);
    await Deno.remove(home, { recursive: true });
  },
});

Deno.test({
  name:
    "a shell in a pod gets every key as it is and each new size, and the screen gets no key of it",
  ignore: !await hasProgram("tmux"),
  async fn() {
    const program = `${PROJECT_ROOT}/tests/tui/terminal/echo_shell.ts`;
    const argv = [Deno.execPath(), "run", "-A", "--no-check", program];
    for (const mouse of [[], ["--mouse"]]) {
      await using screen = await Terminal.start([...argv, ...mouse], { columns: 100, rows: 24 });
      await screen.waitForScreen("› nuc");
      const before = await settings(screen);
      await screen.keys("2", "/");
      await screen.type("toolbox");
      await screen.keys("Enter", "x");
      await screen.waitForScreen("begins 100×24");
      await screen.keys("q", "C-c", "C-z");
      await screen.waitForScreen(
        /keys (?:113 3 26|113\nkeys 3\nkeys 26|113 3\nkeys 26|113\nkeys 3 26)$/m,
      );
      await screen.type("é");
      await screen.waitForScreen("keys 195 169");
      await screen.resize(90, 30);
      await screen.waitForScreen("resized 90×30");
      await screen.keys("C-d");
      const back = await screen.waitForScreen("ended with code 5.");
      assert.equal(back.trimEnd().split("\n").length, 30);
      assert.equal(await settings(screen), before);
      await screen.keys("?");
      await screen.waitForScreen("Keys in the lists");
      await screen.keys("Escape", "q");
      assert.equal((await screen.waitForEnd()).code, 0);
    }
  },
});

async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await new Deno.Command("pgrep", { args: ["-P", `${pid}`] }).output();
  return new TextDecoder().decode(stdout).trim().split("\n").map(Number);
}

async function enter(terminal: Terminal, text: string): Promise<void> {
  await terminal.type(text);
  await terminal.keys("Enter");
}

/** Settings of a terminal, and its modes. */
async function settings(terminal: Terminal): Promise<string> {
  const args = ["-F", await terminal.device(), "-g"];
  const { stdout } = await new Deno.Command("stty", { args }).output();
  return new TextDecoder().decode(stdout).trim() + JSON.stringify(await terminal.modes());
}
