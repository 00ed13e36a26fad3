/**
 * A process that edits an inventory, for tests that run several or kill one.
 *
 *     deno run -A edit_process.ts FILE add PREFIX COUNT
 *     deno run -A edit_process.ts FILE toggle
 *     deno run -A edit_process.ts DIRECTORY hold
 *
 * `toggle` sets one variable to changing values until it is killed; `hold` keeps the lock.
 *
 * @module
 */

import { withDirectoryLock } from "../../src/process/lock.ts";
import { addHost, setVariable } from "../../src/inventory/edit/edit.ts";
import { resolveScope } from "../../src/inventory/edit/scope.ts";
import { editInventory } from "../../src/inventory/store.ts";
import { machineClock } from "../../src/process/system.ts";

const [path = "", mode = "", prefix = "", count = "0"] = Deno.args;
// Several that edit at once take their turns, on a busy machine for longer than a person waits.
const options = { cwd: "/", clock: machineClock, limitMs: 120_000 };
const say = (text: string) => Deno.stdout.write(new TextEncoder().encode(`${text}\n`));

if (mode === "add") {
  for (let at = 1; at <= Number(count); at++) {
    const address = `100.64.${prefix}.${at}`;
    const vars = { ansible_host: address, tailscale_ip: address };
    const host = { name: `host-${prefix}-${at}`, role: "worker", vars } as const;
    await editInventory(path, (content) => addHost(content, host), options);
  }
} else if (mode === "toggle") {
  for (let at = 0;; at++) {
    await editInventory(path, (content) => {
      const scope = resolveScope(content, "all");
      const value = "x".repeat((at % 2) * 50_000 + 1);
      return setVariable(content, { scope, key: { variable: "filler", members: [] }, value });
    }, options);
    await say("done");
  }
} else {
  await withDirectoryLock(path, options, async () => {
    await say("held");
    await new Promise(() => setInterval(() => {}, 1_000_000));
  });
}
