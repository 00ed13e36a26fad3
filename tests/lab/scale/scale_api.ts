/**
 * A bare client for the cluster that has no machines: many small requests at once.
 *
 * @module
 */

import * as z from "zod";
import { parse } from "yaml";

const Kubeconfig = z.object({
  clusters: z.tuple([
    z.object({
      cluster: z.object({ server: z.string(), "certificate-authority-data": z.string() }),
    }),
  ]),
  users: z.tuple([
    z.object({
      user: z.object({ "client-certificate-data": z.string(), "client-key-data": z.string() }),
    }),
  ]),
});

/** Requests under way at once. More do not make the API server faster on two cores. */
const AT_ONCE = 48;

/** How a patch is meant. */
export type PatchKind = "merge" | "strategic-merge";

/** An API server, by the one context of a kubeconfig. */
export class ScaleApi implements Disposable {
  readonly #server: string;
  readonly #client: Deno.HttpClient;

  /** @param kubeconfig text of a kubeconfig as the k3s stand-in writes it */
  constructor(kubeconfig: string) {
    const { clusters: [{ cluster }], users: [{ user }] } = Kubeconfig.parse(parse(kubeconfig));
    this.#server = cluster.server;
    this.#client = Deno.createHttpClient({
      caCerts: [atob(cluster["certificate-authority-data"])],
      cert: atob(user["client-certificate-data"]),
      key: atob(user["client-key-data"]),
    });
  }

  /** The document at a path. */
  get<T>(path: string): Promise<T> {
    return this.#send("GET", path);
  }

  /** Makes an object; one that exists already is left as it is. */
  async create(path: string, object: unknown): Promise<void> {
    await this.#send("POST", path, { body: object, also: 409 });
  }

  /** Changes an object. */
  async patch(path: string, body: unknown, kind: PatchKind = "merge"): Promise<void> {
    await this.#send("PATCH", path, { body, type: `application/${kind}-patch+json` });
  }

  /** Deletes every object of a collection. */
  async deleteAll(path: string): Promise<void> {
    await this.#send("DELETE", path);
  }

  async #send<T>(
    method: string,
    path: string,
    { body, type = "application/json", also }: {
      readonly body?: unknown;
      readonly type?: string;
      /** A status that is as good as success. */
      readonly also?: number;
    } = {},
  ): Promise<T> {
    const response = await fetch(`${this.#server}${path}`, {
      method,
      client: this.#client,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": type } }),
    });
    const text = await response.text();
    if (!response.ok && response.status !== also) {
      throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
    }
    return JSON.parse(text) as T;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** Does the same with each of many things, some of them at once. */
export async function forEachAtOnce<T>(
  things: readonly T[],
  work: (thing: T) => Promise<void>,
): Promise<void> {
  const queue = things[Symbol.iterator]();
  const worker = async () => {
    for (const thing of queue) await work(thing);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, things.length) }, worker));
}
