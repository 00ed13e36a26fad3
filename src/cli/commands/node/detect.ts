import type { MachineFacts } from "../../../ansible/events/machine.ts";
import type { Suggestion } from "../../../reports/suggestions.ts";
import type { MachineRow } from "../../../view/tables/machines.ts";
import { counted } from "../../../errors/safe_text.ts";
import { Prompter } from "../../output/prompt.ts";
import { argument, defineCommand, option } from "../../program/command.ts";
import { ansibleAnswers, PASSWORD_OPTIONS } from "../../program/options.ts";

/** `node detect`: what each machine is, and what to set for it. */
export const nodeDetectCommand = defineCommand({
  name: "node detect",
  summary: "Detect the hardware of machines and suggest settings",
  description:
    "Reads model, processors, memory, disks, NVIDIA GPUs and desktop sessions over ssh, without root and without changing anything, " +
    "and remembers them for `k3s-tool node show HOST`. Suggestions are for variables that the inventory does not set: what you set is left alone.",
  args: [
    argument("[hosts...]", "names in the inventory; default: all", { completes: "host" }),
  ],
  options: {
    apply: option.flag("--apply", "write all suggestions into the inventory, without asking"),
    ...PASSWORD_OPTIONS,
  },
  examples: {
    "k3s-tool node detect": "all machines; asks which suggestions to write",
    "k3s-tool node detect dgx --apply": "one machine, without asking",
    "k3s-tool node detect -o json": "the facts for a script; writes nothing",
  },
  formats: ["table", "wide", "json", "yaml"],
  async run(context, { args, options, globals, lineWithout }, output) {
    const { applySuggestions, detect, hostsToDetect } = await import(
      "../../../actions/hosts/detect.ts"
    );
    const { watchRun } = await import("../../output/progress.ts");
    const { runError } = await import("../../../view/runs/run_report.ts");
    const { suggestionsFor } = await import("../../../reports/suggestions.ts");
    const view = await import("../../../view/tables/machines.ts");
    const { renderTable } = await import("../../../view/tables/table.ts");
    const wanted = await hostsToDetect(context, { inventory: globals.inventory, hosts: args });
    const events = detect(context, wanted, await ansibleAnswers(options, context, globals));
    const seen = new Map<string, MachineFacts>();
    const told = async function* () {
      for await (const event of events) {
        if (event.type === "machine") seen.set(event.host, event.facts);
        yield event;
      }
    };
    const state = await watchRun(told(), { context, output, globals }, { asData: false });
    const seenAt = new Date(context.clock.now()).toISOString();
    const rows: MachineRow[] = [];
    const suggestions: Suggestion[] = [];
    for (const host of wanted.hosts) {
      const facts = seen.get(host.name);
      if (facts === undefined) continue;
      rows.push({ host: host.name, facts, seenAt });
      suggestions.push(...suggestionsFor(host, facts, wanted.inventory.hosts));
    }
    const error = runError(state, { what: "Looking at the machines", resume: lineWithout([]) });
    if (rows.length === 0 && error !== undefined) throw error;
    if (output.structured) {
      await output.document("MachineList", {
        items: rows.map(view.machineItem),
        suggestions,
        failures: state.failures.map(({ host, message, hint }) => ({ host, message, hint })),
      });
      if (options.apply) await applySuggestions(context, wanted.inventory.file, suggestions);
      return error?.exitCode;
    }
    const wide = output.format === "wide";
    output.data(renderTable(view.MACHINE_COLUMNS, rows, { wide, paint: output.paint }));
    if (suggestions.length > 0) {
      output.data("\n" + renderTable(view.SUGGESTION_COLUMNS, suggestions, output));
    }
    const chosen = options.apply ? suggestions : await choose();
    if (chosen.length > 0) {
      await applySuggestions(context, wanted.inventory.file, chosen);
      output.note(
        `Wrote ${counted(chosen.length, "setting")}; k3s-tool provision brings them to the nodes.`,
      );
    } else if (suggestions.length > 0) {
      output.note("Nothing was written. Write all of them with: k3s-tool node detect --apply");
    }
    if (error !== undefined) throw error;

    async function choose() {
      if (suggestions.length === 0 || !globals.input) return [];
      const picked = await new Prompter(globals, context).multiselect({
        message: "Which settings should be written to the inventory?",
        choices: suggestions.map((each, index) => ({
          value: String(index),
          label: `${each.host}: ${each.variable}: ${view.suggestedText(each)}`,
          hint: each.reason,
        })),
        flag: "--apply",
      });
      return picked.map((index) => suggestions[Number(index)]!);
    }
  },
});
