import { eager } from "../../../live/eager_session.ts";
import { ExitCode, usageError } from "../../../errors/user_error.ts";
import { CLUSTER_OPTIONS, clusterChoice, TIMEOUT_OPTION } from "../../program/options.ts";
import { defineCommand } from "../../program/command.ts";
import type { Context } from "../../program/context.ts";
import { paintFor, wantsColor } from "../../output/paint.ts";

/** `tui`: the cluster live in the terminal. */
export const tuiCommand = defineCommand({
  name: "tui",
  summary: "Watch the cluster live in the terminal",
  description:
    "Shows nodes, workloads and events live, with details, logs and YAML, and actions that ask " +
    "before they change anything. It watches the cluster; while the cluster is unreachable, the " +
    "screen shows the last known state. Press ? for all keys.",
  formats: ["table"],
  options: {
    demo: { kind: "flag", flags: "--demo", description: "show a simulated cluster" },
    readOnly: {
      kind: "flag",
      flags: "--read-only",
      description: "hide actions that change the cluster",
    },
    mouse: {
      kind: "flag",
      flags: "--mouse",
      description: "use the mouse wheel and clicks (hold Shift to select text)",
    },
    ...CLUSTER_OPTIONS,
    timeout: TIMEOUT_OPTION,
  },
  examples: [
    { command: "k3s-tool tui", does: "watch the cluster of the inventory" },
    { command: "k3s-tool tui --demo", does: "try it without a cluster" },
    {
      command: "k3s-tool tui --read-only --context prod",
      does: "watch another cluster without changing it",
    },
  ],
  async run(context, { options, globals }) {
    requireTerminal(context);
    // React reads it when it is loaded; its development build is four times slower.
    Deno.env.set("NODE_ENV", "production");
    const now = () => context.clock.now();
    // The server already answers while React and ink are loaded.
    using session = eager(await (options.demo ? openDemo() : openLive()));
    const { runTui } = await import("../../../tui/terminal/run_tui.tsx");
    if (context.signal.aborted) return ExitCode.Interrupted;
    const color = wantsColor({ isTerminal: true, flag: globals.color, env: context.env });
    await runTui({
      session,
      paint: paintFor({ color }),
      readOnly: options.readOnly,
      mouse: options.mouse,
      signal: context.signal,
      now,
    });
    return context.signal.aborted ? ExitCode.Interrupted : ExitCode.Done;

    async function openDemo() {
      const { demoSession } = await import("../../../demo/demo_session.ts");
      return demoSession({ clock: context.clock });
    }

    async function openLive() {
      const { openLiveSession } = await import("../../../live/live_cluster.ts");
      return openLiveSession(context, {
        inventory: globals.inventory,
        cluster: clusterChoice(options),
      });
    }
  },
});

function requireTerminal({ stdin, stdout, env }: Context): void {
  if (!stdin.isTerminal || !stdout.isTerminal) {
    throw usageError("k3s-tool tui needs a terminal", {
      hint: "On a pipe or in a script, use: k3s-tool status --watch",
    });
  }
  if (env("TERM") === "dumb") {
    throw usageError("k3s-tool tui does not work with TERM=dumb", {
      hint: "Use this instead: k3s-tool status --watch",
    });
  }
}
