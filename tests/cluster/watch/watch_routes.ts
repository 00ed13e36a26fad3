/**
 * Routes that can be watched, over real HTTP.
 *
 * @module
 */

import type { Route } from "../fake_api_server.ts";

/** Lists that are followed by what a test says. */
export interface WatchRoutes {
  readonly routes: Readonly<Record<string, Route>>;
  /** Tells each watch of a path of a change. */
  say(path: string, type: "ADDED" | "MODIFIED" | "DELETED", object: unknown): void;
  /** Watches that are open. */
  readonly watching: number;
  /** Settles when so many watches are open. */
  opened(count: number): Promise<void>;
  /** Ends every watch. */
  end(): void;
}

/** Makes each route a list that can be watched too. */
export function watchRoutes(lists: Readonly<Record<string, Route>>): WatchRoutes {
  const open = new Set<{ path: string; controller: ReadableStreamDefaultController<Uint8Array> }>();
  const waiting = new Set<() => void>();
  const encoder = new TextEncoder();
  const watch = (path: string) => {
    let watcher: { path: string; controller: ReadableStreamDefaultController<Uint8Array> };
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        watcher = { path, controller };
        open.add(watcher);
        for (const check of waiting) check();
      },
      cancel: () => void open.delete(watcher),
    });
    return new Response(body, { headers: { "content-type": "application/json" } });
  };
  const routes = Object.fromEntries(
    Object.entries(lists).map(([path, list]): [string, Route] => [
      path,
      (url, request) => {
        if (url.searchParams.get("watch") === "1") return watch(path);
        const answer = list(url, request);
        return answer !== null && typeof answer === "object" && "items" in answer
          ? { metadata: { resourceVersion: "1" }, ...answer }
          : answer;
      },
    ]),
  );
  return {
    routes,
    say: (path, type, object) => {
      const line = encoder.encode(JSON.stringify({ type, object }) + "\n");
      for (const watcher of open) if (watcher.path === path) watcher.controller.enqueue(line);
    },
    get watching() {
      return open.size;
    },
    opened: (count) =>
      new Promise((resolve) => {
        const check = () => {
          if (open.size < count) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    end: () => {
      for (const watcher of open) watcher.controller.close();
      open.clear();
    },
  };
}
