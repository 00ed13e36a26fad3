import assert from "node:assert/strict";
import { writeAtomically } from "../../src/process/atomic_write.ts";

Deno.test("a device, a pipe or a directory is never replaced by a file", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const pipe = `${directory}/pipe`;
    await new Deno.Command("mkfifo", { args: [pipe] }).output();
    await Deno.mkdir(`${directory}/folder`);
    await Deno.symlink("pipe", `${directory}/link`);
    for (const name of ["pipe", "folder", "link"]) {
      await assert.rejects(writeAtomically(`${directory}/${name}`, "text"), {
        name: "UserError",
        message: /is not a regular file/,
      });
    }
    assert.equal((await Deno.stat(pipe)).isFifo, true);
    const left = await Array.fromAsync(Deno.readDir(directory), ({ name }) => name);
    assert.deepEqual(left.sort(), ["folder", "link", "pipe"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("mode and content are exact; nothing is left beside the file", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/deep/er/file`;
    await writeAtomically(path, "one", { mode: 0o600 });
    await Deno.chmod(path, 0o640);
    await writeAtomically(path, "two");
    assert.equal(await Deno.readTextFile(path), "two");
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o640);
    const left = await Array.fromAsync(Deno.readDir(`${directory}/deep/er`), ({ name }) => name);
    assert.deepEqual(left, ["file"]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
