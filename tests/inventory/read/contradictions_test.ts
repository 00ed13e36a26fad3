/** Values that are right by themselves and do not go together are warned of, with their line. */
import assert from "node:assert/strict";
import { etcdMembers } from "../../../src/inventory/model.ts";
import { checkInventory } from "../../../src/inventory/read/read.ts";
import { temporaryInventory } from "../temporary_inventory.ts";

/** `all` has its variables in line 2, `control_plane` in line 5, nuc in line 7, nas in line 11. */
function inventory(
  { all = "", servers = "", nuc = "", nas = "" }: Partial<
    Record<"all" | "servers" | "nuc" | "nas", string>
  >,
): string {
  const host = (ip: string, more: string) =>
    `{tailscale_ip: ${ip}${more === "" ? "" : `, ${more}`}}`;
  return `all:
  vars: {${all}}
  children:
    control_plane:
      vars: {${servers}}
      hosts:
        nuc: ${host("100.64.0.1", nuc)}
    workers:
      vars: {}
      hosts:
        nas: ${host("100.64.0.2", nas)}
`;
}

const OLD = "k3s_version: v1.35.6+k3s1";
const NEW = "k3s_version: v1.36.3+k3s1";

for (
  const [what, text, expected] of [
    ["protect for all", inventory({ all: "protect: true" }), [
      "2: every host has protect: true, so CoreDNS and most other pods have no node",
    ]],
    ["protect for each", inventory({ servers: "protect: true", nas: "protect: true" }), [
      "5: every host has protect: true, so CoreDNS and most other pods have no node",
    ]],
    ["protect but for one", inventory({ all: "protect: true", nas: "protect: false" }), []],
    ["limits in an old k3s", inventory({ all: `${OLD}, default_limits: {cpu: "1"}` }), [
      "2: default_limits needs k3s v1.36 or newer, and k3s_version is v1.35.6+k3s1",
    ]],
    ["certificates without a database", inventory({ all: "datastore_ca_file: /ca.pem" }), [
      "2: datastore_endpoint_file is not set, so the other datastore files are not used",
    ]],
    [
      "a client's certificate without its key",
      inventory({ all: "datastore_endpoint_file: /db, datastore_cert_file: /c.pem" }),
      ["2: datastore_cert_file is set alone"],
    ],
    [
      "a database with all that belongs to it",
      inventory({
        all: "datastore_endpoint_file: /db, datastore_ca_file: /a, datastore_cert_file: /c, " +
          "datastore_key_file: /k",
      }),
      [],
    ],
    [
      "a schedule of backups of a database",
      inventory({
        all: "datastore_endpoint_file: /db, backup_schedule: {every: daily, recipient: " +
          `age1${"q".repeat(58)}}`,
      }),
      ["2: backup_schedule cannot back up a database, and datastore_endpoint_file is set"],
    ],
    [
      "two servers",
      inventory({}).replace("nuc:", "one: {tailscale_ip: 100.64.0.9}\n        nuc:"),
      [
        "7: 2 control-plane hosts are no safer than 1",
      ],
    ],
    [
      "two servers that share a database",
      inventory({ all: "datastore_endpoint_file: /db" })
        .replace("nuc:", "one: {tailscale_ip: 100.64.0.9}\n        nuc:"),
      [],
    ],
    ["no limits in an old k3s", inventory({ all: `${OLD}, default_limits: {}` }), []],
    ["limits in a new k3s", inventory({ all: `${NEW}, default_limits: {cpu: "1"}` }), []],
    [
      "a default class that is left out",
      inventory({ all: "storage_default_class: local-path, k3s_disable: [local-storage]" }),
      [
        "2: storage_default_class is local-path, and k3s_disable leaves out local-storage, which makes that class",
      ],
    ],
    [
      "a default class beside another part that is left out",
      inventory({ all: "storage_default_class: local-path, k3s_disable: [traefik]" }),
      [],
    ],
    ["a GPU denied and set up", inventory({ nas: "gpu: false, gpu_driver: install" }), [
      "11: gpu_driver has no effect on nas: gpu is false",
    ]],
    ["a GPU denied and shared", inventory({ servers: "gpu: false, gpu_replicas: 4" }), [
      "5: gpu_replicas has no effect on nuc: gpu is false",
    ]],
    ["a GPU denied for all", inventory({ all: "gpu: false", nuc: "gpu_replicas: 2" }), [
      "7: gpu_replicas has no effect on nuc: gpu is false",
    ]],
    ["a host that is an exception", inventory({ all: "gpu_replicas: 4", nuc: "gpu: false" }), []],
    [
      "a group that is an exception",
      inventory({ all: "gpu_driver: install", servers: "gpu: false" }),
      [],
    ],
    ["nothing asked of a GPU", inventory({ nas: "gpu: false, gpu_replicas: 1" }), []],
  ] as const
) {
  Deno.test(`${what}: ${expected.length === 0 ? "no warning" : "a warning"}`, async () => {
    await using written = await temporaryInventory(text);
    const { problems, warnings } = await checkInventory(written.file);
    assert.deepEqual(problems, []);
    assert.deepEqual(warnings.map(({ message, where }) => `${where?.line}: ${message}`), expected);
  });
}

Deno.test("servers are members of etcd where there are several, and no database that they share", async () => {
  const several = (all: string) =>
    inventory({ all }).replace("nuc:", "one: {tailscale_ip: 100.64.0.9}\n        nuc:");
  for (
    const [text, expected] of [
      [inventory({}), []],
      [several(""), ["one", "nuc"]],
      [several("datastore_endpoint_file: /db"), []],
    ] as const
  ) {
    await using written = await temporaryInventory(text);
    const read = await checkInventory(written.file);
    assert.deepEqual(etcdMembers(read.inventory!).map(({ name }) => name), expected);
  }
});
