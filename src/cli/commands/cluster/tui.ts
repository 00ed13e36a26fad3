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
    "A screen that stays open: nodes, what runs on them, events, with details, logs and YAML of " +
    "each, and actions that ask before they change anything. It follows the cluster by watches " +
    "and stays when the cluster is away, with what was known last. ? shows every key.",
  formats: ["table"],
  options: {
    demo: { kind: "flag", flags: "--demo", description: "a simulated cluster, for a first look" },
    readOnly: {
      kind: "flag",
      flags: "--read-only",
      description: "offer nothing that changes the cluster",
    },
    mouse: {
      kind: "flag",
      flags: "--mouse",
      description: "wheel and click (text is then selected with Shift held)",
    },
    ...CLUSTER_OPTIONS,
    timeout: TIMEOUT_OPTION,
  },
  examples: [
    { command: "k3s-tool tui", does: "the cluster of the inventory, live" },
    { command: "k3s-tool tui --demo", does: "a first look, without any cluster" },
    { command: "k3s-tool tui --read-only --context prod", does: "another cluster, to look only" },
  ],
  async run(context, { options, globals }) {
    requireTerminal(context);
    // React decides by it when it is loaded; its development build takes four times the time.
    Deno.env.set("NODE_ENV", "production");
    const now = () => context.clock.now();
    // From here on the server works, while React and ink are loaded.
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
    throw usageError("k3s-tool tui needs a terminal for its screen and its keys", {
      hint: "On a pipe or in a script use: k3s-tool status --watch",
    });
  }
  if (env("TERM") === "dumb") {
    throw usageError("k3s-tool tui needs a terminal that can do more than TERM=dumb", {
      hint: "Here use: k3s-tool status --watch",
    });
  }
}
