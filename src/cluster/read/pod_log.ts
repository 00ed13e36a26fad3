/**
 * What a container prints.
 *
 * @module
 */

import { safeText } from "../../errors/safe_text.ts";
import { unreachableError, UserError } from "../../errors/user_error.ts";
import { ApiError, type KubernetesApi } from "../api/kubernetes_api.ts";
import { type LogRequest, objectError, objectPath } from "../api/requests.ts";

/**
 * Lines of a log as they come, without their line breaks, not made harmless yet. Ends when the
 * container does; a previous run's log ends by itself.
 *
 * @throws {UserError} where there is no such log, or none yet (exit code 1), or it is refused or
 *   out of reach (4)
 */
export async function* podLog(
  api: KubernetesApi,
  request: LogRequest,
  { signal }: { readonly signal: AbortSignal },
): AsyncGenerator<string, void> {
  const { namespace, pod, container, previous, tail, timestamps = false } = request;
  const object = { kind: "Pod", namespace, name: pod } as const;
  try {
    yield* api.lines(objectPath(object, "log"), {
      query: {
        tailLines: tail,
        ...(previous ? { previous: "true" } : { follow: "true" }),
        ...(container === undefined ? {} : { container }),
        ...(timestamps ? { timestamps: "true" } : {}),
      },
      signal,
    });
  } catch (error) {
    throw (error instanceof ApiError && noLog(error, pod)) ||
      objectError(error, { object, verb: "get", part: "log", server: api.server });
  }
}

/**
 * What the API server and the kubelet answer where there is a pod but no log; the sentences are
 * theirs (Kubernetes 1.36: `pkg/registry/core/pod/strategy.go`, `pkg/kubelet/kubelet_pods.go`).
 */
function noLog(error: ApiError, pod: string): UserError | undefined {
  const said = safeText(error.message);
  const name = safeText(pod);
  const fail = (message: string, hint: string) => new UserError(message, { hint, cause: error });
  if (error.status === 400) {
    const previous = /previous terminated container "([^"]*)" .* not found/.exec(said);
    if (previous !== null) {
      return fail(
        `The container ${previous[1]} of ${name} has no previous log`,
        "It has not restarted on this node, or that log was removed.",
      );
    }
    const waiting = /container "([^"]*)" .* is waiting to start(?:: (.*)| - (.*))/.exec(said);
    if (waiting !== null || /does not have a host assigned|is not available$/.test(said)) {
      const what = waiting === null ? name : `The container ${waiting[1]} of ${name}`;
      const why = waiting === null ? said : waiting[2] ?? waiting[3];
      return fail(
        `${what} has not started yet: ${why}`,
        "Its log starts when it does; see the pod's events for what is delaying it.",
      );
    }
    const ended = /container "([^"]*)" .* is terminated$/.exec(said);
    if (ended !== null) {
      return fail(
        `The container ${ended[1]} of ${name} has ended and left no log`,
        "The node has removed it, or the container never ran.",
      );
    }
    const several = /a container name must be specified for pod .*?choose one of: \[([^\]]*)\]/i
      .exec(said);
    if (several !== null) {
      return fail(
        `${name} has several containers: ${several[1]!.trim().split(/\s+/).join(", ")}`,
        "Choose one of them.",
      );
    }
  }
  // The API server could not get it from the kubelet.
  if (error.status >= 500 && /:10250\b/.test(said)) {
    return /x509|certificate/.test(said)
      ? unreachableError(`The kubelet's certificate is not valid for its address: ${said}`, {
        hint: "Its node joined under another address; look with: k3s-tool doctor",
        cause: error,
      })
      : unreachableError(`The node of ${name} does not answer: ${said}`, {
        hint: "Is its Tailscale up? Look with: k3s-tool doctor",
        cause: error,
      });
  }
  return undefined;
}
