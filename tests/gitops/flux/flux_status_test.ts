import assert from "node:assert/strict";
import fc from "fast-check";
import { fluxPath, readFluxObject, shortRevision } from "../../../src/gitops/flux/flux_status.ts";
import { gitRepository, kustomization, REVISION } from "./flux_fixture.ts";

Deno.test("a source: revision, when it was fetched, from where", () => {
  assert.deepEqual(readFluxObject("GitRepository", gitRepository()), {
    kind: "GitRepository",
    namespace: "flux-system",
    name: "flux-system",
    state: "ready",
    reason: "Succeeded",
    message: `stored artifact for revision '${REVISION}'`,
    revision: REVISION,
    updatedAt: "2026-11-23T11:00:00Z",
    since: "2026-11-23T11:50:00Z",
    from: "https://git.example/homelab.git",
    ref: "main",
    source: "",
    handledRequest: undefined,
  });
});

Deno.test("a Kustomization: what was applied last, and when that succeeded", () => {
  const web = readFluxObject("Kustomization", kustomization("web"));
  assert.equal(web.revision, REVISION);
  assert.equal(web.updatedAt, "2026-11-23T11:30:00Z");
  assert.equal(web.from, "./apps/web/overlays/homelab");
  assert.equal(web.source, "GitRepository/flux-system");
});

Deno.test("a failure keeps all of its message, without what could upset a terminal", () => {
  const message = "kustomize build failed: accumulating resources: accumulation err='\n" +
    "open /tmp/k/apps/web/base/deploy\u001b[31mment.yaml: no such file'\u202e";
  const web = readFluxObject(
    "Kustomization",
    kustomization("web", { ready: "False", reason: "BuildFailed", message }),
  );
  assert.equal(web.state, "failed");
  assert.equal(web.reason, "BuildFailed");
  assert.equal(
    web.message,
    "kustomize build failed: accumulating resources: accumulation err='\n" +
      "open /tmp/k/apps/web/base/deployment.yaml: no such file'",
  );
});

Deno.test("what is stopped, under way, waiting, being tried again", () => {
  for (
    const [fields, state] of [
      [{ spec: { suspend: true } }, "suspended"],
      [{ ready: "Unknown", reason: "Progressing" }, "progressing"],
      [{ ready: "False", reason: "DependencyNotReady" }, "progressing"],
      [{
        ready: "False",
        reason: "ArtifactFailed",
        message: "Source artifact not found, retrying in 30s",
      }, "progressing"],
      [{ ready: "False", reason: "ArtifactFailed", message: "path not found" }, "failed"],
      // A change that no controller has seen yet.
      [{ generation: 2 }, "progressing"],
      [{ ready: "False", generation: 2 }, "progressing"],
      [{ ready: "True", reconciling: "Progressing" }, "progressing"],
      [{ ready: "False", reconciling: "ProgressingWithRetry" }, "failed"],
      [{ status: { conditions: [] } }, "progressing"],
    ] as const
  ) {
    const { state: found } = readFluxObject("Kustomization", kustomization("web", fields));
    assert.equal(found, state, JSON.stringify(fields));
  }
});

Deno.test("an object that no controller has looked at says so", () => {
  const { message, revision, updatedAt } = readFluxObject("Kustomization", {
    metadata: { name: "new", namespace: "flux-system" },
    spec: { path: "./x" },
  });
  assert.deepEqual(
    { message, revision, updatedAt },
    { message: "Flux has not reconciled it yet", revision: undefined, updatedAt: undefined },
  );
});

Deno.test("a HelmRelease shows the chart and its version", () => {
  const release = readFluxObject("HelmRelease", {
    metadata: { name: "podinfo", namespace: "podinfo", generation: 1 },
    spec: {
      chart: { spec: { chart: "podinfo", sourceRef: { kind: "HelmRepository", name: "p" } } },
    },
    status: {
      conditions: [{ type: "Ready", status: "True", observedGeneration: 1 }],
      history: [{ chartVersion: "6.7.1", name: "podinfo" }, { chartVersion: "6.7.0" }],
    },
  });
  assert.deepEqual(
    [release.state, release.from, release.revision, release.source],
    ["ready", "podinfo", "6.7.1", "HelmRepository/p"],
  );
});

Deno.test("a state is known and texts are harmless, whatever stands in the object", () => {
  const anything = fc.record({
    metadata: fc.record({ name: fc.string(), namespace: fc.string(), generation: fc.nat(3) }),
    spec: fc.record({ suspend: fc.option(fc.boolean()), url: fc.option(fc.string()) }),
    status: fc.option(fc.record({
      conditions: fc.option(fc.array(fc.record({
        type: fc.constantFrom("Ready", "Reconciling", "Stalled"),
        status: fc.constantFrom("True", "False", "Unknown", "odd"),
        reason: fc.string(),
        message: fc.string({ unit: "binary" }),
        observedGeneration: fc.option(fc.nat(3)),
        lastTransitionTime: fc.option(fc.string()),
      }))),
      history: fc.option(fc.array(fc.anything())),
      lastAppliedRevision: fc.option(fc.string({ unit: "binary" })),
    })),
  });
  fc.assert(
    fc.property(anything, (value) => {
      const object = readFluxObject("Kustomization", value);
      assert.ok(["ready", "failed", "progressing", "suspended"].includes(object.state));
      // deno-lint-ignore no-control-regex
      const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;
      for (const text of [object.message, object.name, object.reason, object.revision ?? ""]) {
        assert.doesNotMatch(text, control);
      }
    }),
    { numRuns: 100 },
  );
});

Deno.test("revisions as people read them", () => {
  for (
    const [revision, short] of [
      [REVISION, "main@1a2b3c4"],
      ["feature/a@sha1:1a2b3c4d5e6f", "feature/a@1a2b3c4"],
      ["sha256:1a2b3c4d5e6f", "1a2b3c4"],
      ["latest@sha256:1a2b3c4d5e6f", "latest@1a2b3c4"],
      ["6.7.1", "6.7.1"],
    ] as const
  ) assert.equal(shortRevision(revision), short);
});

Deno.test("paths, with names that cannot lead elsewhere", () => {
  assert.equal(fluxPath("HelmRelease"), "/apis/helm.toolkit.fluxcd.io/v2/helmreleases");
  assert.equal(
    fluxPath("Kustomization", { namespace: "flux-system", name: "../../x" }),
    "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/..%2F..%2Fx",
  );
});
