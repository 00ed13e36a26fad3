import assert from "node:assert/strict";
import fc from "fast-check";
import { stringify } from "yaml";
import { maskedText } from "../../src/inventory/masked.ts";

for (
  const [name, text, hidden] of [
    [
      "a flow map",
      "nuc: {ip: 1, password: hunter2, cpu: 2}",
      "nuc: {ip: 1, password: ********, cpu: 2}",
    ],
    [
      "a quoted key and a comment",
      '"k3s_token": "hunter2" # mine\n',
      '"k3s_token": ******** # ********\n',
    ],
    ["a block scalar", "token: |\n  hunter2\n  hunter3\nb: 1\n", "token: ********\nb: 1\n"],
    [
      "a folded one over lines",
      "password: hunter2\n  hunter3\nb: 1\n",
      "password: ********\nb: 1\n",
    ],
    [
      "a map below it",
      "secrets:\n  db: hunter2\n  web: hunter3\nb: 1\n",
      "secrets:\n  ********\nb: 1\n",
    ],
    ["an alias", "pw: &pw hunter2\nx: {api_key: *pw}\n", "pw: ********\nx: {api_key: *pw}\n"],
    [
      "a comment",
      "a: 1 # password: hunter2\n# k3s_token: hunter3\n",
      "a: 1 # password: ********\n# k3s_token: ********\n",
    ],
    ["no YAML at all", "a: [\npassword: hunter2\nb: 1\n", "a: [\npassword: ********\nb: 1\n"],
    ["several documents", "a: 1\n---\npassword: hunter2\n", "a: 1\n---\npassword: ********\n"],
    [
      "vault",
      "token: !vault |\n  $ANSIBLE_VAULT;1.1\n  6162\n",
      "token: !vault |\n  $ANSIBLE_VAULT;1.1\n  6162\n",
    ],
    ["a template", "token: '{{ vault_token }}'\n", "token: '{{ vault_token }}'\n"],
    ["nothing", "token:\npassword: ~\n", "token:\npassword: ~\n"],
    [
      "an address",
      "proxy: http://me:hunter2@proxy:3128\n",
      "proxy: http://me:********@proxy:3128\n",
    ],
  ] as const
) {
  Deno.test(`secrets are hidden in ${name}`, () => assert.equal(maskedText(text), hidden));
}

Deno.test("no value below the name of a secret is in the masked text, however it is written", () => {
  const secret = fc.stringMatching(/^[g-z]{6,12}$/).map((word) => `Q${word}Q`);
  const name = fc.constantFrom("k3s_token", "password", "apiKey", "db-secret");
  const value = fc.oneof(
    secret,
    fc.array(secret, { minLength: 1, maxLength: 3 }),
    fc.record({ inner: secret }),
    secret.map((word) => `${word}\nsecond line ${word}: # x\n`),
  );
  const tree = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      fc.constant("plain"),
      fc.dictionary(name, value, { maxKeys: 3 }),
      fc.dictionary(fc.constantFrom("hosts", "a b", "children"), tie("node"), { maxKeys: 3 }),
      fc.array(tie("node"), { maxLength: 3 }),
    ),
  })).node;
  fc.assert(
    fc.property(tree, fc.constantFrom("block", "flow"), fc.nat(2), (value, style, broken) => {
      const text = stringify(value, { collectionStyle: style as "block" | "flow" }) +
        ["", "\n  : [", "\n---\n"][broken];
      assert.doesNotMatch(maskedText(text), /Q[g-z]+Q/);
    }),
    { numRuns: 300 },
  );
});
