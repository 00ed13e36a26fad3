import { counted } from "../../../errors/safe_text.ts";
import { ExitCode, usageError } from "../../../errors/user_error.ts";
import { defineCommand } from "../../program/command.ts";

/** `gitops validate`: all that is wrong with the repository. */
export const gitopsValidateCommand = defineCommand({
  name: "gitops validate",
  summary: "Check the repository the cluster follows, before you push",
  description:
    "Builds every overlay and checks each object against the schemas of Kubernetes and Flux, " +
    "offline, and what must hold between them: files exist, no secret is in plain text, each app " +
    "has its own namespace. Reports file, line and what would be right; exit code 2 where " +
    "something is wrong. Overlays are built by kustomize or kubectl; without them the sources are " +
    "checked alone, which is said.",
  args: [
    {
      syntax: "[directory]",
      description: "root of the repository; default: the current one",
      completes: "file",
    },
  ],
  options: {
    strict: {
      kind: "flag",
      flags: "--strict",
      description: "fail with exit code 3 where overlays cannot be built",
    },
  },
  examples: [
    { command: "k3s-tool gitops validate", does: "checks the repository here" },
    {
      command: "k3s-tool gitops validate homelab-apps --strict -o json",
      does: "problems as a document, for CI",
    },
  ],
  formats: ["table", "json", "yaml"],
  async run(context, { args: [given = "."], options }, output) {
    const { validateRepository } = await import("../../../actions/gitops/validate.ts");
    const { renderProblem } = await import("../../../errors/render_error.ts");
    const { resolve } = await import("node:path");
    const directory = resolve(context.cwd, given);
    const { strict } = options;
    const check = await validateRepository(context, { directory, strict });
    const { problems, warnings, clusters, apps, objects, built, unknownKinds, kustomize } = check;
    const valid = problems.length === 0;
    if (output.structured) {
      await output.document("RepositoryCheck", { directory, valid, ...check });
      return valid ? ExitCode.Done : ExitCode.Usage;
    }
    for (const warning of warnings) output.warn(renderProblem(warning));
    if (unknownKinds.length > 0) {
      output.note(`No schema is known for ${unknownKinds.join(", ")}: not looked into.`);
    }
    if (!kustomize) {
      output.warn("overlays were not built, as neither kustomize nor kubectl is installed");
    }
    if (!valid) {
      const what = counted(problems.length, "problem");
      throw usageError(`${what} in ${given}`, { problems });
    }
    const counts = [
      [clusters.length, "cluster"],
      [apps.length, "app"],
      [objects, "object"],
      [built.length, "built directory"],
    ] as const;
    const words = counts.map(([n, what]) => counted(n, what));
    output.note(`${given} is valid: ${words.join(", ")}.`);
  },
});
