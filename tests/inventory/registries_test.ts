/** Registries and mirrors: what an inventory may say of them, and that no credential is in it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { checkInventory, readInventory } from "../../src/inventory/read/read.ts";
import { Registries } from "../../src/inventory/registries.ts";
import { PROJECT_ROOT, runCommand } from "../cli/fake_context.ts";
import { temporaryInventory } from "./temporary_inventory.ts";

const inventory = (registries: string) =>
  `all:
  vars:
    registries: ${registries}
  children:
    control_plane:
      hosts:
        nuc: {tailscale_ip: 100.64.0.1}
`;

async function problemsOf(registries: string) {
  await using written = await temporaryInventory(inventory(registries));
  const { problems } = await checkInventory(written.file);
  return problems.map(({ message, where, value, expected }) =>
    `${where?.line}: ${message} | ${value} | ${expected}`
  );
}

const ENDPOINT =
  "an address such as https://registry.example.com:5000, without a user name and password in it";
const SECRET =
  "username, password_file, auth_file or identity_token_file: what is secret is in a file of this machine";

for (
  const [what, registries, expected] of [
    [
      "nothing in a whole configuration",
      `
      mirrors:
        docker.io: {endpoint: [https://a.example.com, "b:5000/v2/x", http://100.64.0.9:5000], rewrite: {"^x/(.*)": y/$1}}
        "*": {endpoint: [https://a.example.com]}
        registry.k8s.io:
      configs:
        a.example.com: {auth: {username: me, password_file: secret}, tls: {insecure_skip_verify: true}}
        "b:5000": {auth: {identity_token_file: ~/token}, tls: {ca_file: /c, cert_file: /a, key_file: /b}}
        docker.io:`,
      [],
    ],
    ["an endpoint with a password", "{mirrors: {a: {endpoint: [https://me:hunter1@b]}}}", [
      `3: bad value for registries.mirrors.a.endpoint.0 of all | https://me:********@b | ${ENDPOINT}`,
    ]],
    ["an address in the place of a name", "{mirrors: {https://a/x: {}}}", [
      '3: bad value for registries.mirrors.https://a/x of all | https://a/x | a registry such as docker.io or registry.example.com:5000, or "*" for all others',
    ]],
    ["a key that k3s would pass over", "{mirrors: {a: {endpoints: [https://b]}}}", [
      '3: registries.mirrors.a of all has an unknown key | endpoints | {endpoint: ["https://registry.example.com:5000"]}',
    ]],
    ["half a key pair", "{configs: {a: {tls: {cert_file: /c}}}}", [
      "3: bad value for registries.configs.a.tls of all | {cert_file: /c} | cert_file and key_file, or neither",
    ]],
    ["credentials", "{configs: {a: {auth: {password: hunter1, auth: hunter2}}}}", [
      `3: bad value for registries.configs.a.auth.password of all | undefined | ${SECRET}`,
      `3: bad value for registries.configs.a.auth.auth of all | undefined | ${SECRET}`,
    ]],
    ["a template, for Ansible to find out", '"{{ registries_of_the_house }}"', []],
  ] as const
) {
  Deno.test(`registries: ${what}`, async () => {
    assert.deepEqual(await problemsOf(registries), expected);
  });
}

Deno.test("no credential that is in the wrong place is repeated, wherever that is", async () => {
  const name = fc.constantFrom("password", "auth", "identity_token", "token", "passphrase");
  const places: readonly ((text: string) => string)[] = [
    (text) => `{configs: {a: {auth: {username: me, ${text}}}}}`,
    (text) => `{configs: {a: {${text}}}}`,
    (text) => `{configs: {a: {auth: {username: {${text}}}}}}`,
    (text) => `{configs: {a: {auth: [{${text}}]}}}`,
    (text) =>
      `\n      configs:\n        a:\n          auth:\n            username: me\n            ${text}`,
  ];
  await fc.assert(
    fc.asyncProperty(name, fc.constantFrom(...places), async (name, place) => {
      await using written = await temporaryInventory(inventory(place(`${name}: hunter1`)));
      const argv = ["config", "validate"];
      const { code, stdout, stderr } = await runCommand(argv, { directory: written.directory });
      assert.equal(code, 2);
      assert.doesNotMatch(stdout + stderr, /hunter/);
    }),
    { numRuns: 100 },
  );
});

Deno.test("the example says one thing for all, and a host may say nothing", async () => {
  const { hosts } = await readInventory(`${PROJECT_ROOT}/examples/inventories/registries.yml`);
  const found = hosts.map(({ name, vars }) => [
    name,
    Object.keys(Object(vars.get("registries")?.value)),
  ]);
  assert.deepEqual(found, [["nuc", ["mirrors", "configs"]], ["dgx", ["mirrors", "configs"]], [
    "pi",
    [],
  ]]);
  assert.ok(Registries.safeParse({}).success);
});
