import { defineCommand } from "../../program/command.ts";

const SHELLS = ["bash", "zsh", "fish"];

/** `completions`: the script that a shell loads. */
export const completionsCommand = defineCommand({
  name: "completions",
  summary: "Print the completion script for a shell",
  description:
    "Prints a script that makes a shell complete commands, options, host names and values. It asks " +
    "the tool itself at each Tab, so it never goes stale.",
  args: [{ syntax: "<shell>", description: "the shell", choices: SHELLS }],
  formats: ["table"],
  examples: [
    {
      command: "k3s-tool completions bash > ~/.local/share/bash-completion/completions/k3s-tool",
      does: "for bash, from the next shell on",
    },
    {
      command: "k3s-tool completions zsh > ~/.zfunc/_k3s-tool",
      does: "for zsh, where ~/.zfunc is in fpath",
    },
    {
      command: "k3s-tool completions fish > ~/.config/fish/completions/k3s-tool.fish",
      does: "for fish",
    },
  ],
  async run(_context, { args }) {
    const { script } = await import("@bomb.sh/tab");
    const [shell = "bash"] = args;
    script(shell, "k3s-tool", "k3s-tool");
  },
});
