/**
 * Deletes a pod.
 *
 * @module
 */

import * as z from "zod";
import { ApiError } from "../cluster/api/kubernetes_api.ts";
import { safeText } from "../errors/safe_text.ts";
import { UserError } from "../errors/user_error.ts";
import { type ChangeContext, follow, requestsAbout } from "./change_context.ts";

const Pod = z.object({
  metadata: z.object({
    uid: z.string(),
    ownerReferences: z.array(z.object({ kind: z.string(), controller: z.boolean().nullish() }))
      .nullish(),
  }),
  spec: z.object({ nodeName: z.string().nullish() }).nullish(),
});

/** Deletes a pod and waits until it is gone. @throws {UserError} where it does not go */
export async function* deletePod(
  context: ChangeContext,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): AsyncGenerator<string, void> {
  const requests = requestsAbout(context, { kind: "Pod", namespace, name });
  const words = safeText(`${namespace}/${name}`);
  const pod = Pod.parse(await requests.read());
  const { uid, ownerReferences } = pod.metadata;
  await requests.delete({
    apiVersion: "v1",
    kind: "DeleteOptions",
    propagationPolicy: "Background",
    // A pod of the same name that took its place meanwhile is not meant.
    preconditions: { uid },
  });
  yield `${words} is terminating.`;

  let successor = false;
  const ended = yield* follow(context, async () => {
    const answer = await requests.read().catch(nothingWhereGone);
    if (answer === undefined) return { done: true, words: "" };
    successor = Pod.parse(answer).metadata.uid !== uid;
    return { done: successor, words: "" };
  });
  const owner = ownerReferences?.find(({ controller }) => controller)?.kind;
  if (ended === "stopped") {
    yield `Stopped watching; ${words} is still terminating.`;
  } else if (ended === "time is up") {
    const node = safeText(pod.spec?.nodeName ?? "");
    throw new UserError(`${words} is still terminating`, {
      hint: node === ""
        ? "A finalizer may block the deletion. Look at its YAML."
        : `Node ${node} must confirm that the pod has stopped. Check that ${node} is Ready.`,
    });
  } else if (successor) {
    yield `${words} is gone; a new pod of the same name has taken its place.`;
  } else {
    yield owner === undefined
      ? `${words} is gone; no controller will recreate it.`
      : `${words} is gone; its ${safeText(owner)} will recreate it if needed.`;
  }
}

function nothingWhereGone(error: Error): undefined {
  if (!(error.cause instanceof ApiError) || error.cause.status !== 404) throw error;
}
