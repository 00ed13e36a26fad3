import assert from "node:assert/strict";
import { PROJECT_ROOT } from "./fake_context.ts";

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
    assert.equal((await lines.next()).value, "asked\n");
    for (const signal of more) child.kill(signal);
    assert.equal((await child.status).code, 130);
    await lines.return?.();
  });
}
