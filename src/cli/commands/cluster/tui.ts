import { eager } from "../../../live/live_session.ts";
import { ExitCode, usageError } from "../../../errors/user_error.ts";
import { CLUSTER_OPTIONS, clusterChoice } from "../../program/options.ts";
import { defineCommand, option } from "../../program/command.ts";
import type { Context } from "../../program/context.ts";
import { paintFor, wantsColor } from "../../output/output.ts";

/** `tui`: the cluster live in the terminal. */
export const tuiCommand = defineCommand({
  name: "tui",
  summary: "Watch the cluster live in the terminal",
  description:
    "Shows nodes, workloads and events live, with details, logs and YAML, shells, forwarded ports, " +
    "and actions that ask before they change anything. It watches the cluster; while the cluster is unreachable, the " +
    "screen shows the last known state. Press ? for all keys.",
  formats: ["table"],
  options: {
    demo: option.flag("--demo", "show a simulated cluster"),
    readOnly: option.flag("--read-only", "hide actions that change the cluster"),
    mouse: option.flag("--mouse", "use the mouse wheel and clicks (hold Shift to select text)"),
    ...CLUSTER_OPTIONS,
  },
  examples: {
    "k3s-tool tui": "watch the cluster of the inventory",
    "k3s-tool tui --demo": "try it without a cluster",
    "k3s-tool tui --read-only --context prod": "watch another cluster without changing it",
  },
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
