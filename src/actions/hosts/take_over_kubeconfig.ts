/**
 * After a run: makes the kubeconfig that the playbook fetched usable with kubectl.
 *
 * @module
 */

import type { RunEvent } from "../../ansible/events/event.ts";
import { UserError } from "../../errors/user_error.ts";
import type { System } from "../../process/system.ts";
import { installKubeconfig } from "./kubeconfig.ts";

/**
 * Merges a stored kubeconfig into the person's own, and says so where that changed something.
 *
 * If another cluster has the name, that is only a warning: the cluster itself works.
 *
 * @param stored path the playbook wrote to; nothing is done where no such file is
 */
export async function* takeOverKubeconfig(
  system: System,
  { stored, contextName }: { readonly stored: string; readonly contextName: string },
): AsyncGenerator<RunEvent> {
  let text: string;
  try {
    text = await Deno.readTextFile(stored);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return; // the run stopped before, or left it out
    throw error;
  }
  try {
    const { changed, replaced, file, context, backup, isCurrent, advice } = await installKubeconfig(
      system,
      text,
      {
        contextName,
      },
    );
    if (!changed) return;
    const kept = backup === undefined ? "" : `; the old file is now ${backup}`;
    const use = isCurrent ? "" : `; use it with: kubectl --context ${context} get nodes`;
    const did = replaced ? `Updated the context ${context} in` : `Added the context ${context} to`;
    yield { type: "note", message: `${did} ${file}${kept}${use}` };
    if (advice !== undefined) yield { type: "note", message: advice };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const hint = error.hint === undefined ? "" : ` ${error.hint}`;
    yield { type: "warning", message: `${error.message}.${hint}` };
  }
}
