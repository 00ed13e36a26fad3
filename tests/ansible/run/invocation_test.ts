import { FOREIGN_VARIABLES } from "../../../src/ansible/setup/locate.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { playbookArgv, playbookEnv } from "../../../src/ansible/run/invocation.ts";
import { knownHostsFiles } from "../../../src/ansible/run/known_hosts.ts";

const FILES = {
  tree: "/cache/assets/1/ansible",
  extraVars: "/run/tmp/extra_vars.json",
  events: "/run/events.jsonl",
  temporary: "/run/tmp",
  ansibleHome: "/state/ansible",
  sockets: "/tmp/k3s-tool-x",
  knownHosts: knownHostsFiles("/state"),
};

Deno.test("every option has its place, the playbook comes last", () => {
  assert.deepEqual(
    playbookArgv({ argv: ["ansible-playbook"] }, {
      playbook: "site",
      inventories: ["/home/ann/hosts.yml", "/run/tmp/groups.yml"],
      check: true,
      diff: true,
      tags: ["a", "b"],
      skipTags: ["c"],
      limit: ["n1", "n2"],
      forks: 3,
      connectTimeout: 7,
      becomePasswordFile: "/run/keys/sudo",
      vaultPasswordFile: "/run/keys/vault",
    }, FILES),
    [
      "ansible-playbook",
      "--inventory",
      "/home/ann/hosts.yml",
      "--inventory",
      "/run/tmp/groups.yml",
      "--extra-vars",
      "@/run/tmp/extra_vars.json",
      "--check",
      "--diff",
      "--tags",
      "a,b",
      "--skip-tags",
      "c",
      "--limit",
      "n1,n2",
      "--forks",
      "3",
      "--timeout",
      "7",
      "--become-password-file",
      "/run/keys/sudo",
      "--vault-password-file",
      "/run/keys/vault",
      "/cache/assets/1/ansible/playbooks/site.yml",
    ],
  );
});

Deno.test("what is not asked for is not passed", () => {
  const argv = playbookArgv({ argv: ["/venv/bin/python3", "/venv/bin/ansible-playbook"] }, {
    playbook: "preflight",
    inventories: ["/i.yml"],
    tags: [],
  }, FILES);
  assert.deepEqual(argv.slice(2), [
    "--inventory",
    "/i.yml",
    "--extra-vars",
    "@/run/tmp/extra_vars.json",
    "/cache/assets/1/ansible/playbooks/preflight.yml",
  ]);
});

Deno.test("values of extra variables are in no argument and no variable", () => {
  const run = { playbook: "site", inventories: [], extraVars: { secret: "hunter2" } } as const;
  const argv = playbookArgv({ argv: ["ansible-playbook"] }, run, FILES);
  assert.ok(!JSON.stringify([argv, playbookEnv(FILES)]).includes("hunter2"));
});

Deno.test("the environment points to the tree, the events and our known_hosts", () => {
  const env = playbookEnv(FILES);
  assert.equal(env.ANSIBLE_CONFIG, "/cache/assets/1/ansible/ansible.cfg");
  assert.equal(env.K3S_TOOL_EVENTS, "/run/events.jsonl");
  assert.match(env.ANSIBLE_SSH_COMMON_ARGS ?? "", /\/state\/known_hosts"/);
});

Deno.test("no setting of the person's own Ansible or Python reaches a run, but for two", () => {
  const kept = ["ANSIBLE_PRIVATE_KEY_FILE", "ANSIBLE_VAULT_IDENTITY_LIST"];
  const known = [
    "BECOME_METHOD",
    "SSH_ARGS",
    "PYTHON_INTERPRETER",
    "LOG_PATH",
    "TIMEOUT",
    "CONFIG",
    "PRIVATE_KEY_FILES",
    "VAULT_PASSWORD_FILE",
  ];
  const suffix = fc.oneof(fc.constantFrom(...known), fc.stringMatching(/^[A-Z][A-Z_]{0,24}$/));
  fc.assert(
    fc.property(suffix, (name) => {
      const variable = `ANSIBLE_${name}`;
      assert.equal(FOREIGN_VARIABLES.test(variable), !kept.includes(variable));
      assert.ok(FOREIGN_VARIABLES.test(`PYTHON${name}`));
      assert.ok(!FOREIGN_VARIABLES.test(`MY_${name}`));
    }),
    { numRuns: 500 },
  );
  for (const name of kept) assert.ok(!FOREIGN_VARIABLES.test(name));
  for (const name of ["PATH", "HOME", "SSH_AUTH_SOCK", "http_proxy", "SSL_CERT_FILE"]) {
    assert.ok(!FOREIGN_VARIABLES.test(name));
  }
});

Deno.test("the variables that still count are in the documents", async () => {
  const text = await Deno.readTextFile(new URL("../../../docs/inventory.md", import.meta.url));
  const named = [...text.matchAll(/^\| `(ANSIBLE_\w+)`/gm)].map(([, name]) => name).sort();
  assert.deepEqual([...new Set(named)], [
    "ANSIBLE_BECOME_PASSWORD_FILE",
    "ANSIBLE_PRIVATE_KEY_FILE",
    "ANSIBLE_VAULT_IDENTITY_LIST",
    "ANSIBLE_VAULT_PASSWORD_FILE",
  ]);
});
