/**
 * `deno task demo`: three lab hosts, then what their owner would type. The hosts stay up.
 *
 * @module
 */

import { makeStage } from "../../../tasks/stage.ts";
import { ansibleOnPath } from "../ansible.ts";
import { runAttached } from "./command.ts";
import { up } from "../lab.ts";
import { say } from "./progress.ts";
import { readState } from "../state.ts";
import { initArgs, projectDir, toolArgv } from "../tool.ts";

const COMMANDS: readonly (readonly string[])[] = [
  ["discover"],
  ["node", "list"],
  ["provision", "--yes"],
  ["status"],
];

const running = await readState();
if (running?.complete) {
  say("demo: a lab is up already; end it with `deno task lab down` and start again");
  Deno.exitCode = 2;
} else {
  await makeStage();
  await ansibleOnPath();
  const hosts = await up({ hosts: 3 });
  Deno.exitCode = await demonstrate([initArgs(hosts), ...COMMANDS]);
  say(`
The hosts stay up. Look at them as their owner would:

  deno task lab exec -- k3s-tool status
  deno task lab ssh n1 -- k3s kubectl get pods -A -o wide

End it all:

  deno task lab down`);
}

async function demonstrate(commands: readonly (readonly string[])[]): Promise<number> {
  for (const command of commands) {
    say(`\n$ k3s-tool ${command.join(" ")}`);
    const code = await runAttached(await toolArgv(command), { cwd: projectDir });
    if (code !== 0) return code;
  }
  return 0;
}
