import { ExitCode, usageError } from "../../../errors/user_error.ts";
import { argument, defineCommand, option } from "../../program/command.ts";
import { commaList } from "../../program/options.ts";

/** `ssh`: a shell on a machine. */
export const sshCommand = defineCommand({
  name: "ssh",
  summary: "Open a shell on a machine, or run a command there",
  description:
    "Uses the address, the login, the key and the host keys that provision uses. The exit code is " +
    "that of the shell or the command, or 4 if ssh cannot connect.",
  formats: ["table"],
  args: [
    argument("<host>", "name from the inventory", { completes: "host" }),
    argument("[command...]", "command to run instead of a shell"),
  ],
  examples: {
    "k3s-tool ssh pi": "open a shell on pi",
    "k3s-tool ssh pi -- sudo dmesg --follow": "run one command on this terminal",
  },
  async run(context, { args: [name = "", ...command], globals }) {
    const { shellOn } = await import("../../../actions/hosts/remote.ts");
    const { hostNamed } = await import("../../../inventory/model.ts");
    const { openInventory } = await import("../../../inventory/read/read.ts");
    const { inventory } = await openInventory(context, globals.inventory);
    // Any code: it is the command's own.
    return await shellOn(context, hostNamed(inventory, name), command) as ExitCode;
  },
});

/** `exec`: a command on many machines. */
export const execCommand = defineCommand({
  name: "exec",
  summary: "Run a command on several machines at once",
  description:
    "Prints the output of each machine, and exits with code 1 if the command failed on one of them, " +
    "4 if one could not be reached. A single argument is a command line for the shell of the machine; " +
    "several are passed on as they are. The command cannot ask questions: use `sudo -n` for root.",
  formats: ["table", "wide", "json", "yaml"],
  args: [argument("<command...>", "the command, after --")],
  options: {
    // No -l, as provision has it: `exec ls -la` would limit it to the host "a".
    limit: option.list("--limit <hosts>", "only these machines or groups", { completes: "host" }),
  },
  examples: {
    "k3s-tool exec -- uptime": "ask every machine",
    "k3s-tool exec --limit workers -- 'df -h / | tail -1'": "a command line, on the workers",
    "k3s-tool exec --limit pi,nas -- sudo -n systemctl restart tailscaled": "on two machines",
  },
  async run(context, { args, options, globals }, output) {
    const { commandLine, execOnHosts, hostsIn } = await import("../../../actions/hosts/remote.ts");
    const { checkLimit } = await import("../../../actions/hosts/limit.ts");
    const { openInventory } = await import("../../../inventory/read/read.ts");
    const { safeLines } = await import("../../../errors/safe_text.ts");
    const { inventory } = await openInventory(context, globals.inventory);
    const limit = commaList(options.limit, "--limit");
    checkLimit(inventory, limit);
    const hosts = hostsIn(inventory, limit);
    if (hosts.length === 0) throw usageError(`No machine matches ${limit.join(", ")}`);
    const results = await execOnHosts(context, { hosts, command: commandLine(args) }, (result) => {
      if (output.structured) return;
      const { host, code, stdout, stderr, error } = result;
      const tone = code === 0 ? "good" : "bad";
      const end = error === undefined ? code === 0 ? "" : ` (exit code ${code})` : " (unreachable)";
      output.data(`${output.paint(tone, host)}${end}\n`);
      const hint = error?.hint && `Hint: ${error.hint}`;
      for (const text of [stdout, stderr, error?.message, hint]) {
        if (text) output.data(`${safeLines(text.trimEnd())}\n`);
      }
    });
    if (output.structured) {
      const items = results.map(({ host, code = null, stdout, stderr, error }) => ({
        host,
        code,
        stdout,
        stderr,
        error: error?.message ?? null,
      }));
      await output.document("ExecResult", { items });
    }
    if (results.some(({ error }) => error !== undefined)) return ExitCode.Unreachable;
    return results.every(({ code }) => code === 0) ? ExitCode.Done : ExitCode.Failed;
  },
});

/** How many lines of the journal are shown where nothing else is asked for. */
const LINES = 200;

/** `logs`: the journal of a machine. */
export const logsCommand = defineCommand({
  name: "logs",
  summary: "Show what k3s and tailscaled logged on a machine",
  description:
    "Prints the journal of k3s and tailscaled, with what the kernel said about memory, disks and " +
    `GPUs: the last ${LINES} lines, or everything since a time. For the log of a pod use kubectl.`,
  formats: ["table"],
  args: [argument("<host>", "name from the inventory", { completes: "host" })],
  options: {
    follow: option.flag("-f, --follow", "keep printing new lines"),
    since: option.text("--since <time>", "everything since then: 10m, 2h, 3d or a time"),
    lines: option.number("-n, --lines <number>", `how many lines (default ${LINES})`),
  },
  examples: {
    "k3s-tool logs pi": "the latest lines",
    "k3s-tool logs pi --since 10m": "everything of the last ten minutes",
    "k3s-tool logs pi -f": "keep printing new lines",
  },
  async run(context, { args: [name = ""], options, globals }, output) {
    const { journalOf } = await import("../../../actions/hosts/remote.ts");
    const { hostNamed } = await import("../../../inventory/model.ts");
    const { openInventory } = await import("../../../inventory/read/read.ts");
    const { safeLines } = await import("../../../errors/safe_text.ts");
    const { inventory } = await openInventory(context, globals.inventory);
    const { since, follow, lines = LINES } = options;
    if (since !== undefined && options.lines !== undefined) {
      throw usageError("--since and --lines cannot be used together", {
        hint: "--since prints everything since then; leave --lines out.",
      });
    }
    await journalOf(context, hostNamed(inventory, name), {
      since,
      follow,
      lines,
      tell: (line) => output.data(`${safeLines(line)}\n`),
    });
  },
});
