import assert from "node:assert/strict";
import { parse, parseAllDocuments } from "yaml";
import { FULL_APP, type TemporaryRepository, temporaryRepository } from "../repository_fixture.ts";

const APP = ["gitops", "new-app", "blog", "--dir", "repo", "--image", "x:1"];

/** The objects of an app's base by their kinds. */
function objects(repository: TemporaryRepository, app = "blog") {
  const found = new Map<string, Record<string, unknown>>();
  for (const [path, text] of repository.files()) {
    if (!path.startsWith(`apps/${app}/base/`) || path.endsWith("kustomization.yaml")) continue;
    for (const document of parseAllDocuments(text)) {
      const object = (document as { toJS(): Record<string, unknown> }).toJS();
      found.set(String(object.kind), object);
    }
  }
  return found;
}

Deno.test("a web app with everything is restricted, isolated, probed, and valid", async () => {
  await using repository = await temporaryRepository();
  const secret = ["--secret-file", "TOKEN=-"];
  const { code, stderr } = await repository.run([...FULL_APP, ...secret], { stdin: "hunter2\n" });
  assert.equal(code, 0, stderr);
  const found = objects(repository);
  assert.deepEqual([...found.keys()].sort(), [
    ...["ConfigMap", "Deployment", "Ingress", "LimitRange", "Namespace", "NetworkPolicy"],
    ...["PersistentVolumeClaim", "Secret", "Service"],
  ]);
  const deployment = found.get("Deployment") as {
    spec: { template: { spec: Record<string, never> } };
  };
  const pod = deployment.spec.template.spec as Record<string, Record<string, unknown>>;
  const [container] = pod.containers as unknown as Record<string, Record<string, unknown>>[];
  assert.equal(pod.automountServiceAccountToken, false);
  assert.deepEqual(
    [pod.securityContext!.runAsNonRoot, pod.securityContext!.seccompProfile],
    [true, { type: "RuntimeDefault" }],
  );
  assert.deepEqual(container!.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"]) {
    assert.deepEqual(container![probe]!.httpGet, { path: "/healthz", port: "http" }, probe);
  }
  const { requests, limits } = container!.resources as Record<string, Record<string, unknown>>;
  assert.deepEqual(Object.keys(requests!), ["cpu", "memory"]);
  assert.equal(limits!["nvidia.com/gpu"], 1);
  assert.deepEqual(found.get("ConfigMap")!.data, { LOG: "no" });
  const overlay = parse(repository.read("apps/blog/overlays/homelab/kustomization.yaml"));
  assert.deepEqual(overlay.images, [{ name: "ghcr.io/me/blog", newTag: "1.10" }]);
  assert.deepEqual(overlay.replicas, [{ name: "blog", count: 2 }]);
  assert.deepEqual(await repository.problems(), []);
});

Deno.test("the policy lets in pods of the app and the ingress controller, and out DNS and the internet", async () => {
  await using repository = await temporaryRepository();
  assert.equal((await repository.run([...APP, "--port", "80", "--host", "a.example"])).code, 0);
  const { spec } = objects(repository).get("NetworkPolicy") as { spec: Record<string, unknown> };
  const system = { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } };
  assert.deepEqual([spec.podSelector, spec.policyTypes], [{}, ["Ingress", "Egress"]]);
  const traefik = { matchLabels: { "app.kubernetes.io/name": "traefik" } };
  assert.deepEqual(spec.ingress, [{
    from: [{ podSelector: {} }, { namespaceSelector: system, podSelector: traefik }],
  }]);
  const [own, dns, internet] = spec.egress as [unknown, unknown, { to: [{ ipBlock: unknown }] }];
  assert.deepEqual(own, { to: [{ podSelector: {} }] });
  assert.deepEqual(dns, {
    to: [{ namespaceSelector: system, podSelector: { matchLabels: { "k8s-app": "kube-dns" } } }],
    ports: [{ protocol: "UDP", port: 53 }, { protocol: "TCP", port: 53 }],
  });
  assert.deepEqual(internet.to[0].ipBlock, {
    cidr: "0.0.0.0/0",
    except: ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"],
  });
});

Deno.test("what one pod holds alone is not asked for by two", async () => {
  await using repository = await temporaryRepository();
  for (const [app, flags] of [["gpu", ["--gpu"]], ["disk", ["--volume", "1Gi"]]] as const) {
    const argv = ["gitops", "new-app", app, "--dir", "repo", "--image", "x:1", ...flags];
    assert.equal((await repository.run(argv)).code, 0);
    const { spec } = objects(repository, app).get("Deployment") as { spec: { strategy: unknown } };
    assert.deepEqual(spec.strategy, { type: "Recreate" });
  }
});

Deno.test("P12 an app on protected nodes selects them and tolerates their taint, and no other app does", async () => {
  await using repository = await temporaryRepository();
  const pod = async (app: string, ...flags: string[]) => {
    const argv = ["gitops", "new-app", app, "--dir", "repo", "--image", "x:1", ...flags];
    assert.equal((await repository.run(argv)).code, 0);
    const { spec } = objects(repository, app).get("Deployment") as {
      spec: { template: { spec: Record<string, unknown> } };
    };
    return spec.template.spec;
  };
  const key = "k3s-tool.io/protected";
  const toleration = (key: string) => ({ key, operator: "Exists", effect: "NoSchedule" });
  const there = await pod("there", "--protected");
  assert.deepEqual([there.nodeSelector, there.tolerations], [{ [key]: "true" }, [toleration(key)]]);
  const both = await pod("both", "--protected", "--gpu");
  assert.deepEqual(both.tolerations, [toleration("nvidia.com/gpu"), toleration(key)]);
  const elsewhere = await pod("elsewhere");
  assert.deepEqual([elsewhere.nodeSelector, elsewhere.tolerations], [undefined, undefined]);
});

Deno.test("what is added to an app's namespace without limits gets those of the app", async () => {
  await using repository = await temporaryRepository();
  assert.equal((await repository.run(APP)).code, 0);
  const { spec: { limits: [limit] } } = objects(repository).get("LimitRange") as {
    spec: { limits: Record<string, unknown>[] };
  };
  const deployment = objects(repository).get("Deployment") as {
    spec: { template: { spec: { containers: { resources: Record<string, unknown> }[] } } };
  };
  const { requests, limits } = deployment.spec.template.spec.containers[0]!.resources;
  assert.deepEqual(limit, { type: "Container", defaultRequest: requests, default: limits });
});

Deno.test("an app has the priority that was asked for, or none", async () => {
  await using repository = await temporaryRepository();
  for (const priority of ["critical", "normal", "background", undefined]) {
    const app = `app-${priority}`;
    const argv = ["gitops", "new-app", app, "--dir", "repo", "--image", "x:1"];
    const flags = priority === undefined ? [] : ["--priority", priority];
    assert.equal((await repository.run([...argv, ...flags])).code, 0);
    const { spec } = objects(repository, app).get("Deployment") as {
      spec: { template: { spec: Record<string, unknown> } };
    };
    const expected = priority === undefined ? undefined : `home-${priority}`;
    assert.equal(spec.template.spec.priorityClassName, expected);
  }
  const refused = await repository.run([...APP, "--priority", "highest"]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /critical.*normal.*background/);
});

Deno.test("the secret goes to sops on stdin, and nowhere else", async () => {
  await using repository = await temporaryRepository();
  const { stdout, stderr } = await repository.run([...APP, "--secret-file", "TOKEN=-"], {
    stdin: "hunter2\n",
  });
  const call = repository.runner.calls.find(({ argv }) => argv.includes("encrypt"))!;
  assert.equal(parse(call.options.stdin!).stringData.TOKEN, "hunter2");
  assert.doesNotMatch(repository.runner.lines.join("\n") + stdout + stderr, /hunter2/);
  for (const text of repository.files().values()) assert.doesNotMatch(text, /hunter2/);
});

for (
  const [argv, expected] of [
    [["Blog_X"], /not a name for an app, got "Blog_X"/],
    [["../x"], /not a name for an app/],
    [["a".repeat(64)], /not a name for an app/],
    [["kube-x"], /belongs to the cluster itself/],
    [["flux-system"], /belongs to the cluster itself/],
    [["2048", "--port", "80"], /one that begins with a letter/],
    [["a", "--port", "70000"], /not a port, got "70000"; expected 1 to 65535/],
    [["a", "--host", "a.example"], /a host needs a port/],
    [["a", "--port", "80", "--host", "*.x"], /not a host name/],
    [["a", "--volume", "9999999999Ei"], /no disk is as large as this --volume/],
    [["a", "--storage-class", "fast"], /a storage class needs a volume/],
    [["a", "--volume", "1Gi", "--storage-class", "a b"], /not a storage class, got "a b"/],
    [["a", "--volume", "5"], /not a size for --volume, got "5"; expected one such as 5Gi/],
    [["a", "--config", "A"], /not a setting, got "A"; expected KEY=VALUE/],
    [["a", "--config", "A=1", "--config", "A=2"], /set twice, got "A"/],
    [["a", "--config", "A=1", "--secret", "A"], /set twice, got "A"/],
    [
      ["a", "--secret", "A"],
      /Cannot ask without a terminal: "Value of A".*\n.*--secret-file A=FILE/,
    ],
    [["a", "--secret-file", "A=missing"], /Cannot use .*missing/],
    [["a", "--replicas", "0"], /must be a whole number from 1 to/],
  ] satisfies [string[], RegExp][]
) {
  Deno.test(`new-app refuses ${argv.join(" ").slice(0, 40)}, and writes nothing`, async () => {
    await using repository = await temporaryRepository();
    const before = repository.files();
    const [name, ...rest] = argv;
    const { code, stderr } = await repository.run([
      ...["gitops", "new-app", name!, "--dir", "repo", "--image", "x:1", ...rest],
    ]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, expected);
    assert.deepEqual(repository.files(), before);
  });
}

Deno.test("a secret given in an argument by mistake is not repeated", async () => {
  await using repository = await temporaryRepository();
  const { code, stderr, stdout } = await repository.run([...APP, "--secret", "TOKEN=hunter2"]);
  assert.equal(code, 2);
  assert.doesNotMatch(stderr + stdout, /hunter2/);
});

Deno.test("nothing that is there is taken for free: a directory, a file, a link", async () => {
  await using repository = await temporaryRepository();
  const app = `${repository.root}/apps/blog`;
  Deno.mkdirSync(`${repository.home}/outside`);
  const there: (() => void)[] = [
    () => repository.write("apps/blog/notes.txt", "mine"),
    () => Deno.writeTextFileSync(app, "mine"),
    () => Deno.symlinkSync(`${repository.home}/outside`, app),
    () => Deno.symlinkSync("/nowhere", app),
  ];
  for (const make of there) {
    make();
    const { code, stderr } = await repository.run(APP);
    assert.equal(code, 2);
    assert.match(stderr, /apps\/blog already exists; nothing was written/);
    Deno.removeSync(app, { recursive: true });
  }
  assert.deepEqual([...Deno.readDirSync(`${repository.home}/outside`)], []);
  Deno.mkdirSync(app); // an empty directory is nothing, as Git sees it
  assert.equal((await repository.run(APP)).code, 0);
});

Deno.test("all files appear at once, and what a killed run left is taken away", async () => {
  await using repository = await temporaryRepository();
  assert.equal((await repository.run(APP)).code, 0);
  Deno.renameSync(`${repository.root}/apps/blog`, `${repository.root}/apps/.blog.k3s-tool`);
  repository.write("apps/.blog.k3s-tool/base/half.yaml", "kind: Sec");
  repository.write("apps/.README.md.k3s-tool", "# Ap");
  assert.deepEqual(await repository.problems(), []);
  assert.equal((await repository.run(APP)).code, 0);
  Deno.removeSync(`${repository.root}/apps/.README.md.k3s-tool`);
  const names = [...Deno.readDirSync(`${repository.root}/apps`)].map(({ name }) => name);
  assert.deepEqual(names.sort(), ["README.md", "blog"]);
  assert.ok(!repository.files().has("apps/blog/base/half.yaml"));
});

Deno.test("--dry-run prints every file, names the secret, and asks for nothing", async () => {
  await using repository = await temporaryRepository();
  const before = repository.files();
  const { code, stdout } = await repository.run([...APP, "--secret", "TOKEN", "--dry-run"]);
  assert.equal(code, 0);
  assert.match(stdout, /^# apps\/blog\/base\/deployment\.yaml$/m);
  assert.match(stdout, /^# apps\/blog\/base\/secret\.sops\.yaml: TOKEN, encrypted when/m);
  assert.deepEqual(repository.files(), before);
});

Deno.test("where no cluster would apply the app that is said, here and by validate", async () => {
  await using repository = await temporaryRepository();
  Deno.renameSync(`${repository.root}/clusters/homelab/apps.yaml`, `${repository.home}/apps.yaml`);
  const { code, stderr } = await repository.run(APP);
  assert.equal(code, 0);
  assert.match(
    stderr,
    /^Warning: Nothing in clusters\/homelab applies apps\/blog\/overlays\/homelab: .* init --cluster homelab --keep/m,
  );
  const validate = () => repository.run(["gitops", "validate", "repo"]);
  assert.match((await validate()).stderr, /^Warning: apps\/blog: no cluster applies this app/m);
  assert.equal((await repository.run(["gitops", "init", "repo", "--keep"])).code, 0);
  assert.doesNotMatch((await validate()).stderr, /no cluster applies/);
});

const KUSTOMIZATION = (path: string, more = "") =>
  `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ${path}
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
${more}`;

for (
  const [what, files, advice] of [
    [
      "nothing tells the app its cluster",
      { "clusters/home/apps.yaml": KUSTOMIZATION("./apps") },
      "Add below spec in clusters/home/apps.yaml:4:  postBuild: {substitute: {cluster: home}}",
    ],
    [
      "other values are told",
      {
        "clusters/home/all.yaml": KUSTOMIZATION("./apps", "  postBuild: {substitute: {a: b}}\n"),
      },
      "Add below spec.postBuild.substitute in clusters/home/all.yaml:9:  cluster: home",
    ],
    [
      "a kustomization lists the apps",
      {
        "clusters/home/apps.yaml": KUSTOMIZATION("./apps/production"),
        "apps/production/kustomization.yaml": "resources: []\n",
      },
      "Add to resources in apps/production/kustomization.yaml:  - ../blog/overlays/home",
    ],
    [
      "the cluster's kustomization does not list apps.yaml",
      {
        "clusters/home/apps.yaml": KUSTOMIZATION("./apps"),
        "clusters/home/kustomization.yaml": "resources: []\n",
      },
      "Add to resources in clusters/home/kustomization.yaml:  - apps.yaml",
    ],
    [
      "apps.yaml applies something else",
      { "clusters/home/apps.yaml": KUSTOMIZATION("./web") },
      "Add a Kustomization to clusters/home with spec.path: ./apps/blog/overlays/home",
    ],
    [
      "nothing is there",
      { "clusters/home/x.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n" },
      "k3s-tool gitops init --cluster home --keep writes what is missing.",
    ],
  ] as const
) {
  Deno.test(`a new app that no cluster sees: which line to add where, as ${what}`, async () => {
    await using repository = await temporaryRepository({ init: [] });
    repository.write("web/x.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n");
    for (const [path, text] of Object.entries(files)) repository.write(path, text);
    const argv = ["gitops", "new-app", "blog", "--dir", "repo", "--image", "x:1", "--dry-run"];
    const { stderr } = await repository.run(argv);
    assert.ok(stderr.includes(`Flux will not see it there. ${advice}\n`), stderr);
  });
}
