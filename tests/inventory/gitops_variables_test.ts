import assert from "node:assert/strict";
import { VARIABLE_SCHEMAS } from "../../src/inventory/schema.ts";

function accepts(name: string, value: unknown): boolean {
  return VARIABLE_SCHEMAS.get(name)!.safeParse(value).success;
}

Deno.test("addresses are those that Flux can fetch, without a password in them", () => {
  for (
    const [address, right] of [
      ["", true],
      ["https://github.com/me/homelab.git", true],
      ["https://me@dev.azure.com/me/homelab", true],
      ["https://git.lan:8443/me/x@y.git", true],
      ["ssh://git@git.lan:2222/me/homelab.git", true],
      ["git@github.com:me/homelab.git", true],
      ["https://me:s3cret@github.com/me/homelab.git", false],
      ["ssh://git:s3cret@git.lan/x.git", false],
      ["git://git.lan/x.git", false],
      ["file:///srv/x.git", false],
      ["homelab", false],
    ] as const
  ) assert.equal(accepts("git_repo_url", address), right, address);
});

Deno.test("a variable that names a file does not hold the secret itself", () => {
  assert.ok(accepts("gitops_token_file", "~/.config/k3s-tool/tokens/homelab"));
  assert.ok(accepts("gitops_token_file", ""));
  for (const secret of ["ghp_abc", "glpat-abc", "AGE-SECRET-KEY-1ABC", "-----BEGIN\nabc"]) {
    assert.ok(!accepts("gitops_token_file", secret), secret);
  }
});

Deno.test("versions, checksums and spans of time", () => {
  assert.ok(accepts("gitops_flux_version", "v2.9.5"));
  assert.ok(!accepts("gitops_flux_version", "2.9.5"));
  assert.ok(accepts("gitops_flux_manifest_sha256", "a".repeat(64)));
  assert.ok(!accepts("gitops_flux_manifest_sha256", "a".repeat(63)));
  assert.ok(accepts("gitops_interval", "1m30s"));
  assert.ok(!accepts("gitops_interval", "1 minute"));
  assert.ok(!accepts("gitops_timeout", 0));
});
