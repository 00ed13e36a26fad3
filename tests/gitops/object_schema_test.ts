import assert from "node:assert/strict";
import fc from "fast-check";
import { formatFieldPath } from "../../src/gitops/field_path.ts";
import { KINDS as CLUSTER_KINDS } from "../../src/gitops/kinds_cluster.ts";
import { KINDS as FLUX_KINDS } from "../../src/gitops/kinds_flux.ts";
import { KINDS as WORKLOAD_KINDS } from "../../src/gitops/kinds_workloads.ts";
import { checkObject } from "../../src/gitops/object_schema.ts";

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
});

for (
  const [path, value, message] of [
    [["spec", "replicas"], "two", 'spec.replicas must be an integer, is "two"'],
    [["spec", "replicas"], 1.5, "spec.replicas must be an integer, is 1.5"],
    [["spec", "replica"], 2, "spec.replica is no field of a Deployment"],
    [["spec", "selector"], undefined, "spec.selector is missing"],
    [["metadata", "labels"], ["a"], "metadata.labels must be a map, is a list"],
    [["metadata", "labels", "a.b/c"], 1, 'metadata.labels["a.b/c"] must be a string, is 1'],
    [["metadata", "name"], undefined, "metadata.name is missing"],
    [["metadata", "name"], "-x", 'metadata.name must be a name of Kubernetes, is "-x"'],
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
      "spec.template.spec.containers[0].ports[0].port is no field of a Deployment",
    ],
  ] as const
) {
  Deno.test(`a wrong object is told in words: ${message}`, async () => {
    const findings = await checkObject(withValue(path, value));
    assert.deepEqual(findings?.map((finding) => finding.message), [message]);
    if (value !== undefined) assert.deepEqual(findings?.[0]?.path, path);
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
          `${formatFieldPath(path)} is no field of a Deployment`,
        ]);
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("every kind tells fields it knows from fields it does not", async () => {
  for (const { apiVersion, kind } of [...WORKLOAD_KINDS, ...CLUSTER_KINDS, ...FLUX_KINDS]) {
    const object = { apiVersion, kind, metadata: { name: "x", labels: {} }, bogus: 1 };
    const findings = await checkObject(object);
    const unknown = findings?.filter(({ message }) => message.includes("is no field"));
    const messages = unknown?.map(({ message }) => message);
    assert.deepEqual(messages, [`bogus is no field of a ${kind}`], `${apiVersion} ${kind}`);
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
