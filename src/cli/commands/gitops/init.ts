import { counted } from "../../../errors/safe_text.ts";
import type { RepositoryPlan } from "../../../actions/gitops/init.ts";
import { usageError } from "../../../errors/user_error.ts";
import { argument, defineCommand, option } from "../../program/command.ts";

/** `gitops init`: the first files of a repository for Flux. */
export const gitopsInitCommand = defineCommand({
  name: "gitops init",
  summary: "Create a Git repository for Flux to sync from",
  description:
    "Writes clusters/, infrastructure/ and apps/ to a new or existing Git repository, and creates " +
    "the age key for its secrets. The private key stays on this machine, outside the repository. " +
    "Existing files are kept unless you choose to replace them; nothing is committed or pushed.",
  args: [
    argument("[directory]", "root of the repository (default: the current directory)", {
      completes: "file",
    }),
  ],
  options: {
    cluster: option.text(
      "--cluster <name>",
      "name of the cluster (default: from the inventory, or homelab)",
    ),
    /** True unless it is given. */
    age: option.flag("--no-age", "do not set up encryption, for a repository without secrets"),
    ageKeyFile: option.text(
      "--age-key-file <file>",
      "private age key, created if missing " +
        "(default: from the inventory, or ~/.config/k3s-tool/age/CLUSTER.txt)",
      { completes: "file" },
    ),
    force: option.flag("--force", "replace files that differ (--yes does not)"),
    keep: option.flag("--keep", "keep files that differ"),
    dryRun: option.flag("--dry-run", "show what would be written"),
  },
  examples: {
    "k3s-tool gitops init homelab-apps": "create a repository in ./homelab-apps",
    "k3s-tool gitops init . --cluster homelab --keep":
      "add what is missing to the repository in this directory",
    "k3s-tool gitops init homelab-apps --dry-run": "show every file",
  },
  formats: ["table", "json", "yaml"],
  async run(context, { args: [directory = "."], options, globals }, output) {
    const { differsError, planRepository, writeRepository } = await import(
      "../../../actions/gitops/init.ts"
    );
    const { reportRepository } = await import("../../output/change_words.ts");
    const { Prompter } = await import("../../output/prompt.ts");
    const { resolve } = await import("node:path");
    const { shellWord } = await import("../../../errors/shell_word.ts");
    const { cluster, age, ageKeyFile, force, keep, dryRun } = options;
    if (directory === "") {
      throw usageError("The directory name is empty", {
        hint: "For the current directory, use: .",
      });
    }
    if (force && keep) {
      throw usageError("--force and --keep cannot be used together", {
        hint: "--force replaces files that differ, --keep keeps them.",
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
      const message = `These files already exist with different content: ${names}. Replace them?`;
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
      ? [
        `These files already exist with different content: ${names}; --force replaces them, --keep keeps them`,
      ]
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
        ...(differing.length > 0 && !replace
          ? [`Kept files with different content: ${names}.`]
          : []),
        changed === 0 && outcome?.madeKey !== true
          ? `${differing.length > 0 ? "Nothing else is missing" : "Everything already exists"}; ` +
            "nothing was changed."
          : `Wrote ${counted(changed, "file")} to ${plan.directory}.`,
        ...(outcome?.madeKey
          ? [`Created the private key ${key?.file}. Keep a copy: without it, the secrets are lost.`]
          : []),
      ],
      warnings: [...plan.warnings, ...unasked],
      next: [
        ...(noRepository === undefined ? [] : [
          `git init --initial-branch=${plan.branch} ${shellWord(directory)}    (${noRepository})`,
        ]),
        ...(changed === 0 ? [] : ["commit, and push to a Git server that the cluster can reach"]),
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
