/**
 * An API server that answers from a table, over real HTTP.
 *
 * @module
 */

import { withDirectory } from "../ansible/fake_system.ts";
import { plainKubeconfig } from "../kubeconfig/kubeconfig_fixture.ts";

/** Answers a request; undefined stands for what is not there. */
export type Route = (url: URL, request: Request) => unknown;

/** What a test gets. */
export interface FakeServer {
  /** `http://127.0.0.1:PORT`. */
  readonly server: string;
  /** A kubeconfig file whose context `homelab` leads there. */
  readonly kubeconfig: string;
  /** Folder for files of the test. */
  readonly directory: string;
  /** Paths with queries that were asked for. */
  readonly asked: readonly string[];
}

/** An error of the API server. */
export function statusError(code: number, reason: string, message: string): Response {
  return Response.json({ kind: "Status", apiVersion: "v1", code, reason, message }, {
    status: code,
  });
}

/** Runs a test against a server that answers from `routes` by path. */
export function withApiServer(
  routes: Readonly<Record<string, Route>>,
  test: (server: FakeServer) => Promise<void>,
): Promise<void> {
  return withDirectory(async (directory) => {
    const asked: string[] = [];
    const http = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
      const url = new URL(request.url);
      asked.push(url.pathname + url.search);
      const answer = routes[url.pathname]?.(url, request);
      if (answer instanceof Response || answer instanceof Promise) return answer;
      return answer === undefined
        ? statusError(404, "NotFound", "the server could not find the requested resource")
        : Response.json(answer);
    });
    const server = `http://127.0.0.1:${http.addr.port}`;
    const kubeconfig = `${directory}/kubeconfig`;
    await Deno.writeTextFile(kubeconfig, plainKubeconfig(server));
    try {
      await test({ server, kubeconfig, directory, asked });
    } finally {
      await http.shutdown();
    }
  });
}
