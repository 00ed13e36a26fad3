import { counted } from "../../../errors/safe_text.ts";
import { ExitCode, usageError } from "../../../errors/user_error.ts";
import { argument, defineCommand, option } from "../../program/command.ts";

/** `gitops validate`: all problems of the repository. */
export const gitopsValidateCommand = defineCommand({
  name: "gitops validate",
  summary: "Check the repository before you push",
  description:
    "Builds every overlay and checks each object offline against the Kubernetes and Flux schemas. " +
    "Also checks that files exist, that no secret is in clear text, and that each app has its own " +
    "namespace, and, where there is an inventory, that storage classes exist in its cluster. Reports file, line and what is expected; exits with code 2 if there are problems. " +
    "Builds overlays with kustomize or kubectl; without them, it checks only the sources and warns " +
    "you.",
  args: [
    argument("[directory]", "root of the repository (default: the current directory)", {
      completes: "file",
    }),
  ],
  options: {
    strict: option.flag("--strict", "fail with exit code 3 if overlays cannot be built"),
  },
  examples: {
    "k3s-tool gitops validate": "check the repository in this directory",
    "k3s-tool gitops validate homelab-apps --strict -o json": "print problems as JSON, for CI",
  },
  formats: ["table", "json", "yaml"],
  async run(context, { args: [given = "."], options, globals }, output) {
    const { validateRepository } = await import("../../../actions/gitops/validate.ts");
    const { renderProblem } = await import("../../../errors/render_error.ts");
    const { resolve } = await import("node:path");
    const directory = resolve(context.cwd, given);
    const { strict } = options;
    const check = await validateRepository(context, {
      directory,
      strict,
      inventory: globals.inventory,
    });
    const { problems, warnings, clusters, apps, objects, built, unknownKinds, kustomize } = check;
    const valid = problems.length === 0;
    if (output.structured) {
      await output.document("RepositoryCheck", { directory, valid, ...check });
      return valid ? ExitCode.Done : ExitCode.Usage;
    }
    for (const warning of warnings) output.warn(renderProblem(warning));
    if (unknownKinds.length > 0) {
      output.note(`Not validated, because there is no schema: ${unknownKinds.join(", ")}.`);
    }
    if (!kustomize) {
      output.warn("overlays were not built, because neither kustomize nor kubectl is installed");
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
