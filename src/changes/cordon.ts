/**
 * Keeps new pods away from a node, or lets them come again.
 *
 * @module
 */

import * as z from "zod";
import { objectPath } from "../cluster/api/object_errors.ts";
import type { ObjectReference } from "../cluster/api/requests.ts";
import { safeText } from "../errors/safe_text.ts";
import { ask, type ChangeContext } from "./change_context.ts";

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
  const { api, signal } = context;
  const object: ObjectReference = { kind: "Node", namespace: "", name };
  const path = objectPath(object);
  const before = Schedulable.parse(
    await ask(context, () => api.get(path, { signal }), { object, verb: "get" }),
  );
  if ((before.spec?.unschedulable ?? false) === cordon) return false;
  await ask(context, () =>
    api.change({
      method: "PATCH",
      path,
      patch: "strategic-merge",
      // As kubectl does it: null takes the member out.
      body: { spec: { unschedulable: cordon ? true : null } },
      signal,
    }), { object, verb: "patch" });
  return true;
}
