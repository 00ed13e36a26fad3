import { ExitCode, interruptedError } from "../../../errors/user_error.ts";
import { Prompter } from "../../output/prompt.ts";
import {
  ansibleAnswers,
  CLUSTER_OPTIONS,
  clusterChoice,
  PASSWORD_OPTIONS,
} from "../../program/options.ts";
import { defineCommand, option } from "../../program/command.ts";

/** Where k3s' own installer reads channels (k3s-io/k3s install.sh, INSTALL_K3S_CHANNEL_URL). */
const CHANNEL_URL = "https://update.k3s.io/v1-release/channels";

/** Default time that the pods of a node have to leave, in seconds. */
const WAIT = 300;

/** `upgrade`: another version of k3s on all nodes, without an outage. */
export const upgradeCommand = defineCommand({
  name: "upgrade",
  summary: "Upgrade k3s on all nodes, one after the other",
  description:
    "Takes a snapshot of the datastore, then upgrades the servers one by one and the workers in " +
    "batches. Each node is drained, upgraded and uncordoned; the next one waits until it is Ready " +
    "with the new version and, on a server with etcd, votes again. Disruption budgets are " +
    "respected. A failure stops the upgrade. Nodes that it cordoned are uncordoned however it " +
    "ends. Run it again to continue: nodes that already have the version are skipped. Downgrades, " +
    "skipped minor versions and releases that remove an API still in use are refused.",
  formats: ["table", "wide", "json"],
  options: {
    to: option.text(
      "--to <version>",
      "release or channel (stable, latest, v1.36) to upgrade to; the release is written to the " +
        "inventory (default: its k3s_version)",
    ),
    list: option.flag("--list", "list k3s' channels and what each means for this cluster"),
    channelUrl: option.text(
      "--channel-url <url>",
      `where channels are read (default ${CHANNEL_URL})`,
    ),
    check: option.flag("--check", "show the plan, change nothing"),
    batch: option.text(
      "--batch <n>",
      "workers at once: a number or a percentage of them (default 1)",
    ),
    wait: option.number(
      "--wait <seconds>",
      `how long the pods of a node may take to leave (default ${WAIT})`,
    ),
    ...CLUSTER_OPTIONS,
    ...PASSWORD_OPTIONS,
  },
  examples: {
    "k3s-tool upgrade --check": "show the order, what is drained and what is refused",
    "k3s-tool upgrade --to v1.36.3+k3s1": "write the version to the inventory and upgrade to it",
    "k3s-tool upgrade --to stable": "upgrade to the release of a channel",
    "k3s-tool upgrade --list": "see which releases this cluster can be upgraded to",
    "k3s-tool upgrade --yes --batch 50%": "do not ask, and upgrade half of the workers at once",
  },
  async run(context, { options, globals }, output) {
    const { listReleases, readUpgradePlan, refusalError } = await import(
      "../../../actions/upkeep/planned_upgrade.ts"
    );
    const { upgrade } = await import("../../../actions/upkeep/upgrade.ts");
    const { heldWords, RELEASE_COLUMNS, upgradeItem, UPGRADE_COLUMNS, upgradeRows } = await import(
      "../../../view/tables/releases.ts"
    );
    const { showRun } = await import("../../output/progress.ts");
    const { passwords, mayInstall } = await ansibleAnswers(options, context, globals);
    const request = {
      inventory: globals.inventory,
      cluster: clusterChoice(options),
      to: options.to,
      channelUrl: options.channelUrl ?? CHANNEL_URL,
      batch: options.batch ?? "1",
      limitMs: (options.wait ?? WAIT) * 1000,
      passwords,
    };
    if (options.list) {
      await output.list({
        kind: "ReleaseList",
        rows: await listReleases(context, request),
        columns: RELEASE_COLUMNS,
        name: ({ version }) => version,
        item: ({ name, version, upgrade }) => ({ channel: name, version, upgrade }),
        empty: "The channel server lists no release.",
      });
      return ExitCode.Done;
    }
    const planned = await readUpgradePlan(context, request);
    const { plan } = planned;
    const rows = upgradeRows(plan);
    if (options.check || !output.structured) {
      await output.list({
        kind: "UpgradePlan",
        rows,
        columns: UPGRADE_COLUMNS,
        name: ({ node }) => node,
        item: upgradeItem,
        extra: {
          target: plan.target,
          leftovers: plan.leftovers,
          refusals: plan.refusals.map(({ message, hint }) => ({ message, hint })),
          warnings: plan.warnings,
        },
        empty: `Every node runs ${plan.target}.`,
      });
      if (!output.structured) {
        for (const words of heldWords(rows)) output.note(words);
        // A run says them itself.
        if (options.check || rows.length === 0) {
          plan.warnings.forEach((words) => output.warn(words));
        }
      }
    }
    const refused = refusalError(plan);
    if (refused !== undefined) {
      if (output.structured && options.check) return refused.exitCode;
      throw refused;
    }
    if (options.check || rows.length + plan.leftovers.length === 0) return ExitCode.Done;
    const names = rows.map(({ node }) => node).join(", ");
    const question = { message: `Upgrade ${names || "nothing"} to ${plan.target}?`, flag: "--yes" };
    if (rows.length > 0 && !await new Prompter(globals, context).confirm(question)) {
      throw interruptedError("Nothing was changed");
    }
    await showRun(upgrade(context, request, planned, mayInstall), {
      what: "The upgrade",
      resume: "k3s-tool upgrade",
    }, { context, output, globals });
    output.note(`Every node in the plan runs ${plan.target}.`);
    return ExitCode.Done;
  },
});
