import { argument, defineCommand } from "../../program/command.ts";

const SHELLS = ["bash", "zsh", "fish"];

/** `completions`: the script that a shell loads. */
export const completionsCommand = defineCommand({
  name: "completions",
  summary: "Print the completion script for a shell",
  description:
    "Prints a script that lets your shell complete commands, options, host names and values. The " +
    "script calls k3s-tool for each completion, so it is always up to date.",
  args: [argument("<shell>", "your shell", { choices: SHELLS })],
  formats: ["table"],
  examples: {
    "k3s-tool completions bash > ~/.local/share/bash-completion/completions/k3s-tool":
      "for bash; open a new shell to use it",
    "k3s-tool completions zsh > ~/.zfunc/_k3s-tool": "for zsh, if ~/.zfunc is in fpath",
    "k3s-tool completions fish > ~/.config/fish/completions/k3s-tool.fish": "for fish",
  },
  async run(_context, { args }) {
    const { script } = await import("@bomb.sh/tab");
    const [shell = "bash"] = args;
    script(shell, "k3s-tool", "k3s-tool");
  },
});
