/**
 * One port for connections that come and go.
 *
 * @module
 */

import type { KubernetesApi } from "./kubernetes_api.ts";

/** A port that outlives its connections. */
export interface ReconnectingApi extends KubernetesApi {
  /** The server of the latest connection; empty before the first. */
  readonly server: string;
  /**
   * Gives up the connection that stands, with all requests that are under way; the next request
   * makes a new one, from the kubeconfig as it is then.
   */
  drop(): void;
}

/**
 * A port whose connection is made by the first request, and made again after `drop` or where it
 * could not be made. Each request throws what making it throws.
 *
 * @param open makes a connection
 */
export function reconnectingApi(open: () => Promise<KubernetesApi>): ReconnectingApi {
  let current: Promise<KubernetesApi> | undefined;
  let latest: KubernetesApi | undefined;
  const connected = (): Promise<KubernetesApi> => {
    const mine = current ??= open();
    mine.then(
      (api) => void (latest = api),
      () => {
        if (current === mine) current = undefined;
      },
    );
    return mine;
  };
  const close = async () => {
    const old = current;
    current = undefined;
    const api = await old?.catch(() => undefined); // who asked for it has heard of the failure
    await api?.close();
  };
  return {
    get server() {
      return latest?.server ?? "";
    },
    get insteadOf() {
      return latest?.insteadOf;
    },
    get: async (path, options) => await (await connected()).get(path, options),
    lines: async function* (path, options) {
      yield* (await connected()).lines(path, options);
    },
    change: async (change) => await (await connected()).change(change),
    open: async (path, options) => await (await connected()).open(path, options),
    drop: () => void close().catch(() => {}), // what is given up may be broken
    close,
  };
}
