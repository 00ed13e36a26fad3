import { counted } from "../../../errors/safe_text.ts";
import { PRIORITIES } from "../../../gitops/check/priority_classes.ts";
import { argument, defineCommand, option } from "../../program/command.ts";

/** `gitops new-app`: adds an app to the repository that Flux syncs from. */
export const gitopsNewAppCommand = defineCommand({
  name: "gitops new-app",
  summary: "Add an app to the repository that Flux syncs from",
  description:
    "Writes apps/NAME: a Deployment and, as needed, a Service, Ingress, ConfigMap, encrypted " +
    "Secret, volume and NetworkPolicy, in the app's own namespace, with an overlay for each " +
    "cluster. Pods are restricted and isolated. The files are validated before they are written; " +
    "existing files are not changed, and nothing is committed.",
  args: [argument("<name>", "name of the app and of its namespace")],
  options: {
    dir: option.text(
      "--dir <directory>",
      "root of the repository (default: the current directory)",
      { completes: "file" },
    ),
    image: option.text("--image <image>", "container image, such as ghcr.io/me/blog:1.0.0"),
    port: option.number("--port <port>", "port that the container listens on"),
    host: option.text("--host <name>", "host name for the Ingress"),
    healthPath: option.text(
      "--health-path <path>",
      "HTTP path for the probes (default: check only that the port accepts connections)",
    ),
    replicas: option.number("--replicas <n>", "number of pods (default: 1)"),
    config: option.list("--config <key=value>", "environment variable; repeatable"),
    secret: option.list(
      "--secret <key>",
      "secret environment variable; asks for the value; repeatable",
    ),
    secretFile: option.list(
      "--secret-file <key=file>",
      "secret environment variable from a file, or - for stdin; repeatable",
    ),
    volume: option.text("--volume <size>", "size of a volume mounted at /data, such as 5Gi"),
    storageClass: option.text(
      "--storage-class <name>",
      "storage class of the volume, such as one of storage_paths (default: the cluster's)",
    ),
    gpu: option.flag(
      "--gpu",
      "request an NVIDIA GPU, or one share of it where pods share cards",
    ),
    protected: option.flag(
      "--protected",
      "run on nodes with `protect: true`, and on no others",
    ),
    priority: option.text(
      "--priority <priority>",
      "what to keep running when the cluster is full: critical before normal before background",
      { choices: PRIORITIES },
    ),
    dryRun: option.flag("--dry-run", "print the files, write nothing"),
  },
  examples: {
    "k3s-tool gitops new-app blog --image ghcr.io/me/blog:1.0.0 --port 8080 --host blog.example.com --replicas 2":
      "add a web app",
    "k3s-tool gitops new-app notes --image ghcr.io/me/notes:2.1 --port 3000 --config LOG_LEVEL=info --secret DB_PASSWORD --volume 5Gi --storage-class fast":
      "add an app with a setting, a secret and a volume on the disks of a storage class",
    "pass show notes | k3s-tool gitops new-app notes --image ghcr.io/me/notes:2.1 --secret-file DB_PASSWORD=-":
      "read the secret from another program",
    "k3s-tool gitops new-app blog --image ghcr.io/me/blog:1.0.0 --dry-run": "print every file",
  },
  formats: ["table", "json", "yaml"],
  async run(context, { args: [name = ""], options, globals }, output) {
    const { newAppFiles, planNewApp, writeNewApp } = await import(
      "../../../actions/gitops/new_app.ts"
    );
    const { reportRepository } = await import("../../output/change_words.ts");
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
      storageClass: options.storageClass,
      gpu,
      protected: options.protected,
      priority: PRIORITIES.find((each) => each === options.priority),
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
