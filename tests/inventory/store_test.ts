import assert from "node:assert/strict";
import { join } from "node:path";
import type { Problem } from "../../src/errors/user_error.ts";
import { withDirectoryLock } from "../../src/process/lock.ts";
import { addHost, removeHosts, setVariable } from "../../src/inventory/edit/edit.ts";
import type { LoadedContent } from "../../src/inventory/read/read.ts";
import { checkInventory, readInventory } from "../../src/inventory/read/read.ts";
import { resolveScope } from "../../src/inventory/edit/scope.ts";
import { editInventory } from "../../src/inventory/store.ts";
import { machineClock } from "../../src/process/system.ts";
import { PROJECT_ROOT } from "../cli/fake_context.ts";
import { SMALL, temporaryInventory } from "./temporary_inventory.ts";

const OPTIONS = { cwd: "/", clock: machineClock, limitMs: 120_000 };
const PI = {
  name: "pi",
  role: "worker",
  vars: { ansible_host: "100.64.0.4", tailscale_ip: "100.64.0.4" },
} as const;

const addPi = (content: LoadedContent) => addHost(content, PI);

/** Plans to set a variable. */
function set(variable: string, value: string, scope = "all") {
  return (content: LoadedContent) =>
    setVariable(content, {
      scope: resolveScope(content, scope),
      key: { variable, members: [] },
      value,
    });
}

function editProcess(...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", join(PROJECT_ROOT, "tests/inventory/edit_process.ts")]
      .concat(args),
    cwd: PROJECT_ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** Settles when the process has said its next word. */
async function nextWord(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  assert.equal((await reader.read()).done, false);
}

Deno.test("a host is added, the rest stays, mode too, and nothing is left beside the file", async () => {
  await using inventory = await temporaryInventory(SMALL);
  await Deno.chmod(inventory.file, 0o640);
  const { files, content } = await editInventory(inventory.file, addPi, OPTIONS);
  const added =
    "        pi:\n          ansible_host: 100.64.0.4\n          tailscale_ip: 100.64.0.4\n";
  assert.equal(inventory.read(), SMALL + added);
  assert.deepEqual(files.map(({ path }) => path), [inventory.file]);
  assert.equal(content.inventory.hosts.length, 3);
  assert.equal((await Deno.stat(inventory.file)).mode! & 0o777, 0o640);
  const names = Array.from(Deno.readDirSync(inventory.directory), (entry) => entry.name);
  assert.deepEqual(names, ["hosts.yml"]);
});

Deno.test("removing gives back what was there before", async () => {
  await using inventory = await temporaryInventory(SMALL, { "host_vars/pi.yml": "rack: 1\n" });
  await editInventory(inventory.file, addPi, OPTIONS);
  const { notes } = await editInventory(
    inventory.file,
    (content) => removeHosts(content, ["pi"]),
    OPTIONS,
  );
  assert.equal(inventory.read(), SMALL);
  assert.match(notes.join(), /left in .*host_vars\/pi\.yml/);
  assert.equal(inventory.read("host_vars/pi.yml"), "rack: 1\n");
});

Deno.test("a dry run plans and writes nothing", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const { files } = await editInventory(inventory.file, addPi, { ...OPTIONS, dryRun: true });
  assert.ok(files[0]!.after.includes("pi:"));
  assert.equal(inventory.read(), SMALL);
});

Deno.test("an edit goes to the file the variable is in", async () => {
  await using inventory = await temporaryInventory(SMALL, {
    "group_vars/workers.yml": "# ours\nrack: 1 # keep\n",
    "host_vars/dgx.yml": "desk: old\n",
  });
  await editInventory(inventory.file, set("rack", "two", "workers"), OPTIONS);
  await editInventory(inventory.file, set("desk", "new", "dgx"), OPTIONS);
  assert.equal(inventory.read("group_vars/workers.yml"), "# ours\nrack: two # keep\n");
  assert.equal(inventory.read("host_vars/dgx.yml"), "desk: new\n");
  assert.equal(inventory.read(), SMALL);
});

Deno.test("a host of a range gets a separate file", async () => {
  const text = SMALL.replace(
    "        dgx:\n          ansible_host: 100.64.0.3\n          tailscale_ip: 100.64.0.3\n" +
      '          reserved_cpu: "4"\n',
    '        n[1:2]:\n          tailscale_ip: "{{ address }}"\n',
  );
  await using inventory = await temporaryInventory(text);
  const { notes } = await editInventory(inventory.file, set("gpu_model", "x", "n2"), OPTIONS);
  assert.equal(inventory.read("host_vars/n2.yml"), "gpu_model: x\n");
  assert.match(notes.join(), /part of the range n\[1:2\]/);
  assert.equal(inventory.read(), text);
  await assert.rejects(editInventory(inventory.file, set("tailscale_ip", "1", "n2"), OPTIONS), {
    exitCode: 2,
    message: /is set for the range/,
  });
  await assert.rejects(
    editInventory(inventory.file, (content) => removeHosts(content, ["n1"]), OPTIONS),
    {
      exitCode: 2,
      message: /part of the range/,
    },
  );
});

Deno.test("what would be invalid is not written", async () => {
  await using inventory = await temporaryInventory(SMALL);
  for (const [name, value] of [["k3s_version", "latest"], ["tailscale_network", "10.0.0.0/8"]]) {
    await assert.rejects(editInventory(inventory.file, set(name!, value!), OPTIONS), {
      exitCode: 2,
      message: /would no longer be valid; nothing was written/,
    });
  }
  assert.equal(inventory.read(), SMALL);
});

Deno.test("an invalid inventory may only be changed for the better", async () => {
  const text = SMALL.replace('"4"', "lots").replace("v1.36.3+k3s1", "latest");
  await using inventory = await temporaryInventory(text);
  await assert.rejects(editInventory(inventory.file, addPi, OPTIONS), {
    exitCode: 2,
    message: /already has problems/,
  });
  assert.equal(inventory.read(), text);
  await editInventory(inventory.file, set("k3s_version", "v1.36.3+k3s1"), OPTIONS);
  await editInventory(inventory.file, set("reserved_cpu", "4", "dgx"), OPTIONS);
  assert.equal(inventory.read(), SMALL.replace('"4"', '"4"'));
});

Deno.test("a symbolic link stays one, the file behind it changes", async () => {
  await using inventory = await temporaryInventory("", { "real/hosts.yml": SMALL });
  await Deno.remove(inventory.file);
  await Deno.symlink("real/hosts.yml", inventory.file);
  await editInventory(inventory.file, addPi, OPTIONS);
  assert.ok((await Deno.lstat(inventory.file)).isSymlink);
  assert.ok(inventory.read("real/hosts.yml").includes("pi:"));
});

Deno.test("a read-only file is refused in words and stays", async () => {
  await using inventory = await temporaryInventory(SMALL);
  await Deno.chmod(inventory.file, 0o444);
  await assert.rejects(editInventory(inventory.file, addPi, OPTIONS), {
    exitCode: 1,
    message: /is read-only; nothing was written/,
  });
  assert.equal(inventory.read(), SMALL);
});

Deno.test("the owner stays", { ignore: Deno.uid() !== 0 }, async () => {
  await using inventory = await temporaryInventory(SMALL);
  await Deno.chown(inventory.file, 1234, 4321);
  await editInventory(inventory.file, addPi, OPTIONS);
  const { uid, gid } = await Deno.stat(inventory.file);
  assert.deepEqual([uid, gid], [1234, 4321]);
});

Deno.test("what an editor saves meanwhile is not lost", async () => {
  await using inventory = await temporaryInventory(SMALL);
  let plans = 0;
  const plan = (content: LoadedContent) => {
    if (plans++ === 0) Deno.writeTextFileSync(inventory.file, `# saved\n${SMALL}`);
    return addPi(content);
  };
  await editInventory(inventory.file, plan, OPTIONS);
  assert.equal(plans, 2);
  assert.ok(inventory.read().startsWith("# saved\n"));
  assert.ok(inventory.read().includes("pi:"));
});

Deno.test("many edits at once in one process all arrive", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const names = Array.from({ length: 12 }, (_, at) => `v${at}`);
  await Promise.all(names.map((name) => editInventory(inventory.file, set(name, "x"), OPTIONS)));
  const { cluster } = await readInventory(inventory.file);
  assert.deepEqual(names.filter((name) => !cluster.vars.has(name)), []);
});

Deno.test("processes that edit at once all succeed", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const processes = ["1", "2", "3"].map((prefix) =>
    editProcess(inventory.file, "add", prefix, "5")
  );
  const results = await Promise.all(processes.map((process) => process.output()));
  assert.deepEqual(results.map(({ code }) => code), [0, 0, 0]);
  const { hosts } = await readInventory(inventory.file);
  assert.equal(hosts.length, 2 + 15);
  assert.ok(inventory.read().startsWith(SMALL));
});

Deno.test("kill -9 at any moment leaves the old file or the new one", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const process = () => {
    const child = editProcess(inventory.file, "toggle");
    return { child, reader: child.stdout.getReader() };
  };
  for (let ms = 0; ms < 8; ms++) {
    const { child, reader } = process();
    // At work by now; each round ends at another moment of an edit.
    await nextWord(reader);
    await machineClock.sleep(ms);
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    const { problems } = await checkInventory(inventory.file);
    assert.deepEqual(problems, []);
    const filler = /^ {4}filler: (x+)$/m.exec(inventory.read())?.[1]?.length;
    assert.ok(filler === 1 || filler === 50_001, String(filler));
    assert.equal(inventory.read().replace(/^ {4}filler: x+\n/m, ""), SMALL);
  }
  // What the dead left is no obstacle, and goes with the next edit.
  await editInventory(inventory.file, addPi, OPTIONS);
  const names = Array.from(Deno.readDirSync(inventory.directory), (entry) => entry.name);
  assert.deepEqual(names, ["hosts.yml"]);
});

Deno.test("a lock that another process keeps is reported with who has it", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const child = editProcess(inventory.directory, "hold");
  const reader = child.stdout.getReader();
  try {
    await nextWord(reader);
    const waiting = withDirectoryLock(
      inventory.directory,
      { clock: machineClock, limitMs: 100 },
      () => Promise.resolve(),
    );
    const who = Deno.build.os === "linux" ? new RegExp(`process ${child.pid}`) : /Another process/;
    await assert.rejects(waiting, { exitCode: 1, message: who });
  } finally {
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
  }
  // The kernel released it.
  await editInventory(inventory.file, addPi, OPTIONS);
});

Deno.test("an encrypted file is not written, and told how to change", async () => {
  const sops = "ansible_become_password: ENC[x]\nsops: {mac: y, version: 3.11.0}\n";
  await using inventory = await temporaryInventory(SMALL, {
    "group_vars/all/secrets.sops.yml": sops,
  });
  for (const plan of [set("ansible_become_password", "hunter2", "all")]) {
    await assert.rejects(editInventory(inventory.file, plan, OPTIONS), {
      exitCode: 2,
      message: /is encrypted by sops; nothing was written/,
      hint: /sops edit/,
    });
  }
  assert.equal(inventory.read("group_vars/all/secrets.sops.yml"), sops);
  assert.equal(inventory.read(), SMALL);
});

Deno.test("problems are told with the lines that are on disk", async () => {
  const text = `control_plane:
  hosts:
    n1:
workers:
  hosts:
    n2:
    n3: {ansible_host: 100.64.0.3}
    n4: {ansible_host: 100.64.0.3}
`;
  await using inventory = await temporaryInventory(text);
  const problemsOf = async (plan: Parameters<typeof editInventory>[1]) => {
    const error = await editInventory(inventory.file, plan, OPTIONS).catch((error) => error);
    return error.problems.map(({ message, where }: Problem) => [message, where?.line]);
  };
  assert.deepEqual(await problemsOf(set("note", "x", "control_plane")), [
    ["n1 has no tailscale_ip", 3],
    ["n2 has no tailscale_ip", 6],
    ["n4 and n3 (line 7) have the same tailscale_ip", 8],
  ]);
  // A new problem in a line that was never written has no line; one below has the old one.
  assert.deepEqual(await problemsOf(set("reserved_cpu", "lots", "control_plane")), [
    ["bad value for reserved_cpu of control_plane", undefined],
  ]);
});
