import assert from "node:assert/strict";
import { PROJECT_ROOT } from "../cli/fake_context.ts";

/** Makes one in a process of its own, as TMPDIR belongs to the whole process. */
async function makeIn(place: string): Promise<string> {
  const module = `${PROJECT_ROOT}/src/process/temporary_directory.ts`;
  const script = `const { makeTemporaryDirectory } = await import(${JSON.stringify(module)});
    console.log(await makeTemporaryDirectory("k3s-tool-").catch(({ message, hint, exitCode }) =>
      JSON.stringify({ message, hint, exitCode })));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    env: { TMPDIR: place },
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("a TMPDIR that cannot be used is named, and what to do", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const made = await makeIn(directory);
    assert.ok(made.startsWith(`${directory}/k3s-tool-`), made);
    const hint = "Point TMPDIR to a directory that you can write to, or unset it.";
    const absent = JSON.parse(await makeIn(`${directory}/absent`));
    assert.deepEqual(absent, {
      message: `No temporary directory can be made in ${directory}/absent: it does not exist`,
      hint,
      exitCode: 3,
    });
    await Deno.writeTextFile(`${directory}/file`, "");
    const file = JSON.parse(await makeIn(`${directory}/file`));
    assert.match(file.message, /a file is where a directory is needed$/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
