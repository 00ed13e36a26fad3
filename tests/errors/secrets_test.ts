import assert from "node:assert/strict";
import cases from "./secret_cases.json" with { type: "json" };
import { hideNamed, hideSecrets, isSecretName } from "../../src/errors/secrets.ts";

Deno.test("names of secrets, as people write them", () => {
  const secret = [
    "k3s_token",
    "agent-token",
    "ansible_become_password",
    "ansible_ssh_pass",
    "ansible_become_pass",
    "PASSWORD",
    "GITHUB_PWD",
    "etcd-s3-secret-key",
    "etcd-s3-access-key",
    "apiKey",
    "privateKey",
    "tailscale_auth_key",
    "vault_secrets",
    "aws.credentials",
  ];
  const harmless = [
    "gitops_token_file",
    "secrets_encryption",
    "secrets-encryption-provider",
    "TOKEN_FILE",
    "secretName",
    "secretKeyRef",
    "secret_namespace",
    "ansible_ssh_private_key_file",
    "compass",
    "bypass",
    "key",
    "k3s_version",
    "node_labels",
    "ssh_public_key",
    "secretGenerator",
  ];
  assert.deepEqual(secret.filter((name) => !isSecretName(name)), []);
  assert.deepEqual(harmless.filter(isSecretName), []);
});

// The callback plugin of a run hides the same (tests/ansible/with_ansible/events_test.py).
for (const [text, hidden] of cases as [string, string][]) {
  Deno.test(`what looks like a secret is hidden: ${JSON.stringify(text)}`, () => {
    assert.equal(hideSecrets(text), hidden);
  });
}

Deno.test("what follows the name of a secret is hidden, and what is indented below it", () => {
  assert.equal(
    hideNamed('a: 1\n- token: |\n    x\n    y\n  b: 2\nPASSWORD="x y"\ntoken_file: /z\n'),
    "a: 1\n- token: ********\n    ********\n    ********\n  b: 2\nPASSWORD=********\ntoken_file: /z\n",
  );
});
