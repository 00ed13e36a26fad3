import type { AdoptedHost } from "../../../reports/adoption.ts";
import type { PresentFacts } from "../../../ansible/events/present.ts";
import type { RunEvent } from "../../../ansible/events/event.ts";
import { ExitCode, interruptedError, usageError, UserError } from "../../../errors/user_error.ts";
import { Prompter } from "../../output/prompt.ts";
import { ansibleAnswers, PASSWORD_OPTIONS } from "../../program/options.ts";
import { argument, defineCommand, option } from "../../program/command.ts";

/** `adopt`: takes over a k3s that somebody else installed. */
export const adoptCommand = defineCommand({
  name: "adopt",
  summary: "Take over a k3s that is already installed",
  description:
    "Takes over a k3s that was installed by its install script, by k3s-ansible, by k3sup or by hand: " +
    "its hosts are added to the inventory and provisioned from there. Shows first what fits, what " +
    "differs and what cannot be taken over, then asks. k3s is restarted only where that is needed, " +
    "and you see where before you confirm. Containers keep running either way. Name all hosts of " +
    "the cluster at once; run the command again to continue.",
  args: [
    argument("<hosts...>", "machines of the tailnet, or hosts of the inventory", {
      completes: "host",
    }),
  ],
  options: {
    check: option.flag("--check", "show what would change, change nothing"),
    user: option.text("--user <name>", "SSH user of hosts that are not in the inventory yet"),
    clusterName: option.text(
      "--cluster-name <name>",
      "name of the cluster in a new inventory (default: homelab)",
    ),
    ...PASSWORD_OPTIONS,
  },
  examples: {
    "k3s-tool adopt nuc pi --check": "show what taking over a server and an agent would change",
    "k3s-tool adopt nuc pi --user me": "show it, ask, and take them over",
    "k3s-tool adopt nuc pi --yes": "take them over without asking, restarts included",
  },
  formats: ["table", "wide", "json"],
  async run(context, { args, options, globals, line }, output) {
    const action = await import("../../../actions/hosts/adopt.ts");
    const { adoption } = await import("../../../reports/adoption.ts");
    const { watchRun } = await import("../../output/progress.ts");
    const { runError } = await import("../../../view/runs/run_report.ts");
    const { renderTable } = await import("../../../view/tables/table.ts");
    const view = await import("../../../view/tables/adoption.ts");
    const { provisionAndAsk } = await import("./provision.ts");
    const answers = await ansibleAnswers(options, context, globals);
    const wanted = await action.wantedHosts(context, {
      inventory: globals.inventory,
      hosts: args,
      user: options.user,
      clusterName: options.clusterName ?? "homelab",
    });
    const looked = await seen(action.look(context, wanted, answers), "Looking at the hosts");
    const adopted = adoption(
      wanted.hosts.map(({ name, host, address }) => {
        const facts = looked.get(name);
        if (facts === undefined) {
          throw new UserError(`The k3s on ${name} could not be inspected; nothing was written`, {
            hint: "Look at its unit and configuration; values may have 1000 characters.",
          });
        }
        return { name, host, address, facts };
      }),
      wanted.inventory,
    );
    const { hosts, done, refusals } = adopted;
    if (refusals.length > 0) {
      const names = [...new Set(refusals.map(({ host }) => host))].join(", ");
      throw usageError(`${names} cannot be taken over; nothing was written`, {
        problems: refusals.map(({ host, message, hint }) => ({
          message: `${host}: ${message}. ${hint}`,
        })),
      });
    }
    const unfinished = done.filter((each) => each.unfinished).map(({ host }) => host);
    for (const { host, unfinished } of done) {
      output.note(
        unfinished
          ? `${host}: an earlier run was interrupted; k3s has to be restarted.`
          : `${host}: k3s-tool already manages its k3s.`,
      );
    }
    const planned = await action.writeAdoption(context, wanted, {
      adoption: adopted,
      dryRun: true,
    });
    const rows = hosts.length === 0 ? [] : await compared(hosts);
    const settings = view.adoptionSettings(rows, adopted.settings);
    if (output.structured && options.check) {
      const { unifiedDiff } = await import("../../../view/words/unified_diff.ts");
      await output.document("AdoptionPlan", {
        items: rows.map(view.adoptionItem),
        settings,
        done,
        diff: unifiedDiff(planned.files),
      });
    } else if (!output.structured && rows.length > 0) {
      const style = { wide: output.format === "wide", paint: output.paint };
      output.data(renderTable(view.ADOPTION_COLUMNS, rows, style));
      if (settings.length > 0) {
        output.data("\n" + renderTable(view.ADOPTION_SETTING_COLUMNS, settings, style));
      }
    }
    if (rows.length + unfinished.length === 0) {
      output.note("Nothing to take over. Bring the hosts up to date with: k3s-tool provision");
      return ExitCode.Done;
    }
    if (options.check) {
      output.note("Nothing was changed.");
      return ExitCode.Done;
    }
    const restarts = [
      ...unfinished,
      ...rows.filter(({ restart }) => restart !== "").map(({ name }) => name),
    ];
    const names = [...unfinished, ...rows.map(({ name }) => name)];
    const message = `Take over ${names.join(", ")}?` +
      (restarts.length === 0
        ? ""
        : ` k3s on ${restarts.join(", ")} is restarted; containers keep running.`);
    if (!await new Prompter(globals, context).confirm({ message, flag: "--yes" })) {
      throw interruptedError("Nothing was written");
    }
    const written = await action.writeAdoption(context, wanted, {
      adoption: adopted,
      dryRun: false,
    });
    for (const note of written.notes) output.note(note);
    for (const { shown } of written.files) output.note(`Wrote ${shown}.`);
    await provisionAndAsk({
      inventory: wanted.file,
      limit: [...rows.map(({ name }) => name), ...done.map(({ host }) => host)],
      kept: rows.filter(({ restart }) => restart === "").map(({ name }) => name),
      convert: false,
      passwords: answers.passwords,
    }, {
      words: { what: "Taking over", resume: line },
      mayInstall: answers.mayInstall,
      context,
      output,
      globals,
    });
    output.note("Done. Show the cluster with: k3s-tool status");
    return ExitCode.Done;

    /** What a run sees of the k3s on its hosts. @throws {UserError} where it did not succeed */
    async function seen(events: AsyncIterable<RunEvent>, what: string) {
      const found = new Map<string, PresentFacts>();
      const noted = async function* () {
        for await (const event of events) {
          if (event.type === "present") found.set(event.host, event.facts);
          yield event;
        }
      };
      const state = await watchRun(noted(), { context, output, globals }, { asData: false });
      const error = runError(state, { what, resume: line });
      if (error !== undefined) throw error;
      return found;
    }

    async function compared(hosts: readonly AdoptedHost[]) {
      const events = action.compare(
        context,
        { planned: planned.inventory, adoption: adopted },
        answers,
      );
      return action.comparedHosts(hosts, await seen(events, "Comparing the hosts"));
    }
  },
});
