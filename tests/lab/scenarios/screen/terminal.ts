/**
 * The live screen and its terminal: how it is left, what it may do, what it says where it cannot connect.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { run } from "../../cli/command.ts";
import { makeExpiredKubeconfig } from "../../expired_kubeconfig.ts";
import { tryAtWorkstation } from "../../hosts/workstation.ts";
import { helloManifests, kubectl } from "../../kubernetes.ts";
import { runPaths } from "../../paths.ts";
import { provision } from "../../run_events.ts";
import type { Host } from "../../state.ts";
import { openTerminal, openTool } from "../../terminal.ts";
import { installTool, projectDir } from "../../tool.ts";
import { waitFor } from "../../wait.ts";
import type { Terminal } from "../../../terminal/tmux.ts";

const size = { columns: 120, rows: 40 };
const LIVE = /● live[^]*n1 .*Ready/;

/** How many lines of the terminal are drawn. */
const lines = (text: string): number => text.trimEnd().split("\n").length;

let hosts: () => readonly Host[] = () => [];
const n1 = (): Host => hosts()[0]!;

/** Settings of a terminal that a program must leave as it found them. */
async function settings(terminal: Terminal): Promise<string> {
  const stty = await run(["stty", "-F", await terminal.device(), "-g"]);
  return `${stty.trim()} ${JSON.stringify(await terminal.modes())}`;
}

/** A shell on a terminal, with the settings it has before anything is started. */
async function openShell(): Promise<{ shell: Terminal; before: string }> {
  await installTool();
  const shell = await openTerminal(["bash", "--norc", "--noprofile", "-i"], {
    ...size,
    env: { PS1: "prompt> " },
  });
  await shell.waitForScreen("prompt>");
  // The line editor has its own while it waits; a command sees the others.
  await shell.type("echo begun; sleep 1000");
  await shell.keys("Enter");
  await shell.waitForScreen(/^begun$/m);
  const before = await settings(shell);
  await shell.keys("C-c");
  return { shell, before };
}

/** Runs the screen in the shell, ends it somehow, and sees what is left of the terminal. */
async function leave(
  how: (shell: Terminal) => Promise<void>,
  { code, command = "k3s-tool tui" }: { readonly code: number; readonly command?: string },
): Promise<string> {
  const { shell, before } = await openShell();
  await using _closed = shell;
  // What the program left is looked at before the shell's line editor puts its own in place.
  await shell.type(`clear; ${command}; echo code $?; sleep 1000`);
  await shell.keys("Enter");
  await shell.waitForScreen(LIVE);
  assert.equal((await shell.modes()).alternateScreen, true);
  await how(shell);
  const left = await shell.waitForScreen(/^code \d+$/m);
  assert.match(left, new RegExp(`^code ${code}$`, "m"));
  assert.equal(await settings(shell), before);
  return left;
}

/** Process ids of the tool below a shell. */
async function toolBelow(shell: Terminal): Promise<number[]> {
  const found = await run(["pgrep", "-P", `${await shell.pid()}`]);
  return found.trim().split("\n").map(Number);
}

/** Sends a signal to the tool that runs in a shell. */
function signalling(signal: Deno.Signal): (shell: Terminal) => Promise<void> {
  return async (shell) => {
    for (const pid of await toolBelow(shell)) Deno.kill(pid, signal);
  };
}

/** Types a line. */
function typing(terminal: Terminal): (text: string) => Promise<void> {
  return async (text) => {
    await terminal.type(text);
    await terminal.keys("Enter");
  };
}

/** Of what happens at the same moment, a key may get there before the new size. */
const UNTIL_RESIZED = 'clear; until stty size | grep "30 100"; do sleep 0.1; done';

/** Where a host's programs are. */
const FOLDERS = ["bin", "lib", "lib64", "usr"];

/** A container without a shell, and one with the host's programs, which is the pod's default. */
const TOOLBOX = JSON.stringify({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "toolbox",
    annotations: { "kubectl.kubernetes.io/default-container": "tools" },
  },
  spec: {
    containers: ["bare", "tools"].map((name, index) => ({
      name,
      image: "docker.io/lab/hello:1",
      imagePullPolicy: "Never",
      env: [{ name: "PORT", value: String(8080 + index) }],
      volumeMounts: name === "bare" ? [] : FOLDERS.map((folder) => ({
        name: folder,
        mountPath: `/${folder}`,
        readOnly: true,
      })),
    })),
    volumes: FOLDERS.map((name) => ({ name, hostPath: { path: `/${name}` } })),
  },
});

/** Declares the scenario. */
export function screenAndTerminal(lab: () => readonly Host[]): void {
  hosts = lab;

  Deno.test("init asks, writes the inventory, and looks at the machines that were chosen", async () => {
    const file = join(runPaths.workstation, "asked", "hosts.yml");
    await using asking = await openTool(["init", "-i", file], size);
    const offered = await asking.waitForScreen(/control plane\?[^]*n1 \(100/);
    const choices = offered.split("\n").filter((line) => /\(100\.\d+/.test(line));
    for (let row = choices.findIndex((line) => / n1 \(/.test(line)); row > 0; row--) {
      await asking.keys("Down");
    }
    await asking.keys("Space");
    await asking.keys("Enter");
    for (
      const [question, answer] of [
        ["Which machines are workers", ""],
        ["Name of the cluster", ""],
        ["k3s release", ""],
        ["SSH user", "lab"],
        ["Git repository URL", ""],
        ["Look at the machines over ssh now", ""],
      ] as const
    ) {
      await asking.waitForScreen(question);
      if (answer !== "") await asking.type(answer);
      await asking.keys("Enter");
    }
    await asking.waitForScreen(/^n1 .*x86_64|^n1 .*aarch64/m, { limit: 60 });
    assert.match(await Deno.readTextFile(file), /control_plane:[^]*n1:/);
  });

  Deno.test("q and Ctrl-C leave it, and the terminal is as before", async () => {
    await leave((shell) => shell.keys("q"), { code: 0 });
    await leave((shell) => shell.keys("C-c"), { code: 0 });
  });

  Deno.test("SIGTERM and SIGHUP end it, and the terminal is as before", async () => {
    await leave(signalling("SIGTERM"), { code: 130 });
    await leave(signalling("SIGHUP"), { code: 130 });
  });

  Deno.test("a crash is told, and the terminal is as before", async () => {
    await installTool();
    const breaking = new URL("../../cli/break_on_signal.ts", import.meta.url).pathname;
    const tool = `'${Deno.execPath()}' run -A --no-config --no-lock --preload '${breaking}' ` +
      `'${join(runPaths.workstation, "k3s-tool", "main.js")}' tui`;
    for (const command of [tool, `BREAK=rejection ${tool}`]) {
      const left = await leave(signalling("SIGURG"), { code: 1, command });
      assert.match(left, /Error: broken on purpose\nHint: This is a bug in k3s-tool/);
    }
  });

  Deno.test("Ctrl-Z gives the terminal to the shell, and fg takes it back", async () => {
    const { shell } = await openShell();
    await using _closed = shell;
    await shell.type("clear; k3s-tool tui");
    await shell.keys("Enter");
    await shell.waitForScreen(LIVE);
    await shell.keys("C-z");
    await shell.waitForScreen(/Stopped.*k3s-tool tui[^]*prompt>/);
    assert.equal((await shell.modes()).alternateScreen, false);
    await shell.type("echo still here");
    await shell.keys("Enter");
    await shell.waitForScreen(/^still here$/m);
    await shell.type("fg");
    await shell.keys("Enter");
    await shell.waitForScreen(LIVE);
    assert.equal((await shell.modes()).alternateScreen, true);
    await shell.keys("?");
    await shell.waitForScreen("Ctrl-L");
    await shell.keys("Escape", "q"); // read at once, and yet not Alt-q
    await shell.waitForScreen(/^prompt>$/m);
  });

  Deno.test("S opens a shell on the node's machine, and the screen comes back as it was", async () => {
    await leave(async (shell) => {
      const screen = await settings(shell);
      const typed = typing(shell);
      const login = async () => {
        await shell.keys("S");
        await shell.waitForScreen(/lab@n1:~\$$/m);
        assert.equal((await shell.modes()).alternateScreen, false);
      };
      await login();
      await typed("echo $USER on $(hostname) 1234567890");
      await shell.waitForScreen(/^lab on n1 1234567890$/m);
      await shell.resize(100, 30);
      await typed(UNTIL_RESIZED);
      await shell.waitForScreen(/^30 100$/m);
      await typed("sleep 1000");
      await shell.keys("C-c");
      await shell.waitForScreen(/\^C\n/);
      await typed("exit 7");
      await shell.waitForScreen("The shell on n1 ended with code 7.");
      await shell.waitForScreen((text) =>
        LIVE.test(text) && /^━━ 1 Nodes .{89}$/m.test(text) && lines(text) === 30
      );
      assert.equal(await settings(shell), screen);
      // The shell is killed there, then ssh here.
      await login();
      await typed("clear; kill -9 $$");
      await shell.waitForScreen(/✗ The shell on n1 was killed, or the connection [^]*q quit/);
      assert.equal(await settings(shell), screen);
      await login();
      const [tool] = await toolBelow(shell);
      const ssh = (await run(["pgrep", "-P", `${tool}`, "-x", "ssh"])).trim();
      Deno.kill(Number(ssh), "SIGKILL");
      await shell.waitForScreen(/The shell on n1 ended with code 137\.[^]*q quit/);
      assert.equal(await settings(shell), screen);
      await shell.resize(size.columns, size.rows);
      await shell.keys("q");
    }, { code: 0 });
  });

  Deno.test("x opens a shell in a pod, and the screen comes back as it was", async () => {
    await kubectl(n1(), "apply -f -", TOOLBOX);
    await kubectl(n1(), "wait --for=condition=Ready pod/toolbox --timeout=60s");
    await leave(async (shell) => {
      const screen = await settings(shell);
      const typed = typing(shell);
      await shell.keys("2", "/");
      await typed("toolbox");
      await shell.waitForScreen(/› default +toolbox +Pod/);
      const choose = async () => {
        await shell.keys("x");
        await shell.waitForScreen(/Shell in which container of toolbox\? ━+\n› tools\n +bare\n/);
      };
      await choose();
      await shell.keys("Enter");
      await shell.waitForScreen(/^bash-[\d.]+#$/m);
      assert.equal((await shell.modes()).alternateScreen, false);
      const long = "0123456789".repeat(8);
      await typed(`echo $BASH in $(hostname) ${long}`);
      await shell.waitForScreen(new RegExp(`^/\\S*bash in toolbox ${long}$`, "m"));
      await shell.resize(100, 30);
      await typed(UNTIL_RESIZED);
      await shell.waitForScreen(/^30 100$/m);
      await typed("sleep 1000");
      await shell.keys("C-c");
      await shell.waitForScreen(/\^C\n/);
      await typed("exit 7");
      await shell.waitForScreen((text) =>
        text.includes("The shell in toolbox ended with code 7.") && lines(text) === 30
      );
      assert.equal(await settings(shell), screen);
      await choose();
      await shell.keys("Enter");
      await shell.waitForScreen(/^bash-[\d.]+#$/m);
      await typed("kill -9 $$");
      await shell.waitForScreen(/The shell in toolbox ended with code 137\.[^]*q quit/);
      assert.equal(await settings(shell), screen);
      await choose();
      await shell.keys("j", "Enter");
      await shell.waitForScreen(
        /✗ There is no shell in the container bare\. [^]*kubectl debug -it/,
      );
      assert.equal(await settings(shell), screen);
      await shell.resize(size.columns, size.rows);
      await shell.keys("q");
    }, { code: 0 });
  });

  Deno.test("F forwards a Service's port to a pod, then to another one, until it is stopped", async () => {
    await kubectl(n1(), "apply -f -", helloManifests("hello", { replicas: 2, nodePort: 30080 }));
    await kubectl(n1(), "rollout status deployment hello --timeout=90s");
    await using screen = await openTool(["tui"], size);
    /** The pod that answers, or why none does. */
    const asked = async (address: string): Promise<string> => {
      const curl = ["curl", "-sS", "--noproxy", "*", "-m", "10", `http://${address}/`];
      const { stdout, stderr } = await tryAtWorkstation(curl);
      return /"pod":"(hello-[^"]+)"/.exec(stdout)?.[1] ?? stderr;
    };
    const REFUSED = /refused|Could not connect|Couldn't connect/;
    await screen.waitForScreen(LIVE);
    await screen.keys("2", "/");
    await screen.type("hello service");
    await screen.keys("Enter");
    await screen.waitForScreen(/› default +hello +Service +2\/2/, { limit: 60 });
    const forward = async () => {
      await screen.keys("F");
      const said = await screen.waitForScreen(
        /✓ 127\.0\.0\.1:\d+ forwards to port 80 of Service default\/hello\./,
      );
      return /127\.0\.0\.1:\d+/.exec(said)![0];
    };
    const address = await forward();
    const first = await asked(address);
    assert.match(first, /^hello-/);
    assert.deepEqual(await Promise.all([1, 2, 3].map(() => asked(address))), [first, first, first]);
    await kubectl(n1(), `delete pod ${first} --now`);
    const second = await asked(address);
    assert.match(second, /^hello-/);
    assert.notEqual(second, first);
    await screen.keys("f");
    await screen.waitForScreen(
      new RegExp(
        `› ${address} → Service default/hello port 80 \\(${second}\\)  \\d of 5 connections open, \\S+ received`,
      ),
    );
    await screen.keys("x");
    await screen.waitForScreen("None. F on a Service or a pod");
    assert.match(await asked(address), REFUSED);
    await screen.keys("Escape");
    const again = await forward();
    assert.match(await asked(again), /^hello-/);
    await screen.keys("q");
    assert.deepEqual(await screen.waitForEnd(), { code: 0, signal: undefined });
    assert.match(await asked(again), REFUSED);
  });

  Deno.test("a terminal that is closed ends it", async () => {
    const terminal = await openTool(["tui"], size);
    await terminal.waitForScreen(LIVE);
    const pid = await terminal.pid();
    await terminal.close();
    await waitFor(() => Deno.stat(`/proc/${pid}`).then(() => false, () => true), {
      what: "the tool to end",
    });
  });

  Deno.test("--read-only offers no changes", async () => {
    await using other = await openTool(["tui", "--read-only"], size);
    await other.waitForScreen(LIVE);
    await other.keys("p");
    const all = await other.waitForScreen("details of what is selected");
    const changes = /cordon Node|drain Node|provision the hosts/;
    assert.doesNotMatch(all, changes);
    for (const change of ["cordon", "drain", "provision"]) {
      await other.type(change);
      assert.doesNotMatch(await other.waitForScreen(`${change}▏`), changes);
      await other.keys("C-u");
      await other.waitForScreen("type to find");
    }
    await other.keys("Escape");
    await other.waitForScreen((text) => !text.includes("Actions"));
    await other.keys("q");
    assert.deepEqual(await other.waitForEnd(), { code: 0, signal: undefined });
  });

  Deno.test("provisioning is watched in it, that of another terminal and its own", async () => {
    await using screen = await openTool(["tui"], size);
    await screen.waitForScreen(LIVE);
    const other = provision();
    await screen.waitForScreen("v shows it");
    await screen.keys("v");
    await screen.waitForScreen(/Provisioning \(another terminal\)[^]*\bn1 /);
    const { stats } = await other;
    assert.equal(stats.n1?.changed, 0);
    await screen.waitForScreen("✓ Done: everything was as it should be.");
    await screen.keys("Escape", "p");
    await screen.type("provision");
    await screen.waitForScreen(/› +provision the hosts of the inventory/);
    await screen.keys("Enter");
    await screen.waitForScreen("Provision 3 hosts?");
    await screen.keys("y");
    await screen.waitForScreen(/━ Provisioning ━[^]*\bn1 /);
    await screen.waitForScreen("✓ Done: everything was as it should be.", { limit: 240 });
  });

  Deno.test("a wrong context and an expired certificate are said in words, with the next step", async () => {
    await using wrong = await openTool(["tui", "--context", "nowhere"], size);
    await wrong.waitForScreen(
      /✗ \S+ has no context nowhere[^]*k3s-tool kubeconfig[^]*r retries now/,
    );
    const file = join(projectDir, "expired.kubeconfig");
    await makeExpiredKubeconfig(file, `https://${n1().tailscaleAddress}:6443`);
    await using expired = await openTool(["tui", "--kubeconfig", file], size);
    await expired.waitForScreen(
      /certificate of the kubeconfig has expired[^]*k3s-tool kubeconfig/,
    );
  });
}
