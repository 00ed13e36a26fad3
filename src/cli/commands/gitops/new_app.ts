import { counted } from "../../../errors/safe_text.ts";
import { defineCommand } from "../../program/command.ts";

/** `gitops new-app`: adds an app to the repository that Flux syncs from. */
export const gitopsNewAppCommand = defineCommand({
  name: "gitops new-app",
  summary: "Add an app to the repository that Flux syncs from",
  description:
    "Writes apps/NAME: a Deployment and, as needed, a Service, Ingress, ConfigMap, encrypted " +
    "Secret, volume and NetworkPolicy, in the app's own namespace, with an overlay for each " +
    "cluster. Pods are restricted and isolated. The files are validated before they are written; " +
    "existing files are not changed, and nothing is committed.",
  args: [{ syntax: "<name>", description: "name of the app and of its namespace" }],
  options: {
    dir: {
      kind: "string",
      flags: "--dir <directory>",
      description: "root of the repository (default: the current directory)",
      completes: "file",
    },
    image: {
      kind: "string",
      flags: "--image <image>",
      description: "container image, such as ghcr.io/me/blog:1.0.0",
    },
    port: {
      kind: "number",
      flags: "--port <port>",
      description: "port that the container listens on",
    },
    host: {
      kind: "string",
      flags: "--host <name>",
      description: "host name for the Ingress",
    },
    healthPath: {
      kind: "string",
      flags: "--health-path <path>",
      description:
        "HTTP path for the probes (default: check only that the port accepts connections)",
    },
    replicas: {
      kind: "number",
      flags: "--replicas <n>",
      description: "number of pods (default: 1)",
    },
    config: {
      kind: "list",
      flags: "--config <key=value>",
      description: "environment variable; repeatable",
    },
    secret: {
      kind: "list",
      flags: "--secret <key>",
      description: "secret environment variable; asks for the value; repeatable",
    },
    secretFile: {
      kind: "list",
      flags: "--secret-file <key=file>",
      description: "secret environment variable from a file, or - for stdin; repeatable",
    },
    volume: {
      kind: "string",
      flags: "--volume <size>",
      description: "size of a volume mounted at /data, such as 5Gi",
    },
    gpu: {
      kind: "flag",
      flags: "--gpu",
      description: "request an NVIDIA GPU (needs the device plugin, which is not installed yet)",
    },
    dryRun: { kind: "flag", flags: "--dry-run", description: "print the files, write nothing" },
  },
  examples: [
    {
      command: "k3s-tool gitops new-app blog --image ghcr.io/me/blog:1.0.0 --port 8080 " +
        "--host blog.example.com --replicas 2",
      does: "add a web app",
    },
    {
      command: "k3s-tool gitops new-app notes --image ghcr.io/me/notes:2.1 --port 3000 " +
        "--config LOG_LEVEL=info --secret DB_PASSWORD --volume 5Gi",
      does: "add an app with a setting, a secret and a volume",
    },
    {
      command: "pass show notes | k3s-tool gitops new-app notes --image ghcr.io/me/notes:2.1 " +
        "--secret-file DB_PASSWORD=-",
      does: "read the secret from another program",
    },
    {
      command: "k3s-tool gitops new-app blog --image ghcr.io/me/blog:1.0.0 --dry-run",
      does: "print every file",
    },
  ],
  formats: ["table", "json", "yaml"],
  async run(context, { args: [name = ""], options, globals }, output) {
    const { newAppFiles, planNewApp, writeNewApp } = await import(
      "../../../actions/gitops/new_app.ts"
    );
    const { reportRepository } = await import("../../output/gitops_words.ts");
    const { secretSources, secretValues } = await import("../../output/secret_values.ts");
    const { Prompter } = await import("../../output/prompt.ts");
    const { shellWord } = await import("../../../errors/shell_word.ts");
    const { resolve } = await import("node:path");
    const { dir, image, port, host, healthPath, replicas = 1, config, volume, gpu } = options;
    const { dryRun } = options;
    const prompter = new Prompter(globals, context);
    const sources = secretSources({ keys: options.secret, files: options.secretFile });
    const plan = await planNewApp(context, {
      name,
      image: image ?? await prompter.text({
        message: "Image to run",
        flag: "--image ghcr.io/me/blog:1.0.0",
      }),
      port,
      host,
      healthPath,
      replicas,
      config,
      secretKeys: sources.map(({ key }) => key),
      volume,
      gpu,
    }, { directory: resolve(context.cwd, dir ?? "."), dryRun });
    const secrets = dryRun ? undefined : await secretValues(context, sources, prompter);
    const added = await newAppFiles(context, plan, secrets);
    if (!dryRun) await writeNewApp(plan, added);
    const sealed = dryRun && sources.length > 0
      ? `---\n# apps/${name}/base/secret.sops.yaml: ` +
        `${sources.map(({ key }) => key).join(", ")}, encrypted when it is written\n`
      : "";
    const git = `git -C ${shellWord(plan.directory)}`;
    await reportRepository(output, {
      directory: plan.directory,
      files: [...added].map(([path, after]) => ({ path, change: "created", before: "", after })),
      dryRun,
      preview: [...added].map(([path, text]) => `---\n# ${path}\n${text}`).join("") + sealed,
      extra: { app: { name, namespace: name } },
      notes: [`Wrote ${counted(added.size, "file")} to apps/${name}.`],
      warnings: plan.warnings,
      next: [
        `${git} add apps/${name} && ${git} commit -m "Add ${name}" && ${git} push`,
        "k3s-tool gitops status",
      ],
    });
  },
});
