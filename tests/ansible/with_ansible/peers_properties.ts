/**
 * Properties of who fetches k3s from whom: fast-check makes hosts and what is known of them, ansible-core chooses for all cases in one run. Run by
 * tests/ansible/check.sh, which puts ansible-playbook on PATH.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";

const RUNS = 120;
const HERE = import.meta.dirname!;

const known = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[a-z][a-z0-9-]{0,6}$/),
    kind: fc.tuple(
      fc.constantFrom("amd64", "arm64", "arm"),
      fc.constantFrom("v1.36.2+k3s1", "v1.36.3+k3s1"),
    ).map((parts) => parts.join(" ")),
    // What it has it does not get; another one may get it later in the run.
    state: fc.constantFrom("has", "gets", "gets", "later"),
  }).map(({ state, ...host }) => ({ ...host, has: state === "has", gets: state === "gets" })),
  { maxLength: 12, selector: ({ name }) => name },
);
type Known = typeof known extends fc.Arbitrary<infer T> ? T : never;
type Shares = Record<string, { readonly source: string; readonly hosts: readonly string[] }>;

async function choose(cases: readonly Known[]): Promise<readonly Shares[]> {
  const directory = await Deno.makeTempDir({ prefix: "k3s-tool-test-" });
  try {
    const output = `${directory}/out.json`;
    const play = {
      hosts: "localhost",
      connection: "local",
      gather_facts: false,
      vars_files: [`${HERE}/../../../ansible/roles/k3s_binary/vars/main.yml`],
      vars: { ansible_python_interpreter: "{{ ansible_playbook_python }}", shares: [] },
      tasks: [{
        "ansible.builtin.set_fact": { shares: "{{ shares + [k3s_binary_shares] }}" },
        loop: "{{ cases }}",
        loop_control: { loop_var: "k3s_binary_case", label: "" },
      }, {
        "ansible.builtin.copy": { content: "{{ shares | to_json }}", dest: output, mode: "0600" },
      }],
    };
    await Deno.writeTextFile(`${directory}/play.yml`, JSON.stringify([play]));
    const given = `${directory}/given.json`;
    // As extra variables they have precedence over those of the role.
    await Deno.writeTextFile(
      given,
      JSON.stringify({ cases, k3s_binary_known: "{{ k3s_binary_case }}" }),
    );
    const { code, stdout, stderr } = await new Deno.Command("ansible-playbook", {
      args: ["-i", "localhost,", `${directory}/play.yml`, "-e", `@${given}`],
      env: { ANSIBLE_CONFIG: `${HERE}/../../../ansible/ansible.cfg`, ANSIBLE_HOME: directory },
    }).output();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.equal(code, 0, said.slice(-3000));
    return JSON.parse(await Deno.readTextFile(output));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const cases = fc.sample(known, { numRuns: RUNS });
const chosen = await choose(cases);

function forEach(property: (hosts: Known, shares: Shares) => void): void {
  assert.equal(chosen.length, RUNS);
  cases.forEach((hosts, index) => property(hosts, chosen[index]!));
}

Deno.test("every host that gets k3s now is named once, under what it gets, and nobody else is", () => {
  forEach((hosts, shares) => {
    const expected = new Map<string, string[]>();
    for (const { name, kind, gets } of hosts) {
      if (gets) expected.set(kind, [...expected.get(kind) ?? [], name]);
    }
    const found = Object.entries(shares).map(([kind, { hosts }]) => [kind, hosts] as const);
    assert.deepEqual(new Map(found), expected);
  });
});

Deno.test("a source has the very release for that architecture, or is the first to get it", () => {
  forEach((hosts, shares) => {
    for (const [kind, share] of Object.entries(shares)) {
      const having = hosts.filter((host) => host.kind === kind && host.has).map(({ name }) => name);
      assert.equal(share.source, [...having, ...share.hosts][0]);
    }
  });
});
