import assert from "node:assert/strict";
import { SMALL, temporaryInventory } from "../inventory/temporary_inventory.ts";
import { FakeRunner } from "../process/fake_runner.ts";
import { PROJECT_ROOT, runCommand } from "./fake_context.ts";

for (const signals of [["SIGTERM"], ["SIGHUP"], ["SIGINT", "SIGINT"]] as const) {
  Deno.test(`a command that does not end by itself ends at ${signals.join(", ")}`, async () => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", `${PROJECT_ROOT}/tests/cli/interrupt_process.ts`],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, "ready\n");
    const [first, ...more] = signals;
    child.kill(first);
    // Not a UserError, which whoever can do without Tailscale or a cluster would get over.
    assert.equal((await lines.next()).value, "AbortError\n");
    for (const signal of more) child.kill(signal);
    assert.equal((await child.status).code, 130);
    await lines.return?.();
  });
}

for (
  const argv of [
    ["node", "add", "box", "100.64.0.9", "--role", "worker"],
    ["discover"],
    ["doctor"],
    ["status"],
    ["provision"],
  ]
) {
  Deno.test(`Ctrl-C while Tailscale is asked ends ${argv.join(" ")}`, async () => {
    const directory = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${directory}/hosts.yml`, SMALL);
      const controller = new AbortController();
      const runner = new FakeRunner()
        .on("tailscale", () => {
          controller.abort();
          throw controller.signal.reason;
        })
        .on("ssh -V")
        .on("ansible-playbook --version", { stdout: "ansible-playbook [core 2.19.1]\n" });
      const { signal } = controller;
      const { code, stderr } = await runCommand(argv, { directory, runner, signal });
      assert.equal(code, 130);
      assert.match(stderr, /^Error: Interrupted$/m);
      assert.equal(await Deno.readTextFile(`${directory}/hosts.yml`), SMALL);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

Deno.test("a command that waits for stdin ends when it is told to, and writes nothing", async () => {
  await using inventory = await temporaryInventory(SMALL);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `${PROJECT_ROOT}/main.ts`, "-v", "config", "set", "x", "-"],
    cwd: inventory.directory,
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const waiting = setInterval(() => child.kill("SIGTERM"), 1_000);
  const { code } = await child.status;
  clearInterval(waiting);
  await child.stdin.close().catch(() => {});
  assert.notEqual(code, 0);
  assert.equal(inventory.read(), SMALL);
});
