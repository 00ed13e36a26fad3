/**
 * ansible-core for the workstation, as its owner may have it on PATH; kept in the lab's cache.
 *
 * @module
 */

import { join } from "node:path";
import { cached, hashTexts } from "./build/content_hash.ts";
import { run } from "./cli/command.ts";
import { cacheDir, labSource } from "./paths.ts";
import { step } from "./cli/progress.ts";

const requirements = join(labSource, "..", "..", "ansible", "requirements.txt");

/** Directory of ansible-playbook, installed unless the cache has it. */
export async function ansibleOnPath(): Promise<string> {
  const python = (await run(["python3", "--version"])).trim();
  const hash = hashTexts(await Deno.readTextFile(requirements), python);
  const path = join(cacheDir, "ansible", hash);
  // A virtual environment holds its own path, so it is made where it stays; the marker says it is whole.
  await cached(`${path}.whole`, async () => {
    await step("ansible-core installed for the workstation", async () => {
      await run(["rm", "-rf", path]);
      await run(["python3", "-m", "venv", path]);
      await run([
        join(path, "bin", "pip"),
        "install",
        "--quiet",
        "--require-hashes",
        "-r",
        requirements,
      ]);
    });
  });
  return join(path, "bin");
}
