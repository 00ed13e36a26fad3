/**
 * The inventory and the tailnet, read again as time passes.
 *
 * @module
 */

import { InventoryFiles } from "../inventory/read/inventory_files.ts";
import { locateInventoryIfAny } from "../inventory/read/locate.ts";
import type { Inventory } from "../inventory/model.ts";
import type { System } from "../process/system.ts";
import { type Reading, surveyInventory, surveyTailnet } from "../actions/survey.ts";
import type { Tailnet } from "../tailscale/peer.ts";

/** Between two looks at the times of the files, in milliseconds. */
const LOOK_MS = 2_000;

/** Remembers the files and directories an inventory was made of, and their stamps before it was. */
class RememberedFiles extends InventoryFiles {
  readonly stamps = new Map<string, string>();

  remember(path: string): void {
    this.stamps.set(path, stamp(path));
  }

  override read(path: string) {
    this.remember(path);
    return super.read(path);
  }

  override list(directory: string) {
    this.remember(directory);
    return super.list(directory);
  }
}

/**
 * Tells the inventory, and again each time its files have changed, until the signal is aborted;
 * rejects with its reason then.
 *
 * @param options.named as given with `-i`; undefined: the nearest
 */
export async function watchInventory(
  { cwd, clock }: Pick<System, "cwd" | "clock">,
  { named, signal, tell }: {
    readonly named: string | undefined;
    readonly signal: AbortSignal;
    readonly tell: (inventory: Reading<Inventory | undefined>) => void;
  },
): Promise<never> {
  for (;;) {
    const file = await locateInventoryIfAny({ cwd }, named);
    const files = new RememberedFiles({ cwd });
    if (file !== undefined) files.remember(file);
    const inventory = await surveyInventory({ cwd }, named, files);
    signal.throwIfAborted();
    tell(inventory);
    do await clock.sleep(LOOK_MS, signal); while (
      await locateInventoryIfAny({ cwd }, named) === file && isSame(files.stamps)
    );
  }
}

function isSame(stamps: ReadonlyMap<string, string>): boolean {
  return [...stamps].every(([path, before]) => stamp(path) === before);
}

/** What changes when a file or a directory does. */
function stamp(path: string): string {
  try {
    const { mtime, size, ino } = Deno.statSync(path);
    return `${mtime?.getTime()} ${size} ${ino}`;
  } catch {
    return "not there";
  }
}

/** Between two questions, in milliseconds; the second after one that failed. */
const ASK_MS = 5_000;
const FAILED_MS = 15_000;

/**
 * Tells the tailnet, and again each time something of it has changed, until the signal is aborted;
 * rejects with its reason then.
 */
export async function watchTailnet(
  system: System,
  { signal, tell }: {
    readonly signal: AbortSignal;
    readonly tell: (tailnet: Reading<Tailnet>) => void;
  },
): Promise<never> {
  let before: string | undefined;
  for (;;) {
    const tailnet = await surveyTailnet({ ...system, signal });
    signal.throwIfAborted();
    const now = JSON.stringify(tailnet.known ? tailnet.value : tailnet.error.message);
    if (now !== before) tell(tailnet);
    before = now;
    await system.clock.sleep(tailnet.known ? ASK_MS : FAILED_MS, signal);
  }
}
