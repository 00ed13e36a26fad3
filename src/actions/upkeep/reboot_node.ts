/**
 * Reboots a machine and waits until it is a Ready node again.
 *
 * @module
 */

import { type ChangeContext, follow, requestsAbout } from "../../changes/change_context.ts";
import { cordonNode, drainNode } from "../../changes/drain.ts";
import { safeText } from "../../errors/safe_text.ts";
import { shellWord } from "../../errors/shell_word.ts";
import { UserError } from "../../errors/user_error.ts";
import type { InventoryHost } from "../../inventory/model.ts";
import type { System } from "../../process/system.ts";
import * as z from "zod";
import { onHost } from "../hosts/remote.ts";

/** How long a machine may take to be back, in milliseconds; servers with much memory test it first. */
const BACK_MS = 15 * 60_000;

/** Says `rebooting` before the connection is cut; fails where sudo wants a password. */
const REBOOT =
  'if [ "$(id -u)" = 0 ]; then s=; else s="sudo -n"; fi; $s true && { echo rebooting; $s systemctl reboot; }';

const Node = z.object({
  spec: z.object({ unschedulable: z.boolean().nullish() }).nullish(),
  status: z.object({
    nodeInfo: z.object({ bootID: z.string() }),
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).nullish(),
  }),
});

/**
 * Drains the node, reboots its machine, and waits until the kubelet reports another boot and the node is
 * Ready. Then it takes pods again, unless it was cordoned before.
 *
 * @throws {UserError} exit code 1 where it cannot be drained or does not come back, 4 where it cannot be
 *   reached; where it did not reboot it takes pods as before
 */
export async function* rebootNode(
  context: ChangeContext,
  system: Pick<System, "runner" | "signal" | "directories">,
  host: InventoryHost,
): AsyncGenerator<string, void> {
  const { signal } = context;
  const [name, node] = [host.nodeName, safeText(host.nodeName)];
  const { read } = requestsAbout(context, { kind: "Node", namespace: "", name });
  const look = async () => Node.parse(await read());
  const before = await look();
  const takesPods = !before.spec?.unschedulable;
  const giveBack = async function* () {
    if (takesPods && !signal.aborted) yield* cordonNode(context, name, { cordon: false });
  };
  try {
    yield* drainNode(context, name);
    if (signal.aborted) return;
    const { stdout, stderr } = await onHost(system, host, { command: REBOOT });
    if (!stdout.includes("rebooting")) {
      throw new UserError(`${node} was not rebooted: ${stderr.trim() || "sudo failed"}`, {
        hint: `Log in and reboot it: k3s-tool ssh ${shellWord(host.name)}`,
      });
    }
  } catch (error) {
    yield* giveBack();
    throw error;
  }
  yield `${node} reboots.`;
  const back = yield* follow({ ...context, limitMs: BACK_MS }, async () => {
    const { status } = await look();
    const rebooted = status.nodeInfo.bootID !== before.status.nodeInfo.bootID;
    const ready = (status.conditions ?? []).some(({ type, status }) =>
      type === "Ready" && status === "True"
    );
    return {
      done: rebooted && ready,
      words: rebooted && !ready ? `${node} is up; waiting until it is Ready.` : "",
    };
  });
  if (back === "stopped") {
    yield `Stopped: ${node} reboots${takesPods ? " and stays cordoned" : ""}.`;
    return;
  }
  if (back === "time is up") {
    throw new UserError(`${node} is not back after ${BACK_MS / 60_000} minutes`, {
      hint: "It stays cordoned. Look at its screen, and when it is back: " +
        `k3s-tool node uncordon ${shellWord(host.name)}`,
    });
  }
  yield `${node} is Ready again.`;
  yield* giveBack();
}
