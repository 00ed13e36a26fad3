/**
 * The simulated home as an API server: the tool reads and changes it by the very code it uses for
 * a real one.
 *
 * @module
 */

import { ApiError, type KubernetesApi } from "../../cluster/api/kubernetes_api.ts";
import type { Clock } from "../../process/system.ts";
import { COLLECTIONS } from "./collections.ts";
import { changeHome } from "./home_changes.ts";
import { logLines } from "./home_log.ts";
import { K3S_VERSION } from "./machines.ts";
import type { SimState } from "./model.ts";
import { SERVER } from "./news.ts";
import type { Player } from "./player.ts";

/** An API server without a network. */
export function homeApi(player: Player, clock: Clock): KubernetesApi {
  return {
    server: SERVER,
    get: (path, { query = {}, signal } = {}) =>
      Promise.try(() => {
        signal?.throwIfAborted();
        return answer(player.current(), path, query);
      }),
    lines: (path, options = {}) => logLines(player, clock, { path, ...options }),
    change: ({ signal, ...change }) =>
      Promise.try(() => {
        signal?.throwIfAborted();
        return changeHome(player, change);
      }),
    close: () => Promise.resolve(),
  };
}

function answer(
  state: SimState,
  path: string,
  query: Readonly<Record<string, string | number>>,
): unknown {
  if (path === "/version") return { gitVersion: K3S_VERSION };
  const collection = COLLECTIONS.find((each) => each.path === path);
  if (collection === undefined) return findObject(state, path);
  const node = /^spec\.nodeName=(.*)$/.exec(String(query.fieldSelector ?? ""))?.[1];
  const items = collection.objects(state).map(({ json }) => json());
  return {
    items: node === undefined ? items : items.filter(({ spec }) =>
      // deno-lint-ignore no-explicit-any -- a pod's
      (spec as any).nodeName === node
    ),
  };
}

/** The object at a path. @throws {ApiError} where there is none */
export function findObject(state: SimState, path: string): Record<string, unknown> {
  const match = /^(\/apis?(?:\/\w+)?\/v1)(?:\/namespaces\/([^/]+))?\/(\w+)\/([^/]+)$/.exec(path);
  const [, api, namespace, resource, name] = match ?? [];
  const found = COLLECTIONS.find((each) => each.path === `${api}/${resource}`)
    ?.objects(state).map(({ json }) => json()).find(({ metadata }) => {
      const named = metadata as { readonly name: string; readonly namespace?: string };
      return named.name === name && named.namespace === namespace;
    });
  if (found === undefined) {
    throw new ApiError(
      404,
      "NotFound",
      `${resource ?? "object"} "${name ?? path}" not found`,
      path,
    );
  }
  return found;
}
