/**
 * Keeps new pods away from a node, or lets them come again.
 *
 * @module
 */

import * as z from "zod";
import { safeText } from "../errors/safe_text.ts";
import { type ChangeContext, requestsAbout } from "./change_context.ts";

const Schedulable = z.object({
  spec: z.object({ unschedulable: z.boolean().nullish() }).nullish(),
});

/** Cordons a node, or takes that back. @throws {UserError} where it is gone or refused */
export async function* cordonNode(
  context: ChangeContext,
  name: string,
  { cordon }: { readonly cordon: boolean },
): AsyncGenerator<string, void> {
  const node = safeText(name);
  const changed = await setCordon(context, name, cordon);
  if (cordon) {
    yield changed
      ? `${node} is cordoned: no new pods come to it, those on it stay.`
      : `${node} was cordoned already.`;
  } else {
    yield changed
      ? `${node} takes pods again; those that left it come back only when they are recreated.`
      : `${node} was not cordoned.`;
  }
}

/** @returns whether that changed anything */
export async function setCordon(
  context: ChangeContext,
  name: string,
  cordon: boolean,
): Promise<boolean> {
  const node = requestsAbout(context, { kind: "Node", namespace: "", name });
  const before = Schedulable.parse(await node.read());
  if ((before.spec?.unschedulable ?? false) === cordon) return false;
  // As kubectl does it: null takes the member out.
  await node.patch({ spec: { unschedulable: cordon ? true : null } });
  return true;
}
