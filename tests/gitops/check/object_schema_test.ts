import assert from "node:assert/strict";
import fc from "fast-check";
import { formatFieldPath } from "../../../src/gitops/check/manifest.ts";
import * as CLUSTER_KINDS from "../../../src/gitops/check/kinds_cluster.ts";
import * as FLUX_KINDS from "../../../src/gitops/check/kinds_flux.ts";
import * as WORKLOAD_KINDS from "../../../src/gitops/check/kinds_workloads.ts";
import { checkObject } from "../../../src/gitops/check/object_schema.ts";

const DEPLOYMENT = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "blog", labels: { app: "blog" } },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "blog" } },
    template: {
      metadata: { labels: { app: "blog" } },
      spec: {
        containers: [{
          name: "blog",
          image: "blog:1",
          ports: [{ containerPort: 80 }],
          livenessProbe: { httpGet: { path: "/", port: "http" } },
          resources: { limits: { cpu: 1, memory: "1Gi" } },
        }],
        volumes: [{ name: "tmp", emptyDir: {} }],
      },
    },
  },
};

/** The deployment with one value put somewhere else. */
function withValue(path: readonly (string | number)[], value: unknown): Record<string, unknown> {
  const copy = structuredClone(DEPLOYMENT) as Record<string | number, unknown>;
  let at = copy;
  for (const member of path.slice(0, -1)) at = at[member] as typeof at;
  const last = path.at(-1)!;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

const CONTAINER = ["spec", "template", "spec", "containers", 0] as const;

Deno.test("what is right is found right", async () => {
  assert.deepEqual(await checkObject(DEPLOYMENT), []);
  assert.deepEqual(await checkObject(withValue(["spec", "nothing"], null)), []);
  const icons = (icon: string) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "icons" },
    binaryData: { icon },
  });
  assert.deepEqual(await checkObject(icons("iVBO\nRw0K\n")), []);
  assert.equal((await checkObject(icons("iVBO\nRw0\n")))?.length, 1);
});

for (
  const [path, value, message, at = path] of [
    [["spec", "replicas"], "two", 'spec.replicas must be an integer, is "two"'],
    [["spec", "replicas"], 1.5, "spec.replicas must be an integer, is 1.5"],
    [["spec", "replica"], 2, "spec.replica is not a field of a Deployment"],
    [["spec", "selector"], undefined, "spec.selector is missing"],
    [["metadata", "labels"], ["a"], "metadata.labels must be a map, is a list"],
    [["metadata", "labels", "a.b/c"], 1, 'metadata.labels["a.b/c"] must be a string, is 1'],
    [["metadata", "name"], undefined, "metadata.name is missing"],
    [
      ["metadata", "name"],
      "Blog",
      'metadata.name must be lower-case letters, digits, - and . between them, is "Blog"',
    ],
    [
      ["spec", "template", "metadata", "labels"],
      { app: "other" },
      "spec.selector.matchLabels.app is not among the labels of spec.template",
      ["spec", "selector", "matchLabels", "app"],
    ],
    [
      [...CONTAINER, "volumeMounts"],
      [{ name: "tmp", mountPath: "/tmp" }, { name: "data", mountPath: "/data" }],
      "spec.template.spec.containers[0].volumeMounts[1].name: there is no volume data",
      [...CONTAINER, "volumeMounts", 1, "name"],
    ],
    [
      [...CONTAINER, "ports", 0, "containerPort"],
      70000,
      "spec.template.spec.containers[0].ports[0].containerPort must be 1 to 65535, is 70000",
    ],
    [[...CONTAINER, "image"], "", "spec.template.spec.containers[0].image is missing"],
    [
      ["spec", "template", "spec", "initContainers"],
      [{ name: "blog", image: "x" }],
      'spec.template.spec.containers[0].name is "blog", as another container\'s',
      [...CONTAINER, "name"],
    ],
    [[...CONTAINER, "name"], undefined, "spec.template.spec.containers[0].name is missing"],
    [
      [...CONTAINER, "imagePullPolicy"],
      "Alway",
      "spec.template.spec.containers[0].imagePullPolicy must be one of Always, IfNotPresent, " +
      'Never, is "Alway"',
    ],
    [
      [...CONTAINER, "resources", "limits", "cpu"],
      "lots",
      "spec.template.spec.containers[0].resources.limits.cpu must be a quantity such as 500m or " +
      '2Gi, is "lots"',
    ],
    [
      [...CONTAINER, "livenessProbe", "httpGet", "port"],
      {},
      "spec.template.spec.containers[0].livenessProbe.httpGet.port must be a string or an " +
      "integer, is a map",
    ],
    [
      [...CONTAINER, "ports", 0, "port"],
      80,
      "spec.template.spec.containers[0].ports[0].port is not a field of a Deployment",
    ],
  ] as const
) {
  Deno.test(`a wrong object is told in words: ${message}`, async () => {
    const findings = await checkObject(withValue(path, value));
    assert.deepEqual(findings?.map((finding) => finding.message), [message]);
    if (value !== undefined) assert.deepEqual(findings?.[0]?.path, at);
  });
}

Deno.test("a field nobody knows is found, wherever it is put, and nothing else is", async () => {
  const places = ["", "spec", "spec.selector", "spec.template", "spec.template.spec", "metadata"];
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...places),
      fc.string({ minLength: 1 }).filter((name) => !Object.hasOwn(Object.prototype, name)),
      async (place, name) => {
        const path = [...place.split(".").filter(Boolean), `zz${name}`];
        const findings = await checkObject(withValue(path, 1));
        assert.deepEqual(findings?.map((finding) => finding.message), [
          `${formatFieldPath(path)} is not a field of a Deployment`,
        ]);
      },
    ),
    { numRuns: 100 },
  );
});

function kinds(module: object): readonly { readonly apiVersion: string; readonly kind: string }[] {
  return Object.values(module);
}

Deno.test("every kind tells fields it knows from fields it does not", async () => {
  for (const { apiVersion, kind } of [WORKLOAD_KINDS, CLUSTER_KINDS, FLUX_KINDS].flatMap(kinds)) {
    const object = { apiVersion, kind, metadata: { name: "x", labels: {} }, bogus: 1 };
    const findings = await checkObject(object);
    const unknown = findings?.filter(({ message }) => message.includes("is not a field"));
    const messages = unknown?.map(({ message }) => message);
    assert.deepEqual(messages, [`bogus is not a field of a ${kind}`], `${apiVersion} ${kind}`);
  }
});

Deno.test("what a Secret holds is never shown", async () => {
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "x" },
    data: { a: "hunter2!", b: 4711 },
  };
  const findings = await checkObject(secret);
  assert.equal(findings?.length, 2);
  assert.doesNotMatch(JSON.stringify(findings), /hunter2|4711/);
});

Deno.test("a kind of others is not judged, a slip in one of Kubernetes' is", async () => {
  const named = { metadata: { name: "x" } };
  const check = async (apiVersion: string, kind: string) =>
    (await checkObject({ apiVersion, kind, ...named }))?.map(({ message }) => message);
  assert.equal(await check("cert-manager.io/v1", "Certificate"), undefined);
  assert.equal(await check("networking.k8s.io/v1beta1", "ServiceCIDR"), undefined);
  assert.equal(await check("v1", "Node"), undefined);
  assert.deepEqual(await check("v1", "Servce"), ["there is no kind Servce in v1"]);
  assert.deepEqual(await check("v1", "Deployment"), [
    "there is no kind Deployment in v1; did you mean apps/v1 Deployment?",
  ]);
  assert.deepEqual(await check("networking.k8s.io/v1beta1", "Ingress"), [
    "networking.k8s.io/v1beta1 is no longer served by Kubernetes; use networking.k8s.io/v1",
  ]);
  assert.deepEqual(
    (await checkObject({ kind: "Pod" }))?.[0]?.message,
    "apiVersion is missing or no text",
  );
});

Deno.test("names are judged as their kinds are", async () => {
  const told = async (apiVersion: string, kind: string, name: string) =>
    (await checkObject({ apiVersion, kind, metadata: { name } }))
      ?.filter(({ path }) => path[1] === "name").map(({ message }) => message).join();
  assert.equal(await told("v1", "ConfigMap", "kube-root-ca.crt"), "");
  assert.match((await told("v1", "Namespace", "a.b"))!, /lower-case letters, digits and - between/);
  assert.equal(await told("rbac.authorization.k8s.io/v1", "ClusterRole", "system:Blog"), "");
  assert.match((await told("rbac.authorization.k8s.io/v1", "Role", "a/b"))!, /without \/ and %/);
  assert.match((await told("batch/v1", "CronJob", "a".repeat(53)))!, /at most 52 characters/);
  assert.equal(await told("batch/v1", "CronJob", "a".repeat(52)), "");
});

Deno.test("a Job's pods are not started for ever", async () => {
  const { metadata, spec: { template } } = DEPLOYMENT;
  const check = async (restartPolicy: string | undefined) =>
    (await checkObject({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata,
      spec: { template: { ...template, spec: { ...template.spec, restartPolicy } } },
    }))?.map(({ message }) => message);
  const where = "spec.template.spec.restartPolicy must be Never or OnFailure, is";
  assert.deepEqual(await check(undefined), [`${where} missing`]);
  assert.deepEqual(await check("Always"), [`${where} "Always"`]);
  assert.deepEqual(await check("Never"), []);
});

Deno.test("an object of Flux: new fields are known, old versions and wrong spans of time told", async () => {
  const kustomization = {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name: "x" },
    spec: {
      interval: "1h30m",
      path: "./apps",
      prune: true,
      sourceRef: { kind: "GitRepository", name: "flux-system" },
      buildMetadata: ["originAnnotations"],
      postBuild: { substitute: { interval: "soon" }, substituteStrategy: "x" },
      healthCheckExprs: [{ apiVersion: "a/v1", current: "true" }],
    },
  };
  const check = async (object: Record<string, unknown>) =>
    (await checkObject(object))?.map(({ message }) => message);
  assert.deepEqual(await check(kustomization), []);
  const { spec } = kustomization;
  const wrong = { ...spec, interval: "1 day", timeout: "5", bogus: 1, sourceRef: { kind: "Git" } };
  assert.deepEqual((await check({ ...kustomization, spec: wrong }))?.sort(), [
    "spec.bogus is not a field of a Kustomization",
    'spec.interval must be a span of time such as 10m or 1h30m, is "1 day"',
    "spec.sourceRef.kind must be one of OCIRepository, GitRepository, Bucket, ExternalArtifact, " +
    'is "Git"',
    "spec.sourceRef.name is missing",
    'spec.timeout must be a span of time such as 10m or 1h30m, is "5"',
  ]);
  const old = { ...kustomization, apiVersion: "kustomize.toolkit.fluxcd.io/v1beta2" };
  assert.deepEqual(await check(old), [
    "kustomize.toolkit.fluxcd.io/v1beta2 is no longer served by Flux; use " +
    "kustomize.toolkit.fluxcd.io/v1",
  ]);
  const source = {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "GitRepository",
    metadata: { name: "x" },
    spec: { interval: "1m", url: "git@github.com:me/x" },
  };
  assert.deepEqual(await check(source), [
    'spec.url must be text that matches ^(http|https|ssh)://.*$, is "git@github.com:me/x"',
  ]);
});

Deno.test("the schema inside a CustomResourceDefinition is left to Kubernetes", async () => {
  const findings = await checkObject({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "as.b" },
    spec: {
      group: "b",
      scope: "Namespaced",
      names: { plural: "as", kind: "A" },
      versions: [{
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            description: "x",
            additionalProperties: true,
            "x-kubernetes-validations": [{ rule: "x" }],
          },
        },
      }],
    },
  });
  assert.deepEqual(findings, []);
});
