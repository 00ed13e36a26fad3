import assert from "node:assert/strict";
import { fluxAdvice } from "../../../src/gitops/flux/flux_advice.ts";
import { readFluxObject } from "../../../src/gitops/flux/flux_status.ts";
import { type FluxFields, gitRepository, kustomization } from "./flux_fixture.ts";

const FETCH = "failed to checkout and determine revision: unable to list remote for 'URL': ";

const failed = (message: string, fields: FluxFields = {}): FluxFields => ({
  ready: "False",
  message,
  ...fields,
});

Deno.test("each failure of a source that Flux words has a next step of its own", () => {
  const ssh = { spec: { url: "ssh://git@git.example/x.git", ref: { branch: "main" } } };
  for (
    const [message, advice, fields = {}] of [
      [`${FETCH}authentication required: Unauthorized`, /gitops_token_file .*--tags gitops$/],
      [`${FETCH}authentication required: known_hosts x509\nHint: run me`, /gitops_token_file/],
      [
        `${FETCH}ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey]`,
        /deploy-key` shows .*gitops sync$/,
        ssh,
      ],
      [
        "failed to checkout: unable to construct auth method with options: ssh: no key found",
        /cannot read the SSH key .*gitops_ssh_key_file/,
        ssh,
      ],
      [`${FETCH}ssh: handshake failed: knownhosts: key mismatch`, /--renew-host-key/, ssh],
      [`${FETCH}tls: failed to verify certificate: x509: unknown authority`, /gitops_ca_file FILE/],
      [`unable to clone 'https://x': couldn't find remote ref "refs/heads/main"`, /branch main /],
      [
        `${FETCH}dial tcp 10.0.0.1:443: connect: connection refused`,
        /keeps retrying, and running apps/,
      ],
    ] as const
  ) {
    const object = readFluxObject(
      "GitRepository",
      gitRepository("flux-system", failed(message, fields)),
    );
    assert.match(fluxAdvice(object) ?? "none", advice, message);
  }
});

Deno.test("each failure of what is applied says where to look", () => {
  for (
    const [reason, message, advice] of [
      [
        "BuildFailed",
        "MalformedYAMLError in File: app.yaml",
        /built from \.\/apps\/web\/overlays\//,
      ],
      ["ReconciliationFailed", "Deployment/web/web dry-run failed: .spec.replicas", /validate/],
      [
        "ArtifactFailed",
        "kustomization path not found: stat /tmp/x",
        /no directory \.\/apps\/web\//,
      ],
      ["BuildFailed", "cannot get sops data key: no identity matched", /gitops_age_key_file/],
      [
        "HealthCheckFailed",
        "timeout waiting for: [Deployment/shop/web status: 'InProgress']",
        /: kubectl -n shop get pods$/,
      ],
    ] as const
  ) {
    const fields = failed(message, { reason, spec: { path: "./apps/web/overlays/home" } });
    const object = readFluxObject("Kustomization", kustomization("web", fields));
    assert.match(fluxAdvice(object) ?? "none", advice, message);
  }
});

Deno.test("what is well has no advice, and a name of the cluster is never a command", () => {
  assert.equal(fluxAdvice(readFluxObject("GitRepository", gitRepository())), undefined);
  const message = "timeout waiting for: [Deployment/$(reboot)/web status: 'InProgress']";
  const object = readFluxObject("Kustomization", kustomization("web", failed(message)));
  assert.doesNotMatch(fluxAdvice(object) ?? "", /reboot/);
});
