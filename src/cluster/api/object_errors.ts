/**
 * Why something could not be done to an object, in words with the next step.
 *
 * @module
 */

import { safeText } from "../../errors/safe_text.ts";
import { unreachableError, UserError } from "../../errors/user_error.ts";
import { apiRefusal } from "./api_errors.ts";
import { ApiError } from "./kubernetes_api.ts";
import { resourceOf } from "./object_path.ts";
import type { ObjectReference } from "./requests.ts";

/** What was tried. */
export interface Attempt {
  readonly object: ObjectReference;
  /** The right it takes: `get`, `patch`, `create`, `delete`. */
  readonly verb: string;
  /** The part of the object that was meant: `scale`, `log`, `eviction`. */
  readonly part?: string;
  readonly server: string;
}

/** `Pod default/web`, `Node nuc`: harmless for a terminal. */
export function objectWords({ kind, namespace, name }: ObjectReference): string {
  return safeText(`${kind} ${namespace === "" ? "" : `${namespace}/`}${name}`);
}

/** The error as a person should read it; what is no answer of the server is returned as it is. */
export function objectError(error: unknown, { object, verb, part, server }: Attempt): unknown {
  if (!(error instanceof ApiError)) return error;
  const words = objectWords(object);
  const said = safeText(error.message);
  if (error.status === 403) {
    const resource = resourceOf(object.kind) + (part === undefined ? "" : `/${part}`);
    const where = object.namespace === "" ? "" : ` in the namespace ${safeText(object.namespace)}`;
    return unreachableError(`The kubeconfig's user may not ${verb} ${resource}${where}`, {
      hint: `It lacks the right "${verb}" on "${resource}"${where}. The control plane's own ` +
        "kubeconfig has it; fetch that with: k3s-tool kubeconfig",
      cause: error,
    });
  }
  if (error.status === 404) {
    return new UserError(`${words} is gone`, {
      hint: "It was deleted or replaced meanwhile; go back and choose what took its place.",
      cause: error,
    });
  }
  if (error.status === 409) {
    return new UserError(`${words} was changed by somebody else at the same moment: ${said}`, {
      hint: "Nothing was changed by this request; try again.",
      cause: error,
    });
  }
  if (error.status === 422 || error.status === 400) {
    return new UserError(`The API server refuses this for ${words}: ${said}`, {
      hint: "Nothing was changed by this request.",
      cause: error,
    });
  }
  return apiRefusal(error, server);
}
