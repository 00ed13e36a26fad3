import assert from "node:assert/strict";
import { PRIORITIES, priorityClass } from "../../../src/gitops/check/priority_classes.ts";
import { DOCUMENTS } from "../../../src/cli/program/document_schemas.ts";
import { FULL_APP, type TemporaryRepository, temporaryRepository } from "../repository_fixture.ts";

const BASE = "apps/blog/base";
const OVERLAY = "apps/blog/overlays/homelab/kustomization.yaml";

/** A repository with one app, and what is wrong after a change to it. */
async function wrongAfter(
  change: (repository: TemporaryRepository) => void,
): Promise<readonly string[]> {
  await using repository = await temporaryRepository();
  const { code, stderr } = await repository.run(FULL_APP);
  assert.equal(code, 0, stderr);
  assert.deepEqual(await repository.problems(), []);
  change(repository);
  return await repository.problems();
}

const SECRET = `apiVersion: v1
kind: Secret
metadata: {name: x, namespace: blog}
stringData:
  a: hunter2
`;

for (
  const [what, change, expected] of [
    [
      "a wrong value",
      (r) => r.replace(`${BASE}/deployment.yaml`, "spec:\n", "spec:\n  replicas: two\n"),
      [`${BASE}/deployment.yaml:10: spec.replicas must be an integer, is "two"`],
    ],
    [
      "a file that does not exist",
      (r) => Deno.removeSync(`${r.root}/${BASE}/service.yaml`),
      [`${BASE}/kustomization.yaml:12: service.yaml does not exist`],
    ],
    [
      "a file outside of the repository",
      (r) => r.replace(OVERLAY, "../../base", "../../../../../base"),
      [`${OVERLAY}:5: ../../../../../base is outside the repository`],
    ],
    [
      "a directory without a kustomization",
      (r) => Deno.removeSync(`${r.root}/${BASE}/kustomization.yaml`),
      [`${OVERLAY}:5: the directory ../../base has no kustomization.yaml`],
    ],
    [
      "kustomizations in a circle",
      (r) => r.replace(`${BASE}/kustomization.yaml`, "service.yaml", "../overlays/homelab"),
      [`${OVERLAY}: this kustomization includes itself`],
    ],
    [
      "unknown and wrong fields of a kustomization",
      (r) => r.replace(OVERLAY, "replicas:", "namspace: x\nreplicas:\n  - {name: y, count: many}"),
      [
        `${OVERLAY}:9: namspace is not a field of a kustomization`,
        `${OVERLAY}:11: replicas[0].count must be a whole number`,
      ],
    ],
    [
      "Flux's Kustomization in the place of kustomize's",
      (r) =>
        r.replace(OVERLAY, "kustomize.config.k8s.io/v1beta1", "kustomize.toolkit.fluxcd.io/v1"),
      [`${OVERLAY}:2: apiVersion must be kustomize.config.k8s.io/v1beta1`],
    ],
    [
      "a secret in clear, listed or not",
      (r) => r.write("infrastructure/x.yaml", SECRET),
      [
        "infrastructure/x.yaml:5: Secret x holds stringData.a in clear text; encrypt the file: " +
        "sops encrypt --in-place FILE.sops.yaml",
      ],
    ],
    [
      "a generator of a secret in clear",
      (r) =>
        r.replace(
          OVERLAY,
          "replicas:",
          "secretGenerator:\n  - {name: x, literals: [a=b]}\nreplicas:",
        ),
      [
        `${OVERLAY}:10: secretGenerator makes a Secret from clear text in the repository; ` +
        "encrypt it with sops instead",
      ],
    ],
    [
      "a private key",
      (r) => r.write("notes.txt", "see\nAGE-SECRET-KEY-1QQQQQQQQQQQQ\n"),
      [
        "notes.txt:2: this is a private age key; keep it outside the repository, and make a new " +
        "one if it was ever pushed",
      ],
    ],
    [
      "a path that does not exist",
      (r) => r.replace("apps/blog/sync.yaml", "overlays/${cluster}", "overlays/elsewhere"),
      [
        "apps/blog/sync.yaml:12: spec.path ./apps/blog/overlays/elsewhere does not exist in the " +
        "repository",
      ],
    ],
    [
      "an app without a kustomization",
      (r) => Deno.removeSync(`${r.root}/apps/blog/kustomization.yaml`),
      [
        "apps/blog: an app needs a kustomization.yaml that lists sync.yaml; without it Flux " +
        "applies every file below",
      ],
    ],
    [
      "the same object twice",
      (r) =>
        r.replace(
          `${BASE}/service.yaml`,
          "apiVersion",
          `${r.read(`${BASE}/service.yaml`)}---\napiVersion`,
        ),
      [`${BASE}/service.yaml:18: Service blog is defined in ${BASE}/service.yaml:1 too`],
    ],
    [
      "no namespace",
      (r) => r.replace(`${BASE}/kustomization.yaml`, "namespace: blog\n", ""),
      ["configmap", "deployment", "ingress", "limits", "networkpolicy", "pvc", "service"].map((
        file,
      ) =>
        new RegExp(`^${BASE}/${file}.yaml:\\d+: \\w+ \\w+ has no namespace; set namespace: blog in`)
      ),
    ],
    [
      "a secret nobody decrypts",
      (r) => {
        r.write(
          `${BASE}/secret.sops.yaml`,
          SECRET.replace("hunter2", "ENC[AES256_GCM,data:AA]") + "sops: {mac: x}\n",
        );
        r.replace(
          `${BASE}/kustomization.yaml`,
          "service.yaml",
          "service.yaml\n  - secret.sops.yaml",
        );
        r.replace(
          "apps/blog/sync.yaml",
          / {2}decryption:[^]*/.exec(r.read("apps/blog/sync.yaml"))![0],
          "",
        );
      },
      [
        `apps/blog/sync.yaml:8: ${BASE}/secret.sops.yaml is encrypted, but spec.decryption is ` +
        "missing here",
      ],
    ],
  ] as readonly (readonly [
    what: string,
    change: (repository: TemporaryRepository) => void,
    expected: readonly (string | RegExp)[],
  ])[]
) {
  Deno.test(`gitops validate finds ${what}`, async () => {
    const found = await wrongAfter(change);
    assert.equal(found.length, expected.length, found.join("\n"));
    expected.forEach((each, index) => {
      if (typeof each === "string") assert.equal(found[index], each);
      else assert.match(found[index]!, each);
    });
  });
}

Deno.test("two apps in one namespace are found, and so is a copied sync.yaml", async () => {
  await using repository = await temporaryRepository();
  const app = (name: string) =>
    repository.run(["gitops", "new-app", name, "--dir", "repo", "--image", "x:1", "--port", "80"]);
  for (const name of ["one", "two"]) assert.equal((await app(name)).code, 0);
  repository.replace("apps/two/base/kustomization.yaml", "namespace: two", "namespace: one");
  assert.deepEqual(await repository.warnings(), [
    "apps/two/base/deployment.yaml:5: Deployment two is in the namespace one, which belongs to " +
    "the app one; each app has its own namespace",
    "apps/two/base/limits.yaml:5: LimitRange defaults is defined in apps/one/base/limits.yaml:2 too",
    "apps/two/base/namespace.yaml:4: Namespace one is defined in apps/one/base/namespace.yaml:1 too",
    "apps/two/base/networkpolicy.yaml:7: NetworkPolicy isolate is defined in " +
    "apps/one/base/networkpolicy.yaml:4 too",
  ]);
  repository.replace("apps/two/base/kustomization.yaml", "namespace: one", "namespace: two");
  repository.replace("apps/two/sync.yaml", "./apps/two/", "./apps/one/");
  const [stray] = await repository.warnings();
  assert.match(stray!, /^apps\/two\/sync\.yaml:12: spec\.path must be in apps\/two, but is/);
  assert.deepEqual(await repository.problems(), []);
});

Deno.test("a priority class that neither the repository nor every cluster has is told", async () => {
  await using repository = await temporaryRepository();
  const argv = ["gitops", "new-app", "blog", "--dir", "repo", "--image", "x:1"];
  assert.equal((await repository.run([...argv, "--priority", "background"])).code, 0);
  assert.deepEqual(await repository.warnings(), []);
  const file = "apps/blog/base/deployment.yaml";
  repository.replace(file, "home-background", "mine");
  const [warning, ...others] = await repository.warnings();
  assert.match(warning!, /deployment\.yaml:\d+: the priority class mine is not in this repository/);
  assert.deepEqual(others, []);
  const own =
    "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: mine}\nvalue: 7\n";
  repository.write("infrastructure/sources/mine.yaml", own);
  repository.replace("infrastructure/sources/kustomization.yaml", "[]", "[mine.yaml]");
  assert.deepEqual(await repository.warnings(), []);
});

Deno.test("a storage class that neither the repository nor the inventory's cluster has is told, and only where there is one", async () => {
  await using repository = await temporaryRepository();
  const argv = ["gitops", "new-app", "blog", "--dir", "repo", "--image", "x:1", "--volume", "1Gi"];
  assert.equal((await repository.run([...argv, "--storage-class", "fsat"])).code, 0);
  assert.deepEqual(await repository.warnings(), []);
  const inventory = (variables: string) =>
    Deno.writeTextFile(
      `${repository.home}/hosts.yml`,
      `all:
  vars: {cluster_name: homelab, k3s_version: v1.36.3+k3s1${variables}}
  children:
    control_plane: {hosts: {nuc: {ansible_host: 100.64.0.1, tailscale_ip: 100.64.0.1, storage_paths: [{path: /srv/fast, class: fast}]}}}
`,
    );
  await inventory("");
  const [warning, ...others] = await repository.warnings();
  assert.match(
    warning!,
    /pvc\.yaml:\d+: the storage class fsat is not in this repository, nor in the inventory of homelab \(local-path, fast\)/,
  );
  assert.deepEqual(others, []);
  await inventory(", k3s_disable: [local-storage]");
  assert.match((await repository.warnings())[0]!, /of homelab \(fast\)/);
  const file = "apps/blog/base/pvc.yaml";
  for (const name of ["fast", "mine"]) {
    repository.replace(file, /storageClassName: (\w+)/.exec(repository.read(file))![1]!, name);
    if (name === "mine") {
      const own = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: mine}\n" +
        "provisioner: example.com/mine\n";
      repository.write("infrastructure/sources/mine.yaml", own);
      repository.replace("infrastructure/sources/kustomization.yaml", "[]", "[mine.yaml]");
    }
    assert.deepEqual(await repository.warnings(), []);
  }
});

Deno.test("a claim without a size, or of none, is a problem of its line", async () => {
  await using repository = await temporaryRepository();
  const argv = ["gitops", "new-app", "blog", "--dir", "repo", "--image", "x:1", "--volume", "1Gi"];
  assert.equal((await repository.run(argv)).code, 0);
  const file = "apps/blog/base/pvc.yaml";
  const text = repository.read(file);
  for (
    const [size, said] of [
      ["0", /storage must be more than 0, is 0$|storage must be more than 0, is "0"$/],
      ["-1Gi", /storage must be more than 0, is "-1Gi"$/],
      ["lots", /storage.* quantity/],
    ] as const
  ) {
    repository.write(file, text.replace("1Gi", size));
    assert.match((await repository.problems()).join("\n"), said);
  }
  repository.write(file, text.replace(/ *requests:\n.*\n?/, "    requests: {}\n"));
  assert.match((await repository.problems()).join("\n"), /requests\.storage is missing/);
});

Deno.test("the classes of clusters are those that apps can have", async () => {
  const file = new URL(
    "../../../ansible/roles/k3s_service/templates/cluster.yaml.j2",
    import.meta.url,
  );
  const names = (await Deno.readTextFile(file)).matchAll(
    /kind: PriorityClass\nmetadata:\n {2}name: (.*)/g,
  );
  assert.deepEqual([...names].map(([, name]) => name), PRIORITIES.map(priorityClass));
});

Deno.test("what could not be looked at is said, and what nobody applies", async () => {
  await using repository = await temporaryRepository();
  repository.replace(
    "infrastructure/sources/kustomization.yaml",
    "resources: []",
    "resources: [https://example.com/x.yaml, cert.yaml]",
  );
  repository.write(
    "infrastructure/sources/cert.yaml",
    "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: x, namespace: y}\n",
  );
  repository.write("apps/stray.yml", "{}");
  repository.write("infrastructure/networking/left.yaml", "a: b\n");
  const argv = ["gitops", "validate", "repo"];
  const { code, stderr } = await repository.run(argv);
  assert.equal(code, 2);
  assert.match(stderr, /^Warning: infrastructure\/networking\/left\.yaml: no kustomization lists/m);
  assert.match(
    stderr,
    /^Warning: infrastructure\/sources\/kustomization.yaml:5:.*example\.com.* is not in this repository/m,
  );
  assert.match(
    stderr,
    /^Not validated, because there is no schema: cert-manager\.io\/v1 Certificate\.$/m,
  );
  assert.match(stderr, /^Warning: overlays were not built, because neither kustomize nor kubectl/m);
  assert.match(stderr, /apps\/stray\.yml:1:1: apiVersion is missing or no text/);
  const strict = await repository.run([...argv, "--strict"]);
  assert.equal(strict.code, 3);
  assert.match(strict.stderr, /Hint: Get kustomize from/);
});

Deno.test("the document says what was checked; other directories are refused", async () => {
  await using repository = await temporaryRepository();
  await repository.run(FULL_APP);
  const { code, stdout } = await repository.run(["gitops", "validate", "repo", "-o", "json"]);
  const document = DOCUMENTS.RepositoryCheck.parse(JSON.parse(stdout));
  assert.deepEqual([code, document.valid, document.kustomize], [0, true, false]);
  assert.deepEqual([document.clusters, document.apps], [["homelab"], ["blog"]]);
  const empty = await repository.run(["gitops", "validate", "."]);
  assert.equal(empty.code, 2);
  assert.match(empty.stderr, /There is neither clusters\/ nor apps\//);
});
