/**
 * A connection to a server that answers from a table.
 *
 * @module
 */

import { connect } from "../../src/cluster/api/connect.ts";
import type { KubernetesApi } from "../../src/cluster/api/kubernetes_api.ts";
import { contextOf } from "../kubeconfig/kubeconfig_fixture.ts";
import { type FakeServer, type Route, withApiServer } from "./fake_api_server.ts";

/** Runs a test with a connection to a server that answers from `routes`. */
export function withConnection(
  routes: Readonly<Record<string, Route>>,
  test: (api: KubernetesApi, server: FakeServer) => Promise<void>,
): Promise<void> {
  return withApiServer(routes, async (server) => {
    const api = await connect(await contextOf(server.kubeconfig, "homelab"), {
      now: Date.parse("2026-11-23T12:00:00Z"),
    });
    try {
      await test(api, server);
    } finally {
      await api.close();
    }
  });
}
