import assert from "node:assert/strict";
import {
  installPrivateAnsible,
  privateDirectory,
} from "../../../src/ansible/setup/private_ansible.ts";
import { findPython } from "../../../src/ansible/setup/locate.ts";
import { UserError } from "../../../src/errors/user_error.ts";
import type { FakeRunner } from "../../process/fake_runner.ts";
import { fakeSystem, withDirectory } from "../fake_system.ts";

/** A machine with Python on which venv makes a folder and pip succeeds. */
function withPython(runner: FakeRunner, pip: { code?: number; stderr?: string } = {}): FakeRunner {
  return runner
    .on("python3 -I", { stdout: "3.12 1\n" })
    .on(/^python3 -m venv /, async ({ argv }) => {
      await Deno.mkdir(`${argv.at(-1)}/bin`, { recursive: true });
      await Deno.writeTextFile(`${argv.at(-1)}/bin/python3`, "");
      return {};
    })
    .on(/\/venv\/bin\/python3 -m pip install --require-hashes /, pip)
    .on(/bin\/ansible-playbook --version$/, async ({ argv }) => {
      const there = await Deno.stat(argv[0] ?? "").then(() => true, () => false);
      return there ? { stdout: "ansible-playbook [core 2.19.14]" } : { code: 127 };
    });
}

async function thrown(promise: Promise<unknown>): Promise<UserError> {
  const error = await promise.then(() => undefined, (reason) => reason);
  assert.ok(error instanceof UserError, String(error));
  return error;
}

Deno.test("it is built aside and appears under the hash of its requirements", async () => {
  await withDirectory(async (directory) => {
    const system = fakeSystem(directory);
    withPython(system.runner);
    const ansible = await installPrivateAnsible(system, "ansible-core==2.19.14\n");
    const target = await privateDirectory(system, "ansible-core==2.19.14\n");
    assert.equal(ansible.argv[0], `${target}/bin/python3`);
    assert.equal(ansible.origin, "private");
    const left = [...Deno.readDirSync(`${directory}/.cache/k3s-tool/ansible`)];
    assert.deepEqual(left.map(({ name }) => `${directory}/.cache/k3s-tool/ansible/${name}`), [
      target,
    ]);
    const calls = system.runner.calls.length;
    await installPrivateAnsible(system, "ansible-core==2.19.14\n");
    assert.equal(system.runner.calls.length, calls + 1, "the second time it is only asked");
  });
});

Deno.test("a failed download leaves nothing behind and says what pip said", async () => {
  await withDirectory(async (directory) => {
    const system = fakeSystem(directory);
    withPython(system.runner, { code: 1, stderr: "WARNING: x\nERROR: No matching distribution\n" });
    const error = await thrown(installPrivateAnsible(system, "x"));
    assert.equal(error.exitCode, 1);
    assert.match(error.message, /Downloading ansible-core failed: ERROR: No matching distribution/);
    assert.deepEqual([...Deno.readDirSync(`${directory}/.cache/k3s-tool/ansible`)], []);
  });
});

Deno.test("a full disk is said as what it is, also where pip meets it", async () => {
  await withDirectory(async (directory) => {
    const system = fakeSystem(directory);
    const stderr = "ERROR: Could not install packages: [Errno 28] No space left on device\n";
    withPython(system.runner, { code: 1, stderr });
    const error = await thrown(installPrivateAnsible(system, "x"));
    assert.equal(error.message, "Downloading ansible-core failed: the disk is full");
    assert.match(error.hint ?? "", /^Make room on the disk of .*XDG_CACHE_HOME/);
  });
});

Deno.test("what killed installations left is removed, what others are building is not", async () => {
  await withDirectory(async (directory) => {
    const system = fakeSystem(directory);
    withPython(system.runner);
    const parent = `${directory}/.cache/k3s-tool/ansible`;
    for (const name of ["building-killed", "building-other"]) {
      await Deno.mkdir(`${parent}/${name}/venv`, { recursive: true });
    }
    using held = await Deno.open(`${parent}/building-other`);
    await held.lock(true);
    await installPrivateAnsible(system, "x");
    const names = [...Deno.readDirSync(parent)].map(({ name }) => name);
    assert.deepEqual(names.filter((name) => name.startsWith("building-")), ["building-other"]);
  });
});

Deno.test("nobody may take a new directory for one that was left before it is locked", async () => {
  await withDirectory(async (directory) => {
    const system = fakeSystem(directory);
    withPython(system.runner);
    const { makeTempDir } = Deno;
    const free: boolean[] = [];
    try {
      Deno.makeTempDir = async (options) => {
        const made = await makeTempDir(options);
        if (options?.dir === undefined) return made; // where an ansible that was found is asked
        using parent = await Deno.open(options.dir);
        free.push(await parent.tryLock(true));
        return made;
      };
      await installPrivateAnsible(system, "x");
    } finally {
      Deno.makeTempDir = makeTempDir;
    }
    assert.deepEqual(free, [false]);
  });
});

Deno.test("a cache that cannot be written is an error with its reason", async () => {
  await withDirectory(async (directory) => {
    const system = fakeSystem(directory);
    withPython(system.runner);
    await Deno.writeTextFile(`${directory}/.cache`, "");
    const error = await thrown(installPrivateAnsible(system, "x"));
    assert.match(error.message, /^ansible-core cannot be put into .*: a file is where a directory/);
    assert.match(error.hint ?? "", /, or set XDG_CACHE_HOME to a directory/);
  });
});

Deno.test("something broken in its place is replaced", async () => {
  await withDirectory(async (directory) => {
    const system = fakeSystem(directory);
    withPython(system.runner);
    const target = await privateDirectory(system, "x");
    await Deno.mkdir(`${target}/half`, { recursive: true });
    const ansible = await installPrivateAnsible(system, "x");
    assert.equal(ansible.version, "2.19.14");
    assert.deepEqual([...Deno.readDirSync(target)].map(({ name }) => name), ["bin"]);
  });
});

Deno.test("without Python, with an old one, or without venv: exit code 3 and the package", async () => {
  const cases = [
    [undefined, /needs Python 3\.11, 3\.12 or 3\.13$/, /apt install python3/],
    ["3.9 1", /needs Python .* \(found 3\.9\)/, /apt install python3/],
    ["3.11 0", /Python 3\.11 here cannot make virtual environments/, /python3-venv/],
  ] as const;
  for (const [python, message, hint] of cases) {
    await withDirectory(async (directory) => {
      const system = fakeSystem(directory);
      if (python !== undefined) system.runner.on("python3 -I", { stdout: `${python}\n` });
      const error = await thrown(installPrivateAnsible(system, "x"));
      assert.equal(error.exitCode, 3);
      assert.match(error.message, message);
      assert.match(error.hint ?? "", hint);
    });
  }
});

Deno.test("a Python with venv is preferred to one without", async () => {
  const system = fakeSystem("/home/ann");
  system.runner.on("python3 -I", { stdout: "3.11 0\n" }).on("python3.12 -I", {
    stdout: "3.12 1\n",
  });
  assert.equal((await findPython(system)).python?.program, "python3.12");
});
