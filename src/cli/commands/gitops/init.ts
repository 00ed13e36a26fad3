import { counted } from "../../../errors/safe_text.ts";
import type { RepositoryPlan } from "../../../actions/gitops/init.ts";
import { usageError } from "../../../errors/user_error.ts";
import { defineCommand } from "../../program/command.ts";

/** `gitops init`: the tree a repository for Flux starts from. */
export const gitopsInitCommand = defineCommand({
  name: "gitops init",
  summary: "Write the tree of a Git repository the cluster follows",
  description:
    "Writes clusters/, infrastructure/ and apps/ into a new or an existing Git repository, and " +
    "makes the age key its secrets are encrypted for. The private key stays on this machine, " +
    "outside of the repository. Files that are there are left alone unless you say otherwise; " +
    "nothing is committed or pushed.",
  args: [
    {
      syntax: "[directory]",
      description: "root of the repository; default: the current one",
      completes: "file",
    },
  ],
  options: {
    cluster: {
      kind: "string",
      flags: "--cluster <name>",
      description: "the cluster's name (default: the inventory's, else homelab)",
    },
    /** True unless it is given. */
    age: {
      kind: "flag",
      flags: "--no-age",
      description: "no key, no encryption: for a repository without secrets",
    },
    ageKeyFile: {
      kind: "string",
      flags: "--age-key-file <file>",
      description: "the private age key, made if it is not there " +
        "(default: the inventory's, else ~/.config/k3s-tool/age/CLUSTER.txt)",
      completes: "file",
    },
    force: {
      kind: "flag",
      flags: "--force",
      description: "replace files that differ (--yes does not)",
    },
    keep: { kind: "flag", flags: "--keep", description: "leave files that differ as they are" },
    dryRun: { kind: "flag", flags: "--dry-run", description: "show what would be written" },
  },
  examples: [
    { command: "k3s-tool gitops init homelab-apps", does: "a new repository in ./homelab-apps" },
    {
      command: "k3s-tool gitops init . --cluster homelab --keep",
      does: "adds what is missing to the repository here",
    },
    { command: "k3s-tool gitops init homelab-apps --dry-run", does: "shows every file" },
  ],
  formats: ["table", "json", "yaml"],
  async run(context, { args: [directory = "."], options, globals }, output) {
    const { differsError, planRepository, writeRepository } = await import(
      "../../../actions/gitops/init.ts"
    );
    const { reportRepository } = await import("../../output/gitops_words.ts");
    const { Prompter } = await import("../../output/prompt.ts");
    const { resolve } = await import("node:path");
    const { shellWord } = await import("../../../errors/shell_word.ts");
    const { cluster, age, ageKeyFile, force, keep, dryRun } = options;
    if (directory === "") {
      throw usageError("The directory has no name", { hint: "For the current one: ." });
    }
    if (force && keep) {
      throw usageError("--force and --keep contradict each other", {
        hint: "--force replaces files that differ, --keep leaves them as they are.",
      });
    }
    const plan = await planRepository(context, {
      directory: resolve(context.cwd, directory),
      cluster,
      inventory: globals.inventory,
      age,
      ageKeyFile: ageKeyFile === undefined ? undefined : resolve(context.cwd, ageKeyFile),
    });
    const differing = plan.files.filter(({ change }) => change === "differs");
    const names = differing.map(({ path }) => path).join(", ");
    let replace = force || dryRun && !keep;
    if (differing.length > 0 && !replace && !keep) {
      const prompter = new Prompter({ ...globals, yes: false }, context);
      if (!prompter.canAsk || globals.yes) throw differsError(plan);
      const message = `There already, with other content: ${names}. Replace?`;
      replace = await prompter.confirm({ message, flag: "--force or --keep" });
    }
    const outcome = dryRun ? undefined : await writeRepository(context, plan, { replace });
    const differs = replace ? "replaced" as const : "kept" as const;
    const files = plan.files.map((file) => ({
      ...file,
      change: file.change === "differs" ? differs : file.change,
    }));
    const changed = files.filter(({ change }) => change !== "kept").length;
    const key = outcome?.age ?? plan.age;
    const noRepository = outcome?.noRepository;
    const unasked = dryRun && !force && !keep && differing.length > 0
      ? [`There already, with other content: ${names}; replaced with --force, kept with --keep`]
      : [];
    await reportRepository(output, {
      directory: plan.directory,
      files,
      dryRun,
      extra: {
        cluster: plan.cluster,
        ...(key === undefined ? {} : {
          ageKey: {
            file: key.file,
            made: outcome?.madeKey ?? false,
            ...(key.recipient === undefined ? {} : { recipient: key.recipient }),
          },
        }),
      },
      notes: [
        ...(differing.length > 0 && !replace ? [`Kept with other content: ${names}.`] : []),
        changed === 0 && outcome?.madeKey !== true
          ? `${
            differing.length > 0 ? "Nothing else is missing" : "Everything is there already"
          }; ` +
            "nothing was changed."
          : `Wrote ${counted(changed, "file")} to ${plan.directory}.`,
        ...(outcome?.madeKey
          ? [`Made the private key ${key?.file}. Keep a copy: without it the secrets are lost.`]
          : []),
      ],
      warnings: [...plan.warnings, ...unasked],
      next: [
        ...(noRepository === undefined ? [] : [
          `git init --initial-branch=${plan.branch} ${shellWord(directory)}    (${noRepository})`,
        ]),
        ...(changed === 0 ? [] : ["commit, and push to where the cluster can fetch it"]),
        ...(plan.hasInventory
          ? plan.settings.map(([variable, value]) =>
            `k3s-tool config set ${variable} ${shellWord(value)}`
          )
          : [firstInventory(plan, shellWord)]),
        ...(changed === 0 && plan.settings.length === 0 ? [] : ["k3s-tool provision"]),
      ],
    });
  },
});

/** The command line of the first inventory, with what belongs to the repository. */
function firstInventory(
  { cluster, settings }: RepositoryPlan,
  shellWord: (text: string) => string,
): string {
  const others = settings.filter(([key]) => key.startsWith("gitops_"));
  const set = others.map(([key, value]) => ` --set ${shellWord(`${key}=${value}`)}`).join("");
  return `k3s-tool init --cluster-name ${cluster} --git-repo URL${set}`;
}
