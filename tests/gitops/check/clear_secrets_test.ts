/** What `gitops validate` takes for a secret in clear text, and what it does not. */
import assert from "node:assert/strict";
import { applies, secret, validate } from "./validated_files.ts";

for (
  const value of [
    "op://vault/item/field",
    "${TOKEN}",
    "${TOKEN:=x}",
    "postgres://me:${PASSWORD}@db/x",
    "vault:secret/data/x#token",
    "ref+vault://secret/x#/token",
    "ref+sops://file.yaml#/token",
    "<path:secret/data/x#token>",
    "<token>",
    "{{ .token }}",
    "ENC[AES256_GCM,data:x,type:str]",
    "CHANGEME",
    "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n",
    "server: https://example.com\nlog: debug\n",
    "rediss://db.example.com:6379/0?ssl_keyfile=/run/tls.key",
    "https://example.com:8443/",
    "amqp://db.example.com/?password=${PASSWORD}",
    "",
  ]
) {
  Deno.test(`no secret in clear: ${JSON.stringify(value)}`, async () => {
    for (const text of [secret(value), secret(btoa(value), "data")]) {
      const { code, problems } = await validate({
        "clusters/home/x.yaml": applies("./infrastructure"),
        "infrastructure/s.yaml": text,
      });
      assert.deepEqual([code, problems], [0, []]);
    }
  });
}

for (
  const value of [
    "hunter2",
    "c2VjcmV0",
    "https://me:hunter2@example.com/",
    "https://hooks.example.com/services/T0/B0/x",
    "amqp://db.example.com/?password=hunter2",
    "redis://:hunter2@db.example.com",
    "user: me\npassword: hunter2\n",
    "-----BEGIN PRIVATE KEY-----\nMIIE\n",
    "vault",
    "a$b<c>{d}",
  ]
) {
  Deno.test(`a secret in clear: ${JSON.stringify(value)}`, async () => {
    for (const text of [secret(value), secret(btoa(value), "data")]) {
      const { problems } = await validate({
        "clusters/home/x.yaml": applies("./infrastructure"),
        "infrastructure/s.yaml": text,
      });
      assert.match(problems.join("\n"), /holds (?:stringData|data)\.token in clear text/);
    }
  });
}

const SEALED = "ENC[AES256_GCM,data:Zm9v,iv:AA==,tag:AA==,type:str]";

Deno.test("a generator's file is encrypted where sops' code over all of it is there, in each format", async () => {
  const told = async (name: string, text: string, member = "files") =>
    (await validate({
      "clusters/home/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\n" +
        `kind: Kustomization\nnamespace: web\nsecretGenerator: [{name: s, ${member}: [${name}]}]\n`,
      [`clusters/home/${name}`]: text,
    })).problems.filter((problem) => problem.includes("secretGenerator"));
  const dotenv =
    `PASSWORD=${SEALED}\nsops_lastmodified=2026-01-01T00:00:00Z\nsops_mac=${SEALED}\n` +
    "sops_unencrypted_suffix=_unencrypted\nsops_version=3.11.0\n";
  const json = { password: SEALED, sops: { mac: SEALED, version: "3.11.0" } };
  const encrypted: Readonly<Record<string, string>> = {
    "app.env": dotenv,
    "app.yaml":
      `password: ${SEALED}\nsops:\n    lastmodified: x\n    mac: ${SEALED}\n    version: 3.11.0\n`,
    "app.json": JSON.stringify(json, null, "\t"),
    "small.json": JSON.stringify(json),
    "app.bin": JSON.stringify({ data: SEALED, sops: json.sops }),
    "app.ini": `[db]\npassword = ${SEALED}\n\n[sops]\nmac     = ${SEALED}\nversion = 3.11.0\n`,
  };
  for (const [name, text] of Object.entries(encrypted)) {
    assert.deepEqual(await told(name, text), [], name);
    // The same values without the code, one of them in clear.
    const clear = text.replace(SEALED, "hunter2").replace(/mac/g, "mark");
    assert.equal((await told(name, clear)).length, 1, name);
    const mixed = `${text.replace(/mac/g, "mark")}\npassword=hunter2\n`;
    assert.equal((await told(name, mixed)).length, 1, name);
  }
  assert.deepEqual(await told("app.env", dotenv, "envs"), []);
});

Deno.test("a Secret that holds sops' dotenv form as one text holds nothing in clear", async () => {
  const env = `PASSWORD=${SEALED}\nsops_mac=${SEALED}\nsops_version=3.11.0\n`;
  for (const values of [{ stringData: { ".env": env } }, { data: { ".env": btoa(env) } }]) {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s", namespace: "x" } };
    const { problems } = await validate({
      "clusters/home/s.yaml": JSON.stringify({ ...secret, ...values }),
    });
    assert.deepEqual(problems, []);
  }
});
