import assert from "node:assert/strict";
import { findAnsible, isRecent, parseAnsibleVersion } from "../../../src/ansible/setup/locate.ts";
import { fakeSystem } from "../fake_system.ts";

const version = (text: string) => ({
  stdout: `ansible-playbook [core ${text}]\n  config file = None\n`,
});

Deno.test("the version stands in the first line, in old and new wording", () => {
  assert.equal(parseAnsibleVersion("ansible-playbook [core 2.19.14]\n  x"), "2.19.14");
  assert.equal(parseAnsibleVersion("ansible [core 2.16.0rc1] \n"), "2.16.0rc1");
  assert.equal(parseAnsibleVersion("ansible-playbook 2.9.27\n"), undefined);
  assert.equal(parseAnsibleVersion(""), undefined);
});

Deno.test("2.16 is recent enough, 2.9 and 2.15 are not", () => {
  assert.ok(["2.16.0", "2.16.0rc1", "2.20", "3.0.1"].every(isRecent));
  assert.ok(!["2.15.13", "2.9.27", "1.99"].some(isRecent));
});

Deno.test("the person's own ansible-playbook comes first", async () => {
  const system = fakeSystem("/home/ann");
  system.runner.on("ansible-playbook --version", version("2.17.3"));
  assert.deepEqual(await findAnsible(system, "/private"), {
    ansible: { argv: ["ansible-playbook"], version: "2.17.3", origin: "path" },
    passedOver: undefined,
  });
  assert.deepEqual(system.runner.lines, ["ansible-playbook --version"]);
});

Deno.test("one that is too old is passed over, with the reason", async () => {
  const system = fakeSystem("/home/ann");
  system.runner.on("ansible-playbook --version", version("2.14.3"))
    .on("/private/bin/python3", version("2.19.14"));
  const { ansible, passedOver } = await findAnsible(system, "/private");
  assert.deepEqual(ansible, {
    argv: ["/private/bin/python3", "/private/bin/ansible-playbook"],
    version: "2.19.14",
    origin: "private",
  });
  assert.equal(passedOver, "ansible-core 2.14.3 on PATH is older than 2.16");
});

Deno.test("one that does not start is passed over, with what it says", async () => {
  const system = fakeSystem("/home/ann");
  system.runner.on("ansible-playbook", {
    code: 1,
    stderr: "Traceback\nModuleNotFoundError: No module named 'ansible'\n",
  });
  assert.deepEqual(await findAnsible(system, "/private"), {
    ansible: undefined,
    passedOver:
      "ansible-playbook on PATH does not work: ModuleNotFoundError: No module named 'ansible'",
  });
});

Deno.test("a shim that has no version to run is passed over, with the first line of what it says", async () => {
  const said: readonly (readonly [string, string])[] = [
    [
      "No version is set for command ansible-playbook\nConsider adding one of the following " +
      "versions in your config file at /home/ann/.tool-versions\npython 3.12.1\n",
      "No version is set for command ansible-playbook",
    ],
    [
      "pyenv: ansible-playbook: command not found\n\nThe `ansible-playbook' command exists in " +
      "these Python versions:\n  3.12.1\n",
      "pyenv: ansible-playbook: command not found",
    ],
    ["\n", "exit code 126"],
  ];
  for (const [stderr, problem] of said) {
    const system = fakeSystem("/home/ann");
    system.runner.on("ansible-playbook", { code: 126, stderr });
    const { passedOver } = await findAnsible(system, "/private");
    assert.equal(passedOver, `ansible-playbook on PATH does not work: ${problem}`);
  }
});

Deno.test("a version is asked for without a write to HOME, which may be read-only", async () => {
  const system = fakeSystem("/home/ann");
  const homes: (string | undefined)[] = [];
  for (const program of ["ansible-playbook", "/private/bin/python3"]) {
    system.runner.on(program, ({ options }) => {
      homes.push(options.env?.ANSIBLE_HOME);
      return Promise.resolve({ code: 1 });
    });
  }
  await findAnsible(system, "/private");
  assert.equal(homes.length, 2);
  for (const home of homes) assert.doesNotMatch(home ?? "/home/ann", /^\/home\/ann/);
});

Deno.test("none at all is no error", async () => {
  assert.deepEqual(await findAnsible(fakeSystem("/home/ann"), "/private"), {
    ansible: undefined,
    passedOver: undefined,
  });
});

Deno.test("asking for the version reads none of the person's settings and leaves nothing behind", async () => {
  const system = fakeSystem("/home/ann");
  let config = "";
  system.runner.on("ansible-playbook --version", async ({ options: { env = {}, without } }) => {
    config = env.ANSIBLE_CONFIG ?? "";
    assert.equal(await Deno.readTextFile(config), "");
    assert.ok(without?.test("ANSIBLE_LOG_PATH") && without.test("PYTHONPATH"));
    return version("2.17.3");
  });
  assert.equal((await findAnsible(system, "/private")).ansible?.version, "2.17.3");
  await assert.rejects(Deno.stat(config), Deno.errors.NotFound);
});
