/** What `gitops validate` says of repositories that the tool did not make. */
import assert from "node:assert/strict";
import { applies, type Files, secret, validate } from "./validated_files.ts";

function source(name: string, url: string, ignore = ""): string {
  return `apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: ${name}, namespace: flux-system}
spec: {interval: 5m, url: "${url}", ignore: "${ignore}"}
`;
}

const NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n";
const CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: b}\n";
const WEB = { "kustomization.yaml": "resources: [ns.yaml, config.yaml]\nnamespace: web\n" };
const WRONG =
  "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: lots}\n";

function web(folder: string): Files {
  return {
    [`${folder}/kustomization.yaml`]: WEB["kustomization.yaml"],
    [`${folder}/ns.yaml`]: NAMESPACE,
    [`${folder}/config.yaml`]: CONFIG,
  };
}

const VALID: Readonly<Record<string, readonly [files: Files, folder?: string]>> = {
  "a base and an overlay for a cluster": [{
    ...web("apps/base/web"),
    "apps/production/kustomization.yaml": "resources: [../base/web]\n",
    "clusters/production/apps.yaml": applies("./apps/production"),
  }],
  "apps in categories": [{
    ...web("apps/media/web"),
    "clusters/home/web.yaml": applies("./apps/media/web"),
  }],
  "a folder of a Git repository, from its root": [{
    ".git/config": "",
    ...web("k8s/apps/web"),
    "k8s/clusters/home/web.yaml": applies("./k8s/apps/web"),
  }],
  "a folder of a Git repository, from there": [{
    ".git/config": "",
    ...web("k8s/apps/web"),
    "k8s/clusters/home/web.yaml": applies("./k8s/apps/web"),
  }, "k8s"],
  "a folder of what is no Git repository, from there": [{
    ...web("k8s/apps/web"),
    "k8s/clusters/home/web.yaml": applies("./k8s/apps/web"),
  }, "k8s"],
  "a folder that is pushed as an artifact, from the root of Git": [{
    ".git/config": "",
    ...web("kubernetes/apps/web"),
    "kubernetes/clusters/home/web.yaml": applies("./apps/web", { kind: "OCIRepository" }),
    "docs/x.yaml": "no: object\n",
  }],
  "a repository below another one, whose paths count from itself": [{
    ".git/config": "",
    ...web("fleet/apps/web"),
    "fleet/clusters/home/web.yaml": applies("./apps/web"),
  }, "fleet"],
  "other names of folders, with what the operator of Flux is told": [{
    ...web("kubernetes/workloads/web/app"),
    "kubernetes/flux/cluster/ks.yaml": applies("./kubernetes/workloads", { name: "all" }),
    "kubernetes/workloads/web/ks.yaml": applies("./kubernetes/workloads/web/app"),
    "kubernetes/workloads/web/kustomization.yaml": "resources: [ks.yaml]\n",
    "kubernetes/flux/instance/values.yaml":
      "instance:\n  sync:\n    path: kubernetes/flux/cluster\n    url: https://example.com/me/home\n",
  }],
  "other names of folders, with nothing that says where Flux begins": [{
    ...web("kubernetes/workloads/web/app"),
    "kubernetes/start/ks.yaml": applies("./kubernetes/workloads/web/app"),
    "_archive/old/ks.yaml": applies("./kubernetes/gone"),
    "_archive/old/values.yaml": "no: object\n",
  }],
  "Namespaces that a kustomization names": [{
    "clusters/home/apps.yaml": applies("./apps", { name: "apps" }),
    "apps/kustomization.yaml": "resources: [ai, media]\n",
    "apps/ai/kustomization.yaml": "namespace: ai\nresources: [namespace.yaml]\n",
    "apps/ai/namespace.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: _}\n",
    "apps/media/kustomization.yaml": "namespace: media\nresources: [namespace.yaml]\n",
    "apps/media/namespace.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: _}\n",
  }],
  "what another source has": [{
    ...web("apps/web"),
    "clusters/home/source.yaml": source("upstream", "https://example.com/other/project"),
    "clusters/home/web.yaml": applies("./apps/web"),
    "clusters/home/other.yaml": applies("./deploy", { source: "upstream", name: "other" }),
    "clusters/home/root.yaml": applies("./", { source: "upstream", name: "root" }),
  }],
  "a folder that another source has too": [{
    "clusters/home/flux-system/sync.yaml": source("flux-system", "ssh://git@example.com/me/home"),
    "clusters/home/source.yaml": source("upstream", "https://example.com/other/project"),
    "clusters/home/web.yaml": applies("./apps/web", { source: "upstream" }),
    "apps/web/deployment.yaml": WRONG,
  }],
  "values that Flux fills in": [{
    "clusters/home/web.yaml": applies("./apps/web", {
      spec: "  targetNamespace: web\n  postBuild: {substitute: {A: b}}\n",
    }),
    "apps/web/deployment.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: {name: "\${NAME}"}
spec:
  replicas: \${REPLICAS:=2}
  selector: {matchLabels: {app: x}}
  template:
    metadata: {labels: {app: x}}
    spec:
      containers:
        - {name: x, image: "x:\${TAG:-1}", ports: [{containerPort: "\${PORT}"}]}
`,
  }],
  "a path that Flux fills in, from what only the cluster has": [{
    "clusters/home/apps.yaml": applies("./apps", {
      spec: "  postBuild: {substituteFrom: [{kind: ConfigMap, name: settings}]}\n",
    }),
    "apps/web.yaml": applies("./overlays/${REGION}/web"),
  }],
  "what a component and a patch complete": [{
    "clusters/home/web.yaml": applies("./apps/web"),
    "apps/web/kustomization.yaml":
      "namespace: web\nresources: [deployment.yaml]\ncomponents: [../../components/pod]\n",
    "apps/web/deployment.yaml":
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {}\n",
    "components/pod/kustomization.yaml":
      "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: pod.yaml, target: {kind: Deployment}}]\n",
    "components/pod/pod.yaml": "- {op: add, path: /spec/replicas, value: 1}\n",
  }],
  "a secret that a Kustomization above has decrypted": [{
    "clusters/home/apps.yaml": applies("./apps", {
      name: "apps",
      spec: "  patches:\n    - target: {kind: Kustomization}\n      patch: |\n" +
        "        - {op: add, path: /spec/decryption, value: {provider: sops}}\n",
    }),
    "apps/web.yaml": applies("./secrets"),
    "secrets/s.yaml":
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: web}\nstringData: {a: 'ENC[AES256_GCM,data:x]'}\nsops: {mac: x}\n",
  }],
  "merge keys, an alias as a key, folders with a slash at the end, and files that Flux leaves out":
    [{
      "clusters/home/all.yaml": applies("./", { name: "all" }),
      "web/kustomization.yaml": "resources: [app/]\n",
      "web/app/kustomization.yaml": "namespace: web\nresources: [config.yaml, alias.yaml]\n",
      "web/app/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, " +
        "labels: &l {a: b}, annotations: {<<: *l, c: d}}\ndata: {a: b}\n",
      "web/app/alias.yaml": "apiVersion: v1\nkind: ConfigMap\n" +
        "metadata: {name: &app alias}\ndata:\n  *app: x\n",
      ".sops.yaml": "creation_rules: []\n",
      ".github/workflows/check.yaml": "on: push\n",
    }],
  "what .sourceignore leaves out": [{
    ".sourceignore": "/*\n!/deploy\n",
    "deploy/.sourceignore": "values/\n",
    "deploy/all.yaml": applies("./", { name: "all" }),
    "deploy/values/x.yaml": "no: object\n",
    "notes/x.yaml": "no: object\n",
  }],
  "what the source leaves out": [{
    "clusters/a/source.yaml": source("flux-system", "ssh://git@example.com/me/home", "/notes"),
    "clusters/a/all.yaml": applies("./", { name: "all" }),
    "notes/x.yaml": "no: object\n",
  }],
  "a user and a host beside a secret": [{
    "clusters/home/s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: x}\n" +
      "stringData: {username: me, DB_HOST: db.example.com, ACCOUNT_ID: x1, identityId: x2, password: '${PASSWORD}'}\n",
  }],
  "an alert of what the operator of Flux makes": [{
    "clusters/home/alert.yaml": "apiVersion: notification.toolkit.fluxcd.io/v1beta3\n" +
      "kind: Alert\nmetadata: {name: a, namespace: x}\nspec:\n  providerRef: {name: x}\n" +
      "  eventSources: [{kind: FluxInstance, name: '*'}]\n",
  }],
};

for (const [what, [files, folder]] of Object.entries(VALID)) {
  Deno.test(`what kustomize and Flux accept is valid: ${what}`, async () => {
    const { code, problems, objects } = await validate(files, folder);
    assert.deepEqual([code, problems], [0, []]);
    assert.ok(objects > 0, "something was checked");
  });
}

Deno.test("what Flux does not have cannot be listed, and a secret in it is one in clear", async () => {
  const files = {
    ...web("apps/web"),
    "clusters/home/web.yaml": applies("./apps/web"),
    "clusters/home/gone.yaml": applies("./docs/web", { name: "gone" }),
    "docs/web/secret.yaml": secret("hunter2"),
    "apps/web/link.yaml": { to: "config.yaml" },
    "shared": { to: "apps" },
  };
  const list = (text: string) => ({
    ...files,
    ".sourceignore": "docs/\n",
    "apps/web/kustomization.yaml": `resources: [config.yaml, ${text}]\nnamespace: web\n`,
  });
  const always = [
    "clusters/home/gone.yaml:6 spec.path ./docs/web is left out by Flux (.sourceignore, spec.ignore)",
    "docs/web/secret.yaml:4 Secret s holds stringData.token in clear text; encrypt the file: " +
    "sops encrypt --in-place FILE.sops.yaml",
  ];
  for (
    const [text, why] of [
      ["link.yaml", "is a symbolic link, which Flux leaves out"],
      ["../../shared/web/ns.yaml", "is a symbolic link, which Flux leaves out"],
      ["../../docs/web/secret.yaml", "is left out by Flux (.sourceignore, spec.ignore)"],
    ] as const
  ) {
    assert.deepEqual((await validate(list(text))).problems, [
      `apps/web/kustomization.yaml:1 ${text} ${why}`,
      ...always,
    ]);
  }
  assert.deepEqual((await validate(list("ns.yaml"))).problems, always);
});

Deno.test("a label that is no text is a warning: Flux applies the object, without its labels", async () => {
  const config = CONFIG.replace("name: web", "name: web, labels: {on: true, a: b}");
  const { code, warnings } = await validate({
    ...web("apps/web"),
    "clusters/home/web.yaml": applies("./apps/web"),
    "apps/web/config.yaml": config,
  });
  assert.equal(code, 0);
  assert.deepEqual(warnings, [
    "apps/web/config.yaml:3 metadata.labels.on must be a string, is true: Flux drops all labels " +
    "of the object",
  ]);
});

Deno.test("paths in parts that are cut out of a repository do not say where its root is", async () => {
  const part = (name: string) => applies(`./${name}`, { kind: "ExternalArtifact", name });
  const { warnings } = await validate({
    ".git/config": "",
    "clusters/a/apps.yaml": part("a"),
    "clusters/b/apps.yaml": part("b"),
    "apps/a/kustomization.yaml": "resources: []\n",
    "apps/b/kustomization.yaml": "resources: []\n",
  });
  assert.deepEqual(warnings, [
    "clusters/a/apps.yaml:6 not checked: ExternalArtifact/flux-system may be another repository",
  ]);
});

Deno.test("what one of two clusters fetches is judged", async () => {
  const { problems } = await validate({
    "clusters/a/source.yaml": source("flux-system", "ssh://git@example.com/me/home", "/notes"),
    "clusters/b/source.yaml": source("flux-system", "ssh://git@example.com/me/home"),
    "clusters/b/all.yaml": applies("./", { name: "all" }),
    "notes/x.yaml": "no: object\n",
  });
  assert.deepEqual(problems, ["notes/x.yaml:1 apiVersion is missing or no text"]);
});

Deno.test("a source of any name that is this repository is judged", async () => {
  const files = {
    "clusters/home/source.yaml": source("home", "ssh://git@example.com/me/home"),
    "apps/web/kustomization.yaml": "resources: []\n",
    "apps/web/app/kustomization.yaml": "namespace: web\nresources: [deploy.yaml]\n",
    "apps/web/app/deploy.yaml": WRONG,
    "clusters/home/apps.yaml": applies("./apps/web/app", { source: "home" }),
  };
  const file = "apps/web/app/deploy.yaml:4";
  const wrong = [
    `${file} spec.selector is missing`,
    `${file} spec.template is missing`,
    `${file} spec.replicas must be an integer, is "lots"`,
  ];
  assert.deepEqual((await validate(files)).problems.sort(), wrong.sort());
  const { problems } = await validate({
    ...files,
    ".git/config": '[remote "origin"]\n\turl = git@example.com:me/home.git\n',
    "clusters/home/gone.yaml": applies("./gone", { source: "home", name: "gone" }),
  });
  assert.deepEqual(problems.filter((each) => each.includes("spec.path")), [
    "clusters/home/gone.yaml:6 spec.path ./gone does not exist in the repository",
  ]);
});

Deno.test("what is fetched is said once, in every place where kustomize fetches", async () => {
  const places = [
    "resources: [https://example.com/x.yaml]",
    "resources: [git@example.com:me/x.git]",
    "resources: [github.com/me/x/deploy?ref=v1]",
    "resources: ['git::https://example.com/x']",
    "bases: ['ssh://git@example.com/me/x']",
    "components: ['https://example.com/x//c?ref=v1']",
    "patches: [{path: 'https://example.com/p.yaml'}]",
    "openapi: {path: 'https://example.com/s.json'}",
    "configMapGenerator: [{name: x, files: ['a=https://example.com/a']}]",
    'transformers: ["apiVersion: builtin\\nkind: PatchTransformer\\nmetadata: {name: x}\\npath: https://example.com/p\\n"]',
    "helmCharts: [{name: x, repo: 'https://example.com/charts'}]",
    // What is refused besides changes nothing.
    "namspace: x\nresources: [https://example.com/x.yaml]",
  ];
  for (const place of places) {
    const { warnings } = await validate({
      "clusters/home/web.yaml": applies("./apps/web"),
      "apps/web/kustomization.yaml": `${place}\n`,
    });
    const said = warnings.filter((each) => each.includes("is not in this repository"));
    assert.equal(said.length, 1, `${place}: ${warnings}`);
  }
});

Deno.test("aliases and merge keys that unfold without limit are given to nobody", async () => {
  const lines = ["x0: &x0 {k: 1}"];
  for (let at = 1; at <= 30; at++) {
    lines.push(`x${at}: &x${at}`, `  <<: *x${at - 1}`, `  a${at}: {<<: *x${at - 1}}`);
  }
  const bomb = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: y}\n${
    lines.join("\n")
  }\n`;
  const start = Date.now();
  const { problems } = await validate({
    "clusters/home/web.yaml": applies("./apps/web"),
    "apps/web/kustomization.yaml": "resources: [x.yaml]\npatches: [{path: p.yaml}]\n",
    "apps/web/x.yaml": bomb,
    "apps/web/p.yaml": bomb,
  });
  assert.deepEqual(problems.map((each) => each.slice(0, 40)), [
    "apps/web/p.yaml:1 cannot be read: Excess",
    "apps/web/x.yaml:1 cannot be read: Excess",
  ]);
  assert.ok(Date.now() - start < 60_000);
});
