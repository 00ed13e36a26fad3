import { safeText } from "../../../errors/safe_text.ts";
import { interruptedError, usageError } from "../../../errors/user_error.ts";
import { type Role, ROLE_NOUNS, ROLES } from "../../../inventory/model.ts";
import type { HostChange } from "../../../inventory/edit/edit.ts";
import type { Removal } from "../../../actions/hosts/remove_node.ts";
import { argument, defineCommand, type GlobalOptions, option } from "../../program/command.ts";
import { ansibleAnswers, PASSWORD_OPTIONS } from "../../program/options.ts";
import { reportChange } from "../../output/change_words.ts";
import type { Show } from "../../output/progress.ts";
import { Prompter } from "../../output/prompt.ts";
import { provisionAndAsk } from "../cluster/provision.ts";

/** What provisioning after a change is called, and how to continue it. */
const JOINING = { what: "Joining the cluster", resume: "k3s-tool provision" };

const DRY_RUN = option.flag("--dry-run", "show what would change, change nothing");

/** `node set-role`: changes a worker into a server, or a server into a worker. */
export const nodeSetRoleCommand = defineCommand({
  name: "node set-role",
  summary: "Change a worker into a server, or a server into a worker",
  description:
    "k3s cannot change the role of a node, so the machine leaves the cluster and joins again: " +
    "the node is drained and deleted with its etcd member, k3s is removed from the machine, " +
    "the inventory is changed, and the machine is provisioned in its new role. Its settings and " +
    "its other groups stay, and so do files of its volumes. If removing it fails, run the command " +
    "again; if joining fails, run k3s-tool provision.",
  formats: ["table", "wide", "json"],
  args: [
    argument("<host>", "name from the inventory", { completes: "host" }),
    argument("<role>", "control-plane or worker"),
  ],
  options: { dryRun: DRY_RUN, ...PASSWORD_OPTIONS },
  examples: {
    "k3s-tool node set-role nas control-plane": "ask for the name, then make nas a server",
    "k3s-tool node set-role nas worker --dry-run": "show what would be done",
  },
  async run(context, { args, options, globals, line }, output) {
    const { planRole } = await import("../../../actions/hosts/remove_node.ts");
    const [name = "", text = ""] = args;
    const role = roleNamed(text);
    const removal = await planRole(context, { inventory: globals.inventory, host: name, role });
    const host = removal.host.name;
    const as = ROLE_NOUNS[role];
    await leaveAndJoin({ context, options, globals, output }, {
      removal,
      change: { role },
      question: `${host} leaves the cluster and joins it again as a ${as}. Its workloads ` +
        "are moved to other nodes, and k3s is removed from it with its data, except for volumes.",
      gone: false,
      resume: line,
      done: `${host} is a ${as} now.`,
    });
  },
});

/** `node replace`: puts another machine in the place of one. */
export const nodeReplaceCommand = defineCommand({
  name: "node replace",
  summary: "Replace a machine that died or was reinstalled",
  description:
    "The new machine gets the role, settings and groups of the old one. The old node is deleted " +
    "with its password and its etcd member before the new machine joins; the cluster refuses that " +
    "where it would lose its quorum. Without a new name, it is the same machine, reinstalled: " +
    "its old node is deleted and it joins again.",
  formats: ["table", "wide", "json"],
  args: [
    argument("<old>", "name from the inventory", { completes: "host" }),
    argument("[new]", "name of the new machine"),
    argument("[ip]", "its Tailscale IPv4 address (default: looked up by name)"),
  ],
  options: {
    force: option.flag("--force", "the old machine is gone: do not contact it"),
    dryRun: DRY_RUN,
    ...PASSWORD_OPTIONS,
  },
  examples: {
    "k3s-tool node replace nas nas2 --force": "nas is dead; nas2 takes its place",
    "k3s-tool node replace pi --yes": "join pi again after it was reinstalled, without asking",
    "k3s-tool node replace nas nas2 100.64.0.9 --dry-run": "show what would be done",
  },
  async run(context, { args, options, globals, line }, output) {
    const [old = "", name, address] = args;
    const { inventory } = globals;
    if (name !== undefined) {
      const { planReplacement } = await import("../../../actions/hosts/remove_node.ts");
      const planned = await planReplacement(context, { inventory, host: old, name, address });
      const { host } = planned.removal;
      return await leaveAndJoin({ context, options, globals, output }, {
        ...planned,
        question: `${name} takes the place of ${host.name}: the node ${host.name} is deleted` +
          (options.force ? "." : ", and k3s is removed from that machine."),
        gone: options.force,
        resume: line + (options.force ? "" : " (with --force if the machine is gone)"),
        done: `${name} has taken the place of ${host.name}.`,
      });
    }
    const { hostNamed } = await import("../../../inventory/model.ts");
    const { openInventory } = await import("../../../inventory/read/read.ts");
    const host = hostNamed((await openInventory(context, inventory)).inventory, old).name;
    if (!options.dryRun) {
      await confirmed(new Prompter(globals, context), {
        message: `The old node ${host} is deleted with all data that its pods stored there.`,
        name: host,
      });
    }
    const { passwords, mayInstall } = await ansibleAnswers(options, context, globals);
    await provisionAndAsk(
      {
        inventory,
        passwords,
        convert: globals.yes,
        replace: [host],
        limit: [host],
        check: options.dryRun,
      },
      { words: { ...JOINING, resume: line }, mayInstall, context, output, globals },
    );
    output.note(options.dryRun ? "Nothing was changed." : `${host} has joined again.`);
  },
});

/** `node rename`: gives a worker another name in the inventory and the cluster. */
export const nodeRenameCommand = defineCommand({
  name: "node rename",
  summary: "Give a worker another name in the inventory and the cluster",
  description:
    "Renames the machine in the inventory, where its settings and groups stay, and provisions " +
    "it: it joins as a node with the new name, and the old node is deleted. Its pods are created " +
    "again. The machine's own hostname and its name in the tailnet stay as they are.",
  formats: ["table", "wide", "json"],
  args: [
    argument("<host>", "name from the inventory", { completes: "host" }),
    argument("<name>", "its new name"),
  ],
  options: { dryRun: DRY_RUN, ...PASSWORD_OPTIONS },
  examples: {
    "k3s-tool node rename pi shed": "rename pi to shed",
    "k3s-tool node rename pi shed --dry-run": "show the change of the inventory, write nothing",
  },
  async run(context, { args, options, globals }, output) {
    const { planRename, renameInInventory } = await import(
      "../../../actions/hosts/remove_node.ts"
    );
    const [old = "", name = ""] = args;
    const { inventory } = globals;
    const { removal, change } = await planRename(context, { inventory, host: old, name });
    const { host } = removal;
    if (options.dryRun) {
      return await reportChange(output, change, { dryRun: true, done: "", extra: {} });
    }
    const question = {
      message: `Rename ${host.name} to ${name}, and delete the node ${host.name}?`,
      flag: "--yes",
    };
    if (!await new Prompter(globals, context).confirm(question)) {
      throw interruptedError("Nothing was changed");
    }
    const { passwords, mayInstall } = await ansibleAnswers(options, context, globals);
    const { notes } = await renameInInventory(context, removal, name);
    notes.forEach((words) => output.note(words));
    const words = { ...JOINING, resume: "k3s-tool provision --remove-renamed" };
    await provisionAndAsk(
      { inventory, passwords, convert: false, removeRenamed: true },
      { words, mayInstall, context, output, globals },
    );
    output.note(`${host.name} is ${name} now.`);
  },
});

/** `node set-ip`: follows a machine that has another address in the tailnet. */
export const nodeSetIpCommand = defineCommand({
  name: "node set-ip",
  summary: "Give a node the address that its machine has in the tailnet now",
  description:
    "A machine that was removed from the tailnet and added again has another Tailscale address. " +
    "The inventory is changed, and the machine is provisioned: k3s restarts on it and, if it is " +
    "the only server, on all workers, because they join through it. If there are several " +
    "servers, the server leaves the cluster and joins again, because etcd members cannot change " +
    "their address.",
  formats: ["table", "wide", "json"],
  args: [
    argument("<host>", "name from the inventory", { completes: "host" }),
    argument("[ip]", "its Tailscale IPv4 address (default: looked up by name)"),
  ],
  options: { dryRun: DRY_RUN, ...PASSWORD_OPTIONS },
  examples: {
    "k3s-tool node set-ip pi --yes": "look up the address of pi and use it, without asking",
    "k3s-tool node set-ip pi 100.64.0.23 --dry-run": "show the change of the inventory",
  },
  async run(context, { args, options, globals, line }, output) {
    const { moveHost } = await import("../../../actions/hosts/remove_node.ts");
    const [host = "", address] = args;
    const request = { inventory: globals.inventory, host, address };
    const planned = await moveHost(context, request, { dryRun: true });
    const { name } = planned.host;
    if (options.dryRun) {
      const extra = {};
      return await reportChange(output, planned.change, { dryRun: true, done: "", extra });
    }
    const prompter = new Prompter(globals, context);
    if (planned.rejoins) {
      const message = `${name} leaves the cluster and joins it again with ${planned.address}. ` +
        "k3s is removed from it with its data, except for volumes.";
      await confirmed(prompter, { message, name });
    } else {
      const message = `Use ${planned.address} for ${name} and restart k3s there?`;
      if (!await prompter.confirm({ message, flag: "--yes" })) {
        throw interruptedError("Nothing was changed");
      }
    }
    const { change, host: moved } = await moveHost(context, request, { dryRun: false });
    change.notes.forEach((words) => output.note(words));
    const done = `${name} has the address ${planned.address} now.`;
    if (planned.rejoins) {
      const { inventory } = change.content;
      const removal = { inventory, host: moved };
      const rest = { change: {}, gone: false, resume: line, done };
      return await leaveAndJoin({ context, options, globals, output }, { removal, ...rest });
    }
    const { inventory, yes: convert } = globals;
    const { passwords, mayInstall } = await ansibleAnswers(options, context, globals);
    await provisionAndAsk(
      { inventory, passwords, convert },
      { words: JOINING, mayInstall, context, output, globals },
    );
    output.note(done);
  },
});

/** A command that is being carried out. */
interface Invoked extends Show {
  readonly globals: GlobalOptions;
  readonly options: Parameters<typeof ansibleAnswers>[0] & { readonly dryRun: boolean };
}

/** What leaves the cluster, and what joins in its place. */
interface LeaveAndJoin {
  readonly removal: Removal;
  readonly change: HostChange;
  /** What happens, before the name is asked for; undefined where it was asked already. */
  readonly question?: string;
  /** The machine no longer exists. */
  readonly gone: boolean;
  /** What continues it where the removal failed. */
  readonly resume: string;
  readonly done: string;
}

/** Removes a node, changes its host in the inventory, and provisions. */
async function leaveAndJoin(
  { context, options, globals, output }: Invoked,
  { removal, change, question, gone, resume, done }: LeaveAndJoin,
): Promise<void> {
  const { removeNode } = await import("../../../actions/hosts/remove_node.ts");
  const { showRun } = await import("../../output/progress.ts");
  const { name } = removal.host;
  if (!options.dryRun && question !== undefined) {
    await confirmed(new Prompter(globals, context), { message: question, name });
  }
  const answers = await ansibleAnswers(options, context, globals);
  const show = { context, output, globals };
  await showRun(
    removeNode(context, removal, { gone, check: options.dryRun, change, ...answers }),
    { what: `Removing ${name}`, resume },
    show,
  );
  if (options.dryRun) return output.note("Nothing was changed.");
  const { inventory, yes: convert } = globals;
  const { passwords, mayInstall } = answers;
  await provisionAndAsk(
    { inventory, passwords, convert },
    { words: JOINING, mayInstall, ...show },
  );
  output.note(done);
}

/** @throws {UserError} exit code 2 */
function roleNamed(text: string): Role {
  const role = ROLES.find((each) => each === text);
  if (role !== undefined) return role;
  throw usageError(`${safeText(text)} is not a role`, {
    hint: "Use control-plane or worker.",
  });
}

/** @throws {UserError} exit code 130 where the name does not match */
async function confirmed(
  prompter: Prompter,
  { message, name }: { readonly message: string; readonly name: string },
): Promise<void> {
  if (await prompter.confirmByName({ message, name, flag: "--yes" })) return;
  throw interruptedError("The name does not match; nothing was changed");
}
