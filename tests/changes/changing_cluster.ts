/**
 * A cluster that can be changed, over real HTTP: it holds objects, takes patches, scales, evictions
 * and deletions as an API server does, and a test plays its controllers in the pauses.
 *
 * @module
 */

import { performChange } from "../../src/changes/perform_change.ts";
import type { ClusterChange } from "../../src/live/live_session.ts";
import { connect } from "../../src/cluster/api/connect.ts";
import type { Clock } from "../../src/process/system.ts";
import { type Route, statusError, withApiServer } from "../cluster/fake_api_server.ts";
import { contextOf } from "../kubeconfig/kubeconfig_fixture.ts";

// deno-lint-ignore no-explicit-any -- objects of every kind
export type Json = any;

/** A request as the server saw it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly type: string | null;
  readonly body: Json;
}

/** The end of a change. */
export interface Told {
  readonly words: readonly string[];
  readonly error: unknown;
}

/** A cluster and the time in it; time passes in pauses alone, at once. */
export class ChangingCluster {
  /** Objects by path. */
  readonly objects = new Map<string, Json>();
  readonly seen: Seen[] = [];
  readonly abort = new AbortController();
  /** Answers instead of the server where it returns something. */
  refuse: (request: Seen) => Response | undefined = () => undefined;
  /** Called in each pause, with the seconds since the start. */
  controllers: (seconds: number) => void = () => {};
  /** Whether kube-controller-manager taints nodes that are cordoned, and takes the taint away again. */
  taintsCordoned = true;
  /** Each sentence as it is told. */
  heard: (words: string) => void = () => {};
  #ms = 0;
  readonly #clock: Clock = {
    now: () => Date.parse("2026-11-23T12:00:00Z") + this.#ms,
    sleep: (ms, signal) => {
      if (signal?.aborted) return Promise.reject(signal.reason);
      this.#ms += ms;
      this.controllers(this.#ms / 1000);
      return signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve();
    },
  };

  constructor(readonly kubeconfig: () => string) {}

  /** Puts an object where it belongs. */
  put(path: string, object: Json): Json {
    this.objects.set(path, object);
    return object;
  }

  /** All sentences of a change, or the error at their end. */
  async perform(change: ClusterChange): Promise<Told> {
    const api = await connect(await contextOf(this.kubeconfig(), "homelab"), {
      now: this.#clock.now(),
    });
    const words: string[] = [];
    try {
      const options = { signal: this.abort.signal, clock: this.#clock };
      for await (const each of performChange(api, change, options)) {
        words.push(each);
        this.heard(each);
      }
      return { words, error: undefined };
    } catch (error) {
      return { words, error };
    } finally {
      await api.close();
    }
  }

  /** What the changes of this test were, as `METHOD path`. */
  changes(): readonly string[] {
    return this.seen.filter(({ method }) => method !== "GET")
      .map(({ method, path }) => `${method} ${path}`);
  }

  readonly answer: Route = async (url, request) => {
    const text = await request.text();
    const each: Seen = {
      method: request.method,
      path: url.pathname,
      type: request.headers.get("content-type"),
      body: text === "" ? undefined : JSON.parse(text),
    };
    this.seen.push(each);
    return this.refuse(each) ?? this.#serve(each, url);
  };

  #serve({ method, path, type, body }: Seen, url: URL): Response {
    if (method === "GET" && path === "/api/v1/pods") {
      const node = /^spec\.nodeName=(.*)$/.exec(url.searchParams.get("fieldSelector") ?? "")?.[1];
      const items = [...this.objects].filter(([key, { spec }]) =>
        key.includes("/pods/") && (node === undefined || spec.nodeName === node)
      ).map(([, object]) => object);
      return Response.json({ items });
    }
    const part = /\/(scale|eviction)$/.exec(path)?.[1];
    const key = part === undefined ? path : path.slice(0, -part.length - 1);
    const object = this.objects.get(key);
    if (object === undefined) {
      const name = key.split("/").at(-1);
      return statusError(404, "NotFound", `"${name}" not found`);
    }
    if (method === "GET") return Response.json(object);
    if (method === "PATCH") {
      if (!/^application\/(merge|strategic-merge)-patch\+json$/.test(type ?? "")) {
        return statusError(415, "UnsupportedMediaType", `not a patch: ${type}`);
      }
      if (merge(object, body)) object.metadata.generation = (object.metadata.generation ?? 1) + 1;
      if (path.startsWith("/api/v1/nodes/") && this.taintsCordoned) {
        const key = "node.kubernetes.io/unschedulable";
        object.spec.taints = object.spec.unschedulable ? [{ key, effect: "NoSchedule" }] : [];
      }
      return Response.json(object);
    }
    const preconditions = body?.preconditions ?? body?.deleteOptions?.preconditions;
    if (preconditions?.uid !== undefined && preconditions.uid !== object.metadata.uid) {
      return statusError(409, "Conflict", "the UID in the precondition does not match");
    }
    // It ends when its kubelet says so: a test's controllers take it out.
    object.metadata.deletionTimestamp = "2026-11-23T12:00:30Z";
    return Response.json({ kind: "Status", status: "Success" }, { status: 201 });
  }
}

/** Runs a test against a cluster. */
export function withChangingCluster(test: (cluster: ChangingCluster) => Promise<void>) {
  let kubeconfig = "";
  const cluster = new ChangingCluster(() => kubeconfig);
  const routes = new Proxy<Record<string, Route>>({}, { get: () => cluster.answer });
  return withApiServer(routes, async (server) => {
    kubeconfig = server.kubeconfig;
    await test(cluster);
  });
}

/** RFC 7386; returns whether anything changed. */
function merge(target: Json, patch: Json): boolean {
  let changed = false;
  for (const [key, value] of Object.entries<Json>(patch)) {
    if (value === null) {
      changed = delete target[key] || changed;
    } else if (typeof value === "object" && !Array.isArray(value)) {
      target[key] ??= {};
      changed = merge(target[key], value) || changed;
    } else {
      changed ||= target[key] !== value;
      target[key] = value;
    }
  }
  return changed;
}
