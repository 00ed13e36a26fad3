import assert from "node:assert/strict";
import fc from "fast-check";
import { PresentFacts } from "../../src/ansible/events/present.ts";
import { K3S_OPTIONS } from "../../src/inventory/k3s_options.ts";
import { VARIABLE_SCHEMAS } from "../../src/inventory/schema.ts";
import { adoption, settingsOf } from "../../src/reports/adoption.ts";

const SERVER: PresentFacts = {
  unit: "k3s",
  own: false,
  unfinished: false,
  active: true,
  mode: "server",
  version: "v1.36.3+k3s1",
  node: "nuc",
  address: "100.64.0.1",
  tailscale_ip: "100.64.0.1",
  datastore: "etcd",
  cluster: "a",
  names: ["nuc"],
  options: {},
  problems: [],
};

Deno.test("the server that joined no other leads, whatever the order; names of certificates are those of all", () => {
  const second = {
    ...SERVER,
    node: "old",
    tailscale_ip: "100.64.0.2",
    version: "v1.36.2+k3s1",
    options: { server: "https://100.64.0.1:6443", "tls-san": ["b.example"], disable: ["traefik"] },
  };
  const first = { ...SERVER, options: { "tls-san": ["a.example", "nuc"] } };
  const found = adoption([
    { name: "old", host: undefined, address: "100.64.0.2", facts: second },
    { name: "nuc", host: undefined, address: "100.64.0.1", facts: first },
  ], undefined);
  assert.deepEqual(found.refusals, []);
  assert.deepEqual(found.hosts.map(({ name }) => name), ["nuc", "old"]);
  assert.deepEqual(found.settings.map(({ variable, value }) => [variable, value]), [
    ["k3s_version", "v1.36.3+k3s1"],
    ["k3s_tls_san", ["a.example", "b.example"]],
    ["k3s_disable", ["traefik"]],
  ]);
});

Deno.test("settings of any options are ones that the inventory takes, or a problem is said", () => {
  const value = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom(
      "true",
      "1",
      "10m",
      "a=b",
      "max-pods=40",
      "node-ip=1",
      "a/b/c=d",
      "10.42.0.0/16",
    ),
  );
  const options = fc.dictionary(
    fc.constantFrom(...K3S_OPTIONS.keys()),
    fc.oneof(value, fc.array(value, { maxLength: 3 })),
  );
  fc.assert(
    fc.property(options, (options) => {
      const facts = PresentFacts.parse({ ...SERVER, options });
      const { host, cluster, problems } = settingsOf(facts);
      for (const { variable, member, value } of [...host, ...cluster]) {
        if (
          ["k3s_tls_san", "k3s_disable", "k3s_cluster_cidr", "k3s_service_cidr"].includes(variable)
        ) {
          continue; // judged by the inventory's editor
        }
        const whole = member === undefined ? value : { [member]: value };
        const isRight = VARIABLE_SCHEMAS.get(variable)!.safeParse(whole).success;
        assert.ok(isRight || problems.length > 0, JSON.stringify([variable, whole]));
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("nothing that a host says becomes a template in the inventory, and no host stands in for another", () => {
  const evil = "{{lookup('pipe','id')}}";
  const anywhere = fc.constantFrom(evil, `x{% if 1 %}`, "{#a#}", `a=${evil}`, `${evil}=b`);
  fc.assert(
    fc.property(fc.constantFrom(...K3S_OPTIONS.keys()), anywhere, (option, text) => {
      for (const value of [text, [text]]) {
        const { host, cluster } = settingsOf({ ...SERVER, options: { [option]: value } });
        assert.deepEqual([...host, ...cluster], []);
      }
    }),
    { numRuns: 300 },
  );
  const asked = { name: "nuc", host: undefined, address: "100.64.0.9" };
  const [refusal] = adoption([{ ...asked, facts: SERVER }], undefined).refusals;
  assert.match(refusal!.message, /address is 100\.64\.0\.1, and it was reached as 100\.64\.0\.9/);
});

Deno.test("what a host says is made harmless, and what has another shape is no answer", () => {
  const facts = PresentFacts.parse({ ...SERVER, node: "a\u001b[31mb", options: { x: "\u202ey" } });
  assert.doesNotMatch(JSON.stringify(facts), /u001b|u202e/);
  for (const wrong of [{ ...SERVER, options: { a: 1 } }, { ...SERVER, mode: "x" }, {}, null]) {
    assert.equal(PresentFacts.safeParse(wrong).success, false);
  }
});
