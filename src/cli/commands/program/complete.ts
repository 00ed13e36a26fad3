import { argument, type CommandDeclaration, defineCommand } from "../../program/command.ts";

/**
 * The hidden command a completion script calls at each Tab: `k3s-tool complete -- node sh`.
 *
 * @param commands every declaration; a function, because this command is one of them
 */
export function completeCommand(
  commands: () => readonly CommandDeclaration[],
): CommandDeclaration {
  return defineCommand({
    name: "complete",
    formats: ["table"],
    summary: "Print completions (called by the completion scripts)",
    hidden: true,
    args: [argument("[words...]", "the words typed so far")],
    examples: {
      "k3s-tool complete -- node a": "complete to add",
      "k3s-tool complete -- provision --": "list the options of provision",
    },
    async run(context, { args, globals }) {
      const { completionTree, lookUpOffers } = await import("../../program/completion_tree.ts");
      const offers = await lookUpOffers(context, globals.inventory);
      completionTree(commands(), offers).parse([...args]);
    },
  });
}
