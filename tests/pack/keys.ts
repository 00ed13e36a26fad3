/**
 * Every key of the screen of the installed package, in each view where the table of keys has it.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type Binding,
  type CommandName,
  KEY_MAP,
  type Mode,
  MODES,
} from "../../src/tui/keys/key_map.ts";
import { PANES } from "../../src/tui/draw/layout.ts";
import { hasProgram } from "../process/has_program.ts";
import { Terminal } from "../terminal/tmux.ts";
import { waitForValue } from "../terminal/wait_for_value.ts";
import { ROUTES } from "../tui/routes.ts";
import { atOnce, DEFECT } from "./machine.ts";
import { environmentOf, type Installed } from "./installed.ts";

const SIZE = { columns: 120, rows: 40 };
const LIMIT = { limit: 60 };

/** What only this view has on the screen. */
const SIGNS: Readonly<Record<Mode, RegExp>> = {
  lists: /━━ \d \w+ .*\/e/,
  details: /Esc back {2}Enter details/,
  log: /f follow/,
  yaml: /━━ .* as YAML/,
  requests: /━━ Requests/,
  gitops: /━━ GitOps/,
  run: /━━ Provision/,
  help: /Esc close/,
  palette: /Enter do it/,
  filter: /Enter keep/,
  number: /Enter go on/,
  confirm: /y yes/,
  choice: /Enter choose/,
  forwards: /x stop/,
};

/** The three lists as they are at the start: no filter, no zoom, nothing above them. */
const LISTS =
  /[━─] 1 Nodes [^/\n]*\n[^]*[━─] 2 Workloads [^/\n]*\n[^]*[━─] 3 Events [^/\n]*\n[^]* \/ filter/;

/** The way to a view where it has been before. */
const AGAIN: Partial<typeof ROUTES> = { run: ["v"] };

/** What a key loads when it is pressed, so that its being there shows that it could be loaded. */
const LOADS: Partial<Readonly<Record<CommandName, RegExp>>> = {
  yaml: /^ *(apiVersion|metadata|status|spec): ?/m,
  logs: SIGNS.log,
  help: SIGNS.help,
  palette: SIGNS.palette,
};

/** tmux's names for keys. */
const TMUX: Readonly<Record<string, string>> = {
  up: "Up",
  down: "Down",
  enter: "Enter",
  escape: "Escape",
  tab: "Tab",
  "shift-tab": "BTab",
  pageup: "PPage",
  pagedown: "NPage",
  home: "Home",
  end: "End",
  backspace: "BSpace",
};

/** Registers the tests. */
export async function testKeys({ directory, home, tool }: Installed): Promise<void> {
  Deno.test({
    name: "every key of the packed tool's screen works in every view that has it",
    ignore: !await hasProgram("tmux"),
    async fn() {
      await atOnce(MODES, async (mode) => {
        const record = `${directory}/${mode}.record`;
        await using terminal = await openShell(home);
        await terminal.record(record);
        await startScreen(terminal, tool);
        let route = ROUTES[mode];
        for (const { binding, key } of keysOf(mode)) {
          await goTo(terminal, { mode, route, binding });
          route = AGAIN[mode] ?? route;
          await terminal.keys(tmuxKey(key));
          await afterwards(terminal, { record, command: binding.command });
          const written = await Deno.readTextFile(record);
          assert.doesNotMatch(written, DEFECT, `${key} in ${mode}`);
          if (binding.command !== "quit") continue;
          await startScreen(terminal, tool);
          route = ROUTES[mode];
        }
      });
    },
  });
}

/** Every key of a view; those that count in some of the lists only, in each of them. */
function keysOf(mode: Mode): readonly { readonly binding: Binding; readonly key: string }[] {
  return KEY_MAP.filter(({ modes }) => modes.includes(mode)).flatMap((binding) =>
    binding.keys.flatMap((key) =>
      (binding.panes ?? [undefined]).map((pane) => ({
        key,
        binding: pane === undefined ? binding : { ...binding, panes: [pane] },
      }))
    )
  );
}

/** A shell on a terminal, as a screen that is suspended needs one. */
async function openShell(home: string): Promise<Terminal> {
  const env = {
    ...environmentOf(home),
    PATH: Deno.env.get("PATH") ?? "",
    LANG: "C.UTF-8",
    PS1: "prompt> ",
  };
  const shell = ["bash", "--norc", "--noprofile", "-i"];
  const terminal = await Terminal.start(shell, { ...SIZE, env, cwd: home });
  await terminal.waitForScreen("prompt>", LIMIT);
  return terminal;
}

async function startScreen(terminal: Terminal, tool: string): Promise<void> {
  await terminal.type(`clear; '${tool}' tui --demo`);
  await terminal.keys("Enter");
  await terminal.waitForScreen("› nuc", LIMIT);
}

/** Back to the lists, then to the view; where keys count for some lists only, over one of them. */
async function goTo(
  screen: Terminal,
  { mode, route, binding: { panes } }: {
    readonly mode: Mode;
    readonly route: readonly string[];
    readonly binding: Binding;
  },
): Promise<void> {
  const back = await waitForValue(async () => {
    if (LISTS.test(await screen.screen())) return true;
    // Out of what is above the lists, then out of the filter and the zoom of each.
    await screen.keys("Escape");
    for (const index of PANES.keys()) await screen.keys(String(index + 1), "Escape", "Escape");
    await screen.waitForScreen(LISTS, { limit: 1 }).catch(() => {});
    return undefined;
  }, LIMIT);
  assert.ok(back, await screen.screen());
  // A node's details have no log of their own.
  const pane = panes?.[0] ?? (mode === "details" ? "workloads" : "nodes");
  await screen.keys(String(PANES.indexOf(pane) + 1));
  for (const key of route) await screen.keys(tmuxKey(key));
  await screen.waitForScreen(SIGNS[mode], { ...LIMIT, what: `the sign of ${mode}` });
}

/** Waits until a key has done its work. */
async function afterwards(
  screen: Terminal,
  { record, command }: { readonly record: string; readonly command: CommandName },
): Promise<void> {
  if (command === "quit") {
    const asked = await screen.waitForScreen(/prompt>\s*$|It is interrupted/, LIMIT);
    // It asks before it ends what it provisions.
    if (asked.includes("It is interrupted")) await screen.keys("y");
    await screen.waitForScreen(/prompt>\s*$/, LIMIT);
    await screen.type("echo code $?");
    await screen.keys("Enter");
    await screen.waitForScreen(/^code 0$/m, LIMIT);
    return;
  }
  if (command === "suspend") {
    await screen.waitForScreen("Stopped", LIMIT);
    await screen.type("fg");
    await screen.keys("Enter");
    await screen.waitForScreen(/● live/, LIMIT);
  }
  const sign = LOADS[command];
  if (sign !== undefined) await screen.waitForScreen(sign, LIMIT);
  // Keys are read in their order, and this one always draws.
  const { size } = await Deno.stat(record);
  await screen.keys(tmuxKey("ctrl-l"));
  const drawn = async () => (await Deno.stat(record)).size > size || undefined;
  assert.ok(await waitForValue(drawn, LIMIT));
}

function tmuxKey(name: string): string {
  const control = /^ctrl-(.)$/.exec(name);
  return control === null ? TMUX[name] ?? name : `C-${control[1]}`;
}
