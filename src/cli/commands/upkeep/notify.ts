import { argument, defineCommand, option } from "../../program/command.ts";
import { reportChange } from "../../output/change_words.ts";
import { ansibleAnswers, PASSWORD_OPTIONS } from "../../program/options.ts";
import { NOTIFY_FORMATS } from "../../../inventory/model.ts";
import { provisionAndAsk } from "../cluster/provision.ts";

/** Only the role, and only on servers. */
const PART = { tags: ["notify"], limit: ["control_plane"] };

/** `notify install`: a timer on the servers. */
export const notifyInstallCommand = defineCommand({
  name: "notify install",
  summary: "Set up a timer on the servers that reports problems of the cluster",
  description:
    "Saves the settings in the inventory and installs a timer on every server. The first server " +
    "that is Ready checks every five minutes (--minutes) and reports new problems and resolved " +
    "ones, each once. The address is read from a file, as it may be a secret; it is copied to the " +
    "servers, readable by root alone.",
  formats: ["table", "wide", "json"],
  options: {
    urlFile: option.text(
      "--url-file <file>",
      "file with the address: an ntfy topic, a webhook or, for mail, the recipient (required)",
    ),
    format: option.text(
      "--format <format>",
      "ntfy, webhook (JSON) or mail through the server's sendmail (default ntfy)",
      { choices: NOTIFY_FORMATS },
    ),
    minutes: option.number("--minutes <n>", "minutes between two checks (default 5)"),
    dryRun: option.flag("--dry-run", "show the change of the inventory, change nothing"),
    ...PASSWORD_OPTIONS,
  },
  examples: {
    "k3s-tool notify install --url-file ~/.config/homelab-ntfy": "send to an ntfy topic",
    "k3s-tool notify install --url-file hook --format webhook --dry-run":
      "show what would be saved",
  },
  async run(context, { options, globals, line }, output) {
    const { usageError } = await import("../../../errors/user_error.ts");
    const { setSetting } = await import("../../../actions/config/change_setting.ts");
    const { locateInventory } = await import("../../../inventory/read/locate.ts");
    const { urlFile, format, minutes, dryRun } = options;
    if (urlFile === undefined) {
      throw usageError("--url-file is missing", {
        hint:
          "Write the address into a file that only you can read: k3s-tool notify install --url-file FILE",
      });
    }
    const path = /^[/~]/.test(urlFile) ? urlFile : `${context.cwd}/${urlFile}`;
    const { readAddress } = await import("../../../actions/upkeep/notify.ts");
    await readAddress(context, path, format ?? "ntfy");
    const file = await locateInventory(context, globals.inventory);
    const text = JSON.stringify({ url_file: path, format, minutes });
    const setting = { key: "notifications", text, type: "json" } as const;
    const change = await setSetting(context, setting, { file, dryRun });
    if (dryRun) return await reportChange(output, change, { dryRun, done: "", extra: {} });
    const { passwords, mayInstall } = await ansibleAnswers(options, context, globals);
    await provisionAndAsk(
      { ...PART, inventory: file, passwords, convert: false },
      { words: { what: "Setting it up", resume: line }, mayInstall, context, output, globals },
    );
    output.note("The timer runs on the servers. Try it with: k3s-tool notify test");
  },
});

/** `notify remove`: takes the timer away. */
export const notifyRemoveCommand = defineCommand({
  name: "notify remove",
  summary: "Remove the timer that reports problems",
  formats: ["table", "wide", "json"],
  options: {
    dryRun: option.flag("--dry-run", "show the change of the inventory, change nothing"),
    ...PASSWORD_OPTIONS,
  },
  examples: {
    "k3s-tool notify remove": "remove it from the servers and the inventory",
    "k3s-tool notify remove --dry-run": "show the change of the inventory",
  },
  async run(context, { options, globals }, output) {
    const { unsetSetting } = await import("../../../actions/config/change_setting.ts");
    const { locateInventory } = await import("../../../inventory/read/locate.ts");
    const { dryRun } = options;
    const file = await locateInventory(context, globals.inventory);
    const change = await unsetSetting(context, "notifications", { file, dryRun });
    if (dryRun) return await reportChange(output, change, { dryRun, done: "", extra: {} });
    const { passwords, mayInstall } = await ansibleAnswers(options, context, globals);
    await provisionAndAsk(
      { ...PART, inventory: file, passwords, convert: false },
      {
        words: { what: "Removing it", resume: "k3s-tool provision --tags notify" },
        mayInstall,
        context,
        output,
        globals,
      },
    );
    output.note("The timer is removed from the servers.");
  },
});

/** `notify test`: a message now. */
export const notifyTestCommand = defineCommand({
  name: "notify test",
  summary: "Send a test message from a server",
  args: [argument("[host]", "server to send it from (default: the first)", { completes: "host" })],
  formats: ["table"],
  examples: {
    "k3s-tool notify test": "send a test message from the first server",
    "k3s-tool notify test nuc": "send it from nuc",
  },
  async run(context, { args: [name], globals }, output) {
    const { testNotification } = await import("../../../actions/upkeep/notify.ts");
    const host = await testNotification(context, { inventory: globals.inventory, host: name });
    output.note(`${host} has sent a test message.`);
  },
});
