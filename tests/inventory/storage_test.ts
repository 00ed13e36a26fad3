/** Directories for volumes: what each may be, and what must hold between them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { checkInventory, readInventory } from "../../src/inventory/read/read.ts";
import { storagePathsOf } from "../../src/inventory/storage.ts";
import { VARIABLE_SCHEMAS } from "../../src/inventory/schema.ts";
import { temporaryInventory } from "./temporary_inventory.ts";

/** An inventory of two hosts; `nas` begins at line 8, `pi` at line 12. */
function inventory(nas: string, pi = "[]", vars = "{}"): string {
  return `all:
  vars: ${vars}
  children:
    control_plane:
      hosts:
        nuc:
          tailscale_ip: 100.64.0.1
        nas:
          tailscale_ip: 100.64.0.2
          storage_paths: ${nas}
    workers:
      hosts:
        pi:
          tailscale_ip: 100.64.0.3
          storage_paths: ${pi}
`;
}

async function problemsOf(text: string) {
  await using written = await temporaryInventory(text);
  const { problems } = await checkInventory(written.file);
  return problems.map(({ message, where, value, expected }) =>
    `${where?.line}: ${message} | ${value} | ${expected}`
  );
}

for (
  const [what, text, expected] of [
    ["one path twice", inventory("[{path: /srv/a, class: a}, {path: /srv/a, class: b}]"), [
      "10: nas has the storage path /srv/a twice | /srv/a | directories that are not inside each other",
    ]],
    ["a path inside another", inventory("[{path: /srv/a/b, class: a}, {path: /srv/a, class: b}]"), [
      "10: the storage paths /srv/a/b and /srv/a of nas overlap | /srv/a | directories that are not inside each other",
    ]],
    [
      "a class that keeps here and deletes there",
      inventory("[{path: /srv/a, class: a, reclaim: Retain}]", "[{path: /srv/a, class: a}]"),
      [
        "15: the storage class a is Retain on nas and Delete on pi | Delete | the same reclaim for a class on all hosts (Delete where it is not set)",
      ],
    ],
    [
      "two defaults",
      inventory(
        "[{path: /srv/a, class: a, default: true}]",
        "[{path: /srv/b, class: b, default: true}]",
      ),
      [
        "15: two storage classes are the default: a and b | true | default: true for one class, or storage_default_class for the cluster",
      ],
    ],
    [
      "a default that no host has",
      inventory("[{path: /srv/a, class: a}]", "[]", "{storage_default_class: b}"),
      [
        "2: storage_default_class names a class that no host has | b | one of a, local-path",
      ],
    ],
    ["a system directory", inventory("[{path: /var/lib/rancher/x, class: a}]"), [
      "10: bad value for storage_paths.0.path of nas | /var/lib/rancher/x | a directory that nothing else uses, such as /srv/fast or /mnt/disk1",
    ]],
    ["a relative path", inventory("[{path: srv/fast, class: a}]"), [
      "10: bad value for storage_paths.0.path of nas | srv/fast | an absolute path that nothing else uses, such as /srv/fast, of letters, digits, . _ - + @",
    ]],
    ["k3s' own class", inventory("[{path: /srv/fast, class: local-path}]"), [
      "10: bad value for storage_paths.0.class of nas | local-path | another name: k3s has a class local-path itself",
    ]],
  ] as const
) {
  Deno.test(`storage_paths: ${what} is refused with its line`, async () => {
    assert.deepEqual(await problemsOf(text), expected);
  });
}

Deno.test("storage_paths: neighbours, one class on two hosts and a chosen default are fine", async () => {
  assert.deepEqual(
    await problemsOf(inventory(
      "[{path: /srv/a, class: a, default: true}, {path: /srv/ab, class: b, default: true}]",
      "[{path: /srv/a, class: a}]",
      "{storage_default_class: b}",
    )),
    [],
  );
  assert.deepEqual(
    await problemsOf(inventory("[]", "[]", "{storage_default_class: local-path}")),
    [],
  );
  assert.deepEqual(
    await problemsOf(inventory('"{{ paths }}"', "[]", "{storage_default_class: b}")),
    [],
  );
});

Deno.test("a group's storage_paths hold for its hosts, with their defaults", async () => {
  await using written = await temporaryInventory(inventory("[{path: /srv/a, class: a}]"), {
    "group_vars/workers.yml": "storage_paths: [{path: /mnt/x, class: x, reclaim: Retain}]\n",
    "host_vars/nas.yml": "{}\n",
  });
  const { hosts } = await readInventory(written.file);
  assert.deepEqual(hosts.map((host) => [host.name, storagePathsOf(host)]), [
    ["nuc", []],
    ["nas", [{ path: "/srv/a", class: "a", default: false, reclaim: "Delete" }]],
    ["pi", []],
  ]);
});

Deno.test("P21 a path for volumes is absolute, plain and outside the system", () => {
  const schema = VARIABLE_SCHEMAS.get("storage_paths")!;
  const word = fc.stringMatching(/^[\w@+-][\w.@+-]{0,8}$/);
  fc.assert(
    fc.property(
      fc.constantFrom("/srv", "/mnt", "/home", "/var/lib", "/data"),
      fc.array(word, { minLength: 1, maxLength: 3 }),
      fc.constantFrom("", "..", ".", "a b", "a\nb", "a'b", "a$b", "ä"),
      (parent, words, bad) => {
        const path = [parent, ...words].join("/");
        const system = /^\/var\/lib\/(?:containerd|docker|k3s-tool|kubelet|rancher)(?:\/|$)/.test(
          path,
        );
        const accepts = (path: string) => schema.safeParse([{ path, class: "a" }]).success;
        assert.equal(accepts(path), !system);
        assert.ok(!accepts(`${path}/${bad}`));
        assert.ok(!accepts(`${parent}/${bad}/${words[0]}`));
        assert.ok(!accepts(path.slice(1)));
      },
    ),
    { numRuns: 200 },
  );
});

for (
  const path of [
    "/nix/store",
    "/snap/x",
    "/lost+found",
    "/mnt/disk/lost+found/x",
    "/var/lib/k3s-tool",
    "/opt",
  ]
) {
  Deno.test(`storage_paths: ${path} belongs to something else`, () => {
    const schema = VARIABLE_SCHEMAS.get("storage_paths")!;
    assert.ok(!schema.safeParse([{ path, class: "a" }]).success);
    assert.ok(schema.safeParse([{ path: "/opt/data", class: "a" }]).success);
  });
}

for (
  const [field, value, expected] of [
    ["path", "/srv/a/b/", /without \/ at its end/],
    ["path", "/srv//a", /without \/\//],
    ["path", "/srv/../etc", /without \. and \.\./],
    ["path", `/srv/${"a".repeat(200)}`, /at most 200 characters/],
    ["path", "/srv/a b", /of letters, digits/],
    ["class", "-fast", /begins and ends with a letter \(a–z\) or digit/],
    ["class", "a..b", /each part between dots/],
    ["class", "fast.", /begins and ends with/],
    ["class", "a".repeat(64), /at most 63 characters/],
    ["class", "Fast", /lower-case letters/],
  ] as const
) {
  Deno.test(`storage_paths: what is wrong with ${field} ${value.slice(0, 12)} is said`, () => {
    const entry = { path: "/srv/a", class: "a", [field]: value };
    const { error } = VARIABLE_SCHEMAS.get("storage_paths")!.safeParse([entry]);
    assert.match(error!.issues[0]!.message, expected);
  });
}

Deno.test("a value that Ansible reads as a date is refused unless it is quoted", async () => {
  const paths = (name: string) => inventory(`[{path: /srv/a, class: ${name}}]`);
  assert.deepEqual(await problemsOf(paths("2024-01-01")), [
    "10: storage_paths of nas has a value that Ansible reads as a date | undefined | quotes around it",
  ]);
  assert.deepEqual(await problemsOf(paths('"2024-01-01"')), []);
  assert.equal(
    (await problemsOf(inventory("[]", "[]", "{git_branch: 2024-1-1 1:00:00}"))).length,
    1,
  );
  assert.deepEqual(await problemsOf(inventory("[]", "[]", "{other: 2024-01-01}")), []);
});
